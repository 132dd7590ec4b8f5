"""The tables, in pynamodb."""
