"""Why something is as it is, in Persian: the domain's own reasons. What a person wrote stays as written."""

from __future__ import annotations

import re
from collections.abc import Mapping

_PERSIAN: Mapping[str, str] = {
    "the account had not registered yet": "این حساب هنوز ثبت‌نام نشده بود",
    "registered and accepted the agreement": "ثبت‌نام شد و توافق‌نامه پذیرفته شد",
    "ordered a term": "دوره‌ای سفارش داده شد",
    "ordered an upgrade": "ارتقای طرح سفارش داده شد",
    "ordered an extra": "خدمت جانبی سفارش داده شد",
    "is about to pay for use above the limits": "بدهی مصرف مازاد در حال پرداخت است",
    "is about to deposit the price of agreed work": "بهای کار توافق‌شده در حال سپرده شدن است",
    "work and price are agreed": "بر سر کار و بهای آن توافق شد",
    "the customer declared the work done": "مشتری کار را پایان‌یافته اعلام کرد",
    "the customer asked for the deposit back": "مشتری سپرده را پس خواست",
    "the agreed work was given up": "از کار توافق‌شده صرف‌نظر شد",
    "paid": "پرداخت شد",
    "paid the difference": "تفاوت قیمت پرداخت شد",
    "the payment was decided without a grant": "پرداخت بدون خرید به پایان رسید",
    "the agreement asks for a reminder before the end": "توافق‌نامه یادآوری پیش از پایان را می‌خواهد",
    "the trial ended and nothing was paid": "دورهٔ آزمایشی به پایان رسید و چیزی پرداخت نشد",
    "the paid term ended and was not renewed": "دورهٔ پرداخت‌شده به پایان رسید و تمدید نشد",
    "the first invoice was not paid by its due date": "نخستین صورت‌حساب تا سررسید پرداخت نشد",
    "the read-only time is over": "مهلت فقط‌خواندنی به پایان رسید",
    "the data will be deleted for good soon": "داده‌ها به‌زودی برای همیشه حذف می‌شوند",
    "something forbids the deletion for now": "فعلاً چیزی جلوی حذف را می‌گیرد",
    "nothing was paid in the time the data is kept": "در مهلت نگهداری داده‌ها چیزی پرداخت نشد",
    "the account was closed": "حساب بسته شده بود",
    "the product came to its end": "کار سرویس به پایان رسید",
    "the product has come to its end": "کار سرویس به پایان رسیده است",
    "the customer asked for it": "به خواست مشتری",
    "the customer withdrew in time": "مشتری در مهلت مقرر انصراف داد",
    "the customer undid the closing": "مشتری بستن حساب را پس گرفت",
    "the customer gives back what was bought": "مشتری خرید را پس می‌دهد",
    "the money went back": "پول بازگردانده شد",
    "the customer wants its data": "مشتری داده‌های خود را می‌خواهد",
    "the customer's data was put together": "داده‌های مشتری آمادهٔ دریافت شد",
    "damaged data is to be taken from a backup": "دادهٔ آسیب‌دیده از نسخهٔ پشتیبان بازگردانده می‌شود",
    "the backup was restored": "نسخهٔ پشتیبان بازگردانده شد",
    "asked for a right over data": "حقی دربارهٔ داده‌ها درخواست شد",
    "a legal hold forbids the deletion that was asked for": "دستور قانونی جلوی حذف درخواست‌شده را می‌گیرد",
    "the time for an answer is nearly over": "مهلت پاسخ رو به پایان است",
    "nobody answered in time": "در مهلت مقرر پاسخی داده نشد",
    "the request was answered": "به درخواست پاسخ داده شد",
    "everybody who uses the product is told": "به همهٔ کاربران سرویس خبر داده می‌شود",
    "accepted the agreement": "توافق‌نامه پذیرفته شد",
    "accepted the new version": "نسخهٔ تازه پذیرفته شد",
    "used the service under the new version": "سرویس با نسخهٔ تازه به کار رفت",
    "does not want the new terms: the lease is not renewed": "شرایط تازه پذیرفته نشد و اشتراک تمدید نمی‌شود",
    "use is above the plan's limit": "مصرف بیش از حد طرح است",
    "use is within the plan's limits again": "مصرف دوباره در حد طرح است",
    "use above the plan's limit was invoiced": "برای مصرف بیش از حد طرح صورت‌حساب صادر شد",
    "an invoice for use above the limits is due soon": "سررسید صورت‌حساب مصرف مازاد نزدیک است",
    "an invoice for use above the limits was not paid in time": "صورت‌حساب مصرف مازاد به‌موقع پرداخت نشد",
    "the product was down for longer than promised": "سرویس بیش از آنچه وعده داده شده بود در دسترس نبود",
    "the customer contests an invoice": "مشتری به صورت‌حسابی اعتراض دارد",
    "the customer objects to a restriction": "مشتری به محدودیت اعتراض دارد",
    "the customer says that money was taken": "مشتری می‌گوید پول کم شده است",
    "the gateway has no way back": "درگاه راهی برای بازگرداندن پول ندارد",
}
# Reasons that name something: a metric, a version.
_NAMING: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"above the limit of (\w+)"), "مصرف بیش از حد مجاز ({0})"),
    (re.compile(r"version (\S+) has to be accepted"), "نسخهٔ {0} باید پذیرفته شود"),
)


def reason(why: str, language: str) -> str:
    """The reason in the caller's language; what a person wrote is told as it was written."""
    if language != "fa":
        return why
    for pattern, persian in _NAMING:
        if found := pattern.fullmatch(why):
            return persian.format(*found.groups())
    return _PERSIAN.get(why, why)
