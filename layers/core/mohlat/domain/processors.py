"""Who works on personal data on a vendor's behalf, and where: nobody else gets any."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mohlat.domain.agreement import Agreement, Channel


@dataclass(frozen=True, slots=True)
class Processor:
    """One of them. `equal_protection`: the law of where it works protects data as in the European Economic
    Area.
    """

    id: str
    names: Mapping[str, str]
    what: Mapping[str, str]
    where: str
    equal_protection: bool


# The platform, which every product runs on, and what sends its messages.
_PLATFORM, _MAIL, _SMS = "aws", "ses", "kavenegar"


def used_by(agreement: Agreement) -> tuple[str, ...]:
    """The ids of the processors that a product's agreement brings with it, in order."""
    reminders = [
        reminder.channels
        for part in (agreement.trial, agreement.first_invoice, agreement.lease, agreement.overuse)
        if part
        for reminder in part.reminders
    ]
    channels = {
        agreement.registration.confirm,
        *agreement.service_channels,
        *agreement.deletion_warning.channels,
        *(channel for each in reminders for channel in each),
    }
    sms = (_SMS,) if Channel.SMS in channels else ()
    return (_PLATFORM, _MAIL, *sms, *agreement.gateways)


def forbidden(agreement: Agreement, known: Iterable[Processor]) -> tuple[str, ...]:
    """Those that the product uses and may not: unknown ones, and by its agreement those in countries that
    protect data less (KALLU-5).
    """
    allowed = {
        processor.id for processor in known if processor.equal_protection or agreement.transfers is None
    }
    return tuple(used for used in used_by(agreement) if used not in allowed)
