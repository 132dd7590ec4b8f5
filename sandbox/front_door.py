"""One stable address for everything: the API, what was sent, and the outside world's stand-ins.

``/v1/...`` goes to the deployed API, whatever id it has today; ``/sandbox/`` shows the mail and SMS that were
sent, and lets one write to the products; ``/pay``, ``/zibal``, ``/sep`` and ``/behpardakht`` are the payment
gateways, ``/sms`` is the SMS provider.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import html
import json
import os
import signal
import threading
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.convertors import PathConvertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import Receive, Scope, Send

from sandbox import behpardakht, incoming, kavenegar, sep, zarinpal, zibal
from sandbox.stack import Stack

# Meant for one connection only (RFC 9110, 7.6.1), or set anew for the next one.
HOP_BY_HOP = {
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]


class AnyPath(PathConvertor):
    """A path with whatever in it: what is wrong about it is the API's to say, a line break included."""

    regex = r"[\s\S]*"


register_url_convertor("any", AnyPath())


class Api:
    """The deployed API behind ``/v1``."""

    # A new route gives the API a new id; a 404 may be the API's own answer, so look it up at most this often.
    LOOK_AGAIN_SECONDS = 2.0

    def __init__(self, stack: Stack, client: httpx.AsyncClient) -> None:
        self._stack = stack
        self._client = client
        self._id: str | None = None
        self._looked_at = float("-inf")

    async def forward(self, request: Request) -> Response:
        """Pass a request on and its answer back; 502 when there is nothing to pass it to."""
        body = await request.body()
        try:
            api = self._id or await self._look_up()
            answer = await self._send(request, body, api) if api else None
            if answer is None or answer.status_code == httpx.codes.NOT_FOUND:
                fresh = await self._look_up()
                if fresh and fresh != api:
                    answer = await self._send(request, body, fresh)
        except httpx.TransportError as error:
            return bad_gateway(f"the local AWS does not answer ({type(error).__name__})")
        return answer or bad_gateway("no API is deployed")

    async def _look_up(self) -> str | None:
        if time.monotonic() - self._looked_at > self.LOOK_AGAIN_SECONDS:
            self._looked_at = time.monotonic()
            try:
                self._id = (await run_in_threadpool(self._stack.outputs)).get("ApiId")
            except OSError as error:
                raise httpx.ConnectError(str(error)) from error
        return self._id

    async def _send(self, request: Request, body: bytes, api: str) -> Response:
        path = request.scope["raw_path"].removeprefix(b"/v1")
        target = f"/_aws/execute-api/{api}/v1".encode() + (path or b"/")
        if request.url.query:
            target += b"?" + request.scope["query_string"]
        outgoing = self._client.build_request(
            request.method,
            httpx.URL(self._stack.aws_url).copy_with(raw_path=target),
            headers=passed_on(request.headers.raw),
            content=body,
        )
        answer = await self._client.send(outgoing, stream=True)
        try:
            content = b"".join([chunk async for chunk in answer.aiter_raw()])
        finally:
            await answer.aclose()
        response = Response(content, answer.status_code)
        response.raw_headers = [
            *passed_on(answer.headers.raw),
            (b"content-length", str(len(content)).encode()),
        ]
        return response


def passed_on(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers that concern the other end."""
    return [(name, value) for name, value in headers if name.lower().decode() not in HOP_BY_HOP]


def bad_gateway(detail: str) -> Response:
    """502 as problem details (RFC 9457)."""
    problem = {"type": "about:blank", "title": "Bad Gateway", "status": 502, "detail": detail}
    return JSONResponse(problem, 502, media_type="application/problem+json")


class Mailbox:
    """Every mail the local SES accepted, kept in a file, because the local AWS forgets them when it stops."""

    def __init__(self, stack: Stack, client: httpx.AsyncClient) -> None:
        self._file = stack.state / "mail.jsonl"
        self._source = f"{stack.aws_url}/_ministack/ses/messages"
        self._client = client
        self._lock = asyncio.Lock()
        self.messages: list[dict[str, Any]] = []
        if self._file.exists():
            self.messages = [json.loads(line) for line in self._file.read_text().splitlines()]
        self._seen = {message["MessageId"] for message in self.messages}

    async def collect(self) -> list[dict[str, Any]]:
        """Fetch what is new and return all messages, oldest first."""
        async with self._lock:
            try:
                found = (await self._client.get(self._source)).json()
            except (httpx.TransportError, ValueError):
                return self.messages
            sent = [message for account in found["messages"].values() for message in account]
            fresh = [message for message in sent if message["MessageId"] not in self._seen]
            if fresh:
                with self._file.open("a") as file:
                    file.writelines(json.dumps(message, ensure_ascii=False) + "\n" for message in fresh)
                self.messages += fresh
                self._seen |= {message["MessageId"] for message in fresh}
        return self.messages

    async def keep_collecting(self) -> None:
        """Fetch every other second, so that little is lost when the local AWS ends."""
        while True:
            await self.collect()
            await asyncio.sleep(2)


class Kept:
    """A stand-in whose state is written to a file after each request that changed it."""

    def __init__(self, app: Starlette, file: Path) -> None:
        self._app = app
        self._file = file
        self._written = ""

    @staticmethod
    def read(file: Path) -> str | None:
        """The state of an earlier run, None when there was none."""
        return file.read_text() if file.exists() else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)
        state = self._app.state.fake.state.to_json()
        if state != self._written:
            fresh = self._file.with_suffix(".fresh")
            fresh.write_text(state)
            fresh.replace(self._file)
            self._written = state


def stand_ins(stack: Stack) -> tuple[Starlette, list[BaseRoute]]:
    """The SMS provider, and where it and the payment gateways are mounted."""
    names = ("zarinpal", "zibal", "sep", "behpardakht", "kavenegar")
    files = [stack.state / f"{name}.json" for name in names]
    pay_file, zibal_file, sep_file, behpardakht_file, sms_file = files
    pay_state, zibal_state, sep_state, behpardakht_state, sms_state = map(Kept.read, files)
    pay = zarinpal.create_app(
        zarinpal.Config(), TimeOfDay(), zarinpal.State.from_json(pay_state) if pay_state else None
    )
    second = zibal.create_app(
        zibal.Config(), TimeOfDay(), zibal.State.from_json(zibal_state) if zibal_state else None
    )
    third = sep.create_app(sep.Config(), TimeOfDay(), sep.State.from_json(sep_state) if sep_state else None)
    fourth = behpardakht.create_app(
        behpardakht.Config(),
        TimeOfDay(),
        behpardakht.State.from_json(behpardakht_state) if behpardakht_state else None,
    )
    sms = kavenegar.create_app(
        kavenegar.Config(templates=kavenegar.load_templates()),
        TimeOfDay(),
        kavenegar.State.from_json(sms_state) if sms_state else None,
    )
    return sms, [
        Mount("/pay", Kept(pay, pay_file)),
        Mount("/zibal", Kept(second, zibal_file)),
        Mount("/sep", Kept(third, sep_file)),
        Mount("/behpardakht", Kept(fourth, behpardakht_file)),
        Mount("/sms", Kept(sms, sms_file)),
    ]


class TimeOfDay:
    """The stand-ins' clock; their own controls move them ahead of it."""

    def now(self) -> datetime:
        """The current time in UTC, in whole seconds."""
        return datetime.now(UTC).replace(microsecond=0)


def page(mail: list[dict[str, Any]], sms: list[dict[str, Any]]) -> str:
    """What was sent, newest first, as one plain page: mail as its reader sees it, SMS as text."""

    def shown(value: object) -> str:
        return html.escape(", ".join(value) if isinstance(value, list) else str(value or ""))

    def letter(item: dict[str, Any]) -> str:
        when = datetime.fromtimestamp(float(item.get("Timestamp") or 0), UTC)
        body = shown(item.get("BodyHtml") or f"<pre>{shown(item.get('BodyText'))}</pre>")
        return (
            f"<article><h2 dir=auto>{shown(item.get('Subject'))}</h2>"
            f"<p>{shown(item.get('Source'))} → {shown(item.get('To'))} <time>{when:%Y-%m-%d %H:%M:%S}Z</time>"
            # Without scripts or a way to the page around it: mail is not trusted.
            f'<iframe sandbox loading=lazy srcdoc="{body}"></iframe></article>'
        )

    def text(item: dict[str, Any]) -> str:
        when = datetime.fromtimestamp(float(item["date"]), UTC)
        return (
            f"<article><p>{shown(item['receptor'])} <time>{when:%Y-%m-%d %H:%M:%S}Z</time> "
            f"{shown(item['template'])}<p class=sms dir=auto>{shown(item['message'])}</article>"
        )

    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>Mohlat sandbox</title>"
        "<style>body{font:16px/1.5 sans-serif;max-width:76rem;margin:2rem auto;padding:0 1rem;color:#222}"
        "main{display:grid;grid-template-columns:repeat(auto-fit,minmax(22rem,1fr));gap:2rem}"
        "article{border:1px solid #ccc;border-radius:6px;margin:.8rem 0;padding:.6rem .9rem}"
        "h2{font-size:1rem;margin:0}p{margin:.3rem 0;color:#555;overflow-wrap:anywhere}time{font-size:.85em}"
        ".sms{color:#222;white-space:pre-wrap}iframe{width:100%;height:15rem;border:0}"
        "label{display:inline-block;margin-right:1rem}textarea{max-width:100%}"
        "</style><h1>What the stack has sent</h1><main>"
        f"<section><h1>Mail ({len(mail)})</h1>{''.join(map(letter, reversed(mail)))}</section>"
        f"<section><h1>SMS ({len(sms)})</h1>{''.join(map(text, reversed(sms)))}</section></main>"
        f"{incoming.FORM}"
    )


def create_app(stack: Stack) -> Starlette:
    """The front door's application for one stack."""
    client = httpx.AsyncClient(timeout=httpx.Timeout(40, connect=3), trust_env=False)
    api, mailbox = Api(stack, client), Mailbox(stack, client)
    letter_box = incoming.LetterBox(stack)
    sms_provider, mounts = stand_ins(stack)

    async def show(request: Request) -> Response:
        return HTMLResponse(page(await mailbox.collect(), sent_sms()))

    async def mail(request: Request) -> Response:
        return JSONResponse({"messages": await mailbox.collect()})

    async def sms(request: Request) -> Response:
        return JSONResponse({"messages": sent_sms()})

    async def home(request: Request) -> Response:
        return RedirectResponse("/sandbox/")

    def sent_sms() -> list[dict[str, Any]]:
        return [asdict(message) for message in sms_provider.state.fake.state.messages]

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        collecting = asyncio.create_task(mailbox.keep_collecting())
        yield
        collecting.cancel()
        await client.aclose()

    routes: list[BaseRoute] = [
        Route("/", home),
        Route("/sandbox", home),
        Route("/sandbox/", show),
        Route("/sandbox/mail.json", mail),
        Route("/sandbox/mail", letter_box.post, methods=["POST"]),
        Route("/sandbox/sms.json", sms),
        Route("/v1", api.forward, methods=METHODS),
        Route("/v1/{path:any}", api.forward, methods=METHODS),
        *mounts,
    ]
    return Starlette(routes=routes, lifespan=lifespan)


def stop_with_parent() -> None:
    """Stop once standard input closes: then the supervisor has died."""

    def wait() -> None:
        # Not sys.stdin: its lock, held by this thread, would make the interpreter's exit a crash.
        os.read(0, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--aws-port", type=int, required=True)
    given = parser.parse_args()
    stop_with_parent()
    stack = Stack(given.state, given.port, given.aws_port)
    uvicorn.run(create_app(stack), host="127.0.0.1", port=stack.port, log_level="warning", date_header=False)


if __name__ == "__main__":
    main()
