"""`make bench`: the figures to reach, as ratios within one run and as exact counts."""

import sys
from pathlib import Path

# Where the functions find it on Lambda, by its layer.
sys.path.insert(0, str(Path(__file__).parents[2] / "layers" / "core"))
