"""Kavenegar's adapter over HTTP against the provider that behaves."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest

from mohlat.adapters.http import Answer, HttpClient
from mohlat.adapters.messaging.kavenegar import Kavenegar
from mohlat.application.ports import HandOver
from mohlat.domain.errors import (
    MessageRejected,
    MessageUncertain,
    MessagingMisconfigured,
    MessagingUnavailable,
    MohlatError,
)
from sandbox import kavenegar as fake

API_KEY = "4B4576356D2F+9a77="
MOBILE = "+989123456789"
DATE = "۱۴۰۵/۰۹/۱۱"


@pytest.fixture(autouse=True)
def _account(world: Any) -> None:
    world.sms.config.keys = {API_KEY: "active"}


@pytest.fixture
def sender(world: Any) -> Kavenegar:
    return Kavenegar(world.sms_url, API_KEY, http=HttpClient(connect_timeout=2, read_timeout=2))


def send(sender: Kavenegar, **changes: Any) -> HandOver:
    arguments: dict[str, Any] = {
        "mobile": MOBILE,
        "template": "mohlat-term-ending",
        "tokens": {"token": DATE, "token10": "باشگاه مشتریان من"},
        "text": "اعتبار شما رو به پایان است.",
        "reference": 2**63 - 1,
    }
    return sender.send(**{**arguments, **changes})


def outbox(browser: httpx.Client) -> list[dict[str, Any]]:
    return browser.get("/sms/_test/outbox").json()["messages"]


def test_a_template_is_sent_filled_in(sender: Kavenegar, browser: httpx.Client) -> None:
    proof = send(sender)
    (message,) = outbox(browser)
    assert proof == HandOver("kavenegar", str(message["messageid"]))
    assert message["receptor"] == "09123456789"
    assert message["template"] == "mohlat-term-ending"
    assert message["tokens"] == {"token": DATE, "token10": "باشگاه مشتریان من"}
    assert f"باشگاه مشتریان من در تاریخ {DATE}" in message["message"]


def test_without_a_template_the_text_goes_out(sender: Kavenegar, browser: httpx.Client) -> None:
    proof = send(sender, template="", tokens={})
    (message,) = outbox(browser)
    assert proof == HandOver("kavenegar", str(message["messageid"]))
    assert message["message"] == "اعتبار شما رو به پایان است."
    assert message["localid"] == 2**63 - 1


def test_the_configured_line_is_used_for_text(world: Any, browser: httpx.Client) -> None:
    world.sms.config.senders = ["2000660110", "10008663"]
    send(Kavenegar(world.sms_url, API_KEY, sender="10008663"), template="")
    assert outbox(browser)[0]["sender"] == "10008663"
    with pytest.raises(MessagingMisconfigured):
        send(Kavenegar(world.sms_url, API_KEY, sender="999"), template="")


def test_the_same_reference_sends_and_costs_once(
    sender: Kavenegar, world: Any, browser: httpx.Client
) -> None:
    credit = world.sms.state.credit
    assert send(sender, template="", reference=7) == send(sender, template="", reference=7)
    assert len(outbox(browser)) == 1
    assert world.sms.state.credit == credit - world.sms.config.cost
    send(sender, template="", reference=8)
    assert [message["localid"] for message in outbox(browser)] == [7, 8]


@pytest.mark.parametrize("fault", ["timeout", "lost-response", "500", "html502", "409", "429", "451"])
@pytest.mark.parametrize("mirrors", [True, False])
def test_trouble_is_tried_again_and_the_text_arrives_once(
    fault: str, mirrors: bool, sender: Kavenegar, world: Any, browser: httpx.Client
) -> None:
    world.sms.config.http_mirrors_status = mirrors
    browser.post("/sms/_test/set", params={"next": fault})
    with pytest.raises(MessagingUnavailable):
        send(sender, template="")
    send(sender, template="")
    assert len(outbox(browser)) == 1


@pytest.mark.parametrize("fault", ["timeout", "lost-response"])
def test_a_template_that_met_silence_is_uncertain_because_repeating_it_could_double_it(
    fault: str, sender: Kavenegar, browser: httpx.Client
) -> None:
    browser.post("/sms/_test/set", params={"next": fault})
    with pytest.raises(MessageUncertain):
        send(sender)


def test_a_provider_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(MessagingUnavailable):
        send(Kavenegar("http://127.0.0.1:9", API_KEY, http=HttpClient(1, 1)))


@pytest.mark.parametrize("mirrors", [True, False])
@pytest.mark.parametrize("entries", [None, [], "absent"], ids=str)
@pytest.mark.parametrize(
    ("setting", "value", "changes"),
    [
        ("keys", {}, {}),
        ("keys", {API_KEY: "inactive"}, {}),
        ("ip_allowed", False, {}),
        ("templates", {}, {}),
        ("advanced", False, {}),
        ("templates", {"mohlat-term-ending": "بی‌جا %token10"}, {}),
        ("owner", "09350000000", {"template": ""}),
    ],
)
def test_what_an_operator_must_mend_raises_the_alarm(
    setting: str,
    value: object,
    changes: dict[str, Any],
    entries: object,
    mirrors: bool,
    sender: Kavenegar,
    world: Any,
) -> None:
    world.sms.config.http_mirrors_status = mirrors
    world.sms.config.error_entries = entries
    setattr(world.sms.config, setting, value)
    with pytest.raises(MessagingMisconfigured):
        send(sender, **changes)


@pytest.mark.parametrize("template", ["", "mohlat-term-ending"])
def test_used_up_credit_raises_the_alarm(template: str, sender: Kavenegar, browser: httpx.Client) -> None:
    browser.post("/sms/_test/config", json={"credit": 0})
    with pytest.raises(MessagingMisconfigured) as alarm:
        send(sender, template=template)
    assert alarm.value.details["provider_code"] == 418


@pytest.mark.parametrize("mirrors", [True, False])
def test_what_is_wrong_with_one_message_rejects_it(mirrors: bool, sender: Kavenegar, world: Any) -> None:
    world.sms.config.http_mirrors_status = mirrors
    world.sms.config.links_restricted = True
    for text in ("", 901 * "ش", "https://example.com"):
        with pytest.raises(MessageRejected):
            send(sender, template="", text=text)
    with pytest.raises(MessageRejected):
        send(sender, mobile="+4915112345678")


@pytest.mark.parametrize(
    "tokens",
    [
        {},
        {"token10": "کالو"},
        {"token": "علی رضایی"},
        {"token": "a_b"},
        {"token": "a\nb"},
        {"token": ""},
        {"token": 101 * "1"},
        {"token": "1", "token2": "a b"},
        {"token": "1", "token10": "a b c d e f g"},
        {"token": "1", "token20": "a b c d e f g h i j"},
        {"token": "1", "code": "1"},
    ],
    ids=str,
)
def test_tokens_that_the_provider_refuses_are_rejected(tokens: dict[str, str], sender: Kavenegar) -> None:
    with pytest.raises(MessageRejected):
        send(sender, tokens=tokens)


def test_a_name_with_a_space_fits_the_long_tokens(sender: Kavenegar, browser: httpx.Client) -> None:
    send(sender, tokens={"token": DATE, "token10": "علی رضایی", "token20": "a b c d e f g h i"})
    assert outbox(browser)[0]["tokens"]["token10"] == "علی رضایی"


def test_the_provider_itself_refuses_a_space_in_the_short_token(world: Any, browser: httpx.Client) -> None:
    world.sms.config.keys = {"plain": "active"}
    fields = {"receptor": "09123456789", "template": "mohlat-confirm-code", "token": "علی رضایی"}
    answer = browser.post("/sms/v1/plain/verify/lookup.json", data=fields)
    assert (answer.status_code, answer.json()["return"]["status"]) == (431, 431)


class SpeakingProvider(HttpClient):
    """An HTTP client whose provider always gives one answer."""

    def __init__(self, body: object, status: int = 200) -> None:
        super().__init__()
        self._answer = Answer(status, body)

    def post_form(self, url: str, fields: Mapping[str, str]) -> Answer:
        return self._answer


REACTIONS: dict[type[MohlatError], set[int]] = {
    MessagingUnavailable: {402, 409, 429, 451},
    MessagingMisconfigured: {
        400,
        401,
        403,
        404,
        405,
        406,
        407,
        412,
        416,
        418,
        424,
        426,
        427,
        432,
        501,
        607,
        999,
    },
    MessageRejected: {411, 413, 420, 422, 431},
}


@pytest.mark.parametrize(
    ("reaction", "code"), [(error, code) for error, codes in REACTIONS.items() for code in codes]
)
def test_every_code_asks_for_one_reaction(reaction: type[MohlatError], code: int) -> None:
    sender = Kavenegar("http://sms", API_KEY, http=SpeakingProvider({"return": {"status": code}}))
    with pytest.raises(reaction):
        send(sender)


@pytest.mark.parametrize(
    "body",
    [None, [], {}, {"return": None}, {"return": {"status": "ok"}}, {"return": {"status": True}}],
    ids=str,
)
def test_an_answer_in_no_known_shape_is_no_handing_over(body: object) -> None:
    with pytest.raises(MessagingUnavailable):
        send(Kavenegar("http://sms", API_KEY, http=SpeakingProvider(body)))


@pytest.mark.parametrize("entries", [None, [], [{}], {}, ["x"]], ids=str)
def test_success_without_an_id_is_no_proof(entries: object) -> None:
    body = {"return": {"status": 200}, "entries": entries}
    with pytest.raises(MessagingUnavailable):
        send(Kavenegar("http://sms", API_KEY, http=SpeakingProvider(body)))


def test_an_entry_may_also_come_without_its_list() -> None:
    body = {"return": {"status": 200}, "entries": {"messageid": 8792343, "status": 5}}
    assert send(Kavenegar("http://sms", API_KEY, http=SpeakingProvider(body))).message_id == "8792343"


def test_a_number_that_blocked_advertising_still_gets_templates(
    sender: Kavenegar, world: Any, browser: httpx.Client
) -> None:
    browser.post("/sms/_test/script", params={"receptor": "09123456789", "outcome": "blocked"})
    send(sender, template="", reference=1)
    send(sender)
    world.clock.advance(minutes=1)
    assert [message["status"] for message in outbox(browser)] == [14, 10]
    # Repeated with the same reference, the provider shows the same message, which is known to be lost.
    with pytest.raises(MessageRejected):
        send(sender, template="", reference=1)


@pytest.mark.parametrize("template", ["", "mohlat-term-ending"])
@pytest.mark.parametrize("fault", ["none", "409", "timeout", "500", "html502", "lost-response"])
def test_neither_key_nor_address_gets_out(
    fault: str,
    template: str,
    sender: Kavenegar,
    world: Any,
    browser: httpx.Client,
    everything_told: Callable[[Callable[[], object]], str],
) -> None:
    world.sms.config.keys = {API_KEY: "inactive"}
    browser.post("/sms/_test/set", params={"next": fault})
    told = everything_told(lambda: send(sender, template=template))
    for secret in (API_KEY, "4B4576356D2F", "/v1/", MOBILE, MOBILE[3:], DATE):
        assert secret not in told


def test_neither_key_nor_address_gets_out_when_nobody_listens_or_the_address_is_wrong(
    everything_told: Callable[[Callable[[], object]], str],
) -> None:
    for base_url in ("http://127.0.0.1:9", "http://[broken", "ftp://127.0.0.1"):
        told = everything_told(lambda url=base_url: send(Kavenegar(url, API_KEY, http=HttpClient(1, 1))))
        assert "4B4576356D2F" not in told


def test_our_own_templates_can_be_sent_as_they_are(sender: Kavenegar, browser: httpx.Client) -> None:
    values = {
        "token": DATE,
        "token2": "12345678",
        "token3": "01M88FQ6MSJXPM2Q1SS0309ACG",
        "token10": "سامان سیصد و شصت",
        "token20": "1,234,500 tomans",
    }
    for name, text in fake.load_templates().items():
        named = set(re.findall(r"%(token[0-9]*)", text))
        send(sender, template=name, tokens={token: values[token] for token in named})
        message = outbox(browser)[-1]
        assert "%" not in message["message"]
        assert message["cost"] <= 3 * 1_500
    assert len(outbox(browser)) == len(fake.load_templates())
