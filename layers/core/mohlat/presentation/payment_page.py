"""What somebody reads who comes back from the payment gateway: Persian first, English below.

Self-contained and safe to reload: it states what is recorded, and starts nothing.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from urllib.parse import urlsplit

from mohlat.domain.iranian import persian_digits, tomans
from mohlat.domain.payments import Payment, PaymentStatus, PayPage


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened and what comes next, in both languages."""

    title: Mapping[str, str]
    next: Mapping[str, str]


def _outcome(title_fa: str, title_en: str, next_fa: str, next_en: str) -> Outcome:
    return Outcome({"fa": title_fa, "en": title_en}, {"fa": next_fa, "en": next_en})


# The bank has 72 hours; after that a report becomes a ticket (CLUB-7).
_REPORT_FA = (
    "اگر مبلغی از حساب بانکی شما کم شده است، آن را در حساب کاربری خود گزارش کنید؛ "
    "اگر تا ۷۲ ساعت پس از پرداخت ناموفق برنگردد، همکاران ما آن را پیگیری می‌کنند."
)
_REPORT_EN = (
    "If money was taken from your bank account, report it in your account with us; "
    "if it is not back 72 hours after the failed payment, our people follow it up."
)
UNKNOWN_YET = _outcome(
    "نتیجهٔ پرداخت هنوز روشن نیست",
    "The outcome is not known yet",
    "پیوسته از درگاه می‌پرسیم. اگر مبلغی کم شده باشد، یا خدمت فعال می‌شود یا پول بازمی‌گردد. "
    "می‌توانید این صفحه را دوباره باز کنید.",
    "We keep asking the gateway. If money was taken, you will get the service or your money back. "
    "You may reload this page.",
)
UNKNOWN_PAYMENT = _outcome(
    "این پرداخت را نمی‌شناسیم",
    "We do not know this payment",
    "سفارشی با این نشانی نداریم و چیزی ثبت نشد. سفارش‌های خود را در حساب خود ببینید؛ "
    "پولی که ما تأیید نکنیم، از سوی بانک به شما بازمی‌گردد.",
    "We have no order for this address, and nothing was booked. Look at the orders in your account; "
    "money that we did not confirm goes back to you through your bank.",
)
_OUTCOMES: Mapping[PaymentStatus, Outcome] = {
    PaymentStatus.REQUESTED: UNKNOWN_YET,
    PaymentStatus.PENDING: UNKNOWN_YET,
    PaymentStatus.GRANTED: _outcome(
        "پرداخت انجام شد",
        "Paid",
        "آنچه پرداخت کردید برای حساب شما ثبت شد و رسید آن فرستاده می‌شود. می‌توانید این صفحه را ببندید.",
        "What you paid for is on your account, and a receipt is on its way. You may close this page.",
    ),
    PaymentStatus.CANCELLED: _outcome(
        "پرداخت انجام نشد",
        "Not paid",
        "پرداخت لغو شد و چیزی خریداری نشد. برای خرید، سفارش تازه‌ای ثبت کنید. " + _REPORT_FA,
        "The payment was cancelled and nothing was bought. To buy, place a new order. " + _REPORT_EN,
    ),
    PaymentStatus.EXPIRED: _outcome(
        "مهلت پرداخت گذشت",
        "The time to pay is over",
        "در مهلت پرداخت مبلغی دریافت نشد. برای خرید، سفارش تازه‌ای ثبت کنید. " + _REPORT_FA,
        "No money arrived in time. To buy, place a new order. " + _REPORT_EN,
    ),
    PaymentStatus.REVERSED: _outcome(
        "پرداخت برگشت خورد",
        "The payment was reversed",
        "بانک مبلغ را به شما برگرداند و چیزی خریداری نشد. برای خرید، سفارش تازه‌ای ثبت کنید. اگر پول تا "
        "۷۲ ساعت به حساب بانکی شما نرسید، آن را در حساب کاربری خود گزارش کنید تا همکاران ما پیگیری کنند.",
        "The bank gave the money back to you, and nothing was bought. To buy, place a new order. "
        "If the money is not in your bank account after 72 hours, report it in your account with us; "
        "our people follow it up.",
    ),
    PaymentStatus.HELD: _outcome(
        "پرداخت در دست بررسی است",
        "The payment is being examined",
        "پاسخ درگاه با سفارش شما نمی‌خواند. همکاران ما آن را بررسی می‌کنند؛ لازم نیست دوباره بپردازید.",
        "The gateway's answer does not match your order. Our people are looking into it; do not pay again.",
    ),
    PaymentStatus.OWED_BACK: _outcome(
        "مبلغ به شما بازگردانده می‌شود",
        "Your money will be returned",
        "پرداخت رسید، اما دیگر نمی‌شد با آن چیزی برای این حساب فعال کرد. بازگرداندن همهٔ مبلغ خودبه‌خود "
        "آغاز شده است و لازم نیست کاری بکنید. اگر برای آن به چیزی نیاز باشد، به شما خبر می‌دهیم.",
        "The payment arrived, but it could not buy anything for this account any more. "
        "A refund of the whole amount is on its way, and there is nothing you need to do. "
        "If we need anything for it, we will tell you.",
    ),
    PaymentStatus.RETURNED: _outcome(
        "پرداخت بررسی شد و پول بازگردانده می‌شود",
        "Examined, and your money will be returned",
        "همکاران ما پرداخت را بررسی کردند و چیزی خریداری نشد. بازگرداندن آنچه به ما رسیده بود آغاز شده است و "
        "لازم نیست کاری بکنید. اگر برای آن به چیزی نیاز باشد، به شما خبر می‌دهیم. "
        "برای خرید، سفارش تازه‌ای ثبت کنید.",
        "Our people have looked into the payment, and nothing was bought. "
        "A refund of what had reached us is on its way, and there is nothing you need to do. "
        "If we need anything for it, we will tell you. To buy, place a new order.",
    ),
}
_NOTHING_RECEIVED = _outcome(
    "پرداخت بررسی شد و چیزی دریافت نشده بود",
    "Examined, and no money had arrived",
    "همکاران ما پرداخت را بررسی کردند: مبلغی به ما نرسید و چیزی خریداری نشد. "
    "اگر مبلغی از حساب بانکی شما کم شده و برنگشته است، به پشتیبانی خبر دهید. "
    "برای خرید، سفارش تازه‌ای ثبت کنید.",
    "Our people have looked into the payment: no money reached us, and nothing was bought. "
    "If money was taken from your bank account and did not come back, tell our support. "
    "To buy, place a new order.",
)

_STYLE = (
    "body{font-family:Vazirmatn,Tahoma,sans-serif;max-width:36rem;margin:3rem auto;padding:0 1rem;"
    "line-height:1.9;color:#1b1b1b;background:#fff}section{border:1px solid #ccc;border-radius:.5rem;"
    "padding:1rem 1.5rem;margin-bottom:1rem}"
    "h1,h2{font-size:1.3rem;margin:.5rem 0}dt{color:#555}dd{margin:0 0 .5rem}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_SCRIPT = "document.getElementById('go').submit()"
_SCRIPT_HASH = base64.b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def outcome_of(payment: Payment) -> Outcome:
    """What to say of a payment."""
    if payment.status is PaymentStatus.RETURNED and not payment.captured:
        return _NOTHING_RECEIVED
    return _OUTCOMES[payment.status]


def payment_page(outcome: Outcome, payment: Payment | None = None) -> str:
    """The page; with the payment's figures where one is known."""
    rows_fa = rows_en = ""
    if payment:
        rows_fa = _rows(
            ("مبلغ", tomans(payment.amount, "fa")),
            ("شمارهٔ سفارش", payment.order_id),
            ("شمارهٔ پیگیری", persian_digits(payment.reference or "")),
        )
        rows_en = _rows(
            ("Amount", tomans(payment.amount, "en")),
            ("Order", payment.order_id),
            ("Reference", payment.reference or ""),
        )
    return (
        '<!doctype html><html lang="fa" dir="rtl"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="robots" content="noindex"><title>{escape(outcome.title["fa"])}</title>'
        f"<style>{_STYLE}</style></head><body>"
        f"<section><h1>{escape(outcome.title['fa'])}</h1><p>{escape(outcome.next['fa'])}</p>{rows_fa}</section>"
        f'<section lang="en" dir="ltr"><h2>{escape(outcome.title["en"])}</h2>'
        f"<p>{escape(outcome.next['en'])}</p>{rows_en}</section></body></html>"
    )


def _rows(*rows: tuple[str, str]) -> str:
    shown = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in rows if value)
    return f"<dl>{shown}</dl>"


def going_policy(address: str) -> str:
    """What the page that posts a browser on to its gateway may do: that alone."""
    parts = urlsplit(address)
    return (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; script-src 'sha256-{_SCRIPT_HASH}'; "
        f"base-uri 'none'; form-action {parts.scheme}://{parts.netloc}; frame-ancestors 'none'"
    )


def going_page(page: PayPage) -> str:
    """Takes the payer to a gateway that wants to be posted to; without scripts a button does it."""
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in page.fields.items()
    )
    return (
        '<!doctype html><html lang="fa" dir="rtl"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="robots" content="noindex"><title>رفتن به درگاه</title><style>{_STYLE}</style></head>'
        "<body><section><h1>در حال رفتن به درگاه پرداخت</h1>"
        '<p lang="en" dir="ltr">Taking you to the payment gateway.</p>'
        f'<form id="go" method="post" action="{escape(page.url)}">{hidden}'
        "<button>ادامه / Continue</button></form></section>"
        f"<script>{_SCRIPT}</script></body></html>"
    )


def prefers_page(accept: str) -> bool:
    """Whether an Accept header asks for a page rather than JSON; browsers do, programs do not."""
    weights = {"text/html": 0.0, "application/json": 0.0}
    for part in accept.lower().split(",")[:20]:
        media, *parameters = (piece.strip() for piece in part.split(";"))
        weight = 1.0
        for parameter in parameters:
            if re.fullmatch(r"q=[01](\.[0-9]{1,3})?", parameter):
                weight = float(parameter[2:])
        if media in weights:
            weights[media] = max(weights[media], weight)
    return weights["text/html"] > weights["application/json"]
