"""SEP's (Saman's) REST API.

Its habits, which this adapter hides: the payment is ours by a number that we choose (ResNum), its page wants
a token of theirs, and it is asked by a receipt (RefNum) that only the payer's browser brings, posted.
Verifying takes no amount, so the one it tells is compared here; asked again it answers 2 with the same
details. There is no inquiry. Amounts are rials.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from mohlat.adapters.gateways.reading import (
    integer,
    masked_card,
    optional_parameter,
    parameter,
    payers_mobile,
)
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

_RES_NUM = re.compile(r"[A-Za-z0-9_-]{1,50}")
_REF_NUM = re.compile(r"[A-Za-z0-9+/=_-]{1,64}")
_TOKEN = re.compile(r"[A-Za-z0-9+/=_-]{1,128}")

_CLAIMS_PAID = "2"
_SUCCESS = 0
_VERIFIED_BEFORE = 2
_NO_SUCH_RECEIPT = -2
_REVERSED = 5
_TOO_LATE = -6

_VERDICTS = {
    # Only the receipt is unknown, and anybody can make one up; the payment may still be paid.
    _NO_SUCH_RECEIPT: Verdict.NOT_PAID,
    _REVERSED: Verdict.NOT_PAID,
    # Half an hour has passed. The money went back unless it was verified before, which this does not tell:
    # a person has to look.
    _TOO_LATE: Verdict.UNKNOWN_AUTHORITY,
}
# The terminal or the address that we call from.
_REFUSALS = frozenset({-104, -105, -106})


class Sep(PaymentGateway):
    """`PaymentGateway` over SEP.

    `base_url` is the API's origin; `terminal_id` is the whole credential and appears in no error.
    """

    name = "sep"

    def __init__(self, base_url: str, terminal_id: str, http: HttpClient | None = None) -> None:
        self._base_url = base_url.rstrip("/")
        self._terminal_id = terminal_id
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
        """Opens a payment of `amount` rials under `order_id`, which must be new, with a token for its page.

        `mobile` is E.164; there is no place for `description` and `email`. Raises GatewayRefused (also when
        the gateway limits amounts) or GatewayUnavailable.
        """
        if not _RES_NUM.fullmatch(order_id):
            raise GatewayRefused("not a number that it takes", gateway=self.name)
        local = payers_mobile(mobile)
        payer = {"CellNumber": local} if local else {}
        http_status, told = self._post(
            "onlinepg/onlinepg",
            action="token",
            TerminalId=self._terminal_id,
            Amount=amount,
            ResNum=order_id,
            RedirectUrl=callback_url,
            **payer,
        )
        status, token = integer(told.get("status")), told.get("token")
        if status == 1 and isinstance(token, str) and _TOKEN.fullmatch(token):
            return Opening(order_id, token)
        code = integer(told.get("errorCode"))
        details: dict[str, object] = {"gateway": self.name, "method": "token", "http_status": http_status}
        if status == -1 and code is not None and http_status < 500:
            raise GatewayRefused("the gateway refuses the request", **details, gateway_code=code)
        raise GatewayUnavailable("the gateway opened no payment", **details)

    def pay_page(self, authority: str, token: str | None = None) -> PayPage:
        """The payment page, which wants the token posted. Raises GatewayRefused for what can be none."""
        if token is None or not _TOKEN.fullmatch(token) or not _RES_NUM.fullmatch(authority):
            raise GatewayRefused("not a token", gateway=self.name)
        return PayPage(f"{self._base_url}/OnlinePG/OnlinePG", {"Token": token, "GetMethod": "false"})

    def read_callback(self, parameters: Mapping[str, str]) -> Callback:
        """Reads `ResNum`, `Status` and the receipt, which is missing or empty if nothing was paid.

        Raises InvalidInput.
        """
        return Callback(
            authority=parameter(parameters, "ResNum", _RES_NUM.pattern),
            claims_paid=parameter(parameters, "Status", "-?[0-9]{1,3}") == _CLAIMS_PAID,
            receipt=optional_parameter(parameters, "RefNum", _REF_NUM.pattern),
        )

    def verify(self, authority: str, amount: int, receipt: str | None = None) -> Verification:
        """Captures the payment with this `receipt`; asked again, it tells the same with `repeated`.

        The gateway captures before it tells the amount, and it does not tell whose payment the receipt is
        for: whoever calls lets a receipt pay for one payment only. Without one nothing was paid as far as
        anybody can know. Raises GatewayRefused or GatewayUnavailable.
        """
        if not _RES_NUM.fullmatch(authority):
            return Verification(Verdict.UNKNOWN_AUTHORITY)
        if receipt is None or not _REF_NUM.fullmatch(receipt):
            return Verification(Verdict.NOT_PAID)
        http_status, told = self._post(
            "verifyTxnRandomSessionkey/ipg/VerifyTransaction",
            RefNum=receipt,
            TerminalNumber=self._terminal_id,
        )
        code = integer(told.get("ResultCode"))
        details: dict[str, object] = {"gateway": self.name, "method": "verify", "http_status": http_status}
        # A code counts whatever the status; only a failing one is not believed from a server that is broken.
        if code is None or (http_status >= 500 and code not in (_SUCCESS, _VERIFIED_BEFORE)):
            raise GatewayUnavailable("no usable answer", **details)
        if code in _REFUSALS:
            raise GatewayRefused("the gateway refuses the request", **details, gateway_code=code)
        if verdict := _VERDICTS.get(code):
            return Verification(verdict, code=code)
        if code not in (_SUCCESS, _VERIFIED_BEFORE):
            raise GatewayUnavailable("the gateway decided nothing", **details, gateway_code=code)
        detail = told.get("TransactionDetail")
        facts: Mapping[str, object] = detail if isinstance(detail, dict) else {}
        taken, reference = integer(facts.get("AffectiveAmount")), facts.get("RRN")
        if taken is None:
            # Captured, but nobody says how much: asked again, it tells.
            raise GatewayUnavailable("no usable answer", **details)
        return Verification(
            Verdict.PAID if taken == amount else Verdict.AMOUNT_MISMATCH,
            captured=taken,
            repeated=code == _VERIFIED_BEFORE,
            reference=str(reference) if reference else receipt,
            masked_card=masked_card(facts.get("MaskedPan")),
            code=code,
        )

    def inquire(self, authority: str, receipt: str | None = None) -> GatewayState:
        """There is no inquiry: IN_BANK while there is no receipt, UNKNOWN with one, since verifying tells."""
        return GatewayState.UNKNOWN if receipt or not _RES_NUM.fullmatch(authority) else GatewayState.IN_BANK

    def refund(self, reference: str, amount: int, refund_id: str) -> None:
        """Money goes back by a person only: a reversal takes the whole sum and half an hour. Raises
        NoRefundRoute.
        """
        raise NoRefundRoute(gateway=self.name)

    def refunds_of(self, reference: str) -> tuple[RegisteredRefund, ...]:
        """It keeps no list that a program can read. Raises NoRefundRoute."""
        raise NoRefundRoute(gateway=self.name)

    def _post(self, path: str, **fields: object) -> tuple[int, Mapping[str, object]]:
        try:
            answer = self._http.post_json(f"{self._base_url}/{path}", fields)
        except NoAnswer as error:
            method = path.rpartition("/")[2]
            raise GatewayUnavailable(f"no answer: {error}", gateway=self.name, method=method) from None
        return answer.status, answer.body if isinstance(answer.body, dict) else {}
