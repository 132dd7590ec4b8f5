"""AWS clients, all from one botocore session: a second session would load and parse the same data again."""

from __future__ import annotations

from functools import cache
from threading import Lock
from typing import Any

import botocore.session
from botocore.config import Config

_creating = Lock()


@cache
def session() -> botocore.session.Session:
    """The process's botocore session; region, credentials and AWS_ENDPOINT_URL come from the environment."""
    return botocore.session.Session()


@cache
def _create(name: str) -> Any:
    config = Config(
        # A handler has seconds: an address that does not answer at once will be asked again elsewhere.
        connect_timeout=2,
        read_timeout=10,
        retries={"mode": "standard", "total_max_attempts": 4},
        # The due index asks its 16 shards side by side.
        max_pool_connections=16,
        # pynamodb builds valid requests, so checking them again only costs time.
        parameter_validation=name != "dynamodb",
    )
    return session().create_client(name, config=config)


def client(name: str) -> Any:
    """The botocore client of a service ("stepfunctions", "kms"), made once, safe to share among threads."""
    # Using a client is thread-safe, creating one is not.
    with _creating:
        return _create(name)
