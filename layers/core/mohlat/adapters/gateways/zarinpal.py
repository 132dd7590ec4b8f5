"""ZarinPal's REST API, version 4.

Its habits, which this adapter hides: the amount's unit is a setting (always IRR here, in both calls the same
number); the HTTP status of a failure is not settled, so the body decides; `errors` is an object, a list or
empty; numbers may arrive as text; a second verification answers 101, which is a success.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from mohlat.adapters.gateways.reading import integer, masked_card, parameter
from mohlat.adapters.http import HttpClient, NoAnswer
from mohlat.application.ports import PaymentGateway
from mohlat.domain.errors import GatewayRefused, GatewayUnavailable
from mohlat.domain.iranian import local_mobile
from mohlat.domain.payments import Callback, GatewayState, Verdict, Verification

# Production authorities begin with A, the gateway's sandbox's with S.
_AUTHORITY = re.compile(r"[AS][0-9A-Za-z]{35}")
_MAX_DESCRIPTION = 500

_SUCCESS = 100
_VERIFIED_BEFORE = 101

_VERDICTS = {
    -50: Verdict.AMOUNT_MISMATCH,
    -51: Verdict.NOT_PAID,
    -53: Verdict.UNKNOWN_AUTHORITY,
    -54: Verdict.UNKNOWN_AUTHORITY,
    -55: Verdict.UNKNOWN_AUTHORITY,
}
_STATES = {
    "IN_BANK": GatewayState.IN_BANK,
    "PAID": GatewayState.PAID,
    "VERIFIED": GatewayState.VERIFIED,
    "FAILED": GatewayState.FAILED,
    "REVERSED": GatewayState.REVERSED,
}
# Credentials, configuration or the request itself. -12 (too many attempts) and -52 (their own trouble) pass.
_REFUSALS = frozenset({-9, -10, -11, *range(-19, -12), *range(-49, -29), 429})


class ZarinPal(PaymentGateway):
    """`PaymentGateway` over ZarinPal.

    `base_url` is the API's origin (payment. and api. have both been current, so it is a setting);
    `merchant_id` is the whole credential and appears in no error.
    """

    name = "zarinpal"

    def __init__(self, base_url: str, merchant_id: str, http: HttpClient | None = None) -> None:
        self._base_url = base_url.rstrip("/")
        self._merchant_id = merchant_id
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
    ) -> str:
        """Opens a payment of `amount` rials and returns its authority. Not idempotent: each call opens one.

        `mobile` is E.164. Raises GatewayRefused (also when the gateway limits amounts) or GatewayUnavailable.
        """
        # With automatic verification the gateway would keep money we have not yet decided to take.
        metadata: dict[str, object] = {"auto_verify": False, "order_id": order_id}
        # It only lets the page offer the payer's saved cards; a foreign number would be refused as invalid.
        if mobile and mobile.startswith("+98"):
            metadata["mobile"] = local_mobile(mobile)
        if email:
            metadata["email"] = email
        code, data = self._call(
            "request",
            amount=amount,
            currency="IRR",
            description=description[:_MAX_DESCRIPTION],
            callback_url=callback_url,
            metadata=metadata,
        )
        authority = data.get("authority")
        if code == _SUCCESS and isinstance(authority, str) and _AUTHORITY.fullmatch(authority):
            return authority
        raise GatewayUnavailable(
            "the gateway opened no payment", gateway=self.name, method="request", gateway_code=code
        )

    def pay_url(self, authority: str) -> str:
        """The payment page's address. Raises GatewayRefused for what can be no authority."""
        if not _AUTHORITY.fullmatch(authority):
            raise GatewayRefused("not an authority", gateway=self.name)
        return f"{self._base_url}/pg/StartPay/{authority}"

    def read_callback(self, query: Mapping[str, str]) -> Callback:
        """Reads `Authority` and `Status`. Raises InvalidInput."""
        return Callback(
            # Whether it can be one of theirs is not asked here: to us any other is simply unknown.
            authority=parameter(query, "Authority", "[A-Za-z0-9]{1,64}"),
            claims_paid=parameter(query, "Status", "OK|NOK") == "OK",
        )

    def verify(self, authority: str, amount: int) -> Verification:
        """Captures the payment if `amount` rials were paid; asked again, it tells the same with `repeated`.

        What can be no authority is answered without asking. Raises GatewayRefused or GatewayUnavailable.
        """
        if not _AUTHORITY.fullmatch(authority):
            return Verification(Verdict.UNKNOWN_AUTHORITY)
        code, data = self._call("verify", authority=authority, amount=amount)
        if code in (_SUCCESS, _VERIFIED_BEFORE):
            reference = data.get("ref_id")
            return Verification(
                Verdict.PAID,
                repeated=code == _VERIFIED_BEFORE,
                reference=str(reference) if reference else None,
                masked_card=masked_card(data.get("card_pan")),
                code=code,
            )
        if verdict := _VERDICTS.get(code):
            return Verification(verdict, code=code)
        raise GatewayUnavailable(
            "the gateway decided nothing", gateway=self.name, method="verify", gateway_code=code
        )

    def inquire(self, authority: str) -> GatewayState:
        """The gateway's idea of the payment; UNKNOWN also for an authority that is not ours.

        Raises GatewayRefused or GatewayUnavailable.
        """
        if not _AUTHORITY.fullmatch(authority):
            return GatewayState.UNKNOWN
        code, data = self._call("inquiry", authority=authority)
        if code == _SUCCESS:
            return _STATES.get(str(data.get("status")), GatewayState.UNKNOWN)
        if code in _VERDICTS:
            return GatewayState.UNKNOWN
        raise GatewayUnavailable(
            "the gateway decided nothing", gateway=self.name, method="inquiry", gateway_code=code
        )

    def _call(self, method: str, **fields: object) -> tuple[int, Mapping[str, object]]:
        """Code and data of the answer; raises for an unusable one and for a refusal of the request itself."""
        try:
            answer = self._http.post_json(
                f"{self._base_url}/pg/v4/payment/{method}.json", {"merchant_id": self._merchant_id, **fields}
            )
        except NoAnswer as error:
            raise GatewayUnavailable(f"no answer: {error}", gateway=self.name, method=method) from None
        code, data, fault = _read(answer.body)
        details: dict[str, object] = {"gateway": self.name, "method": method, "http_status": answer.status}
        # A code counts whatever the status; only a failing one is not believed from a server that is broken.
        if code is None or (fault and answer.status >= 500):
            raise GatewayUnavailable("no usable answer", **details)
        if code in _REFUSALS:
            raise GatewayRefused(
                "the gateway refuses the request", **details, gateway_code=code, fields=_fields(fault)
            )
        return code, data


def _read(body: object) -> tuple[int | None, Mapping[str, object], Mapping[str, object]]:
    """Code (None when there is none), data and error object of an answer in any of its known shapes."""
    if not isinstance(body, dict):
        return None, {}, {}
    errors = body.get("errors")
    for fault in errors if isinstance(errors, list) else [errors]:
        if isinstance(fault, dict) and (code := integer(fault.get("code"))) is not None:
            return code, {}, fault
    data = body.get("data")
    if not isinstance(data, dict) or (code := integer(data.get("code"))) is None:
        return None, {}, {}
    return code, data, {} if code > 0 else data


def _fields(fault: Mapping[str, object]) -> list[str]:
    """Names of the fields that validation complained about; its texts are left out, they may quote values."""
    validations = fault.get("validations")
    items = validations if isinstance(validations, list) else [validations]
    return sorted(
        name
        for item in items
        if isinstance(item, dict)
        for name in item
        if re.fullmatch(r"[a-z_.]{1,40}", str(name))
    )
