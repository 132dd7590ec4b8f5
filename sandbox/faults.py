"""How a provider can fail to answer: the faults that the fakes can be told to show.

`timeout` never answers and does nothing; `lost-response` does what was asked, then breaks the connection in
the middle of the answer; `500` and `html502` are what a broken server and the proxy before it send.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.datastructures import QueryParams
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

FAULTS = frozenset({"timeout", "lost-response", "500", "html502"})


class Hanging(Response):
    """Answers nothing until the client gives up: no sleep, so the client's own patience is what is tested."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass


class Broken(Response):
    """Begins an answer and breaks the connection: the server closes what was announced and never sent."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"4096")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"', "more_body": True})


async def with_fault(fault: str | None, answer: Callable[[], Awaitable[Response]]) -> Response:
    """What `answer` gives, unless `fault` says otherwise."""
    match fault:
        case "timeout":
            return Hanging()
        case "500":
            return PlainTextResponse("Internal Server Error", 500)
        case "html502":
            return HTMLResponse("<html><body><h1>502 Bad Gateway</h1></body></html>", 502)
        case "lost-response":
            await answer()
            return Broken()
        case _:
            return await answer()


def queue_faults(queue: list[str], query: QueryParams, allowed: frozenset[str]) -> Response:
    """Puts `?next=<fault>&times=<n>` into `queue`; `next=none` empties it."""
    fault = query.get("next", "")
    if fault == "none":
        queue.clear()
    elif fault in allowed:
        queue.extend([fault] * int(query.get("times", "1")))
    else:
        return PlainTextResponse(f"next must be none or one of {', '.join(sorted(allowed))}\n", 400)
    return Response(status_code=204)
