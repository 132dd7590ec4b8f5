"""A ZarinPal that behaves: REST API, payment page, refunds, and controls for what payers and banks do.

Mount `create_app(...)` anywhere: pages link relatively. Everything it knows is in one `State`, which can be
written to JSON and read back; time comes from the given clock plus what `/_test/advance` added.

Controls, all POST unless said otherwise:

    /_test/{authority}/pay | cancel | fail      what the payer does; answers 302 to the callback
    /_test/{authority}/pay-no-return            the money is taken and the browser never comes back
    /_test/{authority}/pay-then-callback-twice  paid, and the answered page loads the callback two times
    /_test/{authority}/set?next=<fault>&times=n the next call about this payment meets a fault
    /_test/set?next=<fault>&times=n             the next call of any kind does
    /_test/advance?seconds=n                    this gateway's clock moves on
    /_test/config                               JSON object with fields of Config to change
    /_test/refund/{id}/complete                 the bank has carried the refund out
    GET /_test/sessions, GET /_test/{authority} what the gateway knows
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timedelta, timezone
from html import escape
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox.faults import FAULTS, queue_faults, with_fault

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_TEHRAN = timezone(timedelta(hours=3, minutes=30))
_RATE_WINDOW = 60
_MIN_REFUND = 20_000
_PERSIAN = str.maketrans("0123456789,.", "۰۱۲۳۴۵۶۷۸۹٬٫")

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


class Clock(Protocol):
    """Where the gateway's time comes from."""

    def now(self) -> datetime:
        """The present instant, aware."""
        ...


@dataclass
class Config:
    """What differs between terminals, or is not known for certain about the real gateway. Times in seconds.

    `sandbox` accepts any UUID as merchant and gives authorities that begin with S. `merchants` maps merchant
    ids to "active", "inactive" or "suspended". `error_http` is "mixed" (-9 with 422, others with 401), "200"
    or "422". `cancel_inquiry` is what an inquiry tells of a cancelled payment (IN_BANK was seen live).
    Money that nobody verified goes back after `reversal_after` (None: never). `rate_limit` counts payment
    requests per merchant and minute. Amounts in rials.
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
    start_pay_ttl: int = 1800
    reversal_after: int | None = 1800
    reverse_window: int = 1800
    reversal_refused: bool = False
    ip_registered: bool = True
    min_amount: int = 1_000
    max_amount: int = 1_000_000_000
    rate_limit: int | None = None
    unknown_authority: int = -54
    terminal_id: str = "427000"
    access_token: str = "sandbox-access-token"  # noqa: S105 (accepted by this fake only)


@dataclass
class Session:
    """One payment as the gateway knows it; `amount` in the session's `currency`, times in Unix seconds."""

    authority: str
    session_id: int
    merchant_id: str
    amount: int
    currency: str
    callback_url: str
    description: str
    metadata: dict[str, Any]
    created_at: int
    status: str = "IN_BANK"
    cancelled: bool = False
    paid_at: int | None = None
    ref_id: int | None = None
    verify_calls: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def rials(self) -> int:
        """The amount in rials."""
        return self.amount * (10 if self.currency == "IRT" else 1)

    def callback(self, status: str) -> str:
        """The callback's address, with what it had in its query kept."""
        parts = urlsplit(self.callback_url)
        query = parse_qsl(parts.query, keep_blank_values=True)
        query += [("Authority", self.authority), ("Status", status)]
        return urlunsplit(parts._replace(query=urlencode(query)))


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
class State:
    """Everything the gateway remembers."""

    sessions: dict[str, Session] = field(default_factory=dict)
    refunds: list[Refund] = field(default_factory=list)
    requests: dict[str, list[int]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    offset: int = 0
    last_number: int = 0

    def to_json(self) -> str:
        """The whole state as a JSON text."""
        return json.dumps(asdict(self), ensure_ascii=False)

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


class FakeZarinPal:
    """The gateway: its API, its page and its controls over one state."""

    def __init__(self, config: Config, clock: Clock, state: State) -> None:
        self.config = config
        self.state = state
        self._clock = clock
        self._methods: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "request": self._request,
            "verify": self._verify,
            "inquiry": self._inquiry,
            "unVerified": self._unverified,
            "reverse": self._reverse,
        }

    def now(self) -> int:
        """The gateway's time in Unix seconds."""
        return int(self._clock.now().timestamp()) + self.state.offset

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

        session = self._session_of(body)
        queue = session.faults if session and session.faults else self.state.faults
        return await with_fault(queue.pop(0) if queue else None, answer)

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
        amount = _amount(body.get("amount"))
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
            session_id=self._number(),
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
        amount = _amount(body.get("amount"))
        problems = _missing(body, "merchant_id", "authority", "amount")
        if problems or amount is None:
            raise _CodeError(-9, problems or [{"amount": "The amount must be an integer."}])
        session = self._owned_session(body)
        session.verify_calls += 1
        if session.status not in ("PAID", "VERIFIED"):
            raise _CodeError(-51)
        if amount != session.amount:
            raise _CodeError(-50)
        repeated = session.status == "VERIFIED"
        if not repeated:
            session.status = "VERIFIED"
            session.ref_id = self._number()
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
            for session in map(self._settled, self.state.sessions.values())
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
        return self._settled(session)

    def _settled(self, session: Session) -> Session:
        """The session after what time alone has done to it: unverified money goes back to the payer."""
        limit = self.config.reversal_after
        kept = session.metadata.get("auto_verify", self.config.auto_verify)
        due = session.status == "PAID" and limit is not None and not kept
        if due and self.now() >= (session.paid_at or 0) + (limit or 0):
            session.status = "REVERSED"
        return session

    def _number(self) -> int:
        # Grows from the time of day, so that it stays unique over restarts that lose the state.
        self.state.last_number = max(self.state.last_number + 1, self.now())
        return self.state.last_number

    # --- GraphQL: refunds -------------------------------------------------------------------------------

    async def graphql(self, request: Request) -> Response:
        """POST /api/v4/graphql/ with AddRefund or a Session query; arguments come as variables."""
        if request.headers.get("authorization") != f"Bearer {self.config.access_token}":
            return JSONResponse({"errors": [{"message": "Unauthenticated."}], "data": None}, 401)
        try:
            body = json.loads(await request.body())
            query, variables = str(body["query"]), dict(body.get("variables") or {})
        except (ValueError, KeyError, TypeError):
            return _graphql_error("Syntax error.")

        async def answer() -> Response:
            if "AddRefund" in query:
                return self._add_refund(variables)
            if "Session" in query:
                return self._find_session(variables)
            return _graphql_error("Cannot query field.")

        return await with_fault(self.state.faults.pop(0) if self.state.faults else None, answer)

    def _add_refund(self, variables: dict[str, Any]) -> Response:
        session = next(
            (
                one
                for one in self.state.sessions.values()
                if str(one.session_id) == str(variables.get("session_id"))
            ),
            None,
        )
        amount = _amount(variables.get("amount"))
        if session is None or session.status != "VERIFIED":
            return _graphql_error("Session not found.")
        if amount is None or amount < _MIN_REFUND:
            return _graphql_error("The amount must be at least 20000.")
        if amount > session.rials - self._returned(session):
            return _graphql_error("The amount is more than the remaining amount of the session.")
        refund = Refund(
            id=self._number(),
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
            "timeline": {
                "refund_amount": refund.amount,
                "refund_time": datetime.fromtimestamp(refund.at, _TEHRAN).isoformat(),
                "refund_status": refund.status,
            },
        }
        return JSONResponse({"data": {"resource": resource}})

    def _find_session(self, variables: dict[str, Any]) -> Response:
        reference = str(variables.get("reference_id"))
        found = [
            {
                "id": str(session.session_id),
                "status": "REFUNDED" if self._returned(session, "COMPLETED") == session.rials else "VERIFIED",
                "amount": session.rials,
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
            for refund in self.state.refunds
            if refund.session_id == session.session_id and status in (None, refund.status)
        )

    # --- the payment page -------------------------------------------------------------------------------

    async def start_pay(self, request: Request) -> Response:
        """GET /pg/StartPay/{authority}, also with /ZarinGate behind it"""
        session = self.state.sessions.get(request.path_params["authority"])
        if session is None:
            return _page("پرداخت پیدا نشد", "<p>چنین پرداختی ثبت نشده است.</p>", 404)
        if problem := self._unpayable(session):
            return _page("پرداخت ممکن نیست", f"<p>{problem}</p>", 400)
        up = "../../../" if request.url.path.rstrip("/").endswith("/ZarinGate") else "../../"
        buttons = "".join(
            f'<form method="post" action="{up}_test/{session.authority}/{action}">'
            f'<button class="{action}">{label}</button></form>'
            for action, label in (
                ("pay", "پرداخت"),
                ("cancel", "انصراف"),
                ("fail", "پرداخت ناموفق"),
                ("pay-no-return", "پرداخت بدون بازگشت به سایت"),
            )
        )
        content = (
            f'<p>{escape(session.description)}</p><p class="amount">{_tomans(session.rials)}</p>{buttons}'
            '<p class="note">این صفحه آزمایشی است و پولی جابه‌جا نمی‌شود.</p>'
        )
        return _page("درگاه پرداخت آزمایشی", content)

    def _unpayable(self, session: Session) -> str:
        if session.status != "IN_BANK":
            return "این پرداخت پیش‌تر به پایان رسیده است."
        if self.now() >= session.created_at + self.config.start_pay_ttl:
            return "زمان این پرداخت گذشته است."
        return ""

    # --- controls ---------------------------------------------------------------------------------------

    async def act(self, request: Request) -> Response:
        """POST /_test/{authority}/{action}"""
        session = self.state.sessions.get(request.path_params["authority"])
        if session is None:
            return PlainTextResponse("no such authority\n", 404)
        action = request.path_params["action"]
        match action:
            case "set":
                return queue_faults(session.faults, request.query_params, FAULTS)
            case "pay-no-return" if session.status in ("IN_BANK", "FAILED"):
                # Banks also take money late, for a payment the gateway had given up.
                self._pay(session)
                return _page("پرداخت شد", "<p>پول برداشت شد و مرورگر به سایت باز نمی‌گردد.</p>")
            case "pay" | "cancel" | "fail" | "pay-then-callback-twice" | "pay-no-return":
                if problem := self._unpayable(session):
                    return _page("پرداخت ممکن نیست", f"<p>{problem}</p>", 409)
            case _:
                return PlainTextResponse("no such action\n", 404)
        if action in ("cancel", "fail"):
            session.status = "FAILED"
            session.cancelled = action == "cancel"
            return RedirectResponse(session.callback("NOK"), 302)
        self._pay(session)
        if action == "pay":
            return RedirectResponse(session.callback("OK"), 302)
        address = escape(session.callback("OK"), quote=True)
        return HTMLResponse(
            f'<iframe hidden src="{address}"></iframe><meta http-equiv="refresh" content="1; url={address}">'
        )

    def _pay(self, session: Session) -> None:
        session.status, session.cancelled, session.paid_at = "PAID", False, self.now()

    async def set_fault(self, request: Request) -> Response:
        """POST /_test/set?next=…"""
        return queue_faults(self.state.faults, request.query_params, FAULTS)

    async def advance(self, request: Request) -> Response:
        """POST /_test/advance?seconds=…"""
        self.state.offset += int(request.query_params["seconds"])
        return JSONResponse({"now": self.now()})

    async def configure(self, request: Request) -> Response:
        """POST /_test/config"""
        changes = await request.json()
        unknown = set(changes) - {known.name for known in fields(Config)}
        if unknown:
            return PlainTextResponse(f"no such setting: {', '.join(sorted(unknown))}\n", 400)
        for name, value in changes.items():
            setattr(self.config, name, value)
        return JSONResponse(asdict(self.config))

    async def complete_refund(self, request: Request) -> Response:
        """POST /_test/refund/{id}/complete"""
        for refund in self.state.refunds:
            if refund.id == request.path_params["id"]:
                refund.status = "COMPLETED"
                return JSONResponse(asdict(refund))
        return PlainTextResponse("no such refund\n", 404)

    async def list_sessions(self, request: Request) -> Response:
        """GET /_test/sessions"""
        return JSONResponse({"sessions": [self._shown(one) for one in self.state.sessions.values()]})

    async def show_session(self, request: Request) -> Response:
        """GET /_test/{authority}"""
        session = self.state.sessions.get(request.path_params["authority"])
        if session is None:
            return PlainTextResponse("no such authority\n", 404)
        return JSONResponse(self._shown(session))

    def _shown(self, session: Session) -> dict[str, Any]:
        paid = self._settled(session).status in ("PAID", "VERIFIED")
        refunds = [asdict(one) for one in self.state.refunds if one.session_id == session.session_id]
        return {**asdict(session), "callback": session.callback("OK" if paid else "NOK"), "refunds": refunds}


def create_app(config: Config, clock: Clock, state: State | None = None) -> Starlette:
    """The gateway as an application to mount; `app.state.fake` is the FakeZarinPal behind it."""
    # An empty state is given on purpose when the caller keeps it.
    fake = FakeZarinPal(config, clock, State() if state is None else state)
    app = Starlette(
        routes=[
            Route("/pg/v4/payment/{method}.json", fake.api, methods=["POST"]),
            Route("/api/v4/graphql/", fake.graphql, methods=["POST"]),
            Route("/pg/StartPay/{authority}", fake.start_pay),
            Route("/pg/StartPay/{authority}/ZarinGate", fake.start_pay),
            Route("/_test/sessions", fake.list_sessions),
            Route("/_test/set", fake.set_fault, methods=["POST"]),
            Route("/_test/advance", fake.advance, methods=["POST"]),
            Route("/_test/config", fake.configure, methods=["POST"]),
            Route("/_test/refund/{id:int}/complete", fake.complete_refund, methods=["POST"]),
            Route("/_test/{authority}", fake.show_session),
            Route("/_test/{authority}/{action}", fake.act, methods=["POST"]),
        ]
    )
    app.state.fake = fake
    return app


def _missing(body: dict[str, Any], *names: str) -> list[dict[str, str]]:
    return [{name: f"The {name} field is required."} for name in names if body.get(name) in (None, "")]


def _amount(value: object) -> int | None:
    """An integer, also one written as text (the gateway's own sample sends "1100")."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _graphql_error(message: str) -> Response:
    return JSONResponse({"errors": [{"message": message}], "data": None})


def _tomans(rials: int) -> str:
    whole, rest = divmod(rials, 10)
    return (f"{whole:,}" + (f".{rest}" if rest else "")).translate(_PERSIAN) + " تومان"


def _page(title: str, content: str, status: int = 200) -> Response:
    return HTMLResponse(
        f"""<!doctype html>
<html lang="fa" dir="rtl">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 1rem/1.8 Vazirmatn, Tahoma, sans-serif; background: #f3f4f6; color: #1f2937; margin: 0; }}
main {{ max-width: 24rem; margin: 3rem auto; padding: 1.5rem 2rem; background: #fff; border-radius: .75rem; }}
h1 {{ font-size: 1.2rem; }}
.amount {{ font-size: 1.6rem; font-weight: bold; }}
button {{ width: 100%; margin-top: .6rem; padding: .7rem; border: 1px solid #9ca3af; border-radius: .5rem;
  background: #fff; font: inherit; cursor: pointer; }}
button.pay {{ background: #166534; border-color: #166534; color: #fff; }}
.note {{ color: #6b7280; font-size: .85rem; }}
</style>
</head>
<body><main><h1>{title}</h1>{content}</main></body>
</html>
""",
        status,
    )
