"""Credentials of the outside world, kept as encrypted parameters and never in the environment."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from mohlat.settings import SettingMissing

_CACHE_SECONDS = 300.0


class ParameterSecrets:
    """Secrets by name, over a botocore `ssm` client: "zarinpal" is the parameter `<prefix>/zarinpal`.

    A warm worker asks again after five minutes, so that a rotated key is taken up without a deployment.
    `monotonic` is a clock in seconds.
    """

    def __init__(self, client: Any, prefix: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._prefix = prefix.rstrip("/")
        self._monotonic = monotonic
        self._cache: dict[str, tuple[float, str]] = {}

    def get(self, name: str) -> str:
        """The secret's value. Raises SettingMissing with the parameter's name."""
        until, value = self._cache.get(name, (0.0, ""))
        if value and self._monotonic() < until:
            return value
        parameter = f"{self._prefix}/{name}"
        try:
            answer = self._client.get_parameter(Name=parameter, WithDecryption=True)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ParameterNotFound":
                raise SettingMissing(parameter) from None
            raise
        value = str(answer["Parameter"]["Value"])
        self._cache[name] = (self._monotonic() + _CACHE_SECONDS, value)
        return value
