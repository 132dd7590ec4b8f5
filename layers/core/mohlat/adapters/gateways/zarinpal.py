"""ZarinPal's REST API, version 4.

Its habits, which this adapter hides: the amount's unit is a setting (always IRR here, in both calls the same
number); the HTTP status of a failure is not settled, so the body decides; `errors` is an object, a list or
empty; numbers may arrive as text; a second verification answers 101, which is a success. Refunds are asked
for elsewhere, over GraphQL, by the number of a session that the receipt has to be exchanged for first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from mohlat.adapters.gateways.reading import integer, masked_card, parameter, payers_mobile
from mohlat.adapters.http import HttpClient, NoAnswer
from mohlat.application.ports import PaymentGateway
from mohlat.domain.errors import GatewayRefused, GatewayUnavailable, NoRefundRoute
from mohlat.domain.payments import (
    Callback,
    GatewayState,
    Opening,
    PayPage,
    RefundState,
    RegisteredRefund,
    Verdict,
    Verification,
)

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
_REFUND_STATES = {
    "COMPLETED": RefundState.COMPLETED,
    "FAILED": RefundState.FAILED,
    "REJECTED": RefundState.FAILED,
}
_REFUND_FIELDS = ("refund_amount", "refund_time", "refund_status")
_LEAST_REFUND = 20_000
# How GraphQL servers call our token's fault, and what is theirs: then nobody knows what came of the call.
_NOT_SIGNED_IN = re.compile("unauthenticated", re.IGNORECASE)
_THEIR_TROUBLE = re.compile("internal|timeout|unavailable|too many", re.IGNORECASE)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_ADD_REFUND = (
    "mutation AddRefund($session_id: ID!, $amount: BigInteger!, $description: String, "
    "$method: InstantPayoutActionTypeEnum, $reason: RefundReasonEnum) { resource: AddRefund("
    "session_id: $session_id, amount: $amount, description: $description, method: $method, reason: $reason) "
    "{ terminal_id, id, amount, timeline { refund_amount, refund_time, refund_status } } }"
)
_SESSION = (
    "query Session($terminal_id: ID, $reference_id: ID) { Session("
    "terminal_id: $terminal_id, reference_id: $reference_id) "
    "{ id, status, amount, timeline { refund_amount, refund_time, refund_status } } }"
)
# Credentials, configuration or the request itself. -12 (too many attempts) and -52 (their own trouble) pass.
_REFUSALS = frozenset({-9, -10, -11, *range(-19, -12), *range(-49, -29), 429})


@dataclass(frozen=True, slots=True)
class RefundAccess:
    """Where refunds are asked for, and by whom: the GraphQL address, an access token, the terminal's
    number.
    """

    url: str
    access_token: str
    terminal_id: str


class ZarinPal(PaymentGateway):
    """`PaymentGateway` over ZarinPal.

    `base_url` is the API's origin (payment. and api. have both been current, so it is a setting);
    `merchant_id` is its whole credential. Refunds go another way: `refunds` holds that address and
    credentials; without it money is sent back by a person. No credential appears in any error.
    """

    name = "zarinpal"

    def __init__(
        self,
        base_url: str,
        merchant_id: str,
        http: HttpClient | None = None,
        refunds: RefundAccess | None = None,
    ) -> None:
        self._refunds = refunds
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
    ) -> Opening:
        """Opens a payment of `amount` rials. Not idempotent: each call opens one.

        `mobile` is E.164. Raises GatewayRefused (also when the gateway limits amounts) or GatewayUnavailable.
        """
        # With automatic verification the gateway would keep money we have not yet decided to take.
        metadata: dict[str, object] = {"auto_verify": False, "order_id": order_id}
        if local := payers_mobile(mobile):
            metadata["mobile"] = local
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
            return Opening(authority)
        raise GatewayUnavailable(
            "the gateway opened no payment", gateway=self.name, method="request", gateway_code=code
        )

    def pay_page(self, authority: str, token: str | None = None) -> PayPage:
        """The payment page. Raises GatewayRefused for what can be no authority."""
        if not _AUTHORITY.fullmatch(authority):
            raise GatewayRefused("not an authority", gateway=self.name)
        return PayPage(f"{self._base_url}/pg/StartPay/{authority}")

    def read_callback(self, parameters: Mapping[str, str]) -> Callback:
        """Reads `Authority` and `Status`. Raises InvalidInput."""
        return Callback(
            # Whether it can be one of theirs is not asked here: to us any other is simply unknown.
            authority=parameter(parameters, "Authority", "[A-Za-z0-9]{1,64}"),
            claims_paid=parameter(parameters, "Status", "OK|NOK") == "OK",
        )

    def verify(self, authority: str, amount: int, receipt: str | None = None) -> Verification:
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

    def inquire(self, authority: str, receipt: str | None = None) -> GatewayState:
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

    def refund(self, reference: str, amount: int, refund_id: str) -> None:
        """Asks for `amount` rials to be sent back with the next banking cycle; not idempotent.

        Raises NoRefundRoute below the gateway's minimum, without access, and for what it refuses;
        GatewayRefused for an access token that does not fit; GatewayUnavailable if it is unknown what came of
        it.
        """
        if amount < _LEAST_REFUND:
            raise NoRefundRoute("below the gateway's minimum", gateway=self.name, least=_LEAST_REFUND)
        session_id = self._session(reference).get("id")
        if not session_id:
            raise GatewayUnavailable("no usable answer", gateway=self.name, method="refund")
        variables = {
            "session_id": str(session_id),
            "amount": amount,
            "description": refund_id,
            "method": "PAYA",
            "reason": "CUSTOMER_REQUEST",
        }
        data = self._ask(_ADD_REFUND, variables)
        if not isinstance(data.get("resource"), dict):
            raise GatewayUnavailable("no usable answer", gateway=self.name, method="refund")

    def refunds_of(self, reference: str) -> tuple[RegisteredRefund, ...]:
        """Every refund of a payment, in the order in which they were asked for.

        Raises NoRefundRoute without access and for a payment that it does not know, GatewayRefused for an
        access token that does not fit, GatewayUnavailable.
        """
        timeline = self._session(reference).get("timeline")
        entries = timeline if isinstance(timeline, list) else [timeline]
        # A session of which nothing was sent back may have a timeline all the same.
        told = [each for each in entries if isinstance(each, dict) and any(map(each.get, _REFUND_FIELDS))]
        refunds = [refund for refund in map(_registered, told) if refund]
        if len(refunds) < len(told):
            raise GatewayUnavailable("no usable answer", gateway=self.name, method="refund")
        return tuple(sorted(refunds, key=lambda refund: refund.at or _LONG_AGO))

    def _session(self, reference: str) -> Mapping[str, object]:
        if self._refunds is None:
            raise NoRefundRoute("no access to refunds is configured", gateway=self.name)
        asked = {"terminal_id": self._refunds.terminal_id, "reference_id": reference}
        found = self._ask(_SESSION, asked).get("Session")
        sessions = found if isinstance(found, list) else [found] if found else []
        # Of several, money of another payment might go.
        if len(sessions) != 1 or not isinstance(sessions[0], dict):
            raise NoRefundRoute("the gateway does not know this payment", gateway=self.name)
        return sessions[0]

    def _ask(self, query: str, variables: Mapping[str, object]) -> Mapping[str, object]:
        """The data of a GraphQL answer; its errors come with any HTTP status and fail as `refund` says."""
        assert self._refunds
        try:
            answer = self._http.post_json(
                self._refunds.url,
                {"query": query, "variables": variables},
                bearer=self._refunds.access_token,
            )
        except NoAnswer as error:
            raise GatewayUnavailable(f"no answer: {error}", gateway=self.name, method="refund") from None
        details: dict[str, object] = {"gateway": self.name, "method": "refund", "http_status": answer.status}
        told = answer.body if isinstance(answer.body, dict) else {}
        data, errors = told.get("data"), told.get("errors")
        kind = _kind(errors)
        if answer.status in (401, 403) or _NOT_SIGNED_IN.search(kind):
            raise GatewayRefused("the gateway refuses our access token", **details)
        if answer.status >= 500 or answer.status == 429 or _THEIR_TROUBLE.search(kind):
            raise GatewayUnavailable("the gateway decided nothing", **details)
        # Beside an error, what it is about is null, or there is no data at all.
        if errors and not (isinstance(data, dict) and any(data.values())):
            raise NoRefundRoute("the gateway refuses this refund", **details)
        if not isinstance(data, dict):
            raise GatewayUnavailable("no usable answer", **details)
        return data

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


def _registered(entry: Mapping[str, object]) -> RegisteredRefund | None:
    """A refund of a timeline; None if its amount cannot be read."""
    amount = integer(entry.get("refund_amount"))
    # A word that is new to us decides nothing.
    state = _REFUND_STATES.get(str(entry.get("refund_status")), RefundState.PENDING)
    return RegisteredRefund(amount, state, _instant(entry.get("refund_time"))) if amount else None


def _instant(value: object) -> datetime | None:
    """An instant in UTC; None for what is none, or does not say in which zone."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
        return at.astimezone(UTC).replace(microsecond=0) if at and at.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _kind(errors: object) -> str:
    """What GraphQL errors call themselves: message, code and category."""
    entries = [each for each in errors if isinstance(each, dict)] if isinstance(errors, list) else []
    extensions = [each["extensions"] for each in entries if isinstance(each.get("extensions"), dict)]
    words = [each.get("message") for each in entries]
    words += [each.get(name) for each in extensions for name in ("code", "category")]
    return " ".join(map(str, words))


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
