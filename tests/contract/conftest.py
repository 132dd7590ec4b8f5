"""The outside world for contract tests: the fakes behind a real HTTP server on a free loopback port.

They are mounted as the local front door mounts them, so that links in their pages are tested under a path.
"""

from __future__ import annotations

import logging
import socket
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from mohlat.adapters.http import Answer, HttpClient, RawAnswer
from mohlat.application.ports import PaymentGateway
from mohlat.domain.errors import MohlatError
from mohlat.domain.payments import Opening, PayPage
from sandbox import behpardakht, kavenegar, sep, zarinpal, zibal

RIALS = 12_345_000


_orders = count(1)


def open_page(gateway: PaymentGateway, amount: int = RIALS, **changes: Any) -> Opening:
    """Opens a payment of an order of its own, whose callback has a query already."""
    arguments: dict[str, Any] = {
        "description": "اشتراک یک‌ساله",
        "callback_url": "https://api.example.com/v1/payments/callback?product=kalo",
        "order_id": f"order-{next(_orders)}",
    }
    return gateway.request(amount=amount, **{**arguments, **changes})


def open_payment(gateway: PaymentGateway, amount: int = RIALS, **changes: Any) -> str:
    """The same, for who needs only the authority."""
    return open_page(gateway, amount, **changes).authority


class Payer:
    """The person at the payment page: presses the buttons of the fake that is mounted at `mount`."""

    def __init__(self, browser: httpx.Client, mount: str) -> None:
        self._browser = browser
        self._mount = mount

    def visit(self, page: PayPage) -> httpx.Response:
        """Goes where the shop sends the browser."""
        if page.fields:
            return self._browser.post(page.url, data=dict(page.fields))
        return self._browser.get(page.url)

    def press(self, authority: str, action: str) -> httpx.Response:
        return self._browser.post(f"{self._mount}/_test/{authority}/{action}")

    def brought_back(self, authority: str, action: str) -> dict[str, str]:
        """What the browser brings back to the shop after this button, in a query or a form."""
        headers = {"Accept": "application/json"}
        answer = self._browser.post(f"{self._mount}/_test/{authority}/{action}", headers=headers)
        if answer.status_code == 302:
            return dict(parse_qsl(urlsplit(answer.headers["location"]).query, keep_blank_values=True))
        assert answer.status_code == 200, answer.text
        callback = answer.json()["callback"]
        assert callback["method"] == "POST"
        return {**dict(parse_qsl(urlsplit(callback["url"]).query)), **callback["fields"]}

    def pay(self, authority: str) -> dict[str, str]:
        return self.brought_back(authority, "pay")

    def cancel(self, authority: str) -> dict[str, str]:
        return self.brought_back(authority, "cancel")

    def next_calls_meet(self, fault: str, times: int = 1) -> None:
        answer = self._browser.post(f"{self._mount}/_test/set", params={"next": fault, "times": times})
        assert answer.status_code == 204


class SpeakingGateway(HttpClient):
    """An HTTP client whose gateway always gives one answer."""

    def __init__(self, status: int, body: object) -> None:
        super().__init__()
        self._answer = Answer(status, body)

    def post_json(self, url: str, payload: Mapping[str, object], bearer: str | None = None) -> Answer:
        return self._answer

    def post_xml(self, url: str, document: bytes) -> RawAnswer:
        assert isinstance(self._answer.body, bytes)
        return RawAnswer(self._answer.status, self._answer.body)


class HandClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self._now = datetime(2026, 11, 22, 10, 35, 55, tzinfo=UTC)

    def now(self) -> datetime:
        return self._now

    def advance(self, **by: int) -> None:
        self._now += timedelta(**by)


class Stage:
    """Serves whichever application the present test has put on."""

    def __init__(self) -> None:
        self.app: ASGIApp = Starlette()
        self.origin = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    stage = Stage()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # asyncio sets this only on sockets it made itself; without it every answer waits 40 ms for an ACK.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stage.origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(
            stage, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        # The listener queues connections from the start, so nobody has to wait for the server.
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        yield stage
        server.should_exit = True
        thread.join(5)


@dataclass
class World:
    """The fakes of one test and the addresses where its adapters find them."""

    clock: HandClock
    gateway: zarinpal.FakeZarinPal
    zibal: zibal.FakeZibal
    sep: sep.FakeSep
    behpardakht: behpardakht.FakeBehpardakht
    sms: kavenegar.FakeKavenegar
    origin: str

    @property
    def pay_url(self) -> str:
        return f"{self.origin}/pay"

    @property
    def zibal_url(self) -> str:
        return f"{self.origin}/zibal"

    @property
    def sep_url(self) -> str:
        return f"{self.origin}/sep"

    @property
    def behpardakht_url(self) -> str:
        return f"{self.origin}/behpardakht"

    @property
    def sms_url(self) -> str:
        return f"{self.origin}/sms"


@pytest.fixture
def world(stage: Stage) -> World:
    clock = HandClock()
    gateway = zarinpal.create_app(zarinpal.Config(), clock)
    second = zibal.create_app(zibal.Config(), clock)
    third = sep.create_app(sep.Config(terminals={"terminal-7f3f0c": "active", "other": "active"}), clock)
    fourth = behpardakht.create_app(behpardakht.Config(), clock)
    sms = kavenegar.create_app(kavenegar.Config(templates=kavenegar.load_templates()), clock)
    mounted = {"pay": gateway, "zibal": second, "sep": third, "behpardakht": fourth, "sms": sms}
    stage.app = Starlette(routes=[Mount(f"/{name}", app) for name, app in mounted.items()])
    return World(
        clock,
        gateway.state.fake,
        second.state.fake,
        third.state.fake,
        fourth.state.fake,
        sms.state.fake,
        stage.origin,
    )


@pytest.fixture
def browser(world: World) -> Iterator[httpx.Client]:
    """Somebody's browser, which does not leave for the callback by itself."""
    accept = {"Accept": "text/html,*/*;q=0.8"}
    with httpx.Client(
        base_url=world.origin, headers=accept, follow_redirects=False, trust_env=False
    ) as client:
        yield client


@pytest.fixture
def everything_told(caplog: pytest.LogCaptureFixture) -> Callable[[Callable[[], object]], str]:
    """Runs a call that must fail; gives all that its error, the error's causes and the log let out."""

    def run(call: Callable[[], object]) -> str:
        caplog.set_level(logging.DEBUG)
        # Somebody hunting a fault may turn these on by name.
        for name in ("urllib3", "urllib3.connectionpool", "urllib3.connection"):
            caplog.set_level(logging.DEBUG, logger=name)
        caplog.clear()
        with pytest.raises(MohlatError) as raised:
            call()
        # The server in this process is the provider's side.
        told = [
            f"{record.getMessage()} {record.args!r} {record.exc_text}"
            for record in caplog.records
            if not record.name.startswith("uvicorn")
        ]
        errors: list[BaseException | None] = [raised.value]
        for error in errors:
            if error is not None:
                told += [repr(error), repr(error.__dict__), *traceback.format_exception_only(error)]
                errors += [error.__cause__, error.__context__]
        return " ".join(told)

    return run
