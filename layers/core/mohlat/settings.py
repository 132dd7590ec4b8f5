"""The environment a function runs in, typed. Each value is read, and missed, when it is used.

A function is given only what it needs, so nothing here insists on all of it at once.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache

from mohlat.domain.errors import MohlatError


class SettingMissing(MohlatError):
    """The deployment is wrong: give the function the variable that `name` says."""

    code = "setting-missing"

    def __init__(self, name: str, reason: str = "is not set") -> None:
        super().__init__(f"{name} {reason}", name=name)


class Settings:
    """The variables of one environment. Every property raises SettingMissing with the variable's name."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def _text(self, name: str) -> str:
        value = self._environment.get(name, "")
        if not value:
            raise SettingMissing(name)
        return value

    @property
    def stage(self) -> str:
        """local, dev or prod."""
        return self._text("STAGE")

    @property
    def tenants_table(self) -> str:
        """Name of the main table."""
        return self._text("TENANTS_TABLE")

    @property
    def idempotency_table(self) -> str:
        """Name of the table that remembers answered requests."""
        return self._text("IDEMPOTENCY_TABLE")

    @property
    def user_pool_id(self) -> str:
        """The user pool."""
        return self._text("USER_POOL_ID")

    @property
    def user_pool_client_id(self) -> str:
        """The user pool's client that our API signs people in with."""
        return self._text("USER_POOL_CLIENT_ID")

    @property
    def data_keys_table(self) -> str:
        """The table of the tenants' wrapped data keys."""
        return self._text("DATA_KEYS_TABLE")

    @property
    def security_log_table(self) -> str:
        """The table of the security log."""
        return self._text("SECURITY_LOG_TABLE")

    @property
    def data_key_id(self) -> str:
        """The KMS key that wraps the tenants' data keys."""
        return self._text("DATA_KEY_ID")

    @property
    def fingerprint_key_id(self) -> str:
        """The KMS HMAC key that makes fingerprints of contacts."""
        return self._text("FINGERPRINT_KEY_ID")

    @property
    def data_bucket(self) -> str:
        """The bucket of exports and backups."""
        return self._text("DATA_BUCKET")

    @property
    def signing_key_id(self) -> str:
        """The KMS key that signs certificates of deletion."""
        return self._text("SIGNING_KEY_ID")

    @property
    def notice_queue_url(self) -> str:
        """The queue in front of the sending function."""
        return self._text("NOTICE_QUEUE_URL")

    def machine_arn(self, workflow: str) -> str:
        """The state machine of a workflow: SUBSCRIPTION_MACHINE_ARN for "subscription", and so on."""
        return self._text(f"{workflow.upper()}_MACHINE_ARN")

    @property
    def parameters_prefix(self) -> str:
        """The path under which the secrets' parameters are named."""
        return self._text("PARAMETERS_PREFIX")

    @property
    def public_url(self) -> str:
        """Base address of the public API with its stage and without a slash at the end."""
        return self._text("PUBLIC_URL").rstrip("/")

    @property
    def zarinpal_url(self) -> str:
        """Base address of a payment gateway."""
        return self._text("ZARINPAL_URL")

    @property
    def zibal_url(self) -> str:
        """Base address of the other payment gateway."""
        return self._text("ZIBAL_URL")

    @property
    def zarinpal_graphql_url(self) -> str | None:
        """Where ZarinPal is asked for refunds; None in the functions that ask for none."""
        return self._environment.get("ZARINPAL_GRAPHQL_URL") or None

    @property
    def sep_url(self) -> str:
        """Base address of SEP's gateway."""
        return self._text("SEP_URL")

    @property
    def behpardakht_url(self) -> str:
        """Base address of Behpardakht's gateway."""
        return self._text("BEHPARDAKHT_URL")

    @property
    def kavenegar_url(self) -> str:
        """Base address of the SMS provider."""
        return self._text("KAVENEGAR_URL")

    @property
    def test_clock(self) -> bool:
        """Whether the clock can be moved; absent in production, which means no."""
        return self._environment.get("TEST_CLOCK", "off") == "on"

    @property
    def sweep_patience_seconds(self) -> int:
        """How long something may be overdue before the sweep restarts it, in seconds."""
        return self._number("SWEEP_PATIENCE_SECONDS")

    @property
    def purge_cap_per_hour(self) -> int:
        """How many purges may be committed in an hour; more is taken for a fault of ours."""
        return self._number("PURGE_CAP_PER_HOUR")

    def _number(self, name: str) -> int:
        text = self._text(name)
        if not text.isascii() or not text.isdigit():
            raise SettingMissing(name, "is not a whole number")
        return int(text)


@cache
def settings() -> Settings:
    """The settings of this process, as its environment was at the first call."""
    return Settings(dict(os.environ))
