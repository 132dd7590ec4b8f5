"""Behpardakht's (Mellat's) SOAP service, spoken by hand: five elements do not deserve a library.

Its habits, which this adapter hides: the payment is ours by a number that we choose, its page wants a RefId
of theirs, and it is asked by a receipt (SaleReferenceId) that only the payer's browser brings, posted.
Verifying is half of it: what is not settled afterwards goes back to the payer. Neither takes or tells an
amount: the order's number stands for the amount that it was opened with. Amounts are rials.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from xml.parsers import expat
from xml.sax.saxutils import escape

from mohlat.adapters.gateways.reading import integer, optional_parameter, parameter
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

# A long of theirs is signed.
_NUMBER = re.compile(r"[1-9][0-9]{0,18}")
_REF_ID = re.compile(r"[A-Za-z0-9]{1,64}")
_CLAIMS_PAID = "0"
_TEHRAN = timezone(timedelta(hours=3, minutes=30))
_NAMESPACE = "http://interfaces.core.sw.bps.com/"
_MOST_BYTES = 64_000

_SUCCESS = 0
_VERIFIED_BEFORE = 43
_SETTLED_BEFORE = 45
_GOOD = frozenset({_SUCCESS, _VERIFIED_BEFORE, _SETTLED_BEFORE})
# The card or its bank turned it down (11 to 19, 111 to 114), no such sale (42, 54, 55: only the receipt is
# unknown, and anybody can make one up), or it went back (48).
_NOT_PAID = frozenset({*range(11, 20), *range(111, 115), 42, 48, 54, 55})
_REVERSED = 48
# Credentials, address or the request itself.
_REFUSALS = frozenset({21, 23, 24, 25, 32, 35, 41, 417, 421})


def order_number(order_id: str) -> int:
    """The number by which the gateway knows an order: 60 bits of its id's SHA-256, never 0.

    It takes numbers only, and each once. The same order always has the same one; that two of a hundred
    million orders share theirs is as likely as one in two hundred, and then the second is refused (41).
    """
    return int.from_bytes(sha256(order_id.encode()).digest()[:8], "big") >> 4 or 1


class Behpardakht(PaymentGateway):
    """`PaymentGateway` over Behpardakht.

    `base_url` is the service's origin; terminal, user and password appear in no error. `now` tells the time,
    which goes into a request.
    """

    name = "behpardakht"

    def __init__(
        self,
        base_url: str,
        terminal_id: str,
        username: str,
        password: str,
        http: HttpClient | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._credentials = {"terminalId": terminal_id, "userName": username, "userPassword": password}
        self._http = http or HttpClient()
        self._now = now

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
        """Opens a payment of `amount` rials under the number of `order_id`, which must be new.

        There is no place for the rest. Raises GatewayRefused (also when the gateway limits amounts) or
        GatewayUnavailable.
        """
        number, local = str(order_number(order_id)), self._now().astimezone(_TEHRAN)
        code, ref_id = self._call(
            "bpPayRequest",
            orderId=number,
            amount=str(amount),
            localDate=f"{local:%Y%m%d}",
            localTime=f"{local:%H%M%S}",
            additionalData=order_id,
            callBackUrl=callback_url,
            payerId="0",
        )
        if code == _SUCCESS and _REF_ID.fullmatch(ref_id):
            return Opening(number, ref_id)
        raise self._undecided("bpPayRequest", code)

    def pay_page(self, authority: str, token: str | None = None) -> PayPage:
        """The payment page, which wants the RefId posted. Raises GatewayRefused for what can be none."""
        if token is None or not _REF_ID.fullmatch(token) or not _NUMBER.fullmatch(authority):
            raise GatewayRefused("not a RefId", gateway=self.name)
        return PayPage(f"{self._base_url}/pgwchannel/startpay.mellat", {"RefId": token})

    def read_callback(self, parameters: Mapping[str, str]) -> Callback:
        """Reads `SaleOrderId`, `ResCode` and the receipt, which is missing, empty or 0 if nothing was paid.

        Raises InvalidInput.
        """
        optional_parameter(parameters, "RefId", _REF_ID.pattern)
        receipt = optional_parameter(parameters, "SaleReferenceId", f"0|{_NUMBER.pattern}")
        return Callback(
            authority=parameter(parameters, "SaleOrderId", _NUMBER.pattern),
            claims_paid=parameter(parameters, "ResCode", "-?[0-9]{1,4}") == _CLAIMS_PAID,
            receipt=None if receipt == "0" else receipt,
        )

    def verify(self, authority: str, amount: int, receipt: str | None = None) -> Verification:
        """Verifies and settles the payment with this `receipt`; PAID only after both.

        `repeated` if both had been done before. Without a receipt nothing was paid as far as anybody can
        know. Raises GatewayRefused or GatewayUnavailable.
        """
        if not _NUMBER.fullmatch(authority):
            return Verification(Verdict.UNKNOWN_AUTHORITY)
        if receipt is None or not _NUMBER.fullmatch(receipt):
            return Verification(Verdict.NOT_PAID)
        sale = {"orderId": authority, "saleOrderId": authority, "saleReferenceId": receipt}
        verified, _ = self._call("bpVerifyRequest", **sale)
        if verified in _NOT_PAID:
            return Verification(Verdict.NOT_PAID, code=verified)
        if verified not in (_SUCCESS, _VERIFIED_BEFORE):
            raise self._undecided("bpVerifyRequest", verified)
        settled, _ = self._call("bpSettleRequest", **sale)
        if settled == _REVERSED:
            # Verified too long ago: it went back before it was settled.
            return Verification(Verdict.NOT_PAID, code=settled)
        if settled not in (_SUCCESS, _SETTLED_BEFORE):
            raise self._undecided("bpSettleRequest", settled)
        return Verification(
            Verdict.PAID,
            repeated=(verified, settled) == (_VERIFIED_BEFORE, _SETTLED_BEFORE),
            reference=receipt,
            code=verified,
        )

    def inquire(self, authority: str, receipt: str | None = None) -> GatewayState:
        """It can be asked by a receipt only: IN_BANK while there is none, UNKNOWN with one, since verifying
        tells.
        """
        return GatewayState.UNKNOWN if receipt or not _NUMBER.fullmatch(authority) else GatewayState.IN_BANK

    def refund(self, reference: str, amount: int, refund_id: str) -> None:
        """Money goes back by a person only: what is settled cannot be reversed. Raises NoRefundRoute."""
        raise NoRefundRoute(gateway=self.name)

    def refunds_of(self, reference: str) -> tuple[RegisteredRefund, ...]:
        """It keeps no list that a program can read. Raises NoRefundRoute."""
        raise NoRefundRoute(gateway=self.name)

    def _undecided(self, method: str, code: int) -> GatewayUnavailable:
        return GatewayUnavailable(
            "the gateway decided nothing", gateway=self.name, method=method, gateway_code=code
        )

    def _call(self, method: str, **arguments: str) -> tuple[int, str]:
        """Code and what follows it; raises for an unusable answer and for a refusal of the request itself."""
        address = f"{self._base_url}/pgwchannel/services/pgw"
        try:
            answer = self._http.post_xml(address, _envelope(method, {**self._credentials, **arguments}))
        except NoAnswer as error:
            raise GatewayUnavailable(f"no answer: {error}", gateway=self.name, method=method) from None
        told, _, rest = (_returned(answer.content) or "").partition(",")
        code = integer(told.strip())
        details: dict[str, object] = {"gateway": self.name, "method": method, "http_status": answer.status}
        # A code counts whatever the status; only a failing one is not believed from a server that is broken.
        if code is None or (answer.status >= 500 and code not in _GOOD):
            raise GatewayUnavailable("no usable answer", **details)
        if code in _REFUSALS:
            raise GatewayRefused("the gateway refuses the request", **details, gateway_code=code)
        return code, rest.strip()


def _envelope(method: str, arguments: Mapping[str, str]) -> bytes:
    fields = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in arguments.items())
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:b="{_NAMESPACE}">'
        f"<s:Body><b:{method}>{fields}</b:{method}></s:Body></s:Envelope>"
    ).encode()


class _Refused(Exception):
    """The document declares a type of its own; nothing honest does."""


def _returned(content: bytes) -> str | None:
    """The text of the only `return` element of an answer; None if it has none, or is not to be read."""
    if len(content) > _MOST_BYTES:
        return None
    texts: list[str] = []
    inside = False

    def begin(name: str, attributes: object) -> None:
        nonlocal inside
        inside = name.rpartition(":")[2] == "return"
        if inside:
            texts.append("")

    def end(name: str) -> None:
        nonlocal inside
        inside = False

    def read(text: str) -> None:
        if inside:
            texts[-1] += text

    def refuse(*declared: object) -> None:
        # Entities and outside addresses are declared there: without a declaration there are none.
        raise _Refused

    # Named here, the encoding is not the document's to choose: for some names Python's codecs raise.
    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler, parser.EndElementHandler = begin, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = read, refuse
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, _Refused):
        return None
    return texts[0] if len(texts) == 1 else None
