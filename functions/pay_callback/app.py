"""GET /payments/{gateway}/callback: a browser comes back from the gateway. Nothing it says is believed."""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.domain.errors import GatewayRefused, GatewayUnavailable, MohlatError, NotFound
from mohlat.domain.iranian import tomans
from mohlat.domain.payments import Payment
from mohlat.entrypoint import Request, Response, api, count, flag, logger, route
from mohlat.presentation.payment_page import (
    POLICY,
    UNKNOWN_PAYMENT,
    UNKNOWN_YET,
    Outcome,
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
    callback = gateway.read_callback(request.query)
    desk = bootstrap.payment_desk(gateway.name)
    try:
        return desk.called_back(callback.authority, claims_paid=callback.claims_paid)
    except NotFound:
        now = bootstrap.clock().now()
        bootstrap.security_log().note(gateway.name, "callback_for_unknown_payment", now, request.source_ip)
        raise


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


lambda_handler = api(route("GET", "/payments/{gateway}/callback", _came_back))
