"""The fake SMS provider's own behaviour, where no adapter of ours asks for it: so that it can be trusted."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from sandbox import kavenegar

RECEPTOR = "09123456789"


class Client:
    """Calls the API as any client could."""

    def __init__(self, browser: httpx.Client) -> None:
        self._browser = browser

    def call(self, method: str, **fields: Any) -> dict[str, Any]:
        return self._browser.post(f"/sms/v1/sandbox-api-key/{method}.json", data=fields).json()

    def code(self, method: str, **fields: Any) -> int:
        return self.call(method, **fields)["return"]["status"]

    def send(self, **fields: Any) -> list[dict[str, Any]]:
        return self.call("sms/send", **{"receptor": RECEPTOR, "message": "سلام", **fields})["entries"]

    def status(self, *ids: int) -> list[int]:
        entries = self.call("sms/status", messageid=",".join(map(str, ids)))["entries"]
        return [entry["status"] for entry in entries]

    def credit(self) -> int:
        return self.call("account/info")["entries"]["remaincredit"]


@pytest.fixture
def client(browser: httpx.Client) -> Client:
    return Client(browser)


def test_a_message_travels_from_queue_to_receiver(client: Client, world: Any) -> None:
    (entry,) = client.send()
    assert (entry["status"], entry["receptor"], entry["sender"]) == (1, RECEPTOR, "2000660110")
    seen = []
    for seconds in (1, 59):
        world.clock.advance(seconds=seconds)
        seen += client.status(entry["messageid"])
    assert seen == [4, 10]
    world.clock.advance(hours=48)
    assert client.status(entry["messageid"], 17) == [100, 100]


def test_the_own_id_is_known_for_half_a_day(client: Client, world: Any) -> None:
    (entry,) = client.send(localid=12)
    (known,) = client.call("sms/statuslocalmessageid", localid=12)["entries"]
    assert (known["messageid"], known["status"]) == (entry["messageid"], 1)
    world.clock.advance(hours=12, seconds=1)
    assert client.call("sms/statuslocalmessageid", localid=12)["entries"][0]["status"] == 100


@pytest.mark.parametrize(
    ("outcome", "status", "returned"), [("undelivered", 11, 0), ("failed", 6, 0), ("blocked", 14, 1_500)]
)
def test_a_number_ends_as_its_script_says(
    outcome: str, status: int, returned: int, client: Client, world: Any, browser: httpx.Client
) -> None:
    browser.post(f"/sms/_test/script?receptor={RECEPTOR}&outcome={outcome}")
    before = client.credit()
    (entry,) = client.send()
    world.clock.advance(minutes=1)
    assert client.status(entry["messageid"]) == [status]
    assert client.credit() == before - 1_500 + returned


def test_a_scheduled_message_can_be_cancelled_and_costs_nothing(client: Client, world: Any) -> None:
    before = client.credit()
    (entry,) = client.send(date=int(world.clock.now().timestamp()) + 60)
    assert entry["status"] == 2
    assert client.call("sms/cancel", messageid=entry["messageid"])["entries"][0]["status"] == 13
    assert client.credit() == before
    (sent,) = client.send()
    assert client.call("sms/cancel", messageid=sent["messageid"])["entries"][0]["status"] == 1


def test_long_texts_cost_their_parts(client: Client) -> None:
    assert [client.send(message=length * "ش")[0]["cost"] for length in (70, 71, 134, 135)] == [
        1_500,
        3_000,
        3_000,
        4_500,
    ]


@pytest.mark.parametrize("receptor", ["09123456789", "00989123456789", "9123456789", "+989123456789"])
def test_every_way_of_writing_a_number_is_one_receptor(receptor: str, client: Client) -> None:
    assert client.send(receptor=receptor)[0]["receptor"] == RECEPTOR


@pytest.mark.parametrize(
    ("code", "method", "fields"),
    [
        (404, "sms/nothing", {}),
        (400, "sms/send", {"message": "x"}),
        (406, "sms/send", {"message": "x", "receptor": ""}),
        (411, "sms/send", {"message": "x", "receptor": "02188776655"}),
        (412, "sms/send", {"message": "x", "receptor": RECEPTOR, "sender": "1"}),
        (414, "sms/send", {"message": "x", "receptor": ",".join(201 * [RECEPTOR])}),
        (413, "sms/send", {"message": "", "receptor": RECEPTOR}),
        (417, "sms/send", {"message": "x", "receptor": RECEPTOR, "date": "1"}),
        (400, "sms/send", {"message": "x", "receptor": RECEPTOR, "localid": "1,2"}),
        (607, "sms/send", {"message": "x", "receptor": RECEPTOR, "tag": "y"}),
        (419, "sms/sendarray", {"message": '["x"]', "receptor": "[]", "sender": '["2000660110"]'}),
        (400, "verify/lookup", {"receptor": RECEPTOR, "template": "mohlat-confirm-code"}),
        (424, "verify/lookup", {"receptor": RECEPTOR, "template": "other", "token": "1"}),
        (431, "verify/lookup", {"receptor": RECEPTOR, "template": "mohlat-confirm-code", "token": "1_2"}),
        (
            428,
            "verify/lookup",
            {"receptor": RECEPTOR, "template": "mohlat-confirm-code", "token": "ab", "type": "call"},
        ),
        (414, "sms/status", {"messageid": ",".join(501 * ["1"])}),
    ],
)
def test_every_mistake_has_its_code(code: int, method: str, fields: dict[str, str], client: Client) -> None:
    assert client.code(method, **fields) == code


def test_an_array_sends_one_text_to_each_and_only_by_post(client: Client, browser: httpx.Client) -> None:
    fields = {
        "receptor": json.dumps([RECEPTOR, "09350000000"]),
        "sender": json.dumps(2 * ["2000660110"]),
        "message": json.dumps(["یک", "دو"]),
        "localmessageids": json.dumps([1, 2]),
    }
    first = client.call("sms/sendarray", **fields)["entries"]
    assert [entry["message"] for entry in first] == ["یک", "دو"]
    assert client.call("sms/sendarray", **fields)["entries"] == first
    assert len(browser.get("/sms/_test/outbox").json()["messages"]) == 2
    assert len(browser.get("/sms/_test/outbox?receptor=%2B989350000000").json()["messages"]) == 1
    answer = browser.get("/sms/v1/sandbox-api-key/sms/sendarray.json", params=fields)
    assert answer.json()["return"]["status"] == 405


def test_the_provider_remembers_over_a_restart(client: Client, world: Any) -> None:
    client.send(localid=2**62)
    client.call("verify/lookup", receptor=RECEPTOR, template="mohlat-confirm-code", token="123456")
    assert kavenegar.State.from_json(world.sms.state.to_json()) == world.sms.state
