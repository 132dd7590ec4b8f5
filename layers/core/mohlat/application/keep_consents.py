"""Consents, what may be sent with them, and the way out of it in one step."""

from __future__ import annotations

import hmac
from base64 import b32encode
from collections.abc import Callable

from mohlat.application.ports import (
    Agreements,
    Clock,
    Consents,
    Fingerprints,
    Ids,
    Listings,
    Row,
    Tenants,
)
from mohlat.application.transitions import commit, retrying
from mohlat.domain.agreement import Agreement, Purpose
from mohlat.domain.consents import Consent, promote, record_consent, rule_of, stands
from mohlat.domain.errors import Gone, NotFound
from mohlat.domain.listings import Unlisting
from mohlat.domain.notices import NoticeKind
from mohlat.domain.tenant import Tenant, living

# The purposes that messages need, as links name them.
_SHORT = {Purpose.MARKETING_EMAIL: "e", Purpose.MARKETING_SMS: "s", Purpose.NEWSLETTER: "n"}


class UnsubscribeLinks:
    """Links that take a consent back without signing in. Nothing is stored of one: its token is a keyed hash.

    `address` gives the public address of a link by account, purpose and token.
    """

    def __init__(self, fingerprints: Fingerprints, address: Callable[[str, str, str], str]) -> None:
        self._fingerprints = fingerprints
        self._address = address

    def link(self, tenant_id: str, purpose: Purpose) -> str:
        """Where this account takes back this consent."""
        # Short, and without underscores: providers of SMS take no others.
        account = tenant_id.rpartition("_")[2]
        return self._address(account, _SHORT[purpose], self._token(tenant_id, purpose))

    def read(self, account: str, purpose: str, token: str) -> tuple[str, Purpose]:
        """Whose consent to what a link takes back. Raises NotFound for any that we did not give out."""
        meant = next((known for known, short in _SHORT.items() if short == purpose), None)
        if meant is None:
            raise NotFound
        tenant_id = f"t_{account}"
        if not hmac.compare_digest(token.encode(), self._token(tenant_id, meant).encode()):
            raise NotFound
        return tenant_id, meant

    def _token(self, tenant_id: str, purpose: Purpose) -> str:
        # 128 bits, which nobody guesses, in as few characters as go without an underscore.
        digest = bytes.fromhex(self._fingerprints.of(f"unsubscribe {purpose.value}", tenant_id))
        return b32encode(digest[:16]).decode().rstrip("=").lower()


class ConsentDesk:
    """Keeps the record of consents and acts on it."""

    def __init__(
        self,
        *,
        tenants: Tenants,
        consents: Consents,
        listings: Listings,
        links: UnsubscribeLinks,
        agreements: Agreements,
        ids: Ids,
        clock: Clock,
    ) -> None:
        self._tenants = tenants
        self._consents = consents
        self._listings = listings
        self._links = links
        self._agreements = agreements
        self._ids = ids
        self._clock = clock

    def of_tenant(self, tenant_id: str) -> tuple[list[Consent], dict[Purpose, bool]]:
        """The record, oldest first, and what stands. Raises NotFound, Gone."""
        _, agreement = self._bound(tenant_id)
        entries = self._consents.of(tenant_id)
        return entries, {
            rule.purpose: stands(agreement, entries, rule.purpose) for rule in agreement.consents
        }

    def say(self, tenant_id: str, purpose: Purpose, by: str, how: str, *, given: bool) -> Consent:
        """Adds an entry to the record. Who takes back the consent to be shown is shown no longer.

        Raises InvalidInput for a purpose that the agreement does not have; NotFound, Gone.
        """

        def keep() -> Consent:
            tenant, agreement = self._bound(tenant_id)
            now = self._clock.now()
            consent = Consent(self._ids.new("w"), tenant_id, purpose, given, now, by, how, agreement.version)
            rows: list[Row] = [consent]
            if purpose is Purpose.CUSTOMER_LIST and not given and self._listings.get(tenant_id):
                rows.append(Unlisting(tenant_id, tenant.product))
            commit(self._tenants, agreement, record_consent(tenant, agreement, consent), rows)
            return consent

        return retrying(keep)

    def unsubscribe(self, account: str, purpose: str, token: str) -> None:
        """Takes a consent back by a link from a message; again is no error, and no second entry.

        Raises NotFound for a link that we did not give out. What became of the account is told nobody.
        """
        tenant_id, meant = self._links.read(account, purpose, token)
        try:
            _, agreement = self._bound(tenant_id)
            rule_of(agreement, meant)
            if stands(agreement, self._consents.of(tenant_id), meant):
                self.say(tenant_id, meant, "user:link", "link in a message", given=False)
        except (Gone, NotFound):
            return

    def promote(self, tenant_id: str, kind: NoticeKind, subject: str, text: str, by: str) -> Tenant:
        """Has a promotional message sent to whoever consented. Raises AccessRefused, NotFound, Gone."""

        def owe() -> Tenant:
            tenant, agreement = self._bound(tenant_id)
            consents = self._consents.of(tenant_id)
            now = self._clock.now()
            transition = promote(tenant, agreement, consents, kind, subject, text, now, by=by)
            return commit(self._tenants, agreement, transition)

        return retrying(owe)

    def _bound(self, tenant_id: str) -> tuple[Tenant, Agreement]:
        tenant = living(self._tenants.get(tenant_id))
        return tenant, self._agreements.load(tenant.product, tenant.agreement_version)
