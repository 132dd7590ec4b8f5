"""An empty account in this process, as the adapters' own tests have it."""

from tests.adapters.conftest import cloud

__all__ = ["cloud"]
