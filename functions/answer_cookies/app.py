"""/products/{product}/cookie-consent: a visitor's answer about cookies, kept by the browser alone."""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.domain.agreement import CookieRule
from mohlat.domain.cookies import FORGOTTEN, allowed, answer_of, crumb
from mohlat.domain.errors import NotFound
from mohlat.entrypoint import Request, Response, api, route
from mohlat.presentation.fields import flag


def _rule(request: Request) -> tuple[str, CookieRule]:
    agreement = bootstrap.offered(request.path("product"))
    if agreement.cookies is None:
        raise NotFound
    return agreement.product, agreement.cookies


def _shown(rule: CookieRule, accepted: bool | None) -> dict[str, object]:
    return {"accepted": accepted, "allowed": list(allowed(rule, accepted))}


def _get(request: Request) -> Response:
    product, rule = _rule(request)
    return Response(200, _shown(rule, answer_of(product, request.header("Cookie"))))


def _post(request: Request) -> Response:
    product, rule = _rule(request)
    accepted: bool = request.fields(accepted=flag)["accepted"]
    now, calendar = bootstrap.clock().now(), bootstrap.agreements().load(product).calendar
    lasts = int((rule.remembered.after(now, calendar) - now).total_seconds())
    headers = {"Set-Cookie": crumb(product, accepted, lasts)}
    return Response(200, _shown(rule, accepted), headers)


def _delete(request: Request) -> Response:
    _, rule = _rule(request)
    return Response(200, _shown(rule, None), {"Set-Cookie": FORGOTTEN})


lambda_handler = api(
    route("GET", "/products/{product}/cookie-consent", _get),
    route("POST", "/products/{product}/cookie-consent", _post),
    route("DELETE", "/products/{product}/cookie-consent", _delete),
)
