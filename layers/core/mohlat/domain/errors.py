"""Errors, each named after the reaction it asks for.

State machines and the API match on these names, so a class here is part of the product's contract:
`entrypoint` maps them to HTTP problems, the ASL files to `Retry` and `Catch`.
"""

from __future__ import annotations

from collections.abc import Mapping


class MohlatError(Exception):
    """Base of every error that Mohlat raises on purpose.

    `code` names the problem for programs (kebab-case, stable); `details` are safe to show and to log:
    no personal data, no secrets.
    """

    code = "internal-error"

    def __init__(self, message: str = "", **details: object) -> None:
        super().__init__(message or self.code)
        self.details: Mapping[str, object] = details


class InvalidInput(MohlatError):
    """The caller sent something that can never be right; `field` names it, `reason` says why."""

    code = "invalid-input"

    def __init__(self, field: str, reason: str, **details: object) -> None:
        super().__init__(f"{field}: {reason}", field=field, reason=reason, **details)
        self.field = field
        self.reason = reason


class NotSignedIn(MohlatError):
    """Who is calling is not established: sign in again."""

    code = "not-signed-in"


class NotAllowed(MohlatError):
    """The caller is known and may not do this; asking again changes nothing."""

    code = "not-allowed"


class NotFound(MohlatError):
    """No such thing for this caller (another tenant's thing does not exist for it)."""

    code = "not-found"


class Gone(MohlatError):
    """It existed and was deleted for good; nothing revives it (invariant 2)."""

    code = "gone"


class AccessRefused(MohlatError):
    """The agreement forbids this operation in the tenant's present state; `clause` says where."""

    code = "access-refused"


class TermsNotAccepted(AccessRefused):
    """A new version of the terms bars the way: read it, accept `version` at `accept_at`, then ask again."""

    code = "terms-not-accepted"


class SupportManagerOnly(MohlatError):
    """By the agreement support serves the account's owner only: ask them; `clause` says where."""

    code = "support-manager-only"


class SupportNotCovered(MohlatError):
    """Support does not do this; where it is sold, `extra` names it: order that; `clause` says where."""

    code = "support-not-covered"


class Conflict(MohlatError):
    """It contradicts what is there (a duplicate, a state that does not allow it): read again, then decide."""

    code = "conflict"


class TooManyAttempts(MohlatError):
    """The limit of tries is reached: wait."""

    code = "too-many-attempts"


class TooManyRequests(MohlatError):
    """The package's requests of this minute are used up: the same again in `retry_after_seconds`."""

    code = "too-many-requests"


class ConcurrentChange(MohlatError):
    """Somebody else moved it between our read and our write: read again and retry at once."""

    code = "concurrent-change"


class ServiceUnavailable(MohlatError):
    """A service that we build on refused for now or did not answer: the same call again, after a while."""

    code = "service-unavailable"


class UnderMaintenance(MohlatError):
    """The product cannot be used until `until`, because of maintenance that was announced."""

    code = "under-maintenance"


class NotDueYet(MohlatError):
    """A deadline was asked to be carried out before its instant: go back to sleep."""

    code = "not-due-yet"


class Held(MohlatError):
    """Law forbids deleting this for now; it can be asked for again once that has ended."""

    code = "held"


class RefundRefused(MohlatError):
    """The agreement gives nothing back here; `clause` says which one, `ended_at` when the right to it
    ended.
    """

    code = "refund-refused"


class TooLate(MohlatError):
    """The time for this has ended, at `ended_at`; asking again changes nothing."""

    code = "too-late"


class ProfileIncomplete(MohlatError):
    """The billing profile lacks what this needs; `missing` names the fields: complete it, then ask again."""

    code = "profile-incomplete"


class NoRefundRoute(MohlatError):
    """The gateway cannot return this money (no way, too little, too late): a person pays it out."""

    code = "no-refund-route"


class ExportLimited(MohlatError):
    """The agreement's free exports are used up: wait until `next_free_at`, or order the `extra`."""

    code = "export-limited"


class FileExpired(MohlatError):
    """The time in which a file could be fetched ended at `expired_at`: ask for a new export."""

    code = "file-expired"


class RestoreNotPaid(MohlatError):
    """By the agreement restoring a backup is an extra: order `extra`, pay it, then ask again."""

    code = "restore-not-paid"


class PurgeRefused(MohlatError):
    """Something forbids the purge (invariant 1); `obstacles` lists what."""

    code = "purge-refused"


class AgreementInvalid(MohlatError):
    """An agreement file breaks its schema: mend the file at `path`."""

    code = "agreement-invalid"

    def __init__(self, file: str, path: str, reason: str) -> None:
        super().__init__(f"{file}: {path}: {reason}", file=file, path=path, reason=reason)


class GatewayUnavailable(MohlatError):
    """The gateway gave no usable answer. What happened there is unknown: ask again later, never assume."""

    code = "gateway-unavailable"


class GatewayRefused(MohlatError):
    """The gateway refuses our request as such (credentials, configuration, amount): retrying cannot help."""

    code = "gateway-refused"


class MessagingUnavailable(MohlatError):
    """The provider did not take the message: retry with the same reference."""

    code = "messaging-unavailable"


class MessageUncertain(MohlatError):
    """The provider may have taken the message and nobody can tell: record it, do not repeat it."""

    code = "message-uncertain"


class MessageRejected(MohlatError):
    """The provider will never take this message (bad number, bad text): record it, do not retry."""

    code = "message-rejected"


class MessagingMisconfigured(MohlatError):
    """Credentials, credit or templates are wrong: an operator must act; the alarm is the reaction."""

    code = "messaging-misconfigured"
