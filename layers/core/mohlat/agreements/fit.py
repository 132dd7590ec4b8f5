"""How the parts of an agreement must fit together, judged once each of them is right by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

from mohlat.agreements.reading import Problem
from mohlat.agreements.sales import NOTHING_TAXED
from mohlat.domain.agreement import Agreement, Consequence, Offer, Phase, Plan, RefundCase, Reminder, Since
from mohlat.domain.cookies import ANSWER
from mohlat.domain.durations import Duration
from mohlat.domain.pace import METRIC


def misfits(agreement: Agreement, _path: str) -> Iterator[Problem]:
    """Everything in which the parts of an agreement contradict each other."""
    for check in (
        _languages,
        _beginning,
        _leasing,
        _selling,
        _billing_nothing_free,
        _longer_is_cheaper,
        _promoting,
        _metering,
        _pacing,
        _extras_for_data,
        _extras_for_support,
        _publishing_our_cookie,
        _reading_only,
        _keeping,
        _warning_in_time,
        _answering_in_time,
        _reminding_in_time,
    ):
        yield from check(agreement)


# --- names ------------------------------------------------------------------------------------------------


def _languages(agreement: Agreement) -> Iterator[Problem]:
    named: dict[str, Mapping[str, str]] = {"names": agreement.names}
    named |= {f"plans[{index}].names": plan.names for index, plan in enumerate(agreement.plans)}
    named |= {f"extras[{index}].names": extra.names for index, extra in enumerate(agreement.extras)}
    for index, promotion in enumerate(agreement.promotions):
        named[f"promotions[{index}].names"] = promotion.names
    if agreement.closing_by_mail:
        named["closing_by_mail.phrases"] = agreement.closing_by_mail.phrases
    if agreement.seller:
        named |= {"seller.names": agreement.seller.names, "seller.address": agreement.seller.address}
    for path, names in named.items():
        for language in agreement.languages:
            if language not in names:
                yield Problem(f"{path}.{language}", f"missing: `languages` names {language}")


# --- money ------------------------------------------------------------------------------------------------


def _beginning(agreement: Agreement) -> Iterator[Problem]:
    first = agreement.first_invoice
    if first is None:
        return
    if agreement.trial:
        yield Problem(
            "lifecycle.first_invoice", "a life begins with a trial or with an invoice, not with both"
        )
    if agreement.lease is None:
        yield Problem("lifecycle.first_invoice", "there is no `term` that it could be the invoice of")
    offers = {plan.id: plan.offers for plan in agreement.plans}
    if first.plan not in offers:
        yield Problem("lifecycle.first_invoice.plan", f"{first.plan!r} is none of the plans")
        return
    offer = next((offer for offer in offers[first.plan] if offer.length == first.length), None)
    if offer is None:
        yield Problem("lifecycle.first_invoice.length", f"{first.plan} is not offered for {first.length}")
    elif offer.price_at(agreement.effective_at) is None:
        yield Problem("lifecycle.first_invoice.length", "has no price yet when the agreement takes effect")


def _leasing(agreement: Agreement) -> Iterator[Problem]:
    if agreement.lease and not agreement.plans:
        yield Problem("plans", "must not be empty: `lifecycle.term` needs something to buy")
    if agreement.plans and not agreement.lease:
        yield Problem("plans", "must be empty: without `lifecycle.term` nothing is leased")
    if agreement.compensation and not agreement.lease:
        yield Problem("compensation", "there is no `lifecycle.term` whose price it could be counted by")


def _selling(agreement: Agreement) -> Iterator[Problem]:
    tax = None if agreement.tax is NOTHING_TAXED else agreement.tax
    needed = {"payments": agreement.payments, "tax": tax, "seller": agreement.seller}
    if agreement.plans or agreement.extras or agreement.escrow:
        for key, part in needed.items():
            if part is None:
                yield Problem(key, "missing: `plans`, `extras` and `escrow` are paid for and invoiced")
        return
    useless = {
        **needed,
        "disputes": agreement.disputes,
        "official_invoices": agreement.official_invoices,
        "order_needs": agreement.order_needs,
    }
    for key, rule in useless.items():
        if rule is not None:
            yield Problem(key, "there are no `plans`, no `extras` and no `escrow`: nothing is sold")


def _billing_nothing_free(agreement: Agreement) -> Iterator[Problem]:
    """What is never billed has no price, neither sold once nor by the block (SAMAN-4.1.1)."""
    free = agreement.never_billed.work if agreement.never_billed else ()
    billed = {f"extras[{index}].id": extra.id for index, extra in enumerate(agreement.extras)}
    if agreement.overuse:
        billed |= {
            f"overuse.rates[{index}].metric": rate.metric
            for index, rate in enumerate(agreement.overuse.rates)
        }
    for path, name in billed.items():
        if name in free:
            yield Problem(path, f"`never_billed` says that {name!r} has no price")


def _longer_is_cheaper(agreement: Agreement) -> Iterator[Problem]:
    """A longer period never costs more for its time, on any day from which a price counts (SAMAN-5.1)."""
    for index, plan in enumerate(agreement.plans):
        found: dict[str, Problem] = {}
        for since in sorted({price.since for offer in plan.offers for price in offer.prices}):
            on_sale = [offer for offer in plan.offers if offer.price_at(since)]
            on_sale.sort(key=lambda offer: offer.length.after(agreement.effective_at, agreement.calendar))
            for shorter, longer in pairwise(on_sale):
                short, long = shorter.price_at(since), longer.price_at(since)
                assert short
                assert long
                one, other = _sizes(agreement, shorter, longer)
                if long.amount * one > short.amount * other:
                    path = f"{_offer_path(index, plan, longer)}.prices[{longer.prices.index(long)}].toman"
                    found[path] = Problem(path, f"is dearer for its time than {shorter.length} is then")
        yield from found.values()


def _sizes(agreement: Agreement, shorter: Offer, longer: Offer) -> tuple[int, int]:
    """How long two periods are: in months, if both are whole months, else in seconds."""
    if all(offer.length == Duration(months=offer.length.months) for offer in (shorter, longer)):
        return shorter.length.months, longer.length.months
    start, calendar = agreement.effective_at, agreement.calendar
    one, other = (
        round((offer.length.after(start, calendar) - start).total_seconds()) for offer in (shorter, longer)
    )
    return one, other


def _offer_path(index: int, plan: Plan, offer: Offer) -> str:
    return f"plans[{index}].periods[{plan.offers.index(offer)}]"


def _promoting(agreement: Agreement) -> Iterator[Problem]:
    known = {plan.id for plan in agreement.plans}
    for index, promotion in enumerate(agreement.promotions):
        path = f"promotions[{index}]"
        if not known:
            yield Problem(path, "there are no `plans` that it could be for")
            continue
        for place, name in enumerate(promotion.plans):
            if name not in known:
                yield Problem(f"{path}.plans[{place}]", f"{name!r} is none of the plans")
        meant = [plan for plan in agreement.plans if plan.id in (promotion.plans or known)]
        offered = {offer.length for plan in meant for offer in plan.offers}
        for place, length in enumerate(promotion.lengths):
            if length not in offered:
                yield Problem(f"{path}.lengths[{place}]", f"none of its plans is offered for {length}")


def _metering(agreement: Agreement) -> Iterator[Problem]:
    limited = {metric for plan in agreement.plans for metric in plan.limits}
    for index, rate in enumerate(agreement.overuse.rates if agreement.overuse else ()):
        if rate.metric not in limited:
            yield Problem(f"overuse.rates[{index}].metric", f"no plan has a limit of {rate.metric}")


def _pacing(agreement: Agreement) -> Iterator[Problem]:
    """Each plan says its pace where the agreement sets one, and none does where it does not."""
    for index, plan in enumerate(agreement.plans):
        path = f"plans[{index}].limits.{METRIC}"
        if agreement.pace and METRIC not in plan.limits:
            yield Problem(path, "missing: `pace` slows down to it")
        if METRIC in plan.limits and not agreement.pace:
            yield Problem(path, "there is no `pace` that would keep to it")


def _extras_for_data(agreement: Agreement) -> Iterator[Problem]:
    """What costs an extra names one that is sold."""
    sold = {extra.id for extra in agreement.extras}
    named = {"export.extra": agreement.export.extra}
    if agreement.backups:
        named["backups.restoring"] = agreement.backups.restoring
    for path, extra in named.items():
        if extra is not None and extra not in sold:
            yield Problem(path, f"{extra!r} is none of the extras")


def _extras_for_support(agreement: Agreement) -> Iterator[Problem]:
    """What support bills, or does not cover, is among the extras that it names."""
    rule = agreement.support
    if rule is None:
        return
    named = {f"support.not_covered[{index}].extra": each.extra for index, each in enumerate(rule.not_covered)}
    for key, billed in {"not_a_bug": rule.not_a_bug, "outside_hours": rule.outside_hours}.items():
        named[f"support.{key}.extra"] = billed.extra if billed else None
    known = {extra.id for extra in agreement.extras}
    for path, extra in named.items():
        if extra is not None and extra not in known:
            yield Problem(path, f"{extra!r} is none of the extras")


def _publishing_our_cookie(agreement: Agreement) -> Iterator[Problem]:
    """The cookie that holds a visitor's answer is itself one that has to be published."""
    if agreement.cookies and ANSWER not in {cookie.name for cookie in agreement.cookies.cookies}:
        yield Problem("cookies.cookies", f"{ANSWER!r} is missing: it holds the visitor's answer")


# --- time -------------------------------------------------------------------------------------------------


def _reading_only(agreement: Agreement) -> Iterator[Problem]:
    ends = [part.then for part in (agreement.trial, agreement.lease) if part]
    leads_there = Phase.READ_ONLY in ends
    if leads_there and agreement.read_only is None:
        yield Problem("lifecycle.read_only", "needs a length: a trial or a term is followed by read_only")
    if agreement.read_only and not leads_there:
        yield Problem("lifecycle.read_only", "must be null: nothing is followed by read_only")


def _keeping(agreement: Agreement) -> Iterator[Problem]:
    start, calendar = agreement.effective_at, agreement.calendar
    kept = {
        "after_trial": (agreement.trial, agreement.retention.after_trial, "trial"),
        "after_term": (agreement.lease, agreement.retention.after_term, "term"),
    }
    for key, (period, span, name) in kept.items():
        path = f"retention.{key}"
        if period and span is None:
            yield Problem(path, f"missing: there is a `lifecycle.{name}`")
        elif span and period is None:
            yield Problem(path, f"there is no `lifecycle.{name}`")
        elif period and span and agreement.read_only and period.then is Phase.READ_ONLY:
            until = agreement.read_only.length.after(start, calendar)
            if span.length.after(start, calendar) < until:
                yield Problem(f"{path}.length", "is shorter than `lifecycle.read_only`, which it includes")
    withdrawal = agreement.refund_rule(RefundCase.WITHDRAWAL)
    gives_all_up = withdrawal is not None and withdrawal.since is Since.REGISTRATION
    ends = any(violation.consequence is Consequence.END for violation in agreement.violations)
    if agreement.retention.after_finding and not ends:
        yield Problem("retention.after_finding", "no violation ends the account")
    if agreement.retention.after_withdrawal and not gives_all_up:
        yield Problem("retention.after_withdrawal", "no withdrawal is counted from the registration")


def _warning_in_time(agreement: Agreement) -> Iterator[Problem]:
    warning, start = agreement.deletion_warning, agreement.effective_at
    if warning.wait.after(start, agreement.calendar) > warning.before.after(start, agreement.calendar):
        yield Problem("deletion_warning.wait", "is longer than `before`: every deletion would be late")


def _answering_in_time(agreement: Agreement) -> Iterator[Problem]:
    rule, start, calendar = agreement.data_requests, agreement.effective_at, agreement.calendar
    if rule and rule.within.after(start, calendar) >= rule.at_most.after(start, calendar):
        yield Problem("data_requests.at_most", "is not longer than `within`: it would extend nothing")
    if rule and rule.warn_before.after(start, calendar) >= rule.within.after(start, calendar):
        yield Problem(
            "data_requests.warn_before", "is not shorter than `within`: every request would ring at once"
        )


def _reminding_in_time(agreement: Agreement) -> Iterator[Problem]:
    start, calendar = agreement.effective_at, agreement.calendar
    periods: list[tuple[str, Duration, tuple[Reminder, ...]]] = []
    if agreement.trial:
        periods.append(("lifecycle.trial", agreement.trial.length, agreement.trial.reminders))
    if agreement.first_invoice:
        first = agreement.first_invoice
        periods.append(("lifecycle.first_invoice", first.due, first.reminders))
    if agreement.overuse:
        periods.append(("overuse", agreement.overuse.due, agreement.overuse.reminders))
    for part, length, reminders in periods:
        end = length.after(start, calendar)
        for index, reminder in enumerate(reminders):
            if reminder.before.before(end, calendar) <= start:
                path = f"{part}.reminders[{index}].before"
                yield Problem(path, f"is not shorter than {length}, so it would never be sent")
