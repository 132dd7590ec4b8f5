"""/payments/{gateway}/callback: a browser comes back from the gateway, and nothing it says is believed.

/payments/{gateway}/pages/{payment_id}: takes a browser to a gateway that wants to be posted to.
"""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.domain.errors import Conflict, GatewayRefused, GatewayUnavailable, MohlatError, NotFound
from mohlat.domain.iranian import tomans
from mohlat.domain.payments import Payment
from mohlat.entrypoint import Request, Response, api, route
from mohlat.measures import flag
from mohlat.observation import count, logger
from mohlat.presentation.fields import our_id
from mohlat.presentation.payment_page import (
    POLICY,
    UNKNOWN_PAYMENT,
    UNKNOWN_YET,
    Outcome,
    going_page,
    going_policy,
    outcome_of,
    payment_page,
    prefers_page,
)
from mohlat.presentation.problems import problem


def _came_back(request: Request) -> Response:
    try:
        payment = _settle(request)
    except GatewayUnavailable:
        return _told(request, 202, UNKNOWN_YET)
    except GatewayRefused as error:
        # Our credentials, most likely. The payer may have paid: nobody may be told that no money has moved.
        logger.error("the gateway refuses to verify", details=error.details)
        count("PaymentHeld")
        return _told(request, 202, UNKNOWN_YET)
    except MohlatError as error:
        if not prefers_page(request.header("Accept")):
            raise
        if isinstance(error, NotFound):
            return _told(request, 404, UNKNOWN_PAYMENT)
        both = {language: problem(error, language, request.id) for language in ("fa", "en")}
        words = [{name: str(both[name].body[part]) for name in both} for part in ("title", "detail")]
        return _told(request, both["en"].status, Outcome(*words))
    flag(payment)
    return _told(request, 202 if payment.open else 200, outcome_of(payment), payment)


def _settle(request: Request) -> Payment:
    gateway = bootstrap.payment_gateway(request.path("gateway"))
    callback = gateway.read_callback(request.form() if request.method == "POST" else request.query)
    try:
        return bootstrap.payment_desk(gateway.name).called_back(callback)
    except (NotFound, Conflict) as error:
        kind = "callback_for_unknown_payment" if isinstance(error, NotFound) else "receipt_used_before"
        now = bootstrap.clock().now()
        bootstrap.security_log().note(gateway.name, kind, now, request.source_ip)
        raise


def _go(request: Request) -> Response:
    payment = bootstrap.payments().get(our_id(request.path("payment_id"), "p"))
    gateway = bootstrap.payment_gateway(request.path("gateway"))
    if payment.gateway != gateway.name or payment.authority is None:
        raise NotFound
    if not payment.open:
        return _told(request, 200, outcome_of(payment), payment)
    page = gateway.pay_page(payment.authority, payment.token)
    headers = {"Content-Security-Policy": going_policy(page.url)}
    return Response(200, going_page(page), headers, "text/html")


def _told(request: Request, status: int, outcome: Outcome, payment: Payment | None = None) -> Response:
    if prefers_page(request.header("Accept")):
        page = payment_page(outcome, payment)
        return Response(status, page, {"Content-Security-Policy": POLICY, "Vary": "Accept"}, "text/html")
    shown: dict[str, object] = {"status": payment.status.value if payment else "unknown"}
    if payment:
        shown |= {
            "payment_id": payment.id,
            "order_id": payment.order_id,
            "amount_rials": payment.amount,
            "amount_display": tomans(payment.amount, request.language),
            "reference": payment.reference,
        }
    words = {"title": outcome.title[request.language], "next": outcome.next[request.language]}
    return Response(status, shown | words)


lambda_handler = api(
    route("GET", "/payments/{gateway}/callback", _came_back),
    route("POST", "/payments/{gateway}/callback", _came_back),
    route("GET", "/payments/{gateway}/pages/{payment_id}", _go),
)
