"""Somebody else may be using the account: whoever reports it shuts every session and calls a person at once.

What comes of it is an operator's to find: `find_violation` ends an account, a restriction deactivates it
(KALAK-account).
"""

from __future__ import annotations

from mohlat.application.ports import (
    Agreements,
    Clock,
    Ids,
    People,
    SecurityLog,
    SignIn,
    Tenants,
    Words,
)
from mohlat.application.transitions import commit, retrying
from mohlat.domain.errors import Conflict
from mohlat.domain.lifecycle import Event, move
from mohlat.domain.tickets import Ticket, TicketKind


class MisuseDesk:
    """Takes reports of misuse."""

    def __init__(
        self,
        *,
        tenants: Tenants,
        people: People,
        sign_in: SignIn,
        agreements: Agreements,
        security_log: SecurityLog,
        ids: Ids,
        clock: Clock,
    ) -> None:
        self._tenants = tenants
        self._people = people
        self._sign_in = sign_in
        self._agreements = agreements
        self._log = security_log
        self._ids = ids
        self._clock = clock

    def report(self, tenant_id: str, text: str, *, by: str, username: str, source_ip: str) -> Ticket:
        """Ends the sessions of everybody of the account and opens a ticket with `text`, which is sealed.

        Each report counts: whoever has taken the account over must not silence its owner by reporting first.
        Raises NotFound, Gone; Conflict where the agreement takes no reports.
        """

        def take() -> Ticket:
            now = self._clock.now()
            tenant = self._tenants.get(tenant_id)
            agreement = self._agreements.load(tenant.product, tenant.agreement_version)
            rule = agreement.misuse_reports
            if rule is None:
                raise Conflict("this agreement takes no reports of misuse")
            ticket = Ticket(
                self._ids.new("k"),
                tenant_id,
                tenant.product,
                TicketKind.MISUSE,
                "account",
                now,
                rule.answer.after(now, agreement.calendar),
                rule.basis.cite(),
            )
            facts = {"ticket_id": ticket.id, "kind": ticket.kind.value}
            why = "misuse of the account is reported"
            step = move(tenant, Event.TICKET_OPENED, now, by, why, ticket.clause, facts=facts)
            # Before the write: if we die in between, nobody is in and the report is sent again.
            for user in self._people.users(tenant_id):
                self._sign_in.sign_out(user.username)
            commit(self._tenants, agreement, step, (ticket, Words(tenant_id, ticket.id, text)))
            return ticket

        ticket = retrying(take)
        self._log.note(
            tenant_id,
            "misuse_reported",
            ticket.opened_at,
            source_ip,
            username=username,
            ticket_id=ticket.id,
        )
        return ticket
