"""That no order, card or sign-in travels in the clear, and that secrets stay where they belong."""

from __future__ import annotations

import re

import pytest

from mohlat.agreements import loader
from tests.template import cloudformation as cf

# Whatever of a person or of money goes to an address goes to one of these.
ADDRESSES = sorted(name for name in cf.template()["Parameters"] if name.endswith("Url"))


def allowed(parameter: str, address: str) -> bool:
    pattern = cf.template()["Parameters"][parameter]["AllowedPattern"]
    # CloudFormation wants the whole value to match.
    return re.fullmatch(pattern, address) is not None


@pytest.mark.clause("KALAK-card")
@pytest.mark.clause("KALLU-7")
@pytest.mark.parametrize("parameter", ADDRESSES)
def test_no_deployment_speaks_plain_http_with_anybody_but_this_very_machine(parameter: str) -> None:
    for address in (
        "https://api.example.com",
        "https://api.example.com:8443/base",
        "http://127.0.0.1:3000/pay",
    ):
        assert allowed(parameter, address), address
    for address in (
        "http://api.example.com",
        "http://127.0.0.1.example.com",
        "http://127.0.0.1@example.com",
        "HTTP://api.example.com",
        "ftp://api.example.com",
        "https://",
        "https://api.example.com/ http://api.example.com",
    ):
        assert not allowed(parameter, address), address


def test_every_gateway_and_provider_has_such_an_address() -> None:
    assert {"PublicUrl", "ZarinpalUrl", "ZibalUrl", "SepUrl", "BehpardakhtUrl", "KavenegarUrl"} <= set(
        ADDRESSES
    )


@pytest.mark.clause("KALAK-card")
@pytest.mark.clause("KALLU-7")
def test_the_api_answers_over_tls_1_2_or_newer_only() -> None:
    """API Gateway listens on no other port; what is left to choose is the oldest TLS, and the host's name."""
    api = cf.resources("AWS::Serverless::Api")["Api"]["Properties"]
    assert re.fullmatch(r"SecurityPolicy_TLS13_1_[23]_\w+", api["SecurityPolicy"])
    assert api["EndpointAccessMode"] == "STRICT"
    [output] = [found["Value"] for name, found in cf.template()["Outputs"].items() if name == "ApiUrl"]
    assert output["Fn::Sub"].startswith("https://")


@pytest.mark.clause("KALLU-7")
def test_where_codes_and_passwords_are_guessed_the_api_is_slower() -> None:
    api = cf.resources("AWS::Serverless::Api")["Api"]["Properties"]
    settings = {(each["HttpMethod"], each["ResourcePath"]): each for each in api["MethodSettings"]}
    usual = settings["*", "/*"]["ThrottlingRateLimit"]
    guessed = [
        (method, path)
        for (method, path), route in cf.all_routes().items()
        if method == "POST" and "Auth" in route
    ]
    assert guessed
    for method, path in guessed:
        assert settings[method, "/" + path.replace("/", "~1")]["ThrottlingRateLimit"] < usual, path


@pytest.mark.clause("KALO-4")
@pytest.mark.clause("SAMAN-3.5")
def test_the_pool_itself_takes_no_password_that_is_shorter_than_every_agreement_wants() -> None:
    policy = cf.resources("AWS::Cognito::UserPool")["UserPool"]["Properties"]["Policies"]["PasswordPolicy"]
    shortest = min(loader.load(product).password.min_length for product in loader.products())
    assert policy["MinimumLength"] == shortest


def test_a_function_reads_the_secrets_of_its_own_provider_only() -> None:
    for name, found in cf.functions().items():
        read = {
            str(target["Fn::Sub"]).rsplit("/", 2)[1]
            for statement in cf.statements(found)
            for target in cf.as_list(statement["Resource"])
            if "ssm:GetParameter" in cf.as_list(statement["Action"])
        }
        variables = cf.environment(name)
        providers = ("zarinpal", "zibal", "sep", "behpardakht", "kavenegar")
        expected = {secret for secret in providers if f"{secret.upper()}_URL" in variables}
        assert read == expected, name


def test_one_function_alone_can_send_money_back() -> None:
    """Whoever takes over another one, such as the one that strangers reach, cannot have money paid out."""
    able = {
        name
        for name, found in cf.functions().items()
        for statement in cf.statements(found)
        for target in cf.as_list(statement["Resource"])
        if "Fn::Sub" in target and str(target["Fn::Sub"]).endswith(("/zarinpal/*", "/zarinpal/access_token"))
    }
    assert able == {"follow_refund"}
    assert [name for name in cf.functions() if "ZARINPAL_GRAPHQL_URL" in cf.environment(name)] == [
        "follow_refund"
    ]
