"""What can be written in one transaction: each kind of row under its own condition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pynamodb.transactions import TransactWrite

from mohlat.adapters.dynamodb import (
    compensations,
    consents,
    contact_notes,
    data_jobs,
    data_requests,
    disclosures,
    dispatches,
    escrows,
    leaks,
    ledger,
    messages,
    official_invoices,
    payments,
    people,
    purge,
    refunds,
    service,
    tickets,
    usage,
    words,
)
from mohlat.adapters.sealing import Sealer
from mohlat.application.ports import Compensation, HandedOver, Receipt, Row, UsageReport, Words
from mohlat.domain.consents import Consent
from mohlat.domain.data_jobs import DataFile, DataJob
from mohlat.domain.data_requests import DataRequest
from mohlat.domain.disclosures import Disclosure
from mohlat.domain.escrow import Escrow
from mohlat.domain.helpdesk import Reply
from mohlat.domain.invoices import OfficialInvoice
from mohlat.domain.leaks import Leak
from mohlat.domain.ledger import Posting
from mohlat.domain.listings import Listing, Unlisting
from mohlat.domain.maintenance import Window
from mohlat.domain.news import News
from mohlat.domain.payments import Order, Payment
from mohlat.domain.people import (
    Acceptance,
    Contact,
    ContactChange,
    Departure,
    Identity,
    TrialMark,
    User,
    UserContact,
)
from mohlat.domain.purge import PurgeEntry
from mohlat.domain.refunds import Refund
from mohlat.domain.rounds import Lane, Round
from mohlat.domain.service_state import ServiceState
from mohlat.domain.staff import ContactNote
from mohlat.domain.tickets import Ticket
from mohlat.domain.uptime import Incident
from mohlat.domain.winding_down import WindDown


def add(
    write: TransactWrite,
    rows: Sequence[Row],
    sealer: Sealer,
    *,
    new_tenant: bool = False,
    journal_head: str = "",
) -> None:
    """Adds rows to a transaction. Raises Gone for what must be sealed once the tenant's key is gone.

    `new_tenant`: the tenant begins here, and with it its data key. `journal_head` goes into a PurgeEntry.
    """
    for row in rows:
        match row:
            case HandedOver():
                dispatches.demand(write, row)
            case (
                Contact()
                | Acceptance()
                | User()
                | UserContact()
                | Departure()
                | ContactChange()
                | Identity()
                | TrialMark()
            ):
                _add_people(write, row, rows, sealer, new_tenant=new_tenant)
            case Consent() | Listing() | Unlisting():
                _add_privacy(write, row)
            case Words() | DataJob() | DataFile() | ContactNote() | DataRequest() | Reply():
                _add_data(write, row, sealer)
            case PurgeEntry():
                purge.add_entry(write, replace(row, journal_head=journal_head))
            case Round() | Lane() | News() | Window() | Incident() | WindDown() | ServiceState():
                service.add_service(write, row)
            case _:
                _add_money(write, row)


def _add_people(
    write: TransactWrite,
    row: Contact | Acceptance | User | UserContact | Departure | ContactChange | Identity | TrialMark,
    rows: Sequence[Row],
    sealer: Sealer,
    *,
    new_tenant: bool,
) -> None:
    match row:
        case Contact():
            people.add_contact(write, row, sealer, new=new_tenant)
        case Acceptance():
            people.add_acceptance(write, row, sealer)
        case User():
            identities = [other for other in rows if isinstance(other, Identity)]
            mine = [identity for identity in identities if identity.username == row.username]
            contacts = (other for other in rows if isinstance(other, UserContact))
            contact = next((each for each in contacts if each.username == row.username), None)
            people.add_user(write, row, mine, contact, sealer)
        case UserContact():
            pass  # It goes into its user's row.
        case Departure():
            people.add_departure(write, row)
        case ContactChange():
            people.add_contact_change(write, row, sealer)
        case Identity():
            new_users = {other.username for other in rows if isinstance(other, User)}
            people.add_identity(write, row, to_known_user=row.username not in new_users)
        case TrialMark():
            people.add_trial_mark(write, row)


def _add_privacy(write: TransactWrite, row: Consent | Listing | Unlisting) -> None:
    match row:
        case Consent():
            consents.add_consent(write, row)
        case Listing():
            consents.add_listing(write, row)
        case Unlisting():
            consents.drop_listing(write, row)


def _add_data(
    write: TransactWrite,
    row: Words | DataJob | DataFile | ContactNote | DataRequest | Reply,
    sealer: Sealer,
) -> None:
    match row:
        case Words():
            words.add_words(write, row, sealer)
        case DataJob():
            data_jobs.add_job(write, row)
        case DataFile():
            data_jobs.add_file(write, row)
        case ContactNote():
            contact_notes.add_note(write, row, sealer)
        case DataRequest():
            data_requests.add_request(write, row)
        case Reply():
            messages.add_message(write, row, sealer)


def _add_money(
    write: TransactWrite,
    row: Order
    | Payment
    | Receipt
    | Posting
    | Refund
    | Ticket
    | Escrow
    | Compensation
    | Disclosure
    | OfficialInvoice
    | Leak
    | UsageReport,
) -> None:
    match row:
        case UsageReport():
            usage.add_report(write, row)
        case Order():
            payments.add_order(write, row)
        case Payment():
            payments.add_payment(write, row)
        case Receipt():
            payments.add_receipt(write, row)
        case Posting():
            ledger.add_posting(write, row)
        case Refund():
            refunds.add_refund(write, row)
        case Ticket():
            tickets.add_ticket(write, row)
        case Escrow():
            escrows.add_escrow(write, row)
        case Compensation():
            compensations.add_compensation(write, row)
        case Disclosure():
            disclosures.add_disclosure(write, row)
        case OfficialInvoice():
            official_invoices.add_official(write, row)
        case Leak():
            leaks.add_leak(write, row)
