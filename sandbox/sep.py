"""A SEP (Saman) that behaves: its API and its payment page, with the controls of sandbox/gateway.py.

A session's authority is the merchant's own ResNum. Mount `create_app(...)` anywhere: pages link relatively.
Amounts are rials throughout.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sandbox import gateway
from sandbox.gateway import Clock, integer

_CARD = "621986******8080"
_DESCRIPTIONS = {
    0: "عملیات با موفقیت انجام شد",
    2: "درخواست تکراری می باشد",
    5: "تراکنش برگشت خورده می باشد",
    -2: "تراکنش یافت نشد",
    -6: "بیش از نیم ساعت از زمان اجرای تراکنش گذشته است",
    -104: "ترمینال ارسالی غیرفعال می باشد",
    -105: "ترمینال ارسالی در سیستم موجود نمی باشد",
}


@dataclass
class Config(gateway.Config):
    """What differs between terminals, or is not known for certain about the real gateway.

    `terminals` maps terminal ids to "active" or "inactive". `reversed_code` is how a verification is answered
    when the money went back: 5, or -6 for "too late". `error_http` is the HTTP status of what is no success.
    """

    terminals: dict[str, str] = field(default_factory=lambda: {"sandbox-terminal": "active"})
    error_http: int = 200
    string_codes: bool = False
    reversed_code: int = 5
    min_amount: int = 1_000
    max_amount: int = 2_000_000_000


@dataclass(kw_only=True)
class Session(gateway.Session):
    """One payment; its authority is the ResNum."""

    posts: ClassVar[bool] = True

    token: str
    mobile: str | None
    ref_num: str

    def brought_back(self, *, paid: bool) -> list[tuple[str, str]]:
        """What the browser brings back to the shop."""
        state, status = (
            ("OK", "2") if paid else (("CanceledByUser", "1") if self.cancelled else ("Failed", "3"))
        )
        # The card's number is masked already when the browser gets it.
        took = [("Rrn", "14226761817"), ("RefNum", self.ref_num), ("TraceNo", "100428"), ("SecurePan", _CARD)]
        return [
            ("MID", self.merchant_id),
            ("TerminalId", self.merchant_id),
            ("State", state),
            ("Status", status),
            ("ResNum", self.authority),
            ("Amount", str(self.amount)),
            ("Wage", ""),
            *((name, value if paid else "") for name, value in took),
        ]


class State(gateway.State[Session]):
    """Everything the gateway remembers."""

    @classmethod
    def from_json(cls, text: str) -> State:
        """The state that `to_json` wrote."""
        stored = json.loads(text)
        stored["sessions"] = {key: Session(**value) for key, value in stored["sessions"].items()}
        return cls(**stored)


class _TokenError(Exception):
    """Ends a request for a token with one of the gateway's codes."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class FakeSep(gateway.StandIn[Session]):
    """The gateway and its API."""

    config: Config
    state: State

    def keeps(self, session: Session) -> bool:
        """What nobody verified always goes back."""
        return False

    async def online(self, request: Request) -> Response:
        """POST /onlinepg/onlinepg: JSON asks for a token, a form with one is a payer's browser"""
        content = (await request.body()).decode()
        if "json" not in request.headers.get("content-type", ""):
            token = dict(parse_qsl(content)).get("Token", "")
            found = next((one for one in self.state.sessions.values() if one.token == token), None)
            return self.pay_page(request, found)
        body = _object(content)

        async def answer() -> Response:
            try:
                return JSONResponse({"status": 1, "token": self._token(body)})
            except _TokenError as error:
                told = {
                    "status": -1,
                    "errorCode": str(error.code),
                    "errorDesc": "پارامترهای ورودی نامعتبر است",
                }
                return JSONResponse(told, self.config.error_http)

        return await self.answering(None, answer)

    def _token(self, body: dict[str, Any]) -> str:
        terminal = str(body.get("TerminalId") or "")
        if self.config.terminals.get(terminal) != "active":
            raise _TokenError(12)
        amount, number = integer(body.get("Amount")), str(body.get("ResNum") or "")
        address = urlsplit(str(body.get("RedirectUrl", "")))
        if body.get("action") != "token" or not number or len(number) > 50 or number in self.state.sessions:
            raise _TokenError(5)
        if amount is None or not self.config.min_amount <= amount <= self.config.max_amount:
            raise _TokenError(5)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise _TokenError(5)
        self.state.sessions[number] = Session(
            authority=number,
            merchant_id=terminal,
            amount=amount,
            callback_url=body["RedirectUrl"],
            description=number,
            created_at=self.now(),
            token=uuid.uuid4().hex,
            mobile=body.get("CellNumber"),
            # Theirs hold a slash too.
            ref_num=f"jJnBmy/{uuid.uuid4().hex[:20]}",
        )
        return self.state.sessions[number].token

    async def verify(self, request: Request) -> Response:
        """POST /verifyTxnRandomSessionkey/ipg/VerifyTransaction"""
        body = _object((await request.body()).decode())
        receipt = str(body.get("RefNum") or "")
        session = next((one for one in self.state.sessions.values() if one.ref_num == receipt), None)

        async def answer() -> Response:
            code = self._verified(body, session)
            told: dict[str, Any] = {
                "ResultCode": str(code) if self.config.string_codes else code,
                "ResultDescription": _DESCRIPTIONS[code],
                "Success": code in (0, 2),
            }
            if session and code in (0, 2):
                told["TransactionDetail"] = {
                    "RRN": str(session.ref_id),
                    "RefNum": session.ref_num,
                    "MaskedPan": _CARD,
                    "HashedPan": "b96a14400c3a59249e87c300ecc06e5920327e70220213b5bbb7d7b2410f7e0d",
                    "TerminalNumber": session.merchant_id,
                    "OrginalAmount": session.amount,
                    "AffectiveAmount": session.amount,
                    "StraceDate": "2026-11-22 14:05:55",
                    "StraceNo": "100428",
                }
            return JSONResponse(told, 200 if code in (0, 2) else self.config.error_http)

        return await self.answering(session, answer)

    def _verified(self, body: dict[str, Any], session: Session | None) -> int:
        terminal = str(body.get("TerminalNumber") or "")
        status = self.config.terminals.get(terminal)
        if status != "active":
            return -104 if status else -105
        # Nobody has a receipt of what is not paid.
        if session is None or session.merchant_id != terminal or session.paid_at is None:
            return -2
        session.verify_calls += 1
        if self.settled(session).status == "REVERSED":
            return self.config.reversed_code
        if session.status not in ("PAID", "VERIFIED"):
            return -2
        return 2 if self.verified(session) else 0


def create_app(config: Config, clock: Clock, state: State | None = None) -> Starlette:
    """The gateway as an application to mount; `app.state.fake` is the FakeSep behind it."""
    # An empty state is given on purpose when the caller keeps it.
    fake = FakeSep(config, clock, State() if state is None else state)

    async def nothing(request: Request) -> Response:
        return PlainTextResponse("Not Found", 404)

    return fake.mountable(
        # Their server does not tell capitals apart.
        Route("/onlinepg/onlinepg", fake.online, methods=["POST"]),
        Route("/OnlinePG/OnlinePG", fake.online, methods=["POST"]),
        Route("/verifyTxnRandomSessionkey/ipg/VerifyTransaction", fake.verify, methods=["POST"]),
        Route("/verifyTxnRandomSessionkey/ipg/{other}", nothing, methods=["POST"]),
    )


def _object(content: str) -> dict[str, Any]:
    try:
        body = json.loads(content)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
