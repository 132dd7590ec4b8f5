"""A Kavenegar that behaves: sending, templates, delivery over time, and controls for what networks do.

Mount `create_app(...)` anywhere. Everything it knows is in one `State`, which can be written to JSON and read
back; time comes from the given clock plus what `/_test/advance` added.

Controls, all POST unless said otherwise:

    GET /_test/outbox[?receptor=]              every message taken, newest last
    /_test/set?next=<fault>&times=n            the next call meets 409, 429, 451 or one of sandbox.faults
    /_test/script?receptor=&outcome=           deliver, undelivered, failed or blocked, for a number
    /_test/advance?seconds=n                   this provider's clock moves on
    /_test/config                              JSON object with fields of Config to change
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sandbox.faults import FAULTS, queue_faults, with_fault

_MOBILE = re.compile(r"(?:\+98|0098|98|0)?(9[0-9]{9})")
_PLACEHOLDER = re.compile(r"%token(20|10|2|3)?(?![0-9])")
_SPACES = {"token": 0, "token2": 0, "token3": 0, "token10": 5, "token20": 8}
_FORCED = frozenset({"409", "429", "451"})
_OUTCOMES = {"deliver": 10, "undelivered": 11, "failed": 6, "blocked": 14}
_STATUS_KNOWN = 48 * 3600
_LOCAL_STATUS_KNOWN = 12 * 3600

_MESSAGES = {
    200: "تایید شد",
    400: "پارامترها ناقص هستند",
    401: "حساب کاربری غیرفعال شده است",
    403: "کد شناسایی API-Key معتبر نیست",
    404: "متد نامشخص است",
    405: "متد Get/Post اشتباه است",
    406: "پارامترهای اجباری خالی ارسال شده اند",
    409: "سرور قادر به پاسخگوئی نیست بعدا تلاش کنید",
    411: "دریافت کننده نامعتبر است",
    412: "ارسال کننده نامعتبر است",
    413: "پیام خالی است و یا طول پیام بیش از حد مجاز است",
    414: "حجم درخواست بیشتر از حد مجاز است",
    416: "آی پی سرویس مبدا با تنظیمات مطابقت ندارد",
    417: "تاریخ ارسال اشتباه است",
    418: "اعتبار شما کافی نیست",
    419: "طول آرایه متن و گیرنده و فرستنده هم اندازه نیست",
    420: "استفاده از لینک در متن پیام برای شما محدود شده است",
    424: "الگوی مورد نظر پیدا نشد",
    426: "استفاده از این متد نیازمند سرویس پیشرفته است",
    428: "ارسال کد از طریق تماس تلفنی امکان پذیر نیست",
    429: "آی پی محدود شده است",
    431: "ساختار کد صحیح نمی‌باشد",
    432: "پارامتر کد در متن پیام پیدا نشد",
    451: "فراخوانی بیش از حد در بازه زمانی مشخص",
    501: "فقط امکان ارسال پیام تست به شماره صاحب حساب کاربری وجود دارد",
    607: "نام تگ انتخابی اشتباه است",
}
_STATUS_TEXTS = {
    1: "در صف ارسال",
    2: "زمان بندی شده",
    4: "ارسال شده به مخابرات",
    5: "ارسال شده به مخابرات",
    6: "خطا در ارسال پیام",
    10: "رسیده به گیرنده",
    11: "نرسیده به گیرنده",
    13: "لغو شده",
    14: "بلاک شده است",
    100: "شناسه پیامک نامعتبر است",
}


class Clock(Protocol):
    """Where the provider's time comes from."""

    def now(self) -> datetime:
        """The present instant, aware."""
        ...


@dataclass
class Config:
    """An account with the provider, and what is not known for certain about the real one. Costs in rials.

    `keys` maps API keys to "active" or "inactive". `http_mirrors_status` gives failures their code as HTTP
    status, otherwise 200. `error_entries` is what a failure holds as entries: None, [] or "absent".
    `templates` maps approved names to texts with %token…; `owner` restricts free text to one number.
    """

    keys: dict[str, str] = field(default_factory=lambda: {"sandbox-api-key": "active"})
    templates: dict[str, str] = field(default_factory=dict)
    http_mirrors_status: bool = True
    error_entries: list[Any] | str | None = None
    advanced: bool = True
    ip_allowed: bool = True
    links_restricted: bool = False
    owner: str | None = None
    senders: list[str] = field(default_factory=lambda: ["2000660110"])
    tags: list[str] = field(default_factory=list)
    cost: int = 1_500


@dataclass
class Message:
    """One SMS to one receptor; times in Unix seconds. `ends_as` is the status delivery will come to."""

    messageid: int
    receptor: str
    message: str
    sender: str
    date: int
    taken_at: int
    cost: int
    ends_as: int
    template: str = ""
    tokens: dict[str, str] = field(default_factory=dict)
    localid: int | None = None
    cancelled: bool = False
    returned: bool = False


@dataclass
class State:
    """Everything the provider remembers."""

    credit: int = 100_000_000
    messages: list[Message] = field(default_factory=list)
    scripts: dict[str, str] = field(default_factory=dict)
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
        stored["messages"] = [Message(**value) for value in stored["messages"]]
        return cls(**stored)


class _CodeError(Exception):
    """Ends a call with one of the provider's codes."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class FakeKavenegar:
    """The provider: its API and its controls over one state."""

    def __init__(self, config: Config, clock: Clock, state: State) -> None:
        self.config = config
        self.state = state
        self._clock = clock
        self._methods: dict[str, Callable[[Mapping[str, str]], object]] = {
            "sms/send": self._send,
            "sms/sendarray": self._send_array,
            "sms/status": self._status,
            "sms/statuslocalmessageid": self._local_status,
            "sms/cancel": self._cancel,
            "verify/lookup": self._lookup,
            "account/info": self._info,
        }

    def now(self) -> int:
        """The provider's time in Unix seconds."""
        return int(self._clock.now().timestamp()) + self.state.offset

    async def api(self, request: Request) -> Response:
        """GET or POST /v1/{key}/{scope}/{method}.json"""
        fault = self.state.faults.pop(0) if self.state.faults else None
        body = (await request.body()).decode(errors="replace")
        given = dict([*request.query_params.items(), *parse_qsl(body, keep_blank_values=True)])

        async def answer() -> Response:
            try:
                entries = self._answer(request, fault, given)
            except _CodeError as error:
                return self._failure(error.code)
            return JSONResponse({"return": {"status": 200, "message": _MESSAGES[200]}, "entries": entries})

        return await with_fault(fault, answer)

    def _answer(self, request: Request, fault: str | None, given: Mapping[str, str]) -> object:
        self._return_costs()
        key_status = self.config.keys.get(request.path_params["key"])
        if key_status != "active":
            raise _CodeError(401 if key_status else 403)
        name = f"{request.path_params['scope']}/{request.path_params['method']}"
        method = self._methods.get(name)
        if method is None:
            raise _CodeError(404)
        if name == "sms/sendarray" and request.method == "GET":
            raise _CodeError(405)
        _require(given, *_REQUIRED[name])
        if fault in _FORCED:
            raise _CodeError(int(fault))
        if not self.config.ip_allowed:
            raise _CodeError(416)
        return method(given)

    def _failure(self, code: int) -> Response:
        body: dict[str, object] = {"return": {"status": code, "message": _MESSAGES[code]}}
        if self.config.error_entries != "absent":
            body["entries"] = self.config.error_entries
        # 607 is no HTTP status, and servers refuse to send it.
        mirrored = code if code < 600 else 400
        return JSONResponse(body, mirrored if self.config.http_mirrors_status else 200)

    # --- methods ----------------------------------------------------------------------------------------

    def _send(self, given: Mapping[str, str]) -> object:
        receptors = [_receptor(one) for one in given["receptor"].split(",")]
        if len(receptors) > 200:
            raise _CodeError(414)
        sender = given.get("sender") or self.config.senders[0]
        localids = given["localid"].split(",") if given.get("localid") else []
        if localids and (len(localids) != len(receptors) or not all(one.isdigit() for one in localids)):
            raise _CodeError(400)
        jobs = [
            (receptor, sender, given["message"], int(localid) if localid else None)
            for receptor, localid in zip(receptors, localids or [""] * len(receptors), strict=True)
        ]
        return self._take(jobs, given)

    def _send_array(self, given: Mapping[str, str]) -> object:
        try:
            receptors, senders, texts = (
                json.loads(given[name]) for name in ("receptor", "sender", "message")
            )
            localids = json.loads(given.get("localmessageids") or "[]") or [None] * len(receptors)
        except ValueError:
            raise _CodeError(400) from None
        if not len(receptors) == len(senders) == len(texts) == len(localids):
            raise _CodeError(419)
        if len(receptors) > 200:
            raise _CodeError(414)
        return self._take(
            [
                (_receptor(str(receptor)), str(sender), str(text), int(localid) if localid else None)
                for receptor, sender, text, localid in zip(receptors, senders, texts, localids, strict=True)
            ],
            given,
        )

    def _take(self, jobs: list[tuple[str, str, str, int | None]], given: Mapping[str, str]) -> object:
        """Takes free texts to (receptor, sender, text, localid), all or none."""
        date = self._date(given.get("date", ""))
        for receptor, sender, text, _ in jobs:
            if sender not in self.config.senders:
                raise _CodeError(412)
            if not text or len(text) > 900:
                raise _CodeError(413)
            if self.config.links_restricted and re.search(r"https?://|www\.", text):
                raise _CodeError(420)
            if self.config.owner is not None and receptor != _receptor(self.config.owner):
                raise _CodeError(501)
        if given.get("tag") and given["tag"] not in self.config.tags:
            raise _CodeError(607)
        known = {message.localid: message for message in self.state.messages if message.localid is not None}
        new = [job for job in jobs if job[3] not in known]
        if self.state.credit < sum(self.config.cost * _parts(text) for _, _, text, _ in new):
            raise _CodeError(418)
        entries = []
        for receptor, sender, text, localid in jobs:
            message = known.get(localid) if localid is not None else None
            if message is None:
                message = self._keep(receptor, text, sender, date, localid=localid)
                if localid is not None:
                    known[localid] = message
            entries.append(self._entry(message))
        return entries

    def _lookup(self, given: Mapping[str, str]) -> object:
        receptor = _receptor(given["receptor"])
        text = self.config.templates.get(given["template"])
        if text is None:
            raise _CodeError(424)
        if not self.config.advanced:
            raise _CodeError(426)
        tokens = {name: given[name] for name in _SPACES if given.get(name)}
        for name, value in tokens.items():
            separated = "_" in value or any(mark.isspace() and mark != " " for mark in value)
            if separated or len(value) > 100 or value.count(" ") > _SPACES[name]:
                raise _CodeError(431)
        if not any(found[1] is None for found in _PLACEHOLDER.finditer(text)):
            raise _CodeError(432)
        if given.get("type") == "call" and not all(value.isdigit() for value in tokens.values()):
            raise _CodeError(428)
        rendered = _PLACEHOLDER.sub(lambda found: tokens.get(f"token{found[1] or ''}", ""), text)
        if self.state.credit < self.config.cost * _parts(rendered):
            raise _CodeError(418)
        message = self._keep(
            receptor, rendered, self.config.senders[0], self.now(), template=given["template"], tokens=tokens
        )
        return [self._entry(message)]

    def _status(self, given: Mapping[str, str]) -> object:
        ids = given["messageid"].split(",")
        if len(ids) > 500:
            raise _CodeError(414)
        known = {str(message.messageid): message for message in self.state.messages}
        return [{"messageid": _long(one), **self._state_of(known.get(one), _STATUS_KNOWN)} for one in ids]

    def _local_status(self, given: Mapping[str, str]) -> object:
        known = {str(message.localid): message for message in self.state.messages}
        entries = []
        for one in given["localid"].split(","):
            message = known.get(one)
            entries.append(
                {
                    "messageid": message.messageid if message else 0,
                    "localid": _long(one),
                    **self._state_of(message, _LOCAL_STATUS_KNOWN),
                }
            )
        return entries

    def _cancel(self, given: Mapping[str, str]) -> object:
        known = {str(message.messageid): message for message in self.state.messages}
        entries = []
        for one in given["messageid"].split(","):
            message = known.get(one)
            if message and self._delivery(message) == 2:
                message.cancelled = True
            entries.append({"messageid": _long(one), **self._state_of(message, _STATUS_KNOWN)})
        self._return_costs()
        return entries

    def _info(self, given: Mapping[str, str]) -> object:
        return {"remaincredit": self.state.credit, "expiredate": self.now() + 365 * 86_400, "type": "master"}

    # --- messages ---------------------------------------------------------------------------------------

    def _keep(
        self,
        receptor: str,
        text: str,
        sender: str,
        date: int,
        *,
        localid: int | None = None,
        template: str = "",
        tokens: dict[str, str] | None = None,
    ) -> Message:
        outcome = self.state.scripts.get(receptor, "deliver")
        if outcome == "blocked" and template:
            # Numbers that blocked advertising still get templates.
            outcome = "deliver"
        # Grows from the time of day, so that it stays unique over restarts that lose the state.
        self.state.last_number = max(self.state.last_number + 1, self.now())
        message = Message(
            messageid=self.state.last_number,
            receptor=receptor,
            message=text,
            sender=sender,
            date=date,
            taken_at=self.now(),
            cost=self.config.cost * _parts(text),
            ends_as=_OUTCOMES[outcome],
            template=template,
            tokens=tokens or {},
            localid=localid,
        )
        self.state.credit -= message.cost
        self.state.messages.append(message)
        return message

    def _delivery(self, message: Message) -> int:
        """The message's status now: taken, after a second with the operator, after a minute at its end."""
        if message.cancelled:
            return 13
        age = self.now() - message.date
        if age < 0:
            return 2
        if age < 1:
            return 5 if message.template else 1
        if message.ends_as in (6, 14):
            return message.ends_as
        if age < 60:
            return 5 if message.template else 4
        return message.ends_as

    def _return_costs(self) -> None:
        for message in self.state.messages:
            if not message.returned and self._delivery(message) in (13, 14):
                message.returned = True
                self.state.credit += message.cost

    def _entry(self, message: Message) -> dict[str, object]:
        status = self._delivery(message)
        return {
            "messageid": message.messageid,
            "message": message.message,
            "status": status,
            "statustext": _STATUS_TEXTS[status],
            "sender": message.sender,
            "receptor": message.receptor,
            "date": message.date,
            "cost": message.cost,
        }

    def _state_of(self, message: Message | None, known_for: int) -> dict[str, object]:
        forgotten = message is None or self.now() - message.taken_at > known_for
        status = 100 if message is None or forgotten else self._delivery(message)
        return {"status": status, "statustext": _STATUS_TEXTS[status]}

    def _date(self, text: str) -> int:
        if not text:
            return self.now()
        if not text.isdigit() or int(text) < self.now():
            raise _CodeError(417)
        return int(text)

    # --- controls ---------------------------------------------------------------------------------------

    async def outbox(self, request: Request) -> Response:
        """GET /_test/outbox"""
        receptor = request.query_params.get("receptor")
        wanted = _MOBILE.fullmatch(receptor) if receptor else None
        return JSONResponse(
            {
                "messages": [
                    {**asdict(message), "status": self._delivery(message)}
                    for message in self.state.messages
                    if not receptor or (wanted and message.receptor == f"0{wanted[1]}")
                ]
            }
        )

    async def set_fault(self, request: Request) -> Response:
        """POST /_test/set?next=…"""
        return queue_faults(self.state.faults, request.query_params, FAULTS | _FORCED)

    async def script(self, request: Request) -> Response:
        """POST /_test/script?receptor=…&outcome=…"""
        match = _MOBILE.fullmatch(request.query_params.get("receptor", ""))
        outcome = request.query_params.get("outcome", "")
        if not match or outcome not in _OUTCOMES:
            return PlainTextResponse(f"outcome must be one of {', '.join(_OUTCOMES)}\n", 400)
        self.state.scripts[f"0{match[1]}"] = outcome
        return Response(status_code=204)

    async def advance(self, request: Request) -> Response:
        """POST /_test/advance?seconds=…"""
        self.state.offset += int(request.query_params["seconds"])
        return JSONResponse({"now": self.now()})

    async def configure(self, request: Request) -> Response:
        """POST /_test/config"""
        changes = await request.json()
        # Credit moves with every message and so belongs to the state; to a tester it is a setting.
        self.state.credit = changes.pop("credit", self.state.credit)
        unknown = set(changes) - {known.name for known in fields(Config)}
        if unknown:
            return PlainTextResponse(f"no such setting: {', '.join(sorted(unknown))}\n", 400)
        for name, value in changes.items():
            setattr(self.config, name, value)
        return Response(status_code=204)


_REQUIRED = {
    "sms/send": ("receptor", "message"),
    "sms/sendarray": ("receptor", "sender", "message"),
    "sms/status": ("messageid",),
    "sms/statuslocalmessageid": ("localid",),
    "sms/cancel": ("messageid",),
    "verify/lookup": ("receptor", "template", "token"),
    "account/info": (),
}


def load_templates() -> dict[str, str]:
    """The templates of Mohlat's own notices, as they must be approved at the provider: name → text."""
    text = Path(__file__).with_name("sms_templates.json").read_text(encoding="utf-8")
    templates: dict[str, str] = json.loads(text)
    return templates


def create_app(config: Config, clock: Clock, state: State | None = None) -> Starlette:
    """The provider as an application to mount; `app.state.fake` is the FakeKavenegar behind it."""
    # An empty state is given on purpose when the caller keeps it.
    fake = FakeKavenegar(config, clock, State() if state is None else state)
    app = Starlette(
        routes=[
            Route("/v1/{key}/{scope}/{method}.json", fake.api, methods=["GET", "POST"]),
            Route("/_test/outbox", fake.outbox),
            Route("/_test/set", fake.set_fault, methods=["POST"]),
            Route("/_test/script", fake.script, methods=["POST"]),
            Route("/_test/advance", fake.advance, methods=["POST"]),
            Route("/_test/config", fake.configure, methods=["POST"]),
        ]
    )
    app.state.fake = fake
    return app


def _require(given: Mapping[str, str], *names: str) -> None:
    if any(name not in given for name in names):
        raise _CodeError(400)
    # An empty message has a code of its own.
    if any(not given[name] for name in names if name != "message"):
        raise _CodeError(406)


def _receptor(text: str) -> str:
    match = _MOBILE.fullmatch(text.strip())
    if not match:
        raise _CodeError(411)
    return f"0{match[1]}"


def _parts(text: str) -> int:
    """How many SMS a text takes: one up to 70 characters, then 67 each."""
    return 1 if len(text) <= 70 else -(-len(text) // 67)


def _long(text: str) -> int:
    return int(text) if text.isdigit() else 0
