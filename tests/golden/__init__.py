"""Golden lives: what happens to a customer of each shipped product within 400 days, as reviewed text files.

`python -m tests.golden` compares them, `python -m tests.golden --write` writes them anew.
"""

import sys
from pathlib import Path

# Run as a command this finds the product itself; pytest has it on its path.
sys.path.insert(0, str(Path(__file__).parents[2] / "layers" / "core"))
