"""What the stand-ins for payment gateways do alike: sessions, the payment page, and the controls.

Controls, all POST unless said otherwise:

    /_test/{authority}/pay | cancel | fail      what the payer does; answers 302 to the callback, or a page
                                                that posts it (to who takes no text/html, or with ?form=1,
                                                {"callback": {"url", "method", "fields"}} to be posted)
    /_test/{authority}/pay-no-return            the money is taken and the browser never comes back
    /_test/{authority}/pay-then-callback-twice  paid, and the answered page loads the callback two times
    /_test/{authority}/set?next=<fault>&times=n the next call about this payment meets a fault
    /_test/set?next=<fault>&times=n             the next call of any kind does
    /_test/advance?seconds=n                    this gateway's clock moves on
    /_test/config                               JSON object with fields of Config to change
    GET /_test/sessions, GET /_test/{authority} what the gateway knows
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from html import escape
from typing import Any, ClassVar, Generic, Protocol, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox.faults import FAULTS, queue_faults, with_fault

_PERSIAN = str.maketrans("0123456789,.", "۰۱۲۳۴۵۶۷۸۹٬٫")


class Clock(Protocol):
    """Where the gateway's time comes from."""

    def now(self) -> datetime:
        """The present instant, aware."""
        ...


@dataclass
class Config:
    """What is not known for certain about any real gateway; times in seconds.

    A page can be paid on for `start_pay_ttl`; money that nobody verified goes back after `reversal_after`
    (None: never).
    """

    start_pay_ttl: int = 1800
    reversal_after: int | None = 1800


@dataclass(kw_only=True)
class Session(ABC):
    """One payment as its gateway knows it; times in Unix seconds.

    `status` is IN_BANK, PAID (captured by the bank, not verified), VERIFIED, FAILED or REVERSED. `posts`:
    the browser comes back with a form instead of a query.
    """

    posts: ClassVar[bool] = False

    authority: str
    merchant_id: str
    amount: int
    callback_url: str
    description: str
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
        return self.amount

    @abstractmethod
    def brought_back(self, *, paid: bool) -> list[tuple[str, str]]:
        """What the browser brings back to the shop."""

    def callback(self, *, paid: bool) -> str:
        """The callback's address, with what it had in its query kept; a form travels beside it."""
        if self.posts:
            return self.callback_url
        parts = urlsplit(self.callback_url)
        query = parse_qsl(parts.query, keep_blank_values=True) + self.brought_back(paid=paid)
        return urlunsplit(parts._replace(query=urlencode(query)))


S = TypeVar("S", bound=Session)


@dataclass
class State(Generic[S]):
    """What every gateway remembers. `sessions` by their authority."""

    sessions: dict[str, S] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    offset: int = 0
    last_number: int = 0

    def to_json(self) -> str:
        """The whole state as a JSON text."""
        return json.dumps(asdict(self), ensure_ascii=False)


class StandIn(ABC, Generic[S]):
    """A gateway over one state; each adds its own API."""

    def __init__(self, config: Config, clock: Clock, state: State[S]) -> None:
        self.config = config
        self.state = state
        self._clock = clock

    def now(self) -> int:
        """The gateway's time in Unix seconds."""
        return int(self._clock.now().timestamp()) + self.state.offset

    def number(self) -> int:
        """A fresh number, unique even over restarts that lose the state: it grows from the time of day."""
        self.state.last_number = max(self.state.last_number + 1, self.now())
        return self.state.last_number

    @abstractmethod
    def keeps(self, session: S) -> bool:
        """Whether the money stays although nobody verified it."""

    def settled(self, session: S) -> S:
        """The session after what time alone has done to it: unverified money goes back to the payer."""
        limit = self.config.reversal_after
        due = session.status == "PAID" and limit is not None and not self.keeps(session)
        if due and self.now() >= (session.paid_at or 0) + (limit or 0):
            session.status = "REVERSED"
        return session

    def verified(self, session: S) -> bool:
        """Verifies what is paid and gives it its receipt's number; whether that had been done before."""
        repeated = session.status == "VERIFIED"
        if not repeated:
            session.status = "VERIFIED"
            session.ref_id = self.number()
        return repeated

    async def answering(self, session: S | None, answer: Callable[[], Awaitable[Response]]) -> Response:
        """What `answer` gives, unless a fault waits for this session or for any call."""
        queue = session.faults if session and session.faults else self.state.faults
        return await with_fault(queue.pop(0) if queue else None, answer)

    # --- the payment page -------------------------------------------------------------------------------

    async def start_pay(self, request: Request) -> Response:
        """GET the page of an {authority}"""
        return self.pay_page(request, self.state.sessions.get(request.path_params["authority"]))

    def pay_page(self, request: Request, session: S | None) -> Response:
        """The page with the payer's buttons, wherever it is mounted."""
        if session is None:
            return _page("پرداخت پیدا نشد", "<p>چنین پرداختی ثبت نشده است.</p>", 404)
        if problem := self._unpayable(session):
            return _page("پرداخت ممکن نیست", f"<p>{problem}</p>", 400)
        inside = request.url.path.removeprefix(request.scope.get("root_path", ""))
        up = "../" * (inside.rstrip("/").count("/") - 1)
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

    def _unpayable(self, session: S) -> str:
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
            return self._come_back(request, session, paid=False)
        self._pay(session)
        if action == "pay" or session.posts:
            return self._come_back(request, session, paid=True, twice=action != "pay")
        address = escape(session.callback(paid=True), quote=True)
        return HTMLResponse(
            f'<iframe hidden src="{address}"></iframe><meta http-equiv="refresh" content="1; url={address}">'
        )

    def _come_back(self, request: Request, session: S, *, paid: bool, twice: bool = False) -> Response:
        if not session.posts:
            return RedirectResponse(session.callback(paid=paid), 302)
        if "text/html" not in request.headers.get("accept", "") or "form" in request.query_params:
            return JSONResponse({"callback": self._form(session, paid=paid)})
        form = _posted(session.callback_url, session.brought_back(paid=paid))
        hidden = '<iframe hidden name="first"></iframe>' + form("first") if twice else ""
        # One form after the other, and the last one takes the page along.
        script = "[...document.forms].forEach((form, at) => setTimeout(() => form.submit(), 1000 * at))"
        return HTMLResponse(f"<!doctype html>{hidden}{form('_self')}<script>{script}</script>")

    def _form(self, session: S, *, paid: bool) -> dict[str, Any]:
        fields = dict(session.brought_back(paid=paid))
        return {"url": session.callback_url, "method": "POST", "fields": fields}

    def _pay(self, session: S) -> None:
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
        unknown = set(changes) - {known.name for known in fields(self.config)}
        if unknown:
            return PlainTextResponse(f"no such setting: {', '.join(sorted(unknown))}\n", 400)
        for name, value in changes.items():
            setattr(self.config, name, value)
        return JSONResponse(asdict(self.config))

    async def list_sessions(self, request: Request) -> Response:
        """GET /_test/sessions"""
        return JSONResponse({"sessions": [self.shown(one) for one in self.state.sessions.values()]})

    async def show_session(self, request: Request) -> Response:
        """GET /_test/{authority}"""
        session = self.state.sessions.get(request.path_params["authority"])
        if session is None:
            return PlainTextResponse("no such authority\n", 404)
        return JSONResponse(self.shown(session))

    def shown(self, session: S) -> dict[str, Any]:
        """A session as the controls show it, with the callback that its browser would make."""
        paid = self.settled(session).status in ("PAID", "VERIFIED")
        callback = self._form(session, paid=paid) if session.posts else session.callback(paid=paid)
        return {**asdict(session), "callback": callback}

    def mountable(self, *own: Route) -> Starlette:
        """The gateway as an application with its `own` routes; `app.state.fake` is this object."""
        app = Starlette(
            routes=[
                *own,
                Route("/_test/sessions", self.list_sessions),
                Route("/_test/set", self.set_fault, methods=["POST"]),
                Route("/_test/advance", self.advance, methods=["POST"]),
                Route("/_test/config", self.configure, methods=["POST"]),
                Route("/_test/{authority}", self.show_session),
                Route("/_test/{authority}/{action}", self.act, methods=["POST"]),
            ]
        )
        app.state.fake = self
        return app


def integer(value: object) -> int | None:
    """A whole number, also one written as text."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _posted(address: str, fields: list[tuple[str, str]]) -> Callable[[str], str]:
    """A form that takes `fields` to `address`, for a target still to be named."""
    inputs = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in fields
    )
    return lambda target: (
        f'<form method="post" action="{escape(address)}" target="{target}">{inputs}'
        "<noscript><button>بازگشت به سایت</button></noscript></form>"
    )


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
