"""What the functions are put together from, where the other tests put a fake."""

from __future__ import annotations

from typing import Any

import pytest
from moto import mock_aws

from mohlat import bootstrap
from mohlat.adapters import aws
from mohlat.adapters.clock import OffsetClock, SystemClock
from mohlat.adapters.gateways.behpardakht import Behpardakht
from mohlat.adapters.gateways.sep import Sep
from mohlat.adapters.gateways.zarinpal import ZarinPal
from mohlat.adapters.gateways.zibal import Zibal
from mohlat.adapters.messaging.kavenegar import Kavenegar
from mohlat.adapters.messaging.ses import SesMailer
from mohlat.domain.errors import GatewayUnavailable, NoRefundRoute, NotFound
from mohlat.settings import SettingMissing
from tests.handlers.conftest import forget


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A deployment with its providers' credentials."""
    for name, value in {
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "PARAMETERS_PREFIX": "/mohlat/test",
        "ZARINPAL_URL": "https://gateway.example",
        "ZIBAL_URL": "https://other-gateway.example",
        "SEP_URL": "https://third-gateway.example",
        "BEHPARDAKHT_URL": "https://fourth-gateway.example",
        "KAVENEGAR_URL": "https://sms.example",
        "TEST_CLOCK": "off",
    }.items():
        monkeypatch.setenv(name, value)
    forget()
    with mock_aws():
        for name in (
            "zarinpal/merchant_id",
            "zibal/merchant",
            "sep/terminal_id",
            "behpardakht/terminal_id",
            "behpardakht/username",
            "behpardakht/password",
            "kavenegar/api_key",
        ):
            _keep(name)
        yield monkeypatch
    forget()


def _keep(name: str) -> None:
    aws.client("ssm").put_parameter(Name=f"/mohlat/test/{name}", Value="first", Type="SecureString")


def test_providers_are_reached_with_the_deployments_credentials(deployed: Any) -> None:
    assert isinstance(bootstrap.payment_gateway("zarinpal"), ZarinPal)
    assert isinstance(bootstrap.payment_gateway("zibal"), Zibal)
    assert isinstance(bootstrap.payment_gateway("sep"), Sep)
    assert isinstance(bootstrap.payment_gateway("behpardakht"), Behpardakht)
    assert isinstance(bootstrap.sms_sender(), Kavenegar)
    assert isinstance(bootstrap.mailer(), SesMailer)
    assert bootstrap.payment_gateway("zarinpal") is bootstrap.payment_gateway("zarinpal")


def test_money_goes_back_where_there_are_an_address_and_credentials_for_it(
    deployed: pytest.MonkeyPatch,
) -> None:
    """Without them a person sends it: that is told, and nobody is asked."""
    with pytest.raises(NoRefundRoute):
        bootstrap.payment_gateway("zarinpal").refunds_of("201")
    deployed.setenv("ZARINPAL_GRAPHQL_URL", "http://127.0.0.1:9/graphql/")
    forget()
    with pytest.raises(NoRefundRoute):
        bootstrap.payment_gateway("zarinpal").refunds_of("201")
    for name in ("zarinpal/access_token", "zarinpal/terminal_id"):
        _keep(name)
    with pytest.raises(GatewayUnavailable):
        bootstrap.payment_gateway("zarinpal").refunds_of("201")


def test_a_gateway_that_we_do_not_have_is_not_found(deployed: Any) -> None:
    with pytest.raises(NotFound):
        bootstrap.payment_desk("paypal")


def test_the_clock_can_be_moved_only_where_the_stack_says_so(deployed: pytest.MonkeyPatch) -> None:
    assert isinstance(bootstrap.clock(), SystemClock)
    deployed.setenv("TEST_CLOCK", "on")
    forget()
    assert isinstance(bootstrap.clock(), OffsetClock)


def test_a_variable_that_the_deployment_forgot_is_named(deployed: pytest.MonkeyPatch) -> None:
    deployed.delenv("ALARM_TOPIC_ARN", raising=False)
    with pytest.raises(SettingMissing, match="ALARM_TOPIC_ARN"):
        bootstrap.raise_alarm("x", {})
    deployed.delenv("ADVANCE_TEST_CLOCK_FUNCTION", raising=False)
    with pytest.raises(SettingMissing, match="ADVANCE_TEST_CLOCK_FUNCTION"):
        bootstrap.move_test_clock()
