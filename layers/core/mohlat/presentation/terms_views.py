"""How published versions of the terms look."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from mohlat.application.keep_terms import Overview
from mohlat.domain.agreement import Agreement
from mohlat.domain.publications import Publication, accepted_until, in_force
from mohlat.presentation.views import Json, acceptance, at


def publication(published: Publication, now: datetime, language: str) -> Json:
    """One version."""
    return {
        "product": published.product,
        "version": published.version,
        "document": published.document,
        **at("effective_at", published.effective_at, language),
        **at("published_at", published.published_at, language),
        "in_force": published.effective_at <= now,
        "summary": dict(published.summary),
        "sha256": published.sha256,
        "url": published.url,
        "must_accept": published.must_accept.value,
        "agreement_version": published.rules,
    }


def newest(agreement: Agreement, published: Sequence[Publication], now: datetime, language: str) -> Json:
    """What is in force of each text now, and what will be.

    A text that nothing was published of is the one that the agreement came with.
    """
    latest = in_force(published, now)
    texts = []
    for document in agreement.registration.accept:
        shown = in_force([each for each in published if each.document == document], now)
        texts.append(
            {
                "document": document,
                "version": shown.version if shown else agreement.version,
                **at("effective_at", shown.effective_at if shown else agreement.effective_at, language),
                "url": shown.url if shown else agreement.document.url,
                "sha256": shown.sha256 if shown else None,
                "summary": dict(shown.summary) if shown else None,
            }
        )
    return {
        "product": agreement.product,
        "version": latest.version if latest else agreement.version,
        "documents": texts,
        "upcoming": [publication(each, now, language) for each in published if each.effective_at > now],
    }


def overview(seen: Overview, now: datetime, language: str, *, for_operator: bool) -> Json:
    """The versions as one tenant stands to them, newest first, and what it accepted when (SAMAN-7.4)."""
    tenant, rule = seen.tenant, seen.agreement.changes
    since = accepted_until(tenant, seen.publications)
    waiting = seen.waiting[-1] if seen.waiting else None
    return {
        "version": tenant.terms_version or None,
        "agreement_version": tenant.agreement_version,
        "binding": rule.binding.value if rule else None,
        "clause": rule.basis.cite() if rule else None,
        "waiting": publication(waiting, now, language) if waiting else None,
        "declined": tenant.terms_declined or None,
        "versions": [
            publication(each, now, language) | {"accepted": each.effective_at <= since}
            for each in reversed(seen.publications)
        ],
        "acceptances": [acceptance(each, language, for_operator=for_operator) for each in seen.acceptances],
    }
