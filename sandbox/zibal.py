"""A Zibal that behaves: its API and its payment page, with the controls of sandbox/gateway.py.

Mount `create_app(...)` anywhere: pages link relatively. Amounts are rials throughout.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sandbox import gateway
from sandbox.gateway import Clock, integer

_TEHRAN = timezone(timedelta(hours=3, minutes=30))

_MESSAGES = {
    100: "success",
    102: "merchant not found",
    103: "merchant is not active",
    104: "merchant is not valid",
    105: "amount must be greater than 1000",
    106: "callbackUrl is not valid",
    113: "amount is over the limit",
    114: "nationalCode is not valid",
    201: "already verified",
    202: "not paid or failed",
    203: "trackId is not valid",
}


@dataclass
class Config(gateway.Config):
    """What differs between merchants, or is not known for certain about the real gateway.

    `merchants` maps merchants to "active", "inactive" or "invalid"; "zibal" is the gateway's own for trying
    things out. `error_http` is the HTTP status of everything that is not a success. `failed_status` and
    `returned_status` are what an inquiry tells of a payment the bank turned down, and of returned money.
    """

    merchants: dict[str, str] = field(default_factory=lambda: {"zibal": "active"})
    error_http: int = 200
    string_codes: bool = False
    failed_status: int = 5
    returned_status: int = 18
    min_amount: int = 1_001
    max_amount: int = 1_000_000_000


@dataclass(kw_only=True)
class Session(gateway.Session):
    """One payment; its authority is the trackId as text."""

    order_id: str | None
    mobile: str | None
    verified_at: int | None = None

    def brought_back(self, *, paid: bool) -> list[tuple[str, str]]:
        """What the browser brings back to the shop."""
        status = "2" if paid else "3"
        brought = [("success", "1" if paid else "0"), ("trackId", self.authority)]
        return [*brought, ("orderId", self.order_id or ""), ("status", status)]


class State(gateway.State[Session]):
    """Everything the gateway remembers."""

    @classmethod
    def from_json(cls, text: str) -> State:
        """The state that `to_json` wrote."""
        stored = json.loads(text)
        stored["sessions"] = {key: Session(**value) for key, value in stored["sessions"].items()}
        return cls(**stored)


class _ResultError(Exception):
    """Ends a call with one of the gateway's results."""

    def __init__(self, result: int) -> None:
        super().__init__(result)
        self.result = result


class FakeZibal(gateway.StandIn[Session]):
    """The gateway and its API."""

    config: Config
    state: State

    def __init__(self, config: Config, clock: Clock, state: State) -> None:
        super().__init__(config, clock, state)
        self._methods: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "request": self._request,
            "verify": self._verify,
            "inquiry": self._inquiry,
        }

    def keeps(self, session: Session) -> bool:
        """What nobody verified always goes back."""
        return False

    async def api(self, request: Request) -> Response:
        """POST /v1/{method}"""
        method = self._methods.get(request.path_params["method"])
        try:
            body = json.loads(await request.body())
        except ValueError:
            body = None
        if method is None or not isinstance(body, dict):
            return PlainTextResponse("Not Found", 404)

        async def answer() -> Response:
            status = 200
            try:
                told = method(body)
            except _ResultError as error:
                told, status = {"result": error.result}, self.config.error_http
            told = {"message": _MESSAGES[told["result"]], **told}
            if self.config.string_codes:
                told["result"] = str(told["result"])
            return JSONResponse(told, status)

        return await self.answering(self.state.sessions.get(str(body.get("trackId"))), answer)

    def _request(self, body: dict[str, Any]) -> dict[str, Any]:
        merchant = self._merchant(body)
        amount = integer(body.get("amount"))
        if amount is None or amount < self.config.min_amount:
            raise _ResultError(105)
        if amount > self.config.max_amount:
            raise _ResultError(113)
        callback = urlsplit(str(body.get("callbackUrl", "")))
        if callback.scheme not in ("http", "https") or not callback.hostname:
            raise _ResultError(106)
        national_code = body.get("nationalCode")
        if national_code is not None and (integer(national_code) is None or len(str(national_code)) != 10):
            raise _ResultError(114)
        track_id = self.number()
        self.state.sessions[str(track_id)] = Session(
            authority=str(track_id),
            merchant_id=merchant,
            amount=amount,
            callback_url=body["callbackUrl"],
            description=str(body.get("description") or ""),
            created_at=self.now(),
            order_id=body.get("orderId"),
            mobile=body.get("mobile"),
        )
        return {"result": 100, "trackId": track_id}

    def _verify(self, body: dict[str, Any]) -> dict[str, Any]:
        session = self._owned_session(body)
        session.verify_calls += 1
        if session.status not in ("PAID", "VERIFIED"):
            raise _ResultError(202)
        if self.verified(session):
            return {"result": 201}
        session.verified_at = self.now()
        return {"result": 100, **self._receipt(session)}

    def _inquiry(self, body: dict[str, Any]) -> dict[str, Any]:
        session = self._owned_session(body)
        return {
            "result": 100,
            **self._receipt(session),
            "createdAt": _local(session.created_at),
            "verifiedAt": _local(session.verified_at),
            "wage": 0,
        }

    def _receipt(self, session: Session) -> dict[str, Any]:
        statuses = {
            "IN_BANK": -1,
            "PAID": 2,
            "VERIFIED": 1,
            "FAILED": 3 if session.cancelled else self.config.failed_status,
            "REVERSED": self.config.returned_status,
        }
        return {
            "amount": session.amount,
            "status": statuses[session.status],
            "refNumber": session.ref_id,
            "paidAt": _local(session.paid_at),
            "cardNumber": None if session.paid_at is None else "502229******5995",
            "orderId": session.order_id,
            "description": session.description,
        }

    def _merchant(self, body: dict[str, Any]) -> str:
        merchant = str(body.get("merchant") or "")
        match self.config.merchants.get(merchant):
            case "active":
                return merchant
            case "inactive":
                raise _ResultError(103)
            case "invalid":
                raise _ResultError(104)
            case _:
                raise _ResultError(102)

    def _owned_session(self, body: dict[str, Any]) -> Session:
        merchant = self._merchant(body)
        session = self.state.sessions.get(str(body.get("trackId")))
        if session is None or session.merchant_id != merchant:
            raise _ResultError(203)
        return self.settled(session)


def create_app(config: Config, clock: Clock, state: State | None = None) -> Starlette:
    """The gateway as an application to mount; `app.state.fake` is the FakeZibal behind it."""
    # An empty state is given on purpose when the caller keeps it.
    fake = FakeZibal(config, clock, State() if state is None else state)
    return fake.mountable(
        Route("/v1/{method}", fake.api, methods=["POST"]),
        Route("/start/{authority}", fake.start_pay),
        Route("/start/{authority}/direct", fake.start_pay),
    )


def _local(at: int | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, _TEHRAN).strftime("%Y-%m-%dT%H:%M:%S.000000")
