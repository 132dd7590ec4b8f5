"""AWS clients, all from one botocore session: a second session would load and parse the same data again."""

from __future__ import annotations

from functools import cache
from threading import Lock
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

_creating = Lock()
# Too much at once, or a race within AWS; the second line are a transaction's reasons.
_PASSING = frozenset(
    """
    LimitExceededException ProvisionedThroughputExceededException RequestLimitExceeded Throttling
    ThrottlingException TooManyRequestsException TransactionInProgressException
    ProvisionedThroughputExceeded ThrottlingError TransactionConflict
    """.split()
)


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
        # A mail has no key that makes a repetition harmless: what was not answered may have been sent.
        retries={"mode": "standard", "total_max_attempts": 1 if name == "sesv2" else 4},
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


def passes(error: BaseException) -> bool:
    """Whether an error is a service's passing trouble (a throttle, a silence, its own failure), not ours.

    pynamodb wraps botocore's errors and keeps them as `cause`.
    """
    cause = getattr(error, "cause", None) or error
    if isinstance(cause, ConnectionError | HTTPClientError):
        return True
    if not isinstance(cause, ClientError):
        return False
    told: Any = cause.response
    reasons = {reason.get("Code") for reason in told.get("CancellationReasons", ())} - {None, "None"}
    return (
        told.get("Error", {}).get("Code") in _PASSING
        or int(told.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)) >= 500
        or (bool(reasons) and reasons <= _PASSING)
    )
