"""Emptying a tenant's stores after its purge was committed, and certifying that nothing is left.

Each step can be repeated and resumed; the ledger was written before the first of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from mohlat.application.ports import (
    Agreements,
    Clock,
    Eraser,
    People,
    PurgeLedger,
    Signer,
    SignIn,
    Tenants,
)
from mohlat.application.read_certificate import CertificateDesk, sign
from mohlat.application.send_notices import Sender
from mohlat.domain.agreement import Phase
from mohlat.domain.certificate import Retained, statement
from mohlat.domain.errors import (
    ConcurrentChange,
    Gone,
    MessagingMisconfigured,
    MessagingUnavailable,
    MohlatError,
    NotFound,
    PurgeRefused,
)
from mohlat.domain.notices import Notice, NoticeKind
from mohlat.domain.purge import PurgeEntry, Store

_BATCHES_PER_RUN = 20


class MoreToErase(MohlatError):
    """A run's share is done and more is left: call again at once."""

    code = "more-to-erase"


class LeftBehind(MohlatError):
    """A store still holds something after it was emptied: do not certify, alert."""

    code = "left-behind"


class Shredder:
    """Carries out a committed purge. Refuses every tenant whose purge is not in the ledger."""

    def __init__(
        self,
        *,
        ledger: PurgeLedger,
        eraser: Eraser,
        tenants: Tenants,
        people: People,
        sign_in: SignIn,
        signer: Signer,
        retained: Callable[[], tuple[Retained, ...]],
        clock: Clock,
    ) -> None:
        self._ledger = ledger
        self._eraser = eraser
        self._tenants = tenants
        self._people = people
        self._sign_in = sign_in
        self._signer = signer
        self._retained = retained
        self._clock = clock

    def erase(self, tenant_id: str, *stores: Store) -> PurgeEntry:
        """Empties stores, one after another in the order given.

        Raises PurgeRefused if no purge was committed; MoreToErase, and ConcurrentChange when another
        execution works on the same purge: call again.
        """
        entry = self._committed(tenant_id)
        if Store.USERS in stores:
            for user in self._people.users(tenant_id):
                self._sign_in.sign_out(user.username)
                self._sign_in.delete(user.username)
        if uncounted := [store for store in stores if store.value not in entry.deleted]:
            # Counted and written down before the first deletion: a crash in between loses no count.
            counted = {store.value: self._eraser.count(tenant_id, store) for store in uncounted}
            entry = replace(entry, deleted={**entry.deleted, **counted}, version=entry.version + 1)
            self._ledger.save(entry)
        left = list(stores)
        for _ in range(_BATCHES_PER_RUN):
            while left and self._eraser.erase(tenant_id, left[0]) == 0:
                left.pop(0)
            if not left:
                return entry
        raise MoreToErase(tenant_id=tenant_id, store=left[0].value)

    def certify(self, tenant_id: str) -> PurgeEntry:
        """Counts every store; if all are empty, signs the certificate and finishes the ledger's entry.

        Raises LeftBehind.
        """
        entry = self._committed(tenant_id)
        if entry.finished_at:
            return entry
        # A page of a backup that was on its way when its store was emptied has arrived by now, and goes too.
        while self._eraser.erase(tenant_id, Store.OBJECTS):
            continue
        left = {store.value: self._eraser.count(tenant_id, store) for store in Store}
        if any(left.values()):
            raise LeftBehind(tenant_id=tenant_id, left=left)
        now = self._clock.now()
        entry = replace(entry, left=left, finished_at=now, next_due_at=None, version=entry.version + 1)
        entry = replace(entry, certificate=sign(self._signer, statement(entry, now, self._retained())))
        self._ledger.save(entry)
        return entry

    def _committed(self, tenant_id: str) -> PurgeEntry:
        try:
            entry = self._ledger.get(tenant_id)
        except NotFound as missing:
            raise PurgeRefused(tenant_id=tenant_id, obstacles=["not committed"]) from missing
        try:
            if self._tenants.get(tenant_id).phase is not Phase.PURGED:
                raise PurgeRefused(tenant_id=tenant_id, obstacles=["the tenant lives"])
        except Gone:
            return entry
        return entry


def tell_owner(
    tenant_id: str,
    *,
    ledger: PurgeLedger,
    certificates: CertificateDesk,
    tenants: Tenants,
    agreements: Agreements,
    sender: Sender,
) -> Literal["told", "unreachable"]:
    """The last message, while the contact is still there: the records are gone, and where that is certified.

    A purge that is taken up again may find the contact erased already. Raises MessagingUnavailable,
    MessagingMisconfigured and ConcurrentChange when every channel was tried; the deletion goes on without the
    message if it cannot be sent in the end.
    """
    entry = ledger.get(tenant_id)
    try:
        tenant = tenants.get(tenant_id)
    except Gone:
        return "unreachable"
    agreement = agreements.load(tenant.product, tenant.agreement_version)
    warning = agreement.deletion_warning
    notice = Notice(
        NoticeKind.DATA_DELETED,
        entry.committed_at,
        tenant.generation,
        warning.channels,
        entry.clause,
        {"link": certificates.link(tenant_id)},
    )
    failure: MessagingUnavailable | MessagingMisconfigured | ConcurrentChange | None = None
    for channel in notice.channels:
        try:
            sender.send(tenant, agreement, notice, channel)
        except (MessagingUnavailable, MessagingMisconfigured, ConcurrentChange) as error:
            failure = error
        except (Gone, NotFound):
            return "unreachable"
    if failure:
        raise failure
    return "told"
