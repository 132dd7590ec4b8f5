"""`make bench`: the figures to reach, as ratios within one run and as exact counts."""
