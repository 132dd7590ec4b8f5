"""Agreements for tests only, brought by a layer that exists on stacks with the test clock."""
