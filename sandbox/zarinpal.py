"""A ZarinPal that behaves: REST API, payment page, refunds, and controls for what payers and banks do.

Mount `create_app(...)` anywhere: pages link relatively. Everything it knows is in one `State`, which can be
written to JSON and read back; time comes from the given clock plus what `/_test/advance` added.

Controls: those of every gateway (sandbox/gateway.py), and

    POST /_test/refund/{id}/complete | fail     the bank has carried the refund out, or did not take it
    GET /_test/refunds                          what was asked to be sent back
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sandbox import gateway
from sandbox.gateway import Clock, integer

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_TEHRAN = timezone(timedelta(hours=3, minutes=30))
_RATE_WINDOW = 60
_MIN_REFUND = 20_000

_MESSAGES = {
    -9: "The input params invalid, validation error.",
    -10: "Terminal is not valid, please check merchant_id or ip address.",
    -11: "Terminal is not active, please contact our support team.",
    -12: "To many attempts, please try again later.",
    -14: "The callback URL domain does not match the registered terminal domain.",
    -15: "Terminal user is suspend.",
    -41: "Maximum amount is 100,000,000 tomans.",
    -50: "Session is not valid, amounts values is not the same.",
    -51: "Session is not valid, session is not active paid try.",
    -53: "Session is not this merchant_id session.",
    -54: "Invalid authority.",
    -55: "Manual payment request not found.",
    -60: "Session can not be reversed with bank.",
    -61: "Session is not in success status.",
    -62: "Terminal ip limit most be active.",
    -63: "Maximum time for reverse this session is expired.",
}


@dataclass
class Config(gateway.Config):
    """What differs between terminals, or is not known for certain about the real gateway. Times in seconds.

    `sandbox` accepts any UUID as merchant and gives authorities that begin with S. `merchants` maps merchant
    ids to "active", "inactive" or "suspended". `error_http` is "mixed" (-9 with 422, others with 401), "200"
    or "422". `cancel_inquiry` is what an inquiry tells of a cancelled payment (IN_BANK was seen live).
    `rate_limit` counts payment requests per merchant and minute. `timeline` is how a session's refunds are
    listed: all of them ("list"), or the last one alone in an object that is there without one, too ("last").
    `graphql_nulls`: the data of a call that failed is not null, but what was asked for is. `token_http` is
    the HTTP status that a wrong access token meets. Amounts in rials.
    """

    sandbox: bool = True
    merchants: dict[str, str] = field(default_factory=dict)
    callback_hosts: list[str] | None = None
    error_http: str = "mixed"
    data_on_error: list[Any] | dict[str, Any] = field(default_factory=list)
    errors_as_list: bool = False
    string_codes: bool = False
    cancel_inquiry: str = "FAILED"
    auto_verify: bool = False
    reverse_window: int = 1800
    reversal_refused: bool = False
    ip_registered: bool = True
    min_amount: int = 1_000
    max_amount: int = 1_000_000_000
    rate_limit: int | None = None
    timeline: str = "list"
    graphql_nulls: bool = False
    token_http: int = 401
    unknown_authority: int = -54
    terminal_id: str = "427000"
    access_token: str = "sandbox-access-token"  # noqa: S105 (accepted by this fake only)


@dataclass(kw_only=True)
class Session(gateway.Session):
    """One payment; `amount` in the session's `currency`."""

    session_id: int
    currency: str
    metadata: dict[str, Any]

    @property
    def rials(self) -> int:
        """The amount in rials."""
        return self.amount * (10 if self.currency == "IRT" else 1)

    def brought_back(self, *, paid: bool) -> list[tuple[str, str]]:
        """What the browser brings back to the shop."""
        return [("Authority", self.authority), ("Status", "OK" if paid else "NOK")]


@dataclass
class Refund:
    """Money sent back for a session, in rials."""

    id: int
    session_id: int
    amount: int
    method: str
    reason: str
    at: int
    status: str = "PENDING"


@dataclass
class State(gateway.State[Session]):
    """Everything the gateway remembers."""

    refunds: list[Refund] = field(default_factory=list)
    requests: dict[str, list[int]] = field(default_factory=dict)

    @classmethod
    def from_json(cls, text: str) -> State:
        """The state that `to_json` wrote."""
        stored = json.loads(text)
        stored["sessions"] = {key: Session(**value) for key, value in stored["sessions"].items()}
        stored["refunds"] = [Refund(**value) for value in stored["refunds"]]
        return cls(**stored)


class _CodeError(Exception):
    """Ends a call with one of the gateway's codes."""

    def __init__(self, code: int, validations: list[dict[str, str]] | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.validations = validations or []


class FakeZarinPal(gateway.StandIn[Session]):
    """The gateway: its API, its refunds and what is its own about its page and controls."""

    config: Config
    state: State

    def __init__(self, config: Config, clock: Clock, state: State) -> None:
        super().__init__(config, clock, state)
        self._methods: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "request": self._request,
            "verify": self._verify,
            "inquiry": self._inquiry,
            "unVerified": self._unverified,
            "reverse": self._reverse,
        }

    # --- REST API ---------------------------------------------------------------------------------------

    async def api(self, request: Request) -> Response:
        """POST /pg/v4/payment/{method}.json"""
        method = self._methods.get(request.path_params["method"])
        if method is None:
            return PlainTextResponse("Not Found", 404)
        try:
            body = json.loads(await request.body())
        except ValueError:
            body = None

        async def answer() -> Response:
            try:
                if not isinstance(body, dict):
                    raise _CodeError(-9, [{"body": "The body must be a JSON object."}])
                data = method(body)
            except _CodeError as error:
                return self._failure(error)
            if self.config.string_codes:
                data["code"] = str(data["code"])
            return JSONResponse({"data": data, "errors": []})

        return await self.answering(self._session_of(body), answer)

    def _failure(self, error: _CodeError) -> Response:
        fault = {
            "code": str(error.code) if self.config.string_codes else error.code,
            "message": _MESSAGES[error.code],
            "validations": error.validations,
        }
        if self.config.error_http == "mixed":
            status = 422 if error.code == -9 else 401
        else:
            status = int(self.config.error_http)
        errors: object = [fault] if self.config.errors_as_list else fault
        return JSONResponse({"data": self.config.data_on_error, "errors": errors}, status)

    def _request(self, body: dict[str, Any]) -> dict[str, Any]:
        currency = body.get("currency", "IRR")
        unit = 10 if currency == "IRT" else 1
        problems = _missing(body, "merchant_id", "amount", "description", "callback_url")
        amount = integer(body.get("amount"))
        if "amount" in body and (amount is None or amount * unit < self.config.min_amount):
            problems.append({"amount": "The amount must be an integer and not below the minimum."})
        if len(str(body.get("description", ""))) > 500:
            problems.append({"description": "The description may not be greater than 500 characters."})
        callback = urlsplit(str(body.get("callback_url", "")))
        if "callback_url" in body and (callback.scheme not in ("http", "https") or not callback.hostname):
            problems.append({"callback_url": "The callback url format is invalid."})
        if currency not in ("IRR", "IRT"):
            problems.append({"currency": "The selected currency is invalid."})
        if not isinstance(body.get("metadata", {}), dict | list):
            problems.append({"metadata": "The metadata must be an array."})
        if problems or amount is None:
            raise _CodeError(-9, problems)
        if amount * unit > self.config.max_amount:
            raise _CodeError(-41)
        merchant = self._merchant(body)
        if self._over_rate(merchant):
            raise _CodeError(-12)
        if self.config.callback_hosts is not None and callback.hostname not in self.config.callback_hosts:
            raise _CodeError(-14)
        # 36 characters, and unique even over restarts that lose the state.
        authority = f"{'S' if self.config.sandbox else 'A'}000{uuid.uuid4().hex}"
        metadata = body.get("metadata")
        self.state.sessions[authority] = Session(
            authority=authority,
            session_id=self.number(),
            merchant_id=merchant,
            amount=amount,
            currency=currency,
            callback_url=body["callback_url"],
            description=str(body["description"]),
            metadata=metadata if isinstance(metadata, dict) else {},
            created_at=self.now(),
        )
        return {"code": 100, "message": "Success", "authority": authority, "fee_type": "Merchant", "fee": 100}

    def _verify(self, body: dict[str, Any]) -> dict[str, Any]:
        amount = integer(body.get("amount"))
        problems = _missing(body, "merchant_id", "authority", "amount")
        if problems or amount is None:
            raise _CodeError(-9, problems or [{"amount": "The amount must be an integer."}])
        session = self._owned_session(body)
        session.verify_calls += 1
        if session.status not in ("PAID", "VERIFIED"):
            raise _CodeError(-51)
        if amount != session.amount:
            raise _CodeError(-50)
        repeated = self.verified(session)
        return {
            "code": 101 if repeated else 100,
            "message": "Verified" if repeated else "Paid",
            "card_hash": hashlib.sha256(b"5022291234565995").hexdigest(),
            "card_pan": "502229******5995",
            "ref_id": session.ref_id,
            "fee_type": "Merchant",
            "fee": 0,
        }

    def _inquiry(self, body: dict[str, Any]) -> dict[str, Any]:
        if problems := _missing(body, "merchant_id", "authority"):
            raise _CodeError(-9, problems)
        session = self._owned_session(body)
        status = self.config.cancel_inquiry if session.cancelled else session.status
        return {"code": 100, "message": "Success", "status": status}

    def _unverified(self, body: dict[str, Any]) -> dict[str, Any]:
        if problems := _missing(body, "merchant_id"):
            raise _CodeError(-9, problems)
        merchant = self._merchant(body)
        waiting = [
            session
            for session in map(self.settled, self.state.sessions.values())
            if session.status == "PAID" and session.merchant_id == merchant
        ]
        newest = sorted(waiting, key=lambda session: session.paid_at or 0, reverse=True)[:100]
        return {
            "code": "100",
            "message": "Success",
            "authorities": [
                {
                    "authority": session.authority,
                    "amount": session.amount,
                    "callback_url": session.callback_url,
                    "referer": "",
                    "date": datetime.fromtimestamp(session.paid_at or 0, _TEHRAN).strftime(
                        "%Y-%m-%d %H:%M:%S"
                    ),
                }
                for session in newest
            ],
        }

    def _reverse(self, body: dict[str, Any]) -> dict[str, Any]:
        if problems := _missing(body, "merchant_id", "authority"):
            raise _CodeError(-9, problems)
        session = self._owned_session(body)
        if not self.config.ip_registered:
            raise _CodeError(-62)
        if session.status not in ("PAID", "VERIFIED"):
            raise _CodeError(-61)
        if self.now() - (session.paid_at or 0) > self.config.reverse_window:
            raise _CodeError(-63)
        if self.config.reversal_refused:
            raise _CodeError(-60)
        session.status = "REVERSED"
        return {"code": 100, "message": "Reversed"}

    # --- what the calls share ---------------------------------------------------------------------------

    def _merchant(self, body: dict[str, Any]) -> str:
        merchant = str(body["merchant_id"])
        status = self.config.merchants.get(merchant, "active" if self.config.sandbox else "unknown")
        if not _UUID.fullmatch(merchant) or status == "unknown":
            raise _CodeError(-10)
        if status != "active":
            raise _CodeError(-11 if status == "inactive" else -15)
        return merchant

    def _over_rate(self, merchant: str) -> bool:
        recent = [at for at in self.state.requests.get(merchant, []) if at > self.now() - _RATE_WINDOW]
        self.state.requests[merchant] = [*recent, self.now()]
        return self.config.rate_limit is not None and len(recent) >= self.config.rate_limit

    def _session_of(self, body: object) -> Session | None:
        authority = body.get("authority") if isinstance(body, dict) else None
        return self.state.sessions.get(authority) if isinstance(authority, str) else None

    def _owned_session(self, body: dict[str, Any]) -> Session:
        merchant = self._merchant(body)
        session = self._session_of(body)
        if session is None:
            raise _CodeError(self.config.unknown_authority)
        if session.merchant_id != merchant:
            raise _CodeError(-53)
        return self.settled(session)

    def keeps(self, session: Session) -> bool:
        """With automatic verification the money stays with the merchant."""
        return bool(session.metadata.get("auto_verify", self.config.auto_verify))

    # --- GraphQL: refunds -------------------------------------------------------------------------------

    async def graphql(self, request: Request) -> Response:
        """POST /api/v4/graphql/ with AddRefund or a Session query; arguments come as variables."""
        if request.headers.get("authorization") != f"Bearer {self.config.access_token}":
            return self._graphql_error("Unauthenticated.", self.config.token_http)
        try:
            body = json.loads(await request.body())
            query, variables = str(body["query"]), dict(body.get("variables") or {})
        except (ValueError, KeyError, TypeError):
            return self._graphql_error("Syntax error.")
        # Only a refund is about one payment: a fault that waits there lets the search before it pass.
        number = str(variables.get("session_id"))
        session = next((one for one in self.state.sessions.values() if str(one.session_id) == number), None)

        async def answer() -> Response:
            if "AddRefund" in query:
                return self._add_refund(session, variables)
            if "Session" in query:
                return self._find_session(variables)
            return self._graphql_error("Cannot query field.")

        return await self.answering(session, answer)

    def _graphql_error(self, message: str, status: int = 200) -> Response:
        data = {"resource": None} if self.config.graphql_nulls else None
        return JSONResponse({"errors": [{"message": message}], "data": data}, status)

    def _add_refund(self, session: Session | None, variables: dict[str, Any]) -> Response:
        amount = integer(variables.get("amount"))
        if session is None or session.status != "VERIFIED":
            return self._graphql_error("Session not found.")
        if amount is None or amount < _MIN_REFUND:
            return self._graphql_error("The amount must be at least 20000.")
        if amount > session.rials - self._returned(session):
            return self._graphql_error("The amount is more than the remaining amount of the session.")
        refund = Refund(
            id=self.number(),
            session_id=session.session_id,
            amount=amount,
            method=str(variables.get("method") or "PAYA"),
            reason=str(variables.get("reason") or "OTHER"),
            at=self.now(),
        )
        self.state.refunds.append(refund)
        resource = {
            "terminal_id": self.config.terminal_id,
            "id": str(refund.id),
            "amount": refund.amount,
            "timeline": _entry(refund),
        }
        return JSONResponse({"data": {"resource": resource}})

    def _find_session(self, variables: dict[str, Any]) -> Response:
        reference = str(variables.get("reference_id"))
        found = [
            {
                "id": str(session.session_id),
                "status": "REFUNDED" if self._returned(session, "COMPLETED") == session.rials else "VERIFIED",
                "amount": session.rials,
                "timeline": self._timeline(session),
                "description": session.description,
                "created_at": datetime.fromtimestamp(session.created_at, _TEHRAN).isoformat(),
            }
            for session in self.state.sessions.values()
            if session.ref_id is not None
            and str(session.ref_id) == reference
            and str(variables.get("terminal_id")) == self.config.terminal_id
        ]
        return JSONResponse({"data": {"Session": found}})

    def _returned(self, session: Session, status: str | None = None) -> int:
        return sum(
            refund.amount
            for refund in self._refunds(session)
            if refund.status == status or (status is None and refund.status != "FAILED")
        )

    def _refunds(self, session: Session) -> list[Refund]:
        return [refund for refund in self.state.refunds if refund.session_id == session.session_id]

    def _timeline(self, session: Session) -> Any:
        entries = [_entry(refund) for refund in self._refunds(session)]
        if self.config.timeline == "list":
            return entries
        return entries[-1] if entries else dict.fromkeys(("refund_amount", "refund_time", "refund_status"))

    # --- controls ---------------------------------------------------------------------------------------

    async def end_refund(self, request: Request) -> Response:
        """POST /_test/refund/{id}/complete or fail"""
        ends = {"complete": "COMPLETED", "fail": "FAILED"}
        for refund in self.state.refunds:
            if refund.id == request.path_params["id"] and request.path_params["end"] in ends:
                refund.status = ends[request.path_params["end"]]
                return JSONResponse(asdict(refund))
        return PlainTextResponse("no such refund\n", 404)

    async def list_refunds(self, request: Request) -> Response:
        """GET /_test/refunds"""
        return JSONResponse({"refunds": [asdict(one) for one in self.state.refunds]})

    def shown(self, session: Session) -> dict[str, Any]:
        """A session with what was sent back of it."""
        refunds = [asdict(one) for one in self.state.refunds if one.session_id == session.session_id]
        return {**super().shown(session), "refunds": refunds}


def create_app(config: Config, clock: Clock, state: State | None = None) -> Starlette:
    """The gateway as an application to mount; `app.state.fake` is the FakeZarinPal behind it."""
    # An empty state is given on purpose when the caller keeps it.
    fake = FakeZarinPal(config, clock, State() if state is None else state)
    return fake.mountable(
        Route("/pg/v4/payment/{method}.json", fake.api, methods=["POST"]),
        Route("/api/v4/graphql/", fake.graphql, methods=["POST"]),
        Route("/pg/StartPay/{authority}", fake.start_pay),
        Route("/pg/StartPay/{authority}/ZarinGate", fake.start_pay),
        Route("/_test/refunds", fake.list_refunds),
        Route("/_test/refund/{id:int}/{end}", fake.end_refund, methods=["POST"]),
    )


def _missing(body: dict[str, Any], *names: str) -> list[dict[str, str]]:
    return [{name: f"The {name} field is required."} for name in names if body.get(name) in (None, "")]


def _entry(refund: Refund) -> dict[str, Any]:
    return {
        "refund_amount": refund.amount,
        "refund_time": datetime.fromtimestamp(refund.at, _TEHRAN).isoformat(),
        "refund_status": refund.status,
    }
