"""What is sold, what is charged and what goes back: the part of the form that is about money."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import Any

from mohlat.agreements.reading import (
    Problem,
    Reader,
    checked,
    list_of,
    mapping_of,
    one_of,
    optional,
    percent,
    positive,
    record,
    text,
    yes_or_no,
)
from mohlat.agreements.rules import Rules
from mohlat.agreements.values import (
    FISCAL_ID,
    GOODS_ID,
    MAIL_ADDRESS,
    NAMES,
    PHONE,
    POSTAL_CODE,
    PRICES,
    SHORT_NAME,
    SINCE,
    duration,
    economic_code,
    legal_id,
)
from mohlat.calendar.jalali import start_of_day
from mohlat.domain.agreement import (
    Basis,
    ClosingByMail,
    CompensationRule,
    Consequence,
    DataRequestRule,
    DisputeRule,
    EscrowRule,
    Extra,
    Ground,
    NeverBilledRule,
    ObjectionRule,
    Offer,
    OfficialInvoiceRule,
    OrderNeeds,
    OveruseRule,
    PaceRule,
    PaymentRule,
    Plan,
    Promotion,
    RefundCase,
    RefundRule,
    RequestMail,
    Returned,
    Seller,
    Since,
    TaxRule,
    UsageRate,
    VatRate,
    Violation,
)

# What a product charges that sells nothing. Told apart from a rule in the file by being this very object.
NOTHING_TAXED = TaxRule(exempt=True, rates=(), basis=Basis(choice="nothing is sold"))

# Those that there is an adapter for.
_GATEWAYS = ("zarinpal", "zibal", "sep", "behpardakht")
# The parts of a billing profile.
_PERSON = ("name", "surname", "national_id", "mobile", "email", "address", "postal_code", "sheba")
_COMPANY = ("company", "legal_id", "economic_code")


def _promotion(since: tuple[str, date], until: tuple[str, date], **fields: Any) -> Promotion:
    return Promotion(since=start_of_day(since[0]), until=start_of_day(until[0]), **fields)


def _ends_later(promotion: Promotion, path: str) -> Iterator[Problem]:
    if promotion.until <= promotion.since:
        yield Problem(f"{path}.until", "must be later than `since`")


def _refund(**fields: Any) -> RefundRule:
    return RefundRule(**{"within": None, **fields})


def _sound(rule: RefundRule, path: str) -> Iterator[Problem]:
    """Refuses what nobody could carry out as it is written."""
    if rule.within and rule.within_working_days:
        yield Problem(f"{path}.within_working_days", "there is `within` already: one of them")
    if rule.returned is Returned.DIFFERENCE and rule.case is not RefundCase.UPGRADE:
        yield Problem(f"{path}.returned", "only an upgrade has a difference")
    if rule.since is Since.REGISTRATION:
        yield from _whole_account(rule, path)
    elif rule.waived_by_start and rule.case is not RefundCase.WITHDRAWAL:
        yield Problem(f"{path}.waived_by_start", "only the right of withdrawal is waived")


def _whole_account(rule: RefundRule, path: str) -> Iterator[Problem]:
    """A withdrawal counted from the registration gives the whole account up, and needs a day it ends on."""
    if rule.case is not RefundCase.WITHDRAWAL:
        yield Problem(f"{path}.since", "only a withdrawal is counted from the registration")
    elif rule.within is None:
        yield Problem(f"{path}.since", "a withdrawal counted from the registration needs `within`")
    if rule.returned is not Returned.EVERYTHING:
        yield Problem(f"{path}.returned", "counted from the registration everything goes back")
    if rule.waived_by_start:
        yield Problem(f"{path}.waived_by_start", "is for what is counted from the purchase")


class Sales(Rules):
    """The readers of what one file sells, with the law's rates of tax."""

    def __init__(self, clauses: Collection[str] | None, vat: tuple[VatRate, ...]) -> None:
        super().__init__(clauses)
        self._vat = vat

    def plans(self) -> Reader[tuple[Plan, ...]]:
        """What is leased, for which periods, at which prices, up to which limits."""

        def plan(periods: tuple[Offer, ...], **fields: Any) -> Plan:
            return Plan(offers=periods, **fields)

        offer = record(Offer, {"length": duration, "prices": PRICES})
        return list_of(
            self.rule(
                plan,
                {
                    "id": SHORT_NAME,
                    "names": NAMES,
                    "limits": mapping_of(positive, empty=True),
                    "periods": list_of(offer, key=lambda one: one.length, at="length"),
                },
            ),
            key=lambda one: one.id,
            at="id",
            empty=True,
        )

    def refunds(self) -> Reader[tuple[RefundRule, ...]]:
        """What goes back in which case."""
        case = one_of({case.value: case for case in RefundCase})
        returned = one_of({amount.value: amount for amount in Returned})
        may: dict[str, Reader[Any]] = {
            "within": duration,
            "within_working_days": positive,
            "since": one_of({since.value: since for since in Since}),
            "waived_by_start": yes_or_no,
        }
        rule = checked(self.rule(_refund, {"case": case, "returned": returned}, may), _sound)
        return list_of(rule, key=lambda one: one.case, at="case", empty=True)

    def payments(self) -> Reader[PaymentRule | None]:
        """Through which gateways, and how long a failed payment is watched."""
        gateway = one_of({name: name for name in _GATEWAYS})
        gateways = list_of(gateway, key=lambda name: name)
        return optional(self.rule(PaymentRule, {"gateways": gateways}, {"watch": duration}))

    def others(self) -> Mapping[str, Reader[Any]]:
        """The parts that not every product has, by their keys."""
        return {
            "tax": self._tax(),
            "seller": self._seller(),
            "promotions": self._promotions(),
            "extras": self._extras(),
            "overuse": self._overuse(),
            "pace": self.rule(PaceRule, {"otherwise": positive, "slowed_percent": percent}),
            "disputes": self.rule(DisputeRule, {"within": duration, "answer": duration}),
            "objections": self.rule(ObjectionRule, {"answer": duration}),
            "official_invoices": self.rule(
                OfficialInvoiceRule, {"request_within": duration, "issue_within": duration}
            ),
            "order_needs": self._order_needs(),
            "escrow": self.rule(EscrowRule),
            "compensation": self.rule(CompensationRule, {"at_most": duration}),
            "violations": list_of(
                self.rule(
                    Violation,
                    {"id": SHORT_NAME, "consequence": one_of({each.value: each for each in Consequence})},
                    {"archive": yes_or_no, "content": yes_or_no},
                ),
                key=lambda one: one.id,
                at="id",
            ),
            "data_requests": self._data_requests(),
            "closing_by_mail": self.rule(ClosingByMail, {"phrases": NAMES}),
            "disclosures": list_of(self.rule(Ground, {"id": SHORT_NAME}), key=lambda one: one.id, at="id"),
            "never_billed": self.rule(NeverBilledRule, {"work": list_of(SHORT_NAME, key=lambda name: name)}),
        }

    def _data_requests(self) -> Reader[DataRequestRule]:
        known = one_of({fact: fact for fact in ("name", "account")})
        mail = {"address": MAIL_ADDRESS, "subject": text, "facts": list_of(known, key=lambda fact: fact)}
        lengths = {"within": duration, "at_most": duration, "warn_before": duration}
        return self.rule(DataRequestRule, lengths, {"mail": self.rule(RequestMail, mail)})

    def _tax(self) -> Reader[TaxRule]:
        def build(exempt: bool, basis: Basis) -> TaxRule:
            return TaxRule(exempt, self._vat, basis)

        return self.rule(build, {"exempt": yes_or_no})

    def _seller(self) -> Reader[Seller]:
        required = {
            "names": NAMES,
            "national_id": legal_id,
            "economic_code": economic_code,
            "address": NAMES,
            "postal_code": POSTAL_CODE,
            "phone": PHONE,
        }
        return self.rule(Seller, required, {"fiscal_id": FISCAL_ID, "goods_id": GOODS_ID})

    def _promotions(self) -> Reader[tuple[Promotion, ...]]:
        required = {"id": SHORT_NAME, "names": NAMES, "percent": percent, "since": SINCE, "until": SINCE}
        may = {
            "plans": list_of(text, key=lambda name: name),
            "lengths": list_of(duration, key=lambda length: length),
        }
        promotion = checked(self.rule(_promotion, required, may), _ends_later)
        return list_of(promotion, key=lambda one: one.id, at="id", empty=True)

    def _extras(self) -> Reader[tuple[Extra, ...]]:
        extra = self.rule(Extra, {"id": SHORT_NAME, "names": NAMES, "prices": PRICES})
        return list_of(extra, key=lambda one: one.id, at="id", empty=True)

    def _overuse(self) -> Reader[OveruseRule]:
        rate = record(UsageRate, {"metric": text, "block": positive, "prices": PRICES})
        rates = list_of(rate, key=lambda one: one.metric, at="metric")
        return self.rule(OveruseRule, {"due": duration, "reminders": self.reminders(), "rates": rates})

    def _order_needs(self) -> Reader[OrderNeeds]:
        def parts(names: tuple[str, ...]) -> Reader[tuple[str, ...]]:
            return list_of(one_of({name: name for name in names}), key=lambda name: name, empty=True)

        return self.rule(OrderNeeds, {"natural": parts(_PERSON), "legal": parts(_COMPANY + _PERSON)})
