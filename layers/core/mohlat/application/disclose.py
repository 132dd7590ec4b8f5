"""The register of disclosures: written before anything leaves, readable by whom it concerns."""

from __future__ import annotations

from dataclasses import replace

from mohlat.application.ports import Agreements, Books, Clock, Ids, PurgeLedger, Tenants
from mohlat.application.transitions import commit, retrying
from mohlat.domain.agreement import Phase
from mohlat.domain.disclosures import Disclosure, clause_of, disclose
from mohlat.domain.errors import Gone


class DisclosureDesk:
    """Decides whether a tenant's information may be handed to somebody, and keeps the evidence."""

    def __init__(
        self,
        *,
        tenants: Tenants,
        books: Books,
        ledger: PurgeLedger,
        agreements: Agreements,
        ids: Ids,
        clock: Clock,
    ) -> None:
        self._tenants = tenants
        self._books = books
        self._ledger = ledger
        self._agreements = agreements
        self._ids = ids
        self._clock = clock

    def disclose(
        self, tenant_id: str, to: str, what: str, ground: str, reference: str, by: str
    ) -> Disclosure:
        """Registers one. Raises InvalidInput for a ground that the agreement does not name; NotFound.

        Of a purged tenant nothing is held any more: that is registered too, under the same rule.
        """
        return retrying(lambda: self._disclose(tenant_id, to, what, ground, reference, by))

    def _disclose(
        self, tenant_id: str, to: str, what: str, ground: str, reference: str, by: str
    ) -> Disclosure:
        try:
            tenant = self._tenants.get(tenant_id)
        except Gone:
            tenant = None
        product = tenant.product if tenant else self._ledger.get(tenant_id).product
        agreement = self._agreements.load(product, tenant.agreement_version if tenant else None)
        clause, now = clause_of(agreement, ground), self._clock.now()
        entry = Disclosure(
            self._ids.new("s"), tenant_id, product, to, what, ground, reference, clause, now, by
        )
        if tenant is None or tenant.phase is Phase.PURGED:
            entry = replace(entry, held=False)
            self._books.write((entry,))
        else:
            commit(self._tenants, agreement, disclose(tenant, entry), (entry,))
        return entry

    def of_tenant(self, tenant_id: str) -> list[Disclosure]:
        """All disclosures about a tenant, oldest first. They outlive it."""
        return self._books.disclosures(tenant_id)
