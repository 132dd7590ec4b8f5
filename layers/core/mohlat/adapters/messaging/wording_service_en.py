"""The messages about running the service, in English."""

from __future__ import annotations

from collections.abc import Mapping

from mohlat.adapters.messaging.wording_script import Given, Script
from mohlat.domain.notices import NoticeKind

_DAY = {"token": "sms_day", "token2": "iso_day", "token10": "sms_name"}
_HOUR = {"token": "sms_day", "token2": "iso_day", "token3": "clock", "token10": "sms_name"}

SERVICE: Mapping[NoticeKind, Script] = {
    NoticeKind.NEWS: Script(
        "$name: $subject",
        ("$text", "News of $name of $date."),
        "News of $sms_name of $sms_day ($iso_day): $sms_subject",
        {**_DAY, "token20": "sms_subject"},
    ),
    NoticeKind.TERMS_CHANGED: Script(
        "New terms of $name from $date on",
        (
            "From $date on there is a new version of the terms of $name. What changes:",
            "$text",
            "The whole text:\n$link",
            "What you have bought already keeps the terms under which you bought it.",
        ),
        "New terms of $sms_name from $sms_day ($iso_day) on. They are in your mail and in your account.",
        _DAY,
    ),
    NoticeKind.MAINTENANCE_PLANNED: Script(
        "Maintenance of $name on $date",
        (
            "$name cannot be used from $date to $end because of planned maintenance.",
            "$text",
            "We will tell you when it is over. Your data is not touched.",
        ),
        "$sms_name cannot be used from $clock on $sms_day ($iso_day): planned maintenance.",
        _HOUR,
    ),
    NoticeKind.MAINTENANCE_MOVED: Script(
        "Maintenance of $name was moved to $date",
        (
            "The maintenance of $name was moved: now $name cannot be used from $date to $end.",
            "$text",
            "What we told you before about this maintenance no longer holds.",
        ),
        "The maintenance of $sms_name was moved to $clock on $sms_day ($iso_day).",
        _HOUR,
    ),
    NoticeKind.MAINTENANCE_CANCELLED: Script(
        "Maintenance of $name was cancelled",
        ("The maintenance of $name that was planned for $date does not take place.",),
        "The maintenance of $sms_name planned for $sms_day ($iso_day) does not take place.",
        _DAY,
    ),
    NoticeKind.MAINTENANCE_AHEAD: Script(
        "Reminder: maintenance of $name on $date",
        ("As announced, $name cannot be used from $date to $end.", "$text"),
        "Reminder: $sms_name cannot be used from $clock on $sms_day ($iso_day).",
        _HOUR,
    ),
    NoticeKind.MAINTENANCE_ENDED: Script(
        "Maintenance of $name is over",
        ("The maintenance of $name is over since $date. Everything can be used again.",),
        "The maintenance of $sms_name is over since $clock on $sms_day ($iso_day).",
        _HOUR,
    ),
    NoticeKind.LEASE_EXTENDED: Script(
        "Lost time is added to your subscription to $name",
        (
            "Last month $name was down for longer than we promise. We are sorry for it.",
            "The whole lost time, $minutes minutes, is added to your subscription, which now ends on $date.",
        ),
        "$minutes minutes of downtime are added to your $sms_name subscription. It ends $sms_day ($iso_day).",
        {**_DAY, "token3": "minutes"},
    ),
    NoticeKind.WIND_DOWN_PLANNED: Script(
        "$name ends on $date",
        (
            "$name comes to its end on $date.",
            "$text",
            "What you have paid for and not used by then goes back to you.",
            "Until $access_until you can still read your data and take it with you. "
            "After that it is deleted for good; we tell you before.",
        ),
        "$sms_name ends on $sms_day ($iso_day). Your data can be read for a year after that.",
        _DAY,
    ),
    NoticeKind.WIND_DOWN_CANCELLED: Script(
        "$name goes on",
        ("$name does not end on $date, as we had announced. It goes on as before.",),
        "$sms_name does not end on $sms_day ($iso_day). It goes on as before.",
        _DAY,
    ),
    NoticeKind.WIND_DOWN_STARTED: Script(
        "$name has come to its end: take your data by $date",
        (
            "$name has come to its end. Your data can be read and taken until $date.",
            Given("amount", "What you had paid for and not used, $amount, goes back to you."),
            "After that date everything is deleted for good. We will tell you once more before.",
        ),
        "$sms_name has ended. Your data can be read and taken until $sms_day ($iso_day).",
        _DAY,
    ),
}
