"""/u/{account}/{purpose}/{token}: the way out of promotional messages, in one step."""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.entrypoint import Request, Response, api, route
from mohlat.presentation.privacy_views import POLICY, unsubscribe_page


def _parts(request: Request) -> tuple[str, str, str]:
    return request.path("account"), request.path("purpose"), request.path("token")


def _page(request: Request, *, done: bool) -> Response:
    headers = {"Content-Security-Policy": POLICY}
    return Response(200, unsubscribe_page(request.language, done=done), headers, "text/html")


def _ask(request: Request) -> Response:
    # Mail programs and scanners open links by themselves: opening one takes nothing back.
    bootstrap.unsubscribe_links().read(*_parts(request))
    return _page(request, done=False)


def _stop(request: Request) -> Response:
    # The body is the button's or the mail program's (List-Unsubscribe=One-Click); the link says it all.
    bootstrap.consent_desk().unsubscribe(*_parts(request))
    return _page(request, done=True)


lambda_handler = api(
    route("GET", "/u/{account}/{purpose}/{token}", _ask),
    route("POST", "/u/{account}/{purpose}/{token}", _stop),
)
