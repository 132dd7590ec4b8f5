"""Settings, clients, clocks and ids."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mohlat.adapters import aws
from mohlat.adapters.clock import OffsetClock, SystemClock
from mohlat.adapters.ids import RandomIds
from mohlat.application.ports import TestClock as Offset
from mohlat.settings import SettingMissing, Settings, settings
from tests import fakes


class TestSettings:
    @pytest.mark.parametrize(
        ("attribute", "name"),
        [
            ("stage", "STAGE"),
            ("tenants_table", "TENANTS_TABLE"),
            ("data_keys_table", "DATA_KEYS_TABLE"),
            ("idempotency_table", "IDEMPOTENCY_TABLE"),
            ("user_pool_id", "USER_POOL_ID"),
            ("user_pool_client_id", "USER_POOL_CLIENT_ID"),
            ("data_key_id", "DATA_KEY_ID"),
            ("data_bucket", "DATA_BUCKET"),
            ("security_log_table", "SECURITY_LOG_TABLE"),
            ("fingerprint_key_id", "FINGERPRINT_KEY_ID"),
            ("notice_queue_url", "NOTICE_QUEUE_URL"),
            ("parameters_prefix", "PARAMETERS_PREFIX"),
            ("public_url", "PUBLIC_URL"),
            ("zarinpal_url", "ZARINPAL_URL"),
            ("zibal_url", "ZIBAL_URL"),
            ("kavenegar_url", "KAVENEGAR_URL"),
        ],
    )
    def test_each_value_is_missed_by_its_name_when_it_is_used(self, attribute: str, name: str) -> None:
        assert getattr(Settings({name: "value"}), attribute) == "value"
        with pytest.raises(SettingMissing, match=f"{name} is not set"):
            getattr(Settings({}), attribute)

    def test_machines_are_found_by_their_workflow(self) -> None:
        assert Settings({"PURGE_MACHINE_ARN": "arn"}).machine_arn("purge") == "arn"
        with pytest.raises(SettingMissing, match="SUBSCRIPTION_MACHINE_ARN"):
            Settings({}).machine_arn("subscription")

    def test_numbers_and_switches_are_typed(self) -> None:
        assert Settings({"SWEEP_PATIENCE_SECONDS": "120"}).sweep_patience_seconds == 120
        with pytest.raises(SettingMissing, match="SWEEP_PATIENCE_SECONDS"):
            _ = Settings({"SWEEP_PATIENCE_SECONDS": "two"}).sweep_patience_seconds
        assert Settings({"TEST_CLOCK": "on"}).test_clock
        assert not Settings({"TEST_CLOCK": "off"}).test_clock
        assert not Settings({}).test_clock
        assert Settings({"PUBLIC_URL": "http://127.0.0.1:3000/v1/"}).public_url == "http://127.0.0.1:3000/v1"

    def test_the_environment_is_read_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        settings.cache_clear()
        monkeypatch.setenv("STAGE", "local")
        assert settings().stage == "local"
        monkeypatch.setenv("STAGE", "prod")
        assert settings().stage == "local"
        settings.cache_clear()


class TestClients:
    def test_an_endpoint_from_the_environment_is_used(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        aws._create.cache_clear()
        try:
            for name in ("dynamodb", "stepfunctions"):
                assert aws.client(name).meta.endpoint_url == "http://127.0.0.1:4566"
        finally:
            aws._create.cache_clear()

    def test_clients_are_impatient_and_retry_in_the_standard_way(self, cloud: None) -> None:
        config = aws.client("stepfunctions").meta.config
        assert config.connect_timeout <= 3
        assert config.retries["mode"] == "standard"


class TestClocks:
    def test_the_systems_clock_has_whole_seconds_in_utc(self) -> None:
        now = SystemClock().now()
        assert (now.microsecond, now.tzinfo) == (0, UTC)
        assert abs(datetime.now(UTC) - now) < timedelta(seconds=5)
        assert SystemClock().wall(now) == now

    def test_the_test_clock_runs_ahead_and_knows_the_walls_time(self) -> None:
        offsets, base = fakes.FakeClockOffsets(fakes.Table()), fakes.FakeClock()
        clock = OffsetClock(offsets, base)
        assert clock.now() == base.now()
        offsets.write(Offset(86_400))
        ahead = base.now() + timedelta(days=1)
        assert clock.now() == ahead
        assert clock.wall(ahead) == base.now()


class TestIds:
    def test_ids_of_one_worker_rise_strictly(self) -> None:
        made = [RandomIds().new("t")]
        ids = RandomIds()
        made = [ids.new("t") for _ in range(2000)]
        assert made == sorted(set(made))
        assert all(len(one) == 28 and one.startswith("t_") for one in made)
        assert not set("ILOUilou") & set("".join(made)[2:].replace("t_", ""))

    def test_ids_sort_by_time(self) -> None:
        time = [1_000_000_000_000]
        ids = RandomIds(lambda: time[0])
        first = ids.new("o")
        time[0] += 1
        second = ids.new("o")
        assert first < second
        assert first[2:12] < second[2:12]

    def test_a_clock_set_back_does_not_turn_the_order(self) -> None:
        time = [1_000_000_000_000]
        ids = RandomIds(lambda: time[0])
        first = ids.new("o")
        time[0] -= 60_000
        assert ids.new("o") > first

    def test_codes_have_six_digits(self) -> None:
        codes = {RandomIds().code() for _ in range(200)}
        assert all(len(code) == 6 and code.isdecimal() for code in codes)
        assert len(codes) > 150
