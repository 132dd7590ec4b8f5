"""Money besides payments, in one store: refunds, tickets, escrow, compensations and the ledger."""

from __future__ import annotations

from collections.abc import Sequence

from mohlat.adapters.dynamodb import (
    compensations,
    disclosures,
    escrows,
    ledger,
    messages,
    refunds,
    tickets,
    usage,
    words,
)
from mohlat.adapters.dynamodb.table import TENANT, Item, conditional, present, tenant_pk, transaction
from mohlat.adapters.sealing import Sealer
from mohlat.application.ports import Compensation, Row, UsageReport, Words
from mohlat.domain.disclosures import Disclosure
from mohlat.domain.escrow import Escrow
from mohlat.domain.helpdesk import Reply
from mohlat.domain.ledger import Posting
from mohlat.domain.refunds import Refund
from mohlat.domain.tickets import Ticket

# What dies with the tenant, and is not part of its money.
_MORTAL = UsageReport | Words | Reply


class DynamoBooks:
    """`Books` on the main table. `sealer` seals and opens what people wrote."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def write(self, rows: Sequence[Row]) -> None:
        """Writes `rows` in one transaction, without a tenant's transition.

        Raises ConcurrentChange, also for what would die with a tenant that a purge has emptied; Gone for
        Words and Messages once the tenant's key is gone.
        """
        # Knows every kind of row there is: loaded by those who write, not by all who read.
        from mohlat.adapters.dynamodb.rows import add

        with conditional(), transaction() as write:
            add(write, rows, self._sealer)
            # Here no transition asks whether the tenant is still there, and a purge never comes twice.
            for tenant_id in sorted({row.tenant_id for row in rows if isinstance(row, _MORTAL)}):
                write.condition_check(Item, tenant_pk(tenant_id), TENANT, present())

    def refund(self, tenant_id: str, refund_id: str) -> Refund:
        """Read consistently. Raises NotFound."""
        return refunds.get(tenant_id, refund_id)

    def refunds(self, tenant_id: str) -> list[Refund]:
        """All refunds of a tenant, oldest first."""
        return refunds.of(tenant_id)

    def ticket(self, tenant_id: str, ticket_id: str) -> Ticket:
        """Read consistently. Raises NotFound."""
        return tickets.get(tenant_id, ticket_id)

    def open_tickets(self, product: str, after: str | None = None, limit: int = 100) -> list[Ticket]:
        """A product's open tickets with ids above `after`, oldest first."""
        return tickets.open_ones(product, after, limit)

    def tickets(self, tenant_id: str) -> list[Ticket]:
        """All tickets of a tenant, oldest first."""
        return tickets.of(tenant_id)

    def words(self, tenant_id: str, id: str) -> str | None:
        """What a person wrote about a matter, unsealed; None if there is nothing or the key is gone."""
        return words.words_about(tenant_id, id, self._sealer)

    def messages(self, tenant_id: str, ticket_id: str) -> list[Reply]:
        """What was written in a ticket after its first words, oldest first; nothing once the key is gone."""
        return messages.messages_in(tenant_id, ticket_id, self._sealer)

    def escrow(self, tenant_id: str, escrow_id: str) -> Escrow:
        """Read consistently. Raises NotFound."""
        return escrows.get(tenant_id, escrow_id)

    def escrows(self, tenant_id: str) -> list[Escrow]:
        """All agreed work of a tenant, oldest first."""
        return escrows.of(tenant_id)

    def escrows_of_partner(self, partner: str) -> list[Escrow]:
        """All agreed work of a partner, over all tenants, oldest first (SAMAN-1.7)."""
        return escrows.of_partner(partner)

    def usage_report(self, tenant_id: str, report_id: str) -> UsageReport | None:
        """The report of this id, if it was taken."""
        return usage.report_of(tenant_id, report_id)

    def compensation(self, tenant_id: str, compensation_id: str) -> Compensation:
        """Read consistently. Raises NotFound."""
        return compensations.get(tenant_id, compensation_id)

    def disclosures(self, tenant_id: str) -> list[Disclosure]:
        """Everything that was handed out about a tenant, oldest first."""
        return disclosures.of(tenant_id)

    def compensations(self, tenant_id: str) -> list[Compensation]:
        """All of a tenant, oldest first."""
        return compensations.of(tenant_id)

    def postings(self, tenant_id: str) -> list[Posting]:
        """A tenant's whole ledger, oldest first, read consistently."""
        return ledger.postings_of(tenant_id)

    def touched_on(self, day: str) -> set[str]:
        """The tenants that anything was booked for on a UTC day such as 2026-11-25."""
        return ledger.touched_on(day)
