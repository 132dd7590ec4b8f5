"""After a deployment to the local AWS: set what the local AWS takes from a template without acting on it."""

from __future__ import annotations

from sandbox.stack import Stack


def apply(stack: Stack) -> None:
    """Bring the deployed resources to what the template says."""
