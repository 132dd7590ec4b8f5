"""The messages about rights over one's own data, in English."""

from __future__ import annotations

from collections.abc import Mapping

from mohlat.adapters.messaging.wording_script import Script
from mohlat.domain.notices import NoticeKind

_DAY = {"token": "sms_day", "token2": "iso_day", "token10": "sms_name"}
_NUMBER = {"token": "request_tail", "token10": "sms_name"}

RIGHTS: Mapping[NoticeKind, Script] = {
    NoticeKind.DATA_REQUEST_RECEIVED: Script(
        "We received your request about your data with $name",
        (
            "We received your request about the data that $name holds on you. We answer it by $date.",
            "Request: $request_id",
            "Should it need more time, we tell you why before that date.",
        ),
        "We received your request about your data with $sms_name and answer by $sms_day ($iso_day).",
        _DAY,
    ),
    NoticeKind.DATA_REQUEST_EXTENDED: Script(
        "Your request about your data with $name needs more time",
        (
            "The answer to your request about your data with $name needs more time. We answer it by $date.",
            "Request: $request_id",
            "The reason:\n$explanation",
            "There will be no second extension.",
        ),
        "Your request to $sms_name needs more time; we answer by $sms_day ($iso_day). "
        "The reason is in your account.",
        _DAY,
    ),
    NoticeKind.DATA_REQUEST_RESUMED: Script(
        "Your request to $name goes on",
        (
            "What stopped your request about your data with $name is settled. We answer it by $date.",
            "Request: $request_id",
        ),
        "Your request to $sms_name goes on; we answer by $sms_day ($iso_day).",
        _DAY,
    ),
    NoticeKind.DATA_REQUEST_HELD: Script(
        "Your data with $name cannot be deleted for now",
        (
            "You asked $name to delete your data. For now the law does not allow it: "
            "the data has to be kept under a legal order.",
            "Request: $request_id\nDate: $date",
            "As soon as that ends your request is taken up again by itself, and we tell you.",
        ),
        "By law your data with $sms_name cannot be deleted for now. Request: $request_tail",
        _NUMBER,
    ),
    NoticeKind.DATA_REQUEST_ANSWERED: Script(
        "Your request about your data with $name is answered",
        (
            "Your request about the data that $name holds on you is answered.",
            "Request: $request_id\nDate: $date",
            "You will find the answer in your account, under the request's number.",
        ),
        "Your request about your data with $sms_name is answered. Request: $request_tail",
        _NUMBER,
    ),
    NoticeKind.IDENTITY_ASKED: Script(
        "Before we answer your request to $name we must be sure that it is yours",
        (
            "We received a request in your name about the data that $name holds on you. "
            "Before we answer it we must be sure that you sent it.",
            "Request: $request_id\nDate: $date",
            "Please get in touch with our support. Until that is settled the time for our answer stops. "
            "Give your password to nobody.",
        ),
        "A request to $sms_name in your name: is it yours? Please tell our support. Request: $request_tail",
        _NUMBER,
    ),
    NoticeKind.ACCOUNT_REOPENED: Script(
        "Your account with $name is open again",
        (
            "As you asked, the closing of your account with $name is undone. Date: $date",
            "Your data is not deleted because of that closing any more. Money that went back stays with you.",
            "If you did not ask for this, tell our support as soon as you can.",
        ),
        "Your account with $sms_name is open again since $sms_day ($iso_day). "
        "If you did not ask for this, tell support.",
        _DAY,
    ),
    NoticeKind.CONTACT_CHANGE: Script(
        "Your contact with $name is about to change",
        (
            "Somebody who knows your password asked to be reached at another address or number "
            "for your account with $name. Date: $date",
            "It takes effect once the code that was sent there comes back. "
            "From then on we write to you there only.",
            "If it was not you, change your password now and tell our support: "
            "whoever asked for this knows it.",
        ),
        "A change of your contact with $sms_name was asked for on $sms_day ($iso_day). "
        "Not you? Change your password.",
        _DAY,
    ),
}
