"""The messages in English."""

from __future__ import annotations

from collections.abc import Mapping

from mohlat.adapters.messaging.wording_script import Script
from mohlat.domain.notices import NoticeKind

GREETING = "Hello,"
FAREWELL = "Kind regards,\n$name"

_CODE = {"token": "code"}
_DAY = {"token": "sms_day", "token2": "iso_day", "token10": "sms_name"}

_KEPT_FOR_NOW = (
    "Your data is kept for the time that the agreement sets, and is then deleted for good. "
    "We will tell you once more before we delete it."
)
_IF_NOTHING_IS_DONE = (
    "If you do not wish to go on, there is nothing you need to do: "
    "normal use of the service stops when the period ends. "
)

SCRIPTS: Mapping[NoticeKind, Script] = {
    NoticeKind.CONFIRM_CODE: Script(
        "Your confirmation code for $name",
        (
            "To confirm your account with $name, enter this code:",
            "$code",
            "It is valid for $life and works once. After that you can ask for a new one.",
            "Give this code to nobody. If you did not open an account, ignore this message.",
        ),
        "Your confirmation code: $code\nValid for $life. Give it to nobody.",
        _CODE,
    ),
    NoticeKind.RECOVERY_CODE: Script(
        "Your password recovery code for $name",
        (
            "To set a new password for $name, enter this code:",
            "$code",
            "It is valid for $life and works once. After that you can ask for a new one.",
            "Give this code to nobody. If you did not ask for it, ignore this message; "
            "your present password stays as it is.",
        ),
        "Your password recovery code: $code\n"
        "Valid for $life. If you did not ask for it, ignore this message.",
        _CODE,
    ),
    NoticeKind.TRIAL_ENDING: Script(
        "Your trial of $name is about to end",
        (
            "Your trial of $name ends on $date. Under the agreement we remind you $before before the end.",
            "To go on, choose a plan and pay for it by then. "
            "The time you buy is counted from the end of the trial.",
            _IF_NOTHING_IS_DONE + _KEPT_FOR_NOW,
        ),
        "Your trial of $sms_name ends on $sms_day ($iso_day). To go on, choose a plan.",
        _DAY,
    ),
    NoticeKind.TERM_ENDING: Script(
        "Your subscription to $name is about to end",
        (
            "Your subscription to $name ends on $date. "
            "Under the agreement we remind you $before before the end.",
            "To go on, renew it by then. The new period is added to the end of the present one.",
            _IF_NOTHING_IS_DONE + _KEPT_FOR_NOW,
        ),
        "Your subscription to $sms_name ends on $sms_day ($iso_day). To go on, renew it.",
        _DAY,
    ),
    NoticeKind.INVOICE_DUE: Script(
        "Your invoice for $name is due soon",
        (
            "Your first invoice for $name is due on $date. "
            "Under the agreement we remind you $before before it is due.",
            "If it is paid by then, your subscription goes on without a break.",
            "If it is not, the service is suspended for debt. " + _KEPT_FOR_NOW,
        ),
        "Your invoice for $sms_name is due on $sms_day ($iso_day). If unpaid, the service is suspended.",
        _DAY,
    ),
    NoticeKind.TRIAL_ENDED: Script(
        "Your trial of $name has ended",
        (
            "Your trial of $name ended on $date. Normal use of the service stopped then.",
            "To go on, choose a plan and pay for it. Your access returns with the payment, "
            "and the time you buy is counted from then on.",
            _KEPT_FOR_NOW,
        ),
        "Your trial of $sms_name ended on $sms_day ($iso_day). To go on, choose a plan.",
        _DAY,
    ),
    NoticeKind.TERM_ENDED: Script(
        "Your subscription to $name has ended",
        (
            "Your subscription to $name ended on $date and was not renewed. "
            "Normal use of the service stopped then.",
            "To go on, renew it. Your access returns with the payment, "
            "and the new period is counted from then on.",
            _KEPT_FOR_NOW,
        ),
        "Your subscription to $sms_name ended on $sms_day ($iso_day). To go on, renew it.",
        _DAY,
    ),
    NoticeKind.LEASE_SUSPENDED: Script(
        "Your service from $name is suspended for debt",
        (
            "Your first invoice for $name was not paid in time. "
            "Under the agreement the service is suspended for debt since $date.",
            "It is restored when the debt is paid.",
            _KEPT_FOR_NOW,
        ),
        "Your $sms_name service is suspended for debt since $sms_day ($iso_day). Paying restores it.",
        _DAY,
    ),
    NoticeKind.DEACTIVATED: Script(
        "Your account with $name is deactivated",
        (
            "The time in which your account with $name could still be read is over. "
            "Under the agreement it was deactivated on $date.",
            "To use it again, renew your subscription.",
            _KEPT_FOR_NOW,
        ),
        "Your $sms_name account was deactivated on $sms_day ($iso_day). To use it again, renew.",
        _DAY,
    ),
    NoticeKind.DELETION_WARNING: Script(
        "The data of your account with $name will be deleted",
        (
            "The time for which the data of your account with $name is kept will soon be over. Under the "
            "agreement all of it is deleted for good on $date: what you recorded, the users and the contact "
            "addresses. Nothing is deleted before that moment.",
            "Deleted data cannot be brought back. If you want a copy of it, ask for one before that moment.",
            "If the account is not closed, you can keep it by paying for a subscription until then.",
        ),
        "Your $sms_name data will be deleted for good on $sms_day ($iso_day). "
        "If you want a copy, ask for it before.",
        _DAY,
    ),
    NoticeKind.PAYMENT_RECEIVED: Script(
        "We received your payment for $name",
        (
            "We received your payment for $name. Thank you.",
            "Amount: $amount\nPlan: $plan\nOrder: $order_id\nPaid through: $date",
            "You can renew your subscription at any time before it ends.",
        ),
        "We received $amount for $sms_name. Order: $order_tail",
        {"token": "order_tail", "token10": "sms_name", "token20": "amount"},
    ),
    NoticeKind.ACCOUNT_CLOSED: Script(
        "Your account with $name is closed",
        (
            "Your account with $name is closed, and access to it has stopped.",
            "Under the agreement its data is kept until $date and is then deleted for good. "
            "If you want a copy of it, ask for one before that moment.",
            "If you did not want the account to be closed, tell our support as soon as you can.",
        ),
        "Your $sms_name account is closed. Its data will be deleted for good on $sms_day ($iso_day).",
        _DAY,
    ),
    NoticeKind.DATA_DELETED: Script(
        "The data of your account with $name was deleted",
        (
            "The time for which the data of your account with $name was kept is over. "
            "What you recorded is deleted for good since $date.",
            "After this message the account's users, the contact addresses and the key that your data was "
            "encrypted with are deleted too. Without that key nothing left in a backup can be read.",
            "The data cannot be brought back. This is our last message to you.",
        ),
        "Your $sms_name data is deleted for good since $sms_day ($iso_day) and cannot be brought back.",
        _DAY,
    ),
}
