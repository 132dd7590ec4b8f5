"""How requests about one's own data, and that data itself, look in JSON."""

from __future__ import annotations

from collections.abc import Mapping

from mohlat.application.handle_requests import RequestFile
from mohlat.application.see_personal_data import PersonalData
from mohlat.domain.data_requests import DataRequest, RequestStatus, Right
from mohlat.domain.people import Acceptance, Contact, User, UserContact
from mohlat.presentation.privacy_views import consent
from mohlat.presentation.ticket_views import profile
from mohlat.presentation.views import Json, at, word

_RIGHTS: Mapping[Right, tuple[str, str]] = {
    Right.ACCESS: ("دیدن اطلاعات", "Access to one's data"),
    Right.CORRECT: ("تصحیح اطلاعات", "Correction of one's data"),
    Right.AMEND: ("اصلاح اطلاعات", "Amendment of one's data"),
    Right.DELETE: ("پاک کردن اطلاعات", "Deletion of one's data"),
    Right.PORT: ("انتقال اطلاعات", "Transfer of one's data"),
}
_STATES: Mapping[RequestStatus, tuple[str, str]] = {
    RequestStatus.OPEN: ("در دست بررسی", "Being worked on"),
    RequestStatus.IDENTITY_ASKED: ("در انتظار روشن شدن هویت", "Waiting for a proof of identity"),
    RequestStatus.HELD: ("قانون فعلاً اجازه نمی‌دهد", "Not allowed by law for now"),
    RequestStatus.FULFILLED: ("انجام شد", "Fulfilled"),
    RequestStatus.REFUSED: ("رد شد", "Refused"),
}
# Nobody can tell yet until when these are answered.
_STANDING = (RequestStatus.IDENTITY_ASKED, RequestStatus.HELD)


def data_request(shown: DataRequest, language: str) -> Json:
    """A request: what was asked, where it stands, and until when it is answered."""
    return {
        "request_id": shown.id,
        "tenant_id": shown.tenant_id,
        "right": shown.right.value,
        "title": word(_RIGHTS[shown.right], language),
        "status": shown.status.value,
        "state": word(_STATES[shown.status], language),
        "clause": shown.clause,
        **at("received_at", shown.received_at, language),
        **at("due_at", None if shown.status in _STANDING else shown.due_at, language),
        "extended": shown.extended_at is not None,
        "late": shown.late_at is not None,
        **at("answered_at", shown.answered_at, language),
        "ground": shown.ground and shown.ground.value,
        "export_id": shown.export_id,
    }


def request_file(found: RequestFile, language: str) -> Json:
    """A request with what was written about it."""
    return {**data_request(found.request, language), "reason": found.words, "answer": found.answer}


def contact(shown: Contact) -> Json:
    """Whom an account belongs to."""
    entity = shown.legal_entity
    return {
        "name": shown.name,
        "email": shown.email,
        "mobile": shown.mobile,
        "language": shown.language,
        "legal_entity": entity and {"name": entity.name, "national_id": entity.national_id},
    }


def user(shown: User, reached: Contact | UserContact, language: str) -> Json:
    """Somebody who may sign in, and how they are reached."""
    return {
        "user_id": shown.username,
        "role": shown.role.value,
        "name": reached.name,
        "email": reached.email,
        "mobile": reached.mobile,
        "language": reached.language,
        **at("created_at", shown.created_at, language),
        **at("confirmed_at", shown.confirmed_at, language),
        **at("password_changed_at", shown.password_changed_at, language),
    }


def _accepted(shown: Acceptance, language: str) -> Json:
    return {
        "version": shown.version,
        "documents": list(shown.documents),
        "digest": shown.digest,
        **at("accepted_at", shown.at, language),
        "source_ip": shown.source_ip,
        "by": shown.by,
    }


def personal_data(held: PersonalData, language: str) -> Json:
    """Everything that is held about the people of an account, in one answer (KALAK-copy)."""
    return {
        "contact": contact(held.contact),
        "users": [user(*each, language) for each in held.users],
        "profile": profile(held.profile),
        "acceptances": [_accepted(acceptance, language) for acceptance in held.acceptances],
        "consents": [consent(entry, language) for entry in held.consents],
    }
