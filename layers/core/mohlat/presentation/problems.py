"""Errors as RFC 9457 problems, in the caller's language, naming the field and the clause."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from mohlat.domain.errors import (
    AccessRefused,
    ConcurrentChange,
    Conflict,
    ExportLimited,
    FileExpired,
    GatewayRefused,
    GatewayUnavailable,
    Gone,
    Held,
    InvalidInput,
    MohlatError,
    NotAllowed,
    NotFound,
    NotSignedIn,
    ProfileIncomplete,
    PurgeRefused,
    RefundRefused,
    RestoreNotPaid,
    ServiceUnavailable,
    SupportManagerOnly,
    SupportNotCovered,
    TermsNotAccepted,
    TooLate,
    TooManyAttempts,
    TooManyRequests,
    UnderMaintenance,
)
from mohlat.presentation.fields import LANGUAGES, BodyTooLarge, MalformedBody, UnsupportedMediaType


class MethodNotAllowed(MohlatError):
    """The address exists and does not do this: look it up in the API's description."""

    code = "method-not-allowed"


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem document and what belongs around it: HTTP status, and seconds to wait before trying again."""

    status: int
    body: Mapping[str, object]
    retry_after: int | None = None


@dataclass(frozen=True, slots=True)
class _Kind:
    status: int
    title: Mapping[str, str]
    detail: Mapping[str, str]
    retry_after: int | None = None
    # Whether the error's own details may be shown: those of our side's failures may not.
    open: bool = True


def _both(fa: str, en: str) -> Mapping[str, str]:
    return {"fa": fa, "en": en}


_UNKNOWN = _Kind(
    500,
    _both("خطای داخلی", "Internal error"),
    _both(
        "خطایی از سوی ما رخ داد و ثبت شد. کمی بعد دوباره تلاش کنید.",
        "Something went wrong on our side and was recorded. Try again later.",
    ),
    open=False,
)

# The first class that fits counts, so a subclass stands before its base.
_KINDS: Mapping[type[MohlatError], _Kind] = {
    InvalidInput: _Kind(422, _both("ورودی نادرست", "Invalid input"), _both("", "")),
    MalformedBody: _Kind(
        400,
        _both("بدنهٔ نادرست", "Malformed body"),
        _both(
            "بدنهٔ درخواست JSON درست و یکتا نیست.",
            "The body is not well-formed JSON without duplicate keys, deep nesting or non-finite numbers.",
        ),
    ),
    BodyTooLarge: _Kind(
        413,
        _both("بدنهٔ بیش از اندازه بزرگ", "Body too large"),
        _both(
            "بدنهٔ درخواست از اندازهٔ مجاز، که در details آمده، بزرگ‌تر است.",
            "The body is larger than it may be; details say how large that is.",
        ),
    ),
    UnsupportedMediaType: _Kind(
        415,
        _both("نوع محتوای پشتیبانی‌نشده", "Unsupported media type"),
        _both(
            "بدنه را به صورت application/json و UTF-8 بفرستید؛ فرم درگاه را با نوع فرم.",
            "Send the body as application/json in UTF-8, a gateway's form as a form.",
        ),
    ),
    NotSignedIn: _Kind(
        401,
        _both("وارد نشده‌اید", "Not signed in"),
        _both("نشانی یا گذرواژه درست نیست، یا نشست پایان یافته است.", "Sign in (again): this proves nobody."),
    ),
    NotAllowed: _Kind(
        403,
        _both("اجازه ندارید", "Not allowed"),
        _both("این کار با نقش شما ممکن نیست.", "Your role does not allow this."),
    ),
    TermsNotAccepted: _Kind(
        403,
        _both("نسخهٔ تازهٔ شرایط هنوز پذیرفته نشده است", "The new terms are not accepted yet"),
        _both(
            "نسخه‌ای که در details آمده از اکنون معتبر است. آن را بخوانید و در نشانی accept_at بپذیرید؛ "
            "تا آن زمان خواندن و دریافت داده‌ها ممکن است.",
            "The version that details name is in force. Read it and accept it at accept_at; until then your "
            "data can be read and exported.",
        ),
    ),
    AccessRefused: _Kind(
        403,
        _both("توافق‌نامه اجازه نمی‌دهد", "Refused by the agreement"),
        _both(
            "در وضعیت کنونی حساب، توافق‌نامه این کار را اجازه نمی‌دهد.",
            "In the account's present state the agreement does not allow this.",
        ),
    ),
    SupportManagerOnly: _Kind(
        403,
        _both("پشتیبانی تنها با مدیر حساب", "Support serves the manager only"),
        _both(
            "پشتیبانی تنها به مدیر حساب پاسخ می‌دهد. پرسش خود را با مدیر حساب‌تان در میان بگذارید.",
            "Support serves the account's manager only. Please turn to your account's manager.",
        ),
    ),
    SupportNotCovered: _Kind(
        409,
        _both("بیرون از پشتیبانی", "Not covered by support"),
        _both(
            "این کار جزو پشتیبانی نیست. اگر در details خدمتی (extra) آمده، آن را سفارش دهید.",
            "Support does not do this. Where details name an extra, order that.",
        ),
    ),
    NotFound: _Kind(
        404, _both("یافت نشد", "Not found"), _both("چنین چیزی وجود ندارد.", "There is no such thing.")
    ),
    MethodNotAllowed: _Kind(
        405,
        _both("روش نادرست", "Method not allowed"),
        _both("این نشانی چنین کاری انجام نمی‌دهد.", "This address does not do that."),
    ),
    Conflict: _Kind(
        409,
        _both("ناسازگار با وضعیت کنونی", "Conflict"),
        _both(
            "این درخواست با آنچه ثبت شده ناسازگار است. وضعیت را دوباره بخوانید.",
            "This contradicts what is there. Read the state again.",
        ),
    ),
    Held: _Kind(
        409,
        _both("فعلاً قابل حذف نیست", "May not be deleted for now"),
        _both(
            "قانون فعلاً حذف این داده را اجازه نمی‌دهد. بعداً دوباره درخواست کنید.",
            "The law does not let this be deleted for now. Ask again later.",
        ),
    ),
    ConcurrentChange: _Kind(
        409,
        _both("تغییر هم‌زمان", "Concurrent change"),
        _both(
            "هم‌زمان تغییری دیگر ثبت شد. دوباره تلاش کنید.",
            "Something else changed at the same time. Try again.",
        ),
        retry_after=1,
    ),
    RefundRefused: _Kind(
        403,
        _both("بازپرداخت طبق توافق‌نامه ممکن نیست", "No refund by the agreement"),
        _both(
            "توافق‌نامه در این مورد بازپرداختی پیش‌بینی نکرده یا مهلت آن گذشته است.",
            "The agreement gives nothing back here, or the time to ask for it has ended.",
        ),
    ),
    TooLate: _Kind(
        403,
        _both("مهلت گذشته است", "Too late"),
        _both(
            "مهلت این کار به پایان رسیده است؛ زمان پایان آن در details آمده است.",
            "The time for this has ended; details say when.",
        ),
    ),
    ProfileIncomplete: _Kind(
        409,
        _both("مشخصات صورت‌حساب کامل نیست", "The billing profile is incomplete"),
        _both(
            "نخست مشخصات صورت‌حساب را کامل کنید؛ آنچه کم است در details آمده است.",
            "Complete the billing profile first; details name what is missing.",
        ),
    ),
    PurgeRefused: _Kind(
        409,
        _both("حذف ممکن نیست", "Deletion refused"),
        _both("چیزی جلوی حذف داده‌ها را می‌گیرد.", "Something forbids the deletion."),
    ),
    ExportLimited: _Kind(
        403,
        _both("دریافت رایگان داده‌ها هنوز ممکن نیست", "No free export yet"),
        _both(
            "زمان دریافت رایگان بعدی و نام خدمتی که می‌توانید پیش از آن بخرید در details آمده است.",
            "Details say when the next one is free, and which extra buys one before.",
        ),
    ),
    FileExpired: _Kind(
        410,
        _both("مهلت دریافت فایل گذشته است", "The file has expired"),
        _both(
            "مهلت دریافت این فایل به پایان رسیده است. دوباره درخواست دریافت داده‌ها بدهید.",
            "The time in which this file could be fetched has ended. Ask for a new export.",
        ),
    ),
    RestoreNotPaid: _Kind(
        402,
        _both("بازگردانی هزینه دارد", "Restoring has a price"),
        _both(
            "نخست خدمتی را که نامش در details آمده سفارش دهید و بپردازید.",
            "Order and pay the extra that details name first.",
        ),
    ),
    Gone: _Kind(
        410,
        _both("برای همیشه حذف شده", "Gone for good"),
        _both(
            "داده‌های این حساب برای همیشه حذف شده‌اند و بازنمی‌گردند.",
            "This account's data was deleted for good; nothing revives it.",
        ),
    ),
    TooManyAttempts: _Kind(
        429,
        _both("تلاش بیش از اندازه", "Too many attempts"),
        _both(
            "تعداد تلاش‌ها به پایان رسید. بعداً کد تازه بگیرید.",
            "The tries are used up. Wait, then ask for a new code.",
        ),
        retry_after=900,
    ),
    TooManyRequests: _Kind(
        429,
        _both("درخواست بیش از اندازه", "Too many requests"),
        _both(
            "درخواست‌های این دقیقه به حد بستهٔ شما رسیده است. زمان تلاش دوباره در details آمده است.",
            "This minute's requests reached what your package allows. Details say when to try again.",
        ),
        retry_after=60,
    ),
    GatewayRefused: _Kind(
        502,
        _both("درگاه نپذیرفت", "Refused by the gateway"),
        _both(
            "درگاه پرداخت درخواست را نپذیرفت؛ پولی جابه‌جا نشد.",
            "The payment gateway refused our request; no money has moved.",
        ),
        open=False,
    ),
    GatewayUnavailable: _Kind(
        503,
        _both("درگاه در دسترس نیست", "Gateway unavailable"),
        _both(
            "درگاه پرداخت پاسخ نداد. کمی بعد دوباره تلاش کنید.",
            "The payment gateway did not answer. Try again in a little while.",
        ),
        retry_after=30,
        open=False,
    ),
    UnderMaintenance: _Kind(
        503,
        _both("در حال نگهداری", "Under maintenance"),
        _both(
            "این سرویس به دلیل نگهداری که از پیش خبر داده شده اکنون در دسترس نیست.",
            "The service cannot be used at the moment, because of maintenance that was announced.",
        ),
    ),
    ServiceUnavailable: _Kind(
        503,
        _both("اکنون در دسترس نیست", "Unavailable for now"),
        _both(
            "اکنون نمی‌توانیم پاسخ دهیم. چند لحظه دیگر دوباره تلاش کنید.",
            "We cannot answer at this moment. Try again in a few seconds.",
        ),
        retry_after=3,
        open=False,
    ),
}

# What is wrong with a field, for people. The keys are the reasons that the domain and the readers give.
_REASONS: Mapping[str, Mapping[str, str]] = {
    reason: _both(fa, en)
    for reason, fa, en in (
        ("is missing", "باید فرستاده شود", "is missing"),
        ("is empty", "نباید خالی باشد", "must not be empty"),
        ("not part of this agreement", "در این توافق‌نامه نیست", "is not part of this agreement"),
        ("must be later", "باید دیرتر باشد", "must be later"),
        ("must be in the future", "باید در آینده باشد", "must lie in the future"),
        ("too long ago", "بیش از اندازه گذشته است", "is too long ago"),
        ("must be in the past", "باید در گذشته باشد", "must lie in the past"),
        (
            "too soon to announce it",
            "زودتر از آن است که بتوان از پیش خبر داد",
            "is too soon: it could not be announced in time",
        ),
        ("not a Jalali month", "باید ماهی مانند 1405-08 باشد", "must be a Jalali month such as 1405-08"),
        ("is not over", "هنوز به پایان نرسیده است", "is not over yet"),
        (
            "does not belong to this change",
            "به این تغییر تعلق ندارد",
            "does not belong to this change",
        ),
        ("malformed", "شکل درستی ندارد", "is malformed"),
        ("not a list of texts", "باید فهرستی از متن‌ها باشد", "must be a list of texts"),
        ("must be a list of changes", "باید فهرستی از تغییرها باشد", "must be a list of changes"),
        ("not an https:// address", "باید نشانی https:// باشد", "must be an https:// address"),
        ("not a list of account ids", "باید فهرستی از شناسه‌های حساب باشد", "must be a list of account ids"),
        (
            "belongs to the step investigated",
            "تنها با گام investigated و همیشه با آن می‌آید",
            "comes with the step investigated, and with no other",
        ),
        ("too many or none", "باید دست‌کم یکی و نه بیش از اندازه باشد", "must be some, and not too many"),
        ("lies before since", "پیش از آغاز بازه است", "lies before the first day"),
        (
            "not a day such as 2027-01-22",
            "باید روزی مانند 2027-01-22 باشد",
            "must be a day such as 2027-01-22",
        ),
        (
            "must be a restored one, not the one in use",
            "باید جدولی بازیابی‌شده باشد، نه جدول در حال استفاده",
            "must be a restored one, not the one in use",
        ),
        ("unknown field", "شناخته نیست", "is not a known field"),
        ("must be an object", "باید یک شیء JSON باشد", "must be a JSON object"),
        ("must be text", "باید متن باشد", "must be text"),
        ("must be true or false", "باید true یا false باشد", "must be true or false"),
        ("too long", "بیش از اندازه بلند است", "is too long"),
        ("too short", "بیش از اندازه کوتاه است", "is too short"),
        ("too far away", "بیش از اندازه دور است", "is too far away"),
        ("too large", "بیش از اندازه بزرگ است", "is too large"),
        ("too common", "بیش از اندازه رایج و حدس‌زدنی است", "is too common to be safe"),
        ("holds control characters", "نویسهٔ کنترلی دارد", "holds control characters"),
        (
            "holds your own name or contact",
            "نام یا نشانی خود شما را در بر دارد",
            "holds your own name or contact",
        ),
        ("is not accepted", "پذیرفته نشد", "is not accepted"),
        ("not a valid name", "نام درستی نیست", "is not a valid name"),
        ("not a valid token", "توکن درستی نیست", "is not a valid token"),
        ("not an e-mail address", "نشانی ایمیل درستی نیست", "is not an e-mail address"),
        ("not an Iranian mobile number", "شمارهٔ موبایل ایران نیست", "is not an Iranian mobile number"),
        ("not six digits", "باید شش رقم باشد", "must be six digits"),
        ("not eight to ten digits", "باید هشت تا ده رقم باشد", "must be eight to ten digits"),
        ("not a national id", "کد ملی درستی نیست", "is not a national id"),
        ("not eleven digits", "باید یازده رقم باشد", "must be eleven digits"),
        ("not a legal id", "شناسهٔ ملی درستی نیست", "is not a company's national id"),
        ("not ten digits", "باید ده رقم باشد", "must be ten digits"),
        ("not an economic code", "کد اقتصادی درستی نیست", "is not an economic code"),
        (
            "holds a card number",
            "شمارهٔ کارت در بر دارد که هرگز نگه نمی‌داریم",
            "holds a card number, which we never keep",
        ),
        (
            "not 22 letters and digits",
            "باید ۲۲ حرف و رقم باشد",
            "must be 22 letters and digits",
        ),
        ("not IR and 24 digits", "باید IR و ۲۴ رقم باشد", "must be IR and 24 digits"),
        ("not a Sheba number", "شمارهٔ شبای درستی نیست", "is not a Sheba number"),
        ("not an ISO 8601 duration", "باید مدتی مانند P1M باشد", "must be a duration such as P1M"),
        (
            "not an RFC 3339 instant",
            "باید زمانی مانند 2026-11-22T10:35:55Z باشد",
            "must be an instant such as 2026-11-22T10:35:55Z",
        ),
        ("not one of the possible values", "یکی از مقدارهای ممکن نیست", "is not one of the possible values"),
        ("not a number in range", "عددی در بازهٔ مجاز نیست", "is not a number in the allowed range"),
        ("not a cursor of ours", "نشانگر صفحهٔ درستی نیست", "is not a cursor that we gave out"),
        ("must be accepted", "باید پذیرفته شود", "must be accepted"),
        ("must be declared", "باید اعلام شود", "must be declared"),
        ("must be in the future", "باید در آینده باشد", "must be in the future"),
        (
            "must repeat the account's name",
            "باید نام صاحب حساب را تکرار کند",
            "must repeat the account's name",
        ),
        ("must repeat the tenant's id", "باید شناسهٔ حساب را تکرار کند", "must repeat the tenant's id"),
        ("has no confirmed account", "حساب تأییدشده‌ای ندارد", "has no confirmed account"),
        ("is of this account already", "از همین حساب است", "is of this account already"),
        (
            "later than the agreement allows",
            "دیرتر از آن است که توافق‌نامه می‌پذیرد",
            "is later than the agreement allows",
        ),
        ("must name exactly one of them", "باید دقیقاً یکی از آن‌ها باشد", "must be exactly one of them"),
        ("lies in the past", "در گذشته است", "lies in the past"),
        ("not the newest", "تازه‌ترین نسخه نیست", "is not the newest version"),
        (
            "earlier than the notice allows",
            "زودتر از مهلت اطلاع‌رسانی توافق‌نامه است",
            "is earlier than the agreement's notice allows",
        ),
        (
            "must lie after the version before it",
            "باید پس از آغاز نسخهٔ پیشین باشد",
            "must lie after the version before it takes effect",
        ),
        ("not what the agreement says", "با توافق‌نامه نمی‌خواند", "is not what the agreement says"),
        ("not in force yet", "هنوز معتبر نشده است", "is not in force yet"),
        ("not deployed", "در این سامانه نصب نشده است", "is not deployed"),
        ("not 64 hexadecimal digits", "باید ۶۴ رقم شانزده‌شانزدهی باشد", "must be 64 hexadecimal digits"),
        ("not a clause of this agreement", "بندی از این توافق‌نامه نیست", "is not a clause of this agreement"),
        ("not offered", "برای این طرح عرضه نمی‌شود", "is not offered for this plan"),
        ("not offered yet", "هنوز عرضه نمی‌شود", "is not offered yet"),
        (
            "not part of such an order",
            "به این گونه سفارش مربوط نیست",
            "is not part of such an order",
        ),
        (
            "not part of such a request",
            "در این نوع درخواست جایی ندارد",
            "is not part of such a request",
        ),
        ("not part of a refusal", "در پاسخ رد جایی ندارد", "is not part of a refusal"),
        (
            "not part of such a ticket",
            "به این گونه تیکت مربوط نیست",
            "is not part of such a ticket",
        ),
        ("is said by the quote", "در پیش‌فاکتور آمده است", "is said by the quote already"),
        ("not a quote of ours", "پیش‌فاکتور درستی نیست", "is not a quote that we gave out"),
        ("is an operator's to say", "در اختیار مدیر سامانه است", "is for an operator to say"),
        ("unknown or paid", "شناخته نیست یا پرداخت شده است", "is unknown or paid"),
        (
            "not billed by this agreement",
            "در این توافق‌نامه محاسبه نمی‌شود",
            "is not billed by this agreement",
        ),
        ("not limited by this tenant's plan", "در طرح این حساب محدود نیست", "is not limited by this plan"),
        ("has no price yet", "هنوز بهایی ندارد", "has no price yet"),
        (
            "take your data first: it is deleted after the withdrawal",
            "نخست داده‌هایتان را بردارید؛ پس از انصراف حذف می‌شوند",
            "must be true: take your data first, it is deleted after the withdrawal",
        ),
        ("unknown", "شناخته نیست", "is unknown"),
        ("expired or never sent", "منقضی شده یا فرستاده نشده است", "is expired or was never sent"),
        ("wrong", "درست نیست", "is wrong"),
        ("is registered already", "هم‌اکنون ثبت شده است", "is registered already"),
        (
            "either this or a mobile number is needed",
            "یا این لازم است یا یک شماره موبایل، و نه هر دو",
            "either this or a mobile number is needed, and not both",
        ),
        ("wrong or expired", "نادرست یا منقضی است", "is wrong or expired"),
        ("was used with another body", "پیش‌تر با بدنه‌ای دیگر به کار رفته است", "was used with another body"),
        (
            "not 16 to 128 visible characters",
            "باید ۱۶ تا ۱۲۸ نویسهٔ دیدنی باشد",
            "must be 16 to 128 visible ASCII characters",
        ),
    )
}
_OTHERWISE = _both("پذیرفتنی نیست", "is not acceptable")

_FIELDS = {
    # of requests for support
    "severity": "شدت",
    "topic": "موضوع",
    "outside_hours": "بیرون از ساعت کاری",
    "waits": "در انتظار مشتری",
    "minutes": "دقیقه",
    "month": "ماه",
    "why": "دلیل",
    "change": "تغییر",
    "cause": "علت",
    "ended_at": "پایان",
    "started_at": "آغاز",
    "ends_at": "پایان",
    "starts_at": "آغاز",
    "texts": "متن‌ها",
    "document": "متن",
    "url": "نشانی متن",
    "titles": "عنوان‌ها",
    "accept": "پذیرش",
    "agreement_version": "نسخهٔ توافق‌نامه",
    "effective_at": "زمان اعتبار",
    "must_accept": "چه کسی باید بپذیرد",
    "sha256": "چکیدهٔ متن",
    "address": "نشانی",
    "advance": "مدت",
    "at": "زمان",
    "affected": "حساب‌های آسیب‌دیده",
    "amount_rials": "مبلغ به ریال",
    "Authority": "شناسهٔ پرداخت",
    "backup_id": "شناسهٔ نسخهٔ پشتیبان",
    "before": "پیش از",
    "billed": "محاسبه شدن",
    "changes": "تغییرها",
    "channel": "راه تماس",
    "clause": "بند",
    "closing": "گونهٔ بستن",
    "code": "کد",
    "accepted": "پذیرش",
    "collection": "مجموعه",
    "company": "شرکت",
    "company.economic_code": "کد اقتصادی",
    "company.legal_id": "شناسهٔ ملی",
    "company.name": "نام شرکت",
    "confirm": "تأیید",
    "contact": "نشانی تماس",
    "cursor": "نشانگر صفحه",
    "data": "داده",
    "data_taken": "برداشتن داده‌ها",
    "debt_id": "شناسهٔ بدهی",
    "decision": "تصمیم",
    "device": "دستگاه",
    "economic_code": "کد اقتصادی",
    "email": "ایمیل",
    "escrow_id": "شناسهٔ امانت",
    "extra": "خدمت جانبی",
    "field": "فیلد",
    "form": "شکل",
    "gateway": "درگاه پرداخت",
    "given": "رضایت",
    "ground": "مبنا",
    "kind": "گونه",
    "language": "زبان",
    "legal_entity": "شخص حقوقی",
    "legal_entity.name": "نام شخص حقوقی",
    "legal_entity.national_id": "شناسهٔ ملی",
    "lifted": "برداشتن محدودیت",
    "limit": "شمار",
    "logo_url": "نشانی نشان",
    "metric": "سنجه",
    "mobile": "موبایل",
    "name": "نام",
    "national_id": "کد ملی",
    "operator": "نام کاربری مدیر سامانه",
    "origin": "مرجع",
    "overwrite": "اجازهٔ بازنویسی",
    "export_id": "شناسهٔ خروجی",
    "outcome": "نتیجه",
    "partner": "همکار",
    "powers": "اختیارها",
    "password": "گذرواژه",
    "payment_id": "شناسهٔ پرداخت",
    "period": "دوره",
    "plan": "طرح",
    "postal_code": "کد پستی",
    "product": "محصول",
    "published": "بخش‌های نمایان",
    "purpose": "هدف",
    "quote": "پیش‌فاکتور",
    "reason": "دلیل",
    "record_id": "شناسهٔ داده",
    "records": "رکوردها",
    "reference": "شمارهٔ مرجع",
    "RefId": "شناسهٔ پرداخت",
    "RefNum": "رسید پرداخت",
    "refresh_token": "توکن تازه‌سازی",
    "refund_id": "شناسهٔ بازپرداخت",
    "ResCode": "وضعیت پرداخت",
    "ResNum": "شناسهٔ پرداخت",
    "SaleOrderId": "شناسهٔ سفارش",
    "SaleReferenceId": "رسید پرداخت",
    "sheba": "شمارهٔ شبا",
    "site_url": "نشانی سایت",
    "start_now": "آغاز فوری",
    "Status": "وضعیت پرداخت",
    "step": "گام",
    "subject": "موضوع",
    "success": "وضعیت پرداخت",
    "surname": "نام خانوادگی",
    "taken": "پذیرفته شدن بازپرداخت در درگاه",
    "tax_id": "شمارهٔ منحصربه‌فرد مالیاتی",
    "summary": "خلاصه",
    "tenant_id": "شناسهٔ حساب",
    "ticket_id": "شناسهٔ تیکت",
    "right": "حق درخواست‌شده",
    "text": "متن",
    "title": "عنوان",
    "to": "زمان",
    "trackId": "شناسهٔ پرداخت",
    "until": "پایان",
    "value": "مقدار",
    "usage_id": "شناسهٔ گزارش مصرف",
    "used": "مصرف",
    "version": "نسخه",
    "violation": "نوع نقض",
    "what": "آنچه داده می‌شود",
}
# Shown by their own members, or of no use to the caller.
_OWN_MEMBERS = frozenset({"field", "reason", "clause"})


def known_reasons() -> frozenset[str]:
    """The reasons that have words in both languages."""
    return frozenset(_REASONS)


def language_of(accept_language: str) -> str:
    """fa or en, whichever an Accept-Language header prefers; en if it names neither."""
    best, quality = "en", 0.0
    for part in accept_language.lower().split(",")[:20]:
        match = re.fullmatch(r"\s*([a-z]{2})(?:-[a-z0-9-]+)?\s*(?:;\s*q=([01](?:\.[0-9]{1,3})?))?\s*", part)
        if match and match[1] in LANGUAGES and float(match[2] or 1) > quality:
            best, quality = match[1], float(match[2] or 1)
    return best


def problem(error: Exception, language: str, instance: str) -> Problem:
    """The problem document of an error; `instance` is the request's id.

    What is not ours on purpose, or our own side's fault, is told without any detail.
    """
    kind = next((known for of, known in _KINDS.items() if isinstance(error, of)), _UNKNOWN)
    code = error.code if isinstance(error, MohlatError) and kind is not _UNKNOWN else MohlatError.code
    body: dict[str, object] = {
        "type": f"/problems/{code}",
        "title": kind.title[language],
        "status": kind.status,
        "detail": kind.detail[language],
        "instance": instance,
    }
    if isinstance(error, MohlatError) and kind.open:
        if isinstance(error, InvalidInput):
            body["detail"] = _sentence(error, language)
        for name in ("field", "clause"):
            if error.details.get(name):
                body[name] = str(error.details[name])
        shown = {name: _plain(value) for name, value in error.details.items() if name not in _OWN_MEMBERS}
        if not isinstance(error, InvalidInput) and error.details.get("reason"):
            shown["reason"] = str(error.details["reason"])
        if shown:
            body["details"] = shown
    return Problem(kind.status, body, _seconds_to_wait(error, kind))


def rate_limit(error: TooManyRequests) -> dict[str, str]:
    """What programs read about a limit: how much it is, that nothing is left, when it begins anew."""
    limit = error.details["limit"]
    return {
        "RateLimit-Limit": str(limit),
        "RateLimit-Remaining": "0",
        "RateLimit-Reset": str(error.details["retry_after_seconds"]),
        "RateLimit-Policy": f"{limit};w={error.details['window_seconds']}",
    }


def _seconds_to_wait(error: Exception, kind: _Kind) -> int | None:
    if isinstance(error, (TooManyRequests, UnderMaintenance)):
        told = error.details.get("retry_after_seconds")
        return told if isinstance(told, int) else kind.retry_after
    return kind.retry_after


def _sentence(error: InvalidInput, language: str) -> str:
    words = _REASONS.get(error.reason, _OTHERWISE)[language]
    if language == "fa":
        label = _FIELDS.get(error.field) or _FIELDS.get(error.field.split(".")[0])
        return f"«{label}» ({error.field}) {words}." if label else f"«{error.field}» {words}."
    return f"{error.field} {words}."


def _plain(value: object) -> object:
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value if isinstance(value, (str, int, bool)) else str(value)
