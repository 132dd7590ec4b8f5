"""What all tests share."""

from __future__ import annotations

from hypothesis import settings

# No deadline per example: a shared machine is slow now and then, which is no finding. No database: a run
# depends on nothing that an earlier run left behind.
settings.register_profile("mohlat", deadline=None, database=None)
settings.load_profile("mohlat")
