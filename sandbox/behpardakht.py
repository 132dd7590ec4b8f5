"""A Behpardakht (Mellat) that behaves: its SOAP service and its page, with the controls of
sandbox/gateway.py.

A session's authority is the merchant's own order number, as text. What is verified and not settled goes back
like what nobody verified. Mount `create_app(...)` anywhere: pages link relatively. Amounts are rials.
"""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import gateway
from sandbox.gateway import Clock, integer

_NAMESPACE = "http://interfaces.core.sw.bps.com/"
_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_METHODS = ("bpPayRequest", "bpVerifyRequest", "bpSettleRequest")


@dataclass
class Config(gateway.Config):
    """What differs between terminals, or is not known for certain about the real gateway.

    Credentials come in this order: terminal, user, password. `other_terminal` is another shop's with the same
    user and password. `failed_code` is the ResCode of a payment that the bank turned down.
    """

    terminal_id: str = "1000"
    other_terminal: str = "2000"
    username: str = "sandbox-user"
    password: str = "sandbox-password"  # noqa: S105 (accepted by this fake only)
    reversal_after: int | None = 900
    failed_code: int = 12
    min_amount: int = 1_000
    max_amount: int = 2_000_000_000


@dataclass(kw_only=True)
class Session(gateway.Session):
    """One payment; its authority is the order's number."""

    posts: ClassVar[bool] = True

    token: str
    sale_reference: int | None = None
    settled_at: int | None = None
    failed_code: int = 12

    def brought_back(self, *, paid: bool) -> list[tuple[str, str]]:
        """What the browser brings back to the shop."""
        code = "0" if paid else ("17" if self.cancelled else str(self.failed_code))
        brought = [("RefId", self.token), ("ResCode", code), ("SaleOrderId", self.authority)]
        if not paid:
            return [*brought, ("SaleReferenceId", "")]
        return [
            *brought,
            ("SaleReferenceId", str(self.sale_reference)),
            ("CardHolderPan", "610433******1234"),
            ("CardHolderInfo", "5DA56A0A65F5C9F9DCB2BE32B5A9BD18"),
            ("FinalAmount", str(self.amount)),
        ]


class State(gateway.State[Session]):
    """Everything the gateway remembers."""

    @classmethod
    def from_json(cls, text: str) -> State:
        """The state that `to_json` wrote."""
        stored = json.loads(text)
        stored["sessions"] = {key: Session(**value) for key, value in stored["sessions"].items()}
        return cls(**stored)


class FakeBehpardakht(gateway.StandIn[Session]):
    """The gateway and its service."""

    config: Config
    state: State

    def keeps(self, session: Session) -> bool:
        """Only what was settled stays."""
        return session.settled_at is not None

    def settled(self, session: Session) -> Session:
        """The session after what time alone has done to it: also what was verified only goes back."""
        if session.status == "VERIFIED" and not self.keeps(session):
            session.status = "PAID"
            if super().settled(session).status == "PAID":
                session.status = "VERIFIED"
            return session
        return super().settled(session)

    def _pay(self, session: Session) -> None:
        super()._pay(session)
        session.sale_reference = self.number()

    async def service(self, request: Request) -> Response:
        """POST /pgwchannel/services/pgw"""
        method, given = _read(await request.body())
        session = self.state.sessions.get(given.get("saleOrderId", ""))

        async def answer() -> Response:
            match method:
                case "bpPayRequest":
                    return _told(method, self._open(given))
                case "bpVerifyRequest":
                    return _told(method, str(self._verify(given, session)))
                case "bpSettleRequest":
                    return _told(method, str(self._settle(given, session)))
                case _:
                    return _fault()

        return await self.answering(session, answer)

    async def start(self, request: Request) -> Response:
        """POST /pgwchannel/startpay.mellat: a payer's browser"""
        token = dict(parse_qsl((await request.body()).decode())).get("RefId", "")
        found = next((one for one in self.state.sessions.values() if one.token == token), None)
        return self.pay_page(request, found)

    def _open(self, given: dict[str, str]) -> str:
        if problem := self._stranger(given):
            return str(problem)
        number, amount = given.get("orderId", ""), integer(given.get("amount"))
        if not re.fullmatch(r"[1-9][0-9]{0,18}", number) or int(number) >= 2**63:
            return "32"
        if number in self.state.sessions:
            return "41"
        if amount is None or not self.config.min_amount <= amount <= self.config.max_amount:
            return "25"
        dated = re.fullmatch(r"[0-9]{8}", given.get("localDate", ""))
        if not dated or not re.fullmatch(r"[0-9]{6}", given.get("localTime", "")):
            return "35"
        address = urlsplit(given.get("callBackUrl", ""))
        if address.scheme not in ("http", "https") or not address.hostname:
            return "32"
        session = Session(
            authority=number,
            merchant_id=given["terminalId"],
            amount=amount,
            callback_url=given["callBackUrl"],
            description=given.get("additionalData", ""),
            created_at=self.now(),
            token=uuid.uuid4().hex[:18].upper(),
            failed_code=self.config.failed_code,
        )
        self.state.sessions[number] = session
        return f"0,{session.token}"

    def _verify(self, given: dict[str, str], session: Session | None) -> int:
        if problem := self._not_this(given, session):
            return problem
        assert session
        session.verify_calls += 1
        return 43 if self.verified(session) else 0

    def _settle(self, given: dict[str, str], session: Session | None) -> int:
        if problem := self._not_this(given, session):
            return problem
        assert session
        if session.status != "VERIFIED":
            return 44
        if session.settled_at is not None:
            return 45
        session.settled_at = self.now()
        return 0

    def _stranger(self, given: dict[str, str]) -> int:
        if given.get("terminalId") not in (self.config.terminal_id, self.config.other_terminal):
            return 21
        known = (self.config.username, self.config.password)
        return 0 if (given.get("userName"), given.get("userPassword")) == known else 24

    def _not_this(self, given: dict[str, str], session: Session | None) -> int:
        """Why this payment cannot be asked about; 0 if it can."""
        if problem := self._stranger(given):
            return problem
        # Nobody has a receipt of what is not paid.
        receipts = (str(session.sale_reference) if session else "", given.get("saleReferenceId"))
        if session is None or session.merchant_id != given["terminalId"] or len(set(receipts)) != 1:
            return 42
        if self.settled(session).status == "REVERSED":
            return 48
        return 0 if session.status in ("PAID", "VERIFIED") else 42


def create_app(config: Config, clock: Clock, state: State | None = None) -> Starlette:
    """The gateway as an application to mount; `app.state.fake` is the FakeBehpardakht behind it."""
    # An empty state is given on purpose when the caller keeps it.
    fake = FakeBehpardakht(config, clock, State() if state is None else state)
    return fake.mountable(
        Route("/pgwchannel/services/pgw", fake.service, methods=["POST"]),
        Route("/pgwchannel/startpay.mellat", fake.start, methods=["POST"]),
    )


def _read(content: bytes) -> tuple[str, dict[str, str]]:
    """Method and arguments of a request; an empty method for anything else."""
    try:
        # It is on this machine only, and expat limits how far entities expand.
        document = ElementTree.fromstring(content)  # noqa: S314
    except ElementTree.ParseError:
        return "", {}
    for method in _METHODS:
        found = document.find(f"{{{_SOAP}}}Body/{{{_NAMESPACE}}}{method}")
        if found is not None:
            return method, {argument.tag: argument.text or "" for argument in found}
    return "", {}


def _told(method: str, told: str) -> Response:
    answer = f"<return>{escape(told)}</return>"
    return _envelope(f'<b:{method}Response xmlns:b="{_NAMESPACE}">{answer}</b:{method}Response>')


def _fault() -> Response:
    fault = "<faultcode>soap:Client</faultcode><faultstring>no such operation</faultstring>"
    return _envelope(f"<soap:Fault>{fault}</soap:Fault>", 500)


def _envelope(body: str, status: int = 200) -> Response:
    content = f'<soap:Envelope xmlns:soap="{_SOAP}"><soap:Body>{body}</soap:Body></soap:Envelope>'
    return Response(content, status, media_type="text/xml")
