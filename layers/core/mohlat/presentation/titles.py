"""What events, deadlines, phases and the like are called, in Persian and in English."""

from __future__ import annotations

from collections.abc import Mapping

from mohlat.domain.access import Access
from mohlat.domain.agreement import Phase
from mohlat.domain.explanation import END_OF_PRODUCT
from mohlat.domain.lifecycle import DeadlineKind, Event
from mohlat.domain.tenant import RestrictionKind

EVENTS: Mapping[Event, tuple[str, str]] = {
    Event.REGISTERED: ("ثبت‌نام", "Registered"),
    Event.TERMS_ACCEPTED: ("پذیرش توافق‌نامه", "Agreement accepted"),
    Event.TERMS_DECLINED: ("نپذیرفتن شرایط تازه", "New terms declined"),
    Event.ORDER_PLACED: ("ثبت سفارش", "Order placed"),
    Event.TERM_GRANTED: ("پرداخت و آغاز دوره", "Paid, term granted"),
    Event.UPGRADED: ("ارتقای طرح", "Upgraded"),
    Event.EXTRA_GRANTED: ("پرداخت و ثبت خدمت جانبی", "Paid, extra granted"),
    Event.PURCHASE_RETURNED: ("پس دادن خرید", "Purchase given back"),
    Event.PAYMENT_CLOSED: ("پایان پرداخت بدون خرید", "Payment closed without a purchase"),
    Event.PAYMENT_REPORTED: ("گزارش کم شدن پول در پرداخت ناموفق", "Failed payment that took money reported"),
    Event.REFUND_RESERVED: ("آغاز بازپرداخت", "Refund begun"),
    Event.REFUND_NEEDS_PERSON: ("سپردن بازپرداخت به همکاران", "Refund handed to a person"),
    Event.REFUND_DONE: ("انجام بازپرداخت", "Refund done"),
    Event.WITHDRAWN: ("انصراف و بستن حساب", "Withdrawn, account closed"),
    Event.USAGE_REPORTED: ("گزارش مصرف", "Use reported"),
    Event.DEBT_INVOICED: ("صورت‌حساب مصرف مازاد", "Use above the limits invoiced"),
    Event.DEBT_SUSPENDED: ("تعلیق به سبب بدهی مصرف مازاد", "Suspended for unpaid use above the limits"),
    Event.DEBT_PAID: ("پرداخت بدهی مصرف مازاد", "Use above the limits paid"),
    Event.DEBT_CANCELLED: ("لغو بدهی مصرف مازاد", "Invoice for use above the limits dropped"),
    Event.COMPENSATED: ("جبران خطای ما", "Compensated for an error of ours"),
    Event.ESCROW_AGREED: ("توافق بر انجام کار", "Work agreed"),
    Event.ESCROW_DEPOSITED: ("دریافت سپرده", "Deposit received"),
    Event.ESCROW_RELEASED: ("پایان کار و آزاد شدن سپرده", "Work done, deposit released"),
    Event.ESCROW_RETURNED: ("بازگرداندن سپرده", "Deposit given back"),
    Event.ESCROW_CANCELLED: ("لغو کار توافق‌شده", "Agreed work given up"),
    Event.TICKET_OPENED: ("باز شدن تیکت", "Ticket opened"),
    Event.TICKET_CLOSED: ("بسته شدن تیکت", "Ticket closed"),
    Event.SUPPORT_MOVED: ("پیشرفت درخواست پشتیبانی", "Request for support went on"),
    Event.SUPPORT_CHARGED: ("ثبت هزینهٔ کارشناسی", "Support time charged"),
    Event.SUPPORT_LATE: ("گذشتن مهلت پشتیبانی", "A support deadline was missed"),
    Event.OFFICIAL_INVOICE_REQUESTED: ("درخواست صورت‌حساب رسمی", "Official invoice requested"),
    Event.OFFICIAL_INVOICE_ISSUED: ("صدور صورت‌حساب رسمی", "Official invoice issued"),
    Event.REMINDED: ("یادآوری", "Reminder"),
    Event.TRIAL_ENDED: ("پایان دورهٔ آزمایشی", "Trial ended"),
    Event.TERM_ENDED: ("پایان دوره", "Term ended"),
    Event.LEASE_SUSPENDED: ("تعلیق به سبب بدهی", "Suspended for debt"),
    Event.DEACTIVATED: ("غیرفعال شدن", "Deactivated"),
    Event.DELETION_WARNED: ("هشدار حذف داده‌ها", "Warned of deletion"),
    Event.PURGE_DEFERRED: ("به تعویق افتادن حذف", "Deletion deferred"),
    Event.PURGED: ("حذف همیشگی داده‌ها", "Data deleted for good"),
    Event.CLOSED: ("بستن حساب", "Account closed"),
    Event.RESTRICTED: ("محدودیت", "Restricted"),
    Event.VIOLATION_FOUND: ("نقض قرارداد احراز شد", "A breach was found"),
    Event.DISCLOSED: ("اطلاعات به دیگری داده شد", "Information handed out"),
    Event.UNRESTRICTED: ("رفع محدودیت", "Restriction lifted"),
    Event.DATA_REQUESTED: ("درخواست دربارهٔ اطلاعات شما", "Request about your data"),
    Event.DATA_REQUEST_STOPPED: ("هویت درخواست‌کننده باید روشن شود", "Who asks has to be proved"),
    Event.DATA_REQUEST_RESUMED: ("بررسی درخواست ادامه دارد", "The request goes on"),
    Event.DATA_REQUEST_EXTENDED: ("مهلت پاسخ بیشتر شد", "More time for the answer"),
    Event.DATA_REQUEST_HELD: ("پاک کردن فعلاً ممکن نیست", "Deletion not possible for now"),
    Event.DATA_REQUEST_ESCALATED: ("مهلت پاسخ رو به پایان است", "The time for an answer is nearly over"),
    Event.DATA_REQUEST_LATE: ("پاسخ دیر شد", "The answer is late"),
    Event.DATA_REQUEST_ANSWERED: ("به درخواست پاسخ داده شد", "The request is answered"),
    Event.CONTACT_CORRECTED: ("نام اصلاح شد", "Name corrected"),
    Event.REOPENED: ("بسته شدن حساب پس گرفته شد", "Closing undone"),
    Event.HOLD_PLACED: ("دستور نگهداری داده‌ها", "Legal hold placed"),
    Event.HOLD_RELEASED: ("لغو دستور نگهداری", "Legal hold released"),
    Event.EXPORT_BEGUN: ("درخواست دریافت داده‌ها", "Export asked for"),
    Event.EXPORT_READY: ("آماده شدن داده‌ها برای دریافت", "Export ready"),
    Event.RESTORATION_BEGUN: ("آغاز بازگردانی نسخهٔ پشتیبان", "Restoration of a backup begun"),
    Event.RESTORATION_REFUSED: (
        "بازگردانی انجام نشد تا داده‌های تازه‌تر از دست نرود",
        "Restoration left undone for newer data",
    ),
    Event.RESTORED: ("بازگردانی نسخهٔ پشتیبان", "Backup restored"),
    Event.CONTENT_REMOVED: ("حذف محتوای ممنوع", "Forbidden content removed"),
    Event.CONTACT_SEEN: ("همکاران نشانی تماس را دیدند", "Contact seen by staff"),
    Event.POWERS_DELEGATED: ("اختیار به همکار داده شد", "Powers delegated to a partner"),
    Event.POWERS_WITHDRAWN: ("اختیار همکار پس گرفته شد", "Powers of a partner withdrawn"),
    Event.USER_ADDED: ("کاربر افزوده شد", "User added"),
    Event.USER_REMOVED: ("کاربر برداشته شد", "User removed"),
    Event.SUPPORT_GRANTED: ("نقش پشتیبان داده شد", "Support role granted"),
    Event.SUPPORT_WITHDRAWN: ("نقش پشتیبان پس گرفته شد", "Support role withdrawn"),
    Event.SUPPORT_ANSWERED: ("پشتیبان از سوی مشتری پاسخ داد", "The helper answered for the customer"),
    Event.CONTACTED: ("گفت‌وگو با مشتری", "Talked to the customer"),
    Event.LEAK_TOLD: ("آگاهی از نشت اطلاعات", "Told of a leak of data"),
    Event.CONSENT_GIVEN: ("رضایت داده شد", "Consent given"),
    Event.CONSENT_WITHDRAWN: ("رضایت پس گرفته شد", "Consent withdrawn"),
    Event.PROMOTED: ("پیام تبلیغاتی", "Promotional message"),
    Event.LISTED: ("نمایش در فهرست مشتریان", "Shown in the list of customers"),
    Event.ANNOUNCED: ("خبری برای همهٔ مشتریان", "Announcement to all customers"),
    Event.LEASE_EXTENDED: ("افزودن زمان ازدست‌رفته به اشتراک", "Lost time added to the subscription"),
    Event.WOUND_DOWN: ("پایان کار سرویس", "The product came to its end"),
    Event.UNLISTED: ("حذف از فهرست مشتریان", "No longer in the list of customers"),
}
DEADLINES: Mapping[DeadlineKind, tuple[str, str]] = {
    DeadlineKind.REMIND: ("یادآوری پیش از پایان", "Reminder before the end"),
    DeadlineKind.END_TRIAL: ("پایان دورهٔ آزمایشی", "The trial ends"),
    DeadlineKind.END_TERM: ("پایان دوره", "The term ends"),
    DeadlineKind.SUSPEND_UNPAID_LEASE: ("تعلیق اگر پرداخت نشود", "Suspended unless paid"),
    DeadlineKind.REMIND_OF_DEBT: ("یادآوری بدهی پیش از مهلت", "Reminder of a debt before it is due"),
    DeadlineKind.SUSPEND_FOR_DEBT: ("تعلیق اگر بدهی پرداخت نشود", "Suspended unless the debt is paid"),
    DeadlineKind.DEACTIVATE: ("پایان مهلت فقط‌خواندنی", "Read-only time ends"),
    DeadlineKind.WARN_OF_DELETION: ("هشدار حذف داده‌ها", "Warning of deletion"),
    DeadlineKind.PURGE: ("حذف همیشگی داده‌ها", "Data deleted for good"),
}

COMING: Mapping[str, tuple[str, str]] = {
    **{kind.value: title for kind, title in DEADLINES.items()},
    END_OF_PRODUCT: ("پایان کار سرویس", "The product comes to its end"),
}
PHASES: Mapping[Phase, tuple[str, str]] = {
    Phase.TRIAL: ("دورهٔ آزمایشی", "Trial"),
    Phase.ACTIVE: ("فعال", "Active"),
    Phase.READ_ONLY: ("فقط‌خواندنی", "Read-only"),
    Phase.DEACTIVATED: ("غیرفعال", "Deactivated"),
    Phase.CLOSED: ("بسته‌شده", "Closed"),
    Phase.PURGED: ("حذف‌شده برای همیشه", "Deleted for good"),
}
ACCESS: Mapping[Access, tuple[str, str]] = {
    Access.FULL: ("دسترسی کامل", "Full access"),
    Access.READ_ONLY: ("تنها خواندن و دریافت داده‌ها", "Reading and exporting only"),
    Access.NONE: ("بدون دسترسی", "No access"),
}
RESTRICTIONS: Mapping[RestrictionKind, tuple[str, str]] = {
    RestrictionKind.BLOCKED: ("مسدود", "Blocked"),
    RestrictionKind.SUSPENDED_FOR_DEBT: ("معلق به سبب بدهی", "Suspended for debt"),
    RestrictionKind.THROTTLED: ("کندشده", "Slowed down"),
    RestrictionKind.MUST_ACCEPT_TERMS: ("در انتظار پذیرش شرایط تازه", "New terms to be accepted"),
}
