"""The messages in English."""

from __future__ import annotations

from collections.abc import Mapping

from mohlat.adapters.messaging.wording_rights_en import RIGHTS
from mohlat.adapters.messaging.wording_script import Given, Script
from mohlat.adapters.messaging.wording_service_en import SERVICE
from mohlat.domain.notices import NoticeKind
from mohlat.domain.refunds import RefundReason

GREETING = "Hello,"
FAREWELL = "Kind regards,\n$name"

_CODE = {"token": "code"}
_DAY = {"token": "sms_day", "token2": "iso_day", "token10": "sms_name"}
_SUM_AND_DAY = {"token": "sms_day", "token2": "iso_day", "token10": "sms_name", "token20": "amount"}
_SUM_AND_ORDER = {"token": "order_tail", "token10": "sms_name", "token20": "amount"}
_SUM_AND_REFUND = {"token": "refund_tail", "token10": "sms_name", "token20": "amount"}
_SUM_AND_TICKET = {"token": "ticket_tail", "token10": "sms_name", "token20": "amount"}
_SUM_AND_ESCROW = {"token": "escrow_tail", "token10": "sms_name", "token20": "amount"}

_KEPT_FOR_NOW = (
    "Your data is kept for the time that the agreement sets, and is then deleted for good. "
    "We will tell you once more before we delete it."
)
_IF_NOTHING_IS_DONE = (
    "If you do not wish to go on, there is nothing you need to do: "
    "normal use of the service stops when the period ends. "
)
_TOLD_ONCE_IT_IS_BACK = "How long that takes depends on the banks. We will tell you once it is back."

METRICS: Mapping[str, str] = {
    "storage_mb": "storage (megabytes)",
    "records": "records",
    "users": "users",
}

REASONS: Mapping[str, str] = {
    RefundReason.WITHDRAWAL: "You paid this and have withdrawn from the agreement.",
    RefundReason.PURCHASE_RETURNED: "It is what you paid for a purchase that you gave back.",
    RefundReason.UPGRADE_RETURNED: (
        "It is the difference that you paid for a plan and gave back; "
        "your subscription is on its earlier plan again."
    ),
    RefundReason.ESCROW_RETURNED: "It is the deposit that you asked to have back.",
    RefundReason.NOTHING_GRANTED: (
        "The payment reached us when it could not buy anything for your account any more."
    ),
    RefundReason.HELD: "We have looked into your payment, and this much of it has to go back to you.",
    RefundReason.GOODWILL: "Our people looked into it and decided to give this back to you.",
    RefundReason.PRODUCT_ENDED: "The product has come to its end, and this is the price of unused time.",
}

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
    NoticeKind.INVITATION: Script(
        "You can use $name from now on",
        (
            "The owner of an account with $name has made you one of its users. "
            "To sign in, first set a password of your own, with this code:",
            "$code",
            "It is valid for $life and works once. "
            "After that, ask for a new one as if you had forgotten your password.",
            "If you do not know what this is about, ignore this message: without the code nothing happens.",
        ),
        "You were made a user. Set your password with this code: $code\nValid for $life. Give it to nobody.",
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
        _SUM_AND_ORDER,
    ),
    NoticeKind.ACCOUNT_CLOSED: Script(
        "Your account with $name is closed",
        (
            "Your account with $name is closed, and access to it has stopped.",
            "Under the agreement its data is kept until $date and is then deleted for good. "
            "If you want a copy of it, ask for one before that moment.",
            Given("amount", "What you paid, $amount, goes back to you. " + _TOLD_ONCE_IT_IS_BACK),
            "If you did not want the account to be closed, tell our support as soon as you can.",
        ),
        "Your $sms_name account is closed. Its data will be deleted for good on $sms_day ($iso_day).",
        _DAY,
    ),
    NoticeKind.ACCOUNT_ENDED: Script(
        "Your account with $name was ended",
        (
            "We found a breach of the agreement in your account with $name. As the agreement provides, the "
            "account was closed without notice, and nothing is paid back.",
            "Its data is deleted for good on $date. If you think that we are wrong, tell our support before "
            "then.",
        ),
        "Your $sms_name account was ended for a breach. Its data will be deleted on $sms_day ($iso_day).",
        _DAY,
    ),
    NoticeKind.DATA_DELETED: Script(
        "The data of your account with $name was deleted",
        (
            "The time for which the data of your account with $name was kept is over. "
            "What you recorded is deleted for good since $date.",
            "After this message the account's users, the contact addresses and the key that your data was "
            "encrypted with are deleted too. Without that key nothing left in a backup can be read.",
            "The data cannot be brought back. A signed certificate of the deletion, with what was deleted "
            "and what the law has us keep, is here:\n$link",
            "Keep this link: it needs no account. This is our last message to you.",
        ),
        "Your $sms_name data is deleted for good since $sms_day ($iso_day) and cannot be brought back.",
        _DAY,
    ),
    NoticeKind.UPGRADED: Script(
        "Your plan for $name has changed",
        (
            "We received the difference in price for your new plan for $name. "
            "The plan is active from now on. Thank you.",
            "Amount: $amount\nPlan: $plan\nOrder: $order_id\nPaid through: $date",
            "The end of your subscription has not changed.",
        ),
        "Your new plan for $sms_name is active. We received $amount. Order: $order_tail",
        _SUM_AND_ORDER,
    ),
    NoticeKind.EXTRA_BOUGHT: Script(
        "Your purchase from $name is booked",
        (
            "We received your payment for a purchase from $name. Thank you.",
            "Item: $extra\nAmount: $amount\nOrder: $order_id\nDate: $date",
            "You can see the invoice in your account.",
        ),
        "Your purchase from $sms_name is booked. We received $amount. Order: $order_tail",
        _SUM_AND_ORDER,
    ),
    NoticeKind.REFUND_STARTED: Script(
        "A refund from $name is on its way to you",
        (
            "A refund of $amount from $name is on its way to you.",
            Given("reason", "$reason"),
            "Amount: $amount\nRefund: $refund_id\nDate: $date",
            "If the payment gateway can do it, the money goes back the way it was paid. If it cannot, "
            "our people transfer it to the Sheba number (IBAN) in your billing profile. "
            "If there is none, we will ask you for it.",
            _TOLD_ONCE_IT_IS_BACK,
        ),
        "A refund of $amount from $sms_name is on its way to you. Refund: $refund_tail",
        _SUM_AND_REFUND,
    ),
    NoticeKind.REFUND_DONE: Script(
        "Your refund from $name is done",
        (
            "Your refund from $name is done.",
            "Amount: $amount\nRefund: $refund_id\nDate: $date",
            "If you do not see the money in your bank account, tell our support and give this number.",
        ),
        "Your refund of $amount from $sms_name is done. Refund: $refund_tail",
        _SUM_AND_REFUND,
    ),
    NoticeKind.REFUND_NEEDS_ACCOUNT: Script(
        "For your refund from $name we need your Sheba number",
        (
            "The payment gateway cannot send your refund of $amount from $name. "
            "Our people will transfer it to your bank account.",
            "Please enter the Sheba number (IBAN) of an account in your name "
            "in the billing profile of your account with us.",
            "Amount: $amount\nRefund: $refund_id\nDate: $date",
            "Do not send the number by mail or SMS. We never ask for a card's number or its password.",
        ),
        "For a refund of $amount, $sms_name needs your Sheba number in your billing profile. "
        "Refund: $refund_tail",
        _SUM_AND_REFUND,
    ),
    NoticeKind.PAYMENT_FOLLOWED_UP: Script(
        "We are following up your failed payment for $name",
        (
            "You told us that a failed payment for $name took money from your bank account. "
            "The time in which the bank should have returned it is over, "
            "and our people are now following it up.",
            "Amount: $amount\nTicket: $ticket_id\nDate: $date",
            "You will find the outcome in your account, under this number. "
            "If the money comes back to you in the meantime, tell our support.",
        ),
        "We are following up your failed payment of $amount for $sms_name. Ticket: $ticket_tail",
        _SUM_AND_TICKET,
    ),
    NoticeKind.DEBT_INVOICED: Script(
        "Your invoice for use above your plan of $name",
        (
            "Your use of $name went above the limit of your plan. "
            "Under the agreement you were invoiced for what is above it.",
            "What: $metric\nUsed: $used\nAmount: $amount\nDebt: $debt_id\nTo be paid by: $date",
            "If it is not paid by then, the service is suspended for debt. "
            "As long as your use is above the limit, the service is restricted.",
            "If you think that this invoice is wrong, tell our support before it is due.",
        ),
        "Your $sms_name invoice for overuse: $amount, due on $sms_day ($iso_day). "
        "If unpaid, the service is suspended.",
        _SUM_AND_DAY,
    ),
    NoticeKind.DEBT_DUE: Script(
        "Your invoice for use above your plan of $name is due soon",
        (
            "Your invoice for use above your plan of $name is due on $date. "
            "Under the agreement we remind you $before before it is due.",
            "What: $metric\nAmount: $amount\nDebt: $debt_id",
            "If it is not paid by then, the service is suspended for debt.",
        ),
        "Your debt of $amount to $sms_name is due on $sms_day ($iso_day). "
        "If unpaid, the service is suspended.",
        _SUM_AND_DAY,
    ),
    NoticeKind.DEBT_SUSPENDED: Script(
        "Your service from $name is suspended for debt",
        (
            "Your invoice for use above your plan of $name was not paid in time. "
            "Under the agreement the service is suspended for debt since $date.",
            "What: $metric\nAmount: $amount\nDebt: $debt_id",
            "It is restored when this debt is paid, unless another one is overdue.",
        ),
        "Your $sms_name service is suspended for a debt of $amount since $sms_day ($iso_day). "
        "Paying restores it.",
        _SUM_AND_DAY,
    ),
    NoticeKind.DEBT_PAID: Script(
        "We received the payment of your debt to $name",
        (
            "We received your payment of the invoice for use above your plan of $name. Thank you.",
            "Amount: $amount\nDebt: $debt_id\nOrder: $order_id\nDate: $date",
            "If the service was suspended for this debt alone, it is restored from now on.",
        ),
        "We received your payment of a debt of $amount to $sms_name. Order: $order_tail",
        _SUM_AND_ORDER,
    ),
    NoticeKind.ESCROW_AGREED: Script(
        "Work agreed with $name waits for your deposit",
        (
            "Work for you was agreed with $name and noted. "
            "It begins once you have deposited its price with us.",
            "Partner: $partner\nAmount: $amount\nDeposit: $escrow_id\nDate: $date",
            "The money stays with us and goes to the partner only when you have declared the work done. "
            "Until then we return it whenever you ask, without questions.",
            "If you agreed to no such work, pay nothing and tell our support.",
        ),
        "Work agreed with $sms_name begins once you deposit $amount with us. Deposit: $escrow_tail",
        _SUM_AND_ESCROW,
    ),
    NoticeKind.ESCROW_DEPOSITED: Script(
        "We received your deposit with $name",
        (
            "We received your deposit for the work agreed with $name, and keep it for you. "
            "The work may begin from now on.",
            "Amount: $amount\nDeposit: $escrow_id\nOrder: $order_id\nDate: $date",
            "When the work is done, declare it done in your account; the partner is then paid. "
            "Until then you can ask there for the deposit back, and get it without questions.",
        ),
        "We received and keep your deposit of $amount with $sms_name. Deposit: $escrow_tail",
        _SUM_AND_ESCROW,
    ),
    NoticeKind.ESCROW_RELEASED: Script(
        "The work agreed with $name is declared done",
        (
            "You declared the work that was agreed with $name done. Your deposit goes to the partner.",
            "Partner: $partner\nAmount: $amount\nDeposit: $escrow_id\nDate: $date",
            "If you did not declare the work done, tell our support as soon as you can.",
        ),
        "You declared work with $sms_name done; $amount goes to the partner. Deposit: $escrow_tail",
        _SUM_AND_ESCROW,
    ),
    NoticeKind.ESCROW_RETURNED: Script(
        "Your deposit with $name is on its way back to you",
        (
            "As you asked, your deposit with $name is on its way back to you.",
            "Amount: $amount\nDeposit: $escrow_id\nDate: $date",
            _TOLD_ONCE_IT_IS_BACK,
            "If you like, tell us the reason now, in your account, so that we can do better. "
            "This is up to you and changes nothing about the money.",
        ),
        "Your $sms_name deposit of $amount goes back to you. If you like, tell us why. Deposit: $escrow_tail",
        _SUM_AND_ESCROW,
    ),
    NoticeKind.COMPENSATED: Script(
        "Compensation from $name for an error of ours",
        (
            "We pay you $amount for an error of ours at $name. We are sorry for it.",
            "Amount: $amount\nTicket: $ticket_id\nDate: $date",
            "Our people transfer it to the Sheba number (IBAN) in your billing profile. "
            "If there is none, please enter it in your account.",
        ),
        "For an error of ours at $sms_name we transfer $amount to your Sheba number. Ticket: $ticket_tail",
        _SUM_AND_TICKET,
    ),
    NoticeKind.DISPUTE_RECEIVED: Script(
        "We received your objection to an invoice from $name",
        (
            "We received your objection to an invoice from $name. "
            "Our people look into it and answer by $date.",
            "Invoice: $invoice\nTicket: $ticket_id",
            "We will tell you when the answer is there.",
        ),
        "We received your objection to invoice $invoice from $sms_name and answer by $sms_day ($iso_day).",
        {"token": "invoice", "token2": "sms_day", "token3": "iso_day", "token10": "sms_name"},
    ),
    NoticeKind.DISPUTE_ANSWERED: Script(
        "Your objection to an invoice from $name is answered",
        (
            "Your objection to an invoice from $name is answered.",
            "Invoice: $invoice\nTicket: $ticket_id\nDate: $date",
            Given("amount", "Part of the answer is that $amount goes back to you."),
            "You will find the answer in your account, under the ticket's number.",
        ),
        "Your objection to invoice $invoice from $sms_name is answered; you find the answer in your account.",
        {"token": "invoice", "token10": "sms_name"},
    ),
    NoticeKind.SUPPORT_ANSWERED: Script(
        "Support of $name wrote to you: $ticket_id",
        (
            "Support of $name wrote to you about your request.",
            "Ticket: $ticket_id\nDate: $date",
            "You will find it in your account, under the ticket's number, and can write back there. "
            "A mail to support has to keep that number in its subject.",
        ),
        "Support of $sms_name wrote to you on $sms_day ($iso_day); you find it in your account.",
        {"token": "sms_day", "token2": "iso_day", "token10": "sms_name"},
    ),
    NoticeKind.OBJECTION_RECEIVED: Script(
        "We received your objection at $name",
        (
            "We received your objection to a restriction of your account with $name. "
            "Our people look into it and answer by $date.",
            "Ticket: $ticket_id",
            "Your data is not deleted while it is open. We will tell you when the answer is there.",
        ),
        "We received your objection to the restriction at $sms_name and answer by $sms_day ($iso_day).",
        {"token": "sms_day", "token2": "iso_day", "token10": "sms_name"},
    ),
    NoticeKind.RESTRICTION_LIFTED: Script(
        "A restriction at $name was lifted after your objection",
        (
            "After your objection the restriction of your account with $name was lifted.",
            "Ticket: $ticket_id\nDate: $date",
            "You will find the answer in your account, under the ticket's number.",
        ),
        "After your objection the restriction at $sms_name was lifted on $sms_day ($iso_day).",
        {"token": "sms_day", "token2": "iso_day", "token10": "sms_name"},
    ),
    NoticeKind.RESTRICTION_UPHELD: Script(
        "A restriction at $name stands after your objection",
        (
            "We looked into your objection. The restriction of your account with $name stands.",
            "Ticket: $ticket_id\nDate: $date",
            "You will find the answer in your account, under the ticket's number.",
        ),
        "After your objection the restriction at $sms_name stands, as decided on $sms_day ($iso_day).",
        {"token": "sms_day", "token2": "iso_day", "token10": "sms_name"},
    ),
    NoticeKind.OFFICIAL_INVOICE_ISSUED: Script(
        "Your official invoice from $name is issued",
        (
            "The official invoice that you asked $name for is issued.",
            "Invoice: $invoice\nIssued: $date",
            Given("tax_id", "Number in the taxpayer system: $tax_id"),
            "You can see it in your account.",
            Given("link", "Its address:\n$link"),
        ),
        "The official invoice $invoice from $sms_name is issued; you find it in your account.",
        {"token": "invoice", "token10": "sms_name"},
    ),
    NoticeKind.EXPORT_READY: Script(
        "Your data from $name is ready",
        (
            "The data that you asked $name for is ready.",
            "You can fetch it until $date; the files are deleted then.",
            "Its address, which opens only after you have signed in:\n$link",
        ),
        "Your data from $sms_name can be fetched until $sms_day ($iso_day); you find it in your account.",
        {"token": "sms_day", "token2": "iso_day", "token10": "sms_name"},
    ),
    NoticeKind.DATA_RESTORED: Script(
        "Your backup at $name is restored",
        (
            "Your data at $name is as the backup of $date has it.",
            "Of what was done after it, this is undone now:\n"
            "$added added, $changed changed and $deleted deleted records.",
            "The state before the restoration was saved as a backup too.",
        ),
        "Your data at $sms_name was restored from the backup of $sms_day ($iso_day).",
        {"token": "sms_day", "token2": "iso_day", "token10": "sms_name"},
    ),
    NoticeKind.DATA_LEAKED: Script(
        "A leak of data at $name",
        (
            "Some of your account's data at $name got out. We learned of it on $date.",
            "Its cause and extent were investigated. Change your password, and trust no messages that ask "
            "you for information or money.",
            "Case: $leak_id",
        ),
        "Some of your account's data at $sms_name got out. Change your password. Case: $leak_tail",
        {"token": "leak_tail", "token10": "sms_name"},
    ),
    NoticeKind.PROMOTION: Script(
        "$name: $subject",
        (
            "$text",
            "This is an advertisement of $name. To get no more of them, open this:\n$unsubscribe",
        ),
        "$sms_subject - $sms_name. Stop: $unsubscribe",
        {"token": "unsubscribe", "token10": "sms_name", "token20": "sms_subject"},
    ),
    NoticeKind.NEWSLETTER: Script(
        "$name: $subject",
        (
            "$text",
            "This is the newsletter of $name that you asked for. To stop it, open this:\n$unsubscribe",
        ),
        "$sms_subject - $sms_name. Stop: $unsubscribe",
        {"token": "unsubscribe", "token10": "sms_name", "token20": "sms_subject"},
    ),
    **RIGHTS,
    **SERVICE,
}
