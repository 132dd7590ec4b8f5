"""A small client of the product's API, for the demo and the end-to-end tests: HTTP and nothing else."""

from __future__ import annotations

import itertools
import re
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

RENEWED_AFTER_SECONDS = 600
"""A third of a token's life is left then: the pool's tokens live 15 minutes."""

_numbers = itertools.count(int(time.time() * 1000) % 10_000_000)
_CODE = re.compile(r"(?<!\d)(\d{6})(?!\d)")


class Unexpected(Exception):
    """The API answered something else than was expected; says what."""


@dataclass
class Api:
    """The front door at `url` (without the stage). Tokens are given with each call."""

    url: str
    language: str = "en"
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.url, timeout=60, follow_redirects=False)

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = None,
        key: str | None = None,
        **query: str | int,
    ) -> httpx.Response:
        """One call below /v1, whatever it answers."""
        headers = {"Accept-Language": self.language}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if key:
            headers["Idempotency-Key"] = key
        return self.http.request(method, f"/v1{path}", json=body, headers=headers, params=query or None)

    def ask(self, method: str, path: str, body: object = None, **options: Any) -> Any:
        """The JSON of a call that succeeds. Raises Unexpected."""
        answer = self.call(method, path, body, **options)
        if answer.is_error:
            raise Unexpected(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer.json() if answer.content else None


@dataclass
class Mailbox:
    """What was sent, as the sandbox shows it."""

    api: Api

    def to(self, email: str, mobile: str) -> list[dict[str, Any]]:
        """Mail and SMS to a person, oldest first of each."""
        local = "0" + mobile.removeprefix("+98")
        mail = self.api.http.get("/sandbox/mail.json").json()["messages"]
        sms = self.api.http.get("/sandbox/sms.json").json()["messages"]
        return [item for item in mail if email in item["To"]] + [
            item for item in sms if item["receptor"] in (mobile, local)
        ]

    def code(self, email: str, mobile: str, seconds: float = 60) -> str:
        """The newest one-time code sent to a person; waits for it. Raises Unexpected."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            texts = [str(item.get("BodyText") or item.get("message")) for item in self.to(email, mobile)]
            codes = [found.group(1) for text in texts if (found := _CODE.search(text))]
            if codes:
                return codes[-1]
            time.sleep(0.2)
        raise Unexpected(f"no code reached {email}")


@dataclass
class Session:
    """A sign-in that is made again before its token ends, however long a run takes."""

    api: Api
    credentials: dict[str, str]
    _token: str = ""
    _fresh_until: float = 0.0

    @property
    def token(self) -> str:
        """A token that holds for some minutes yet, or the last one if none is. Raises Unexpected."""
        if time.monotonic() > self._fresh_until:
            self.renew()
        return self._token

    def renew(self) -> None:
        """Signs in. Raises Unexpected."""
        answer = self.api.call("POST", "/sessions", self.credentials)
        if answer.is_success:
            self._token = answer.json()["id_token"]
            self._fresh_until = time.monotonic() + RENEWED_AFTER_SECONDS
        elif not self._token:
            raise Unexpected(f"signing in: {answer.status_code} {answer.text[:500]}")


@dataclass
class Operator:
    """Somebody who works for the vendor: moves the test clock and looks at purges."""

    api: Api
    username: str
    password: str
    session: Session = field(init=False)

    def __post_init__(self) -> None:
        self.session = Session(self.api, {"operator": self.username, "password": self.password})

    @property
    def token(self) -> str:
        """Proves who it is."""
        return self.session.token

    def now(self) -> datetime:
        """The test clock's present instant."""
        return instant(self.api.ask("GET", "/test-clock", token=self.token)["now"])

    def advance_to(self, target: datetime, seconds: float = 600) -> None:
        """Moves the clock and waits until everything due on the way is done. Raises Unexpected."""
        self.api.ask("POST", "/test-clock", {"to": text(target)}, token=self.token)
        end = time.monotonic() + seconds
        while (state := self.api.ask("GET", "/test-clock", token=self.token))["state"] != "ready":
            if time.monotonic() > end:
                raise Unexpected(f"the clock is stuck on its way to {text(target)}: {state}")
            time.sleep(0.1)


@dataclass
class Customer:
    """A customer of one product, from registration on."""

    api: Api
    product: str
    name: str = "Sara Karimi"
    password: str = "Anar-o-Gilas-77"  # noqa: S105 - made up for stand-ins
    plan: str | None = None
    number: int = field(default_factory=lambda: next(_numbers))
    tenant_id: str = ""
    session: Session = field(init=False)

    def __post_init__(self) -> None:
        credentials = {"product": self.product, "contact": self.email, "password": self.password}
        self.session = Session(self.api, credentials)

    @property
    def token(self) -> str:
        """Proves who it is, once its contact is confirmed."""
        return self.session.token

    @property
    def email(self) -> str:
        """Its address; a different one for every customer."""
        return f"sara{self.number}@example.com"

    @property
    def mobile(self) -> str:
        """Its mobile number; a different one for every customer."""
        return f"+98912{self.number % 10_000_000:07d}"

    @property
    def path(self) -> str:
        """Where its account is."""
        return f"/tenants/{self.tenant_id}"

    def register(self) -> Customer:
        """Registers, accepting everything."""
        body: dict[str, object] = {
            "product": self.product,
            "name": self.name,
            "email": self.email,
            "mobile": self.mobile,
            "password": self.password,
            "language": "fa",
            "accept": {"terms": True, "privacy": True},
        }
        if self.plan:
            body["plan"] = self.plan
        answer = self.api.ask("POST", "/tenants", body, key=f"register-of-{self.email}")
        self.tenant_id = answer["tenant_id"]
        return self

    def confirm(self) -> Customer:
        """Confirms the registered contact with the code that was sent to it."""
        code = Mailbox(self.api).code(self.email, self.mobile)
        self.api.ask("POST", f"{self.path}/confirmations", {"code": code})
        return self

    def join(self) -> Customer:
        """Registers and confirms."""
        return self.register().confirm()

    def get(self, path: str = "", **query: str | int) -> Any:
        """Reads something of its account."""
        return self.api.ask("GET", self.path + path, token=self.token, **query)

    def order(self, plan: str, period: str, gateway: str | None = None) -> dict[str, Any]:
        """Orders a term, to be paid through the product's first gateway or another; the answer says where."""
        body = {"plan": plan, "period": period, "gateway": gateway}
        answer: dict[str, Any] = self.api.ask("POST", f"{self.path}/orders", body, token=self.token)
        return answer

    def pay(self, order: dict[str, Any], action: str = "pay") -> httpx.Response:
        """Pays an order at the stand-in gateway as a browser would, and follows it back to the API."""
        pay_url = str(order["pay_url"])
        page = self.api.http.get(pay_url)
        if page.is_error:
            raise Unexpected(f"the pay page answered {page.status_code}")
        base, authority = re.split("/pg/StartPay/|/start/", pay_url)
        back = self.api.http.post(f"{base}/_test/{authority}/{action}")
        return self.api.http.get(back.headers["Location"], headers={"Accept": "application/json"})

    def timeline(self) -> list[dict[str, Any]]:
        """Everything that happened, page by page."""
        found: list[dict[str, Any]] = []
        page = self.get("/timeline")
        found += page["entries"]
        while page.get("next_cursor"):
            page = self.get("/timeline", cursor=page["next_cursor"])
            found += page["entries"]
        return found

    def deadlines(self) -> list[dict[str, Any]]:
        """Everything that will happen."""
        found: list[dict[str, Any]] = self.get("/deadlines")["deadlines"]
        return found


def instant(value: str) -> datetime:
    """An instant of the API."""
    return datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def text(moment: datetime) -> str:
    """An instant as the API takes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
