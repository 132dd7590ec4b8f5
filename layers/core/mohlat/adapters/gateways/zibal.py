"""Zibal's REST API, version 1.

Its habits, which this adapter hides: amounts are rials; verifying takes no amount, so the one it tells is
compared here; a second verification answers 201 and tells neither amount nor receipt, which the inquiry then
does; what the payer's browser brings back are `success` and `trackId`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from mohlat.adapters.gateways.reading import integer, masked_card, parameter, payers_mobile
from mohlat.adapters.http import HttpClient, NoAnswer
from mohlat.application.ports import PaymentGateway
from mohlat.domain.errors import GatewayRefused, GatewayUnavailable, NoRefundRoute
from mohlat.domain.payments import (
    Callback,
    GatewayState,
    Opening,
    PayPage,
    RegisteredRefund,
    Verdict,
    Verification,
)

_TRACK_ID = re.compile(r"[1-9][0-9]{0,19}")
_MAX_DESCRIPTION = 500

_SUCCESS = 100
_VERIFIED_BEFORE = 201

_VERDICTS = {202: Verdict.NOT_PAID, 203: Verdict.UNKNOWN_AUTHORITY}
_STATES = {
    -1: GatewayState.IN_BANK,
    1: GatewayState.VERIFIED,
    2: GatewayState.PAID,
    # Cancelled by the payer, or turned down by the bank for one of nine reasons.
    **dict.fromkeys(range(3, 13), GatewayState.FAILED),
    **dict.fromkeys((15, 16, 18), GatewayState.REVERSED),
}
# Credentials, configuration or the request itself.
_REFUSALS = frozenset({102, 103, 104, 105, 106, 113, 114})


class Zibal(PaymentGateway):
    """`PaymentGateway` over Zibal.

    `base_url` is the API's origin; `merchant` is the whole credential and appears in no error.
    """

    name = "zibal"

    def __init__(self, base_url: str, merchant: str, http: HttpClient | None = None) -> None:
        self._base_url = base_url.rstrip("/")
        self._merchant = merchant
        self._http = http or HttpClient()

    def request(
        self,
        *,
        amount: int,
        description: str,
        callback_url: str,
        order_id: str,
        mobile: str | None = None,
        email: str | None = None,
    ) -> Opening:
        """Opens a payment of `amount` rials under a trackId. Not idempotent: each call opens one.

        `mobile` is E.164; there is no place for `email`. Raises GatewayRefused (also when the gateway limits
        amounts) or GatewayUnavailable.
        """
        local = payers_mobile(mobile)
        payer = {"mobile": local} if local else {}
        code, told = self._call(
            "request",
            amount=amount,
            callbackUrl=callback_url,
            orderId=order_id,
            description=description[:_MAX_DESCRIPTION],
            **payer,
        )
        authority = str(integer(told.get("trackId")))
        if code == _SUCCESS and _TRACK_ID.fullmatch(authority):
            return Opening(authority)
        raise self._undecided("request", code)

    def pay_page(self, authority: str, token: str | None = None) -> PayPage:
        """The payment page. Raises GatewayRefused for what can be no trackId."""
        if not _TRACK_ID.fullmatch(authority):
            raise GatewayRefused("not a trackId", gateway=self.name)
        return PayPage(f"{self._base_url}/start/{authority}")

    def read_callback(self, parameters: Mapping[str, str]) -> Callback:
        """Reads `trackId` and `success`; what else it brings must only look right. Raises InvalidInput."""
        for name, form in (("status", "-?[0-9]{1,3}"), ("orderId", "[A-Za-z0-9_-]{0,64}")):
            if name in parameters:
                parameter(parameters, name, form)
        return Callback(
            authority=parameter(parameters, "trackId", _TRACK_ID.pattern),
            claims_paid=parameter(parameters, "success", "[01]") == "1",
        )

    def verify(self, authority: str, amount: int, receipt: str | None = None) -> Verification:
        """Captures the payment if it was paid; asked again, it tells the same with `repeated`.

        The gateway captures before it tells the amount: after a mismatch the money is with us, and its
        receipt in the answer. What can be no trackId is answered without asking. Raises GatewayRefused or
        GatewayUnavailable.
        """
        if not _TRACK_ID.fullmatch(authority):
            return Verification(Verdict.UNKNOWN_AUTHORITY)
        code, told = self._call("verify", trackId=int(authority))
        if verdict := _VERDICTS.get(code):
            return Verification(verdict, code=code)
        if code not in (_SUCCESS, _VERIFIED_BEFORE):
            raise self._undecided("verify", code)
        if integer(told.get("amount")) is None:
            found, told = self._call("inquiry", trackId=int(authority))
            state = _state(found, told)
            if state is GatewayState.REVERSED:
                # Verified once and returned since: nothing is left that could buy anything.
                return Verification(Verdict.NOT_PAID, code=code)
            if state is not GatewayState.VERIFIED or integer(told.get("amount")) is None:
                raise self._undecided("inquiry", found)
        reference, taken = told.get("refNumber"), integer(told.get("amount"))
        return Verification(
            Verdict.PAID if taken == amount else Verdict.AMOUNT_MISMATCH,
            captured=taken,
            repeated=code == _VERIFIED_BEFORE,
            reference=str(reference) if reference else None,
            masked_card=masked_card(told.get("cardNumber")),
            code=code,
        )

    def inquire(self, authority: str, receipt: str | None = None) -> GatewayState:
        """The gateway's idea of the payment; UNKNOWN also for a trackId that is not ours.

        Raises GatewayRefused or GatewayUnavailable.
        """
        if not _TRACK_ID.fullmatch(authority):
            return GatewayState.UNKNOWN
        code, told = self._call("inquiry", trackId=int(authority))
        if code == _SUCCESS or code in _VERDICTS:
            return _state(code, told)
        raise self._undecided("inquiry", code)

    def refund(self, reference: str, amount: int, refund_id: str) -> None:
        """Money goes back through the gateway's panel only, by a person. Raises NoRefundRoute."""
        raise NoRefundRoute(gateway=self.name)

    def refunds_of(self, reference: str) -> tuple[RegisteredRefund, ...]:
        """What went back is seen in the panel only. Raises NoRefundRoute."""
        raise NoRefundRoute(gateway=self.name)

    def _undecided(self, method: str, code: int) -> GatewayUnavailable:
        return GatewayUnavailable(
            "the gateway decided nothing", gateway=self.name, method=method, gateway_code=code
        )

    def _call(self, method: str, **fields: object) -> tuple[int, Mapping[str, object]]:
        """Code and body of the answer; raises for an unusable one and for a refusal of the request itself."""
        try:
            answer = self._http.post_json(
                f"{self._base_url}/v1/{method}", {"merchant": self._merchant, **fields}
            )
        except NoAnswer as error:
            raise GatewayUnavailable(f"no answer: {error}", gateway=self.name, method=method) from None
        told = answer.body if isinstance(answer.body, dict) else {}
        code = integer(told.get("result"))
        details: dict[str, object] = {"gateway": self.name, "method": method, "http_status": answer.status}
        # A code counts whatever the status; only a failing one is not believed from a server that is broken.
        if code is None or (answer.status >= 500 and code not in (_SUCCESS, _VERIFIED_BEFORE)):
            raise GatewayUnavailable("no usable answer", **details)
        if code in _REFUSALS:
            raise GatewayRefused("the gateway refuses the request", **details, gateway_code=code)
        return code, told


def _state(code: int, told: Mapping[str, object]) -> GatewayState:
    status = integer(told.get("status"))
    if code != _SUCCESS or status is None:
        return GatewayState.UNKNOWN
    return _STATES.get(status, GatewayState.UNKNOWN)
