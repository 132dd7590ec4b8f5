"""Using the service under the terms in force: let through, noted as acceptance, or barred until accepted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from mohlat.application.ports import Agreements, Clock, Publications, Tenants
from mohlat.application.transitions import commit, retrying
from mohlat.domain.access import Operation
from mohlat.domain.agreement import Agreement, Binding
from mohlat.domain.errors import Conflict, TermsNotAccepted
from mohlat.domain.people import Acceptance
from mohlat.domain.publications import (
    How,
    Publication,
    accept,
    as_barred,
    as_promised,
    bars,
    declined,
    newest_of_each,
    not_accepted,
    promised_version,
)
from mohlat.domain.tenant import Tenant, iso

# What an unaccepted version bars. Reading and exporting, closing and asking for one's data stay possible.
_USES = (Operation.WRITE, Operation.RENEW, Operation.BUY)


class TermsGate:
    """Lets a tenant's use of the service pass, as far as it accepted the terms in force."""

    def __init__(
        self, *, tenants: Tenants, publications: Publications, agreements: Agreements, clock: Clock
    ) -> None:
        self._tenants = tenants
        self._publications = publications
        self._agreements = agreements
        self._clock = clock

    def admit(self, tenant: Tenant, agreement: Agreement, operation: Operation, by: str) -> Tenant:
        """The tenant, after its use was noted as acceptance where the agreement says that use accepts.

        Raises TermsNotAccepted while a version bars the way (KALLU-8), Conflict for a lease under a version
        that was declined. `by` is who uses the service; nobody's use accepts nothing.
        """
        rule, publications = agreement.changes, self._publications.of(tenant.product)
        if rule is None or not publications:
            return tenant
        now = self._clock.now()
        refused = declined(tenant, publications, now) if operation is Operation.RENEW else None
        if refused:
            raise Conflict("these terms were declined; accept them first", version=refused.version)
        waiting = not_accepted(tenant, publications, now)
        if not waiting:
            return tenant
        newest = waiting[-1]
        if bars(rule, waiting):
            if operation not in _USES:
                return tenant
            raise TermsNotAccepted(
                version=newest.version,
                document=newest.document,
                effective_at=iso(newest.effective_at),
                url=newest.url,
                accept_at=f"/tenants/{tenant.id}/acceptances",
                clause=rule.basis.cite(),
            )
        if rule.binding is Binding.USE and by:
            return retrying(lambda: self._used(tenant.id, by))
        return tenant

    def as_barred(self, tenant: Tenant) -> Tenant:
        """The tenant as it is shown: with the restriction that a version not accepted puts on it, if any."""
        agreement = self._agreements.load(tenant.product, tenant.agreement_version)
        return as_barred(tenant, agreement, self._publications.of(tenant.product), self._clock.now())

    def _used(self, tenant_id: str, by: str) -> Tenant:
        now, tenant = self._clock.now(), self._tenants.get(tenant_id)
        waiting = not_accepted(tenant, self._publications.of(tenant.product), now)
        if not waiting:
            # Another request was the first one.
            return tenant
        newest = waiting[-1]
        bound = self._agreements.load(tenant.product, tenant.agreement_version)
        rules = self._agreements.load(tenant.product, newest.rules)
        transition = accept(tenant, bound, rules, newest, now, by=by, how=How.USED)
        counted = self._agreements.load(tenant.product, transition.after.agreement_version)
        evidence = evidence_of(tenant_id, waiting, now, by, How.USED)
        return commit(self._tenants, counted, transition, evidence)


def counted_by(agreements: Agreements, tenant: Tenant, now: datetime) -> Agreement:
    """The agreement that counts for a tenant at `now`, what runs by the terms it was bought under."""
    agreement = agreements.load(tenant.product, tenant.agreement_version)
    version = promised_version(tenant, now)
    if version == agreement.version:
        return agreement
    return as_promised(agreement, agreements.load(tenant.product, version))


def evidence_of(
    tenant_id: str, accepted: Sequence[Publication], now: datetime, by: str, how: How, source_ip: str = ""
) -> list[Acceptance]:
    """The evidence that published versions were accepted: of each text the newest one."""
    username = by.removeprefix("user:")
    return [
        Acceptance(
            tenant_id, each.version, (each.document,), each.sha256, now, source_ip, username, how.value
        )
        for each in newest_of_each(accepted)
    ]
