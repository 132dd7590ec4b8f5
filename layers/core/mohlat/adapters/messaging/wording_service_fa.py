"""The messages about running the service, in Persian."""

from __future__ import annotations

from collections.abc import Mapping

from mohlat.adapters.messaging.wording_script import Given, Script
from mohlat.domain.notices import NoticeKind

_DAY = {"token": "sms_day", "token10": "sms_name"}
_HOUR = {"token": "sms_day", "token3": "clock", "token10": "sms_name"}

SERVICE: Mapping[NoticeKind, Script] = {
    NoticeKind.NEWS: Script(
        "$name: $subject",
        ("$text", "خبر «$name» در $date."),
        "خبر $sms_name در $sms_day: $sms_subject",
        {**_DAY, "token20": "sms_subject"},
    ),
    NoticeKind.TERMS_CHANGED: Script(
        "شرایط تازه «$name» از $date",
        (
            "از $date نسخه تازه‌ای از شرایط «$name» برقرار است. آنچه عوض می‌شود:",
            "$text",
            "متن کامل:\n$link",
            "آنچه تاکنون خریده‌اید همان شرایطی را نگه می‌دارد که با آن خریده شده است.",
        ),
        "شرایط تازه $sms_name از $sms_day برقرار است. متن آن در ایمیل و حساب شماست.",
        _DAY,
    ),
    NoticeKind.MAINTENANCE_PLANNED: Script(
        "نگهداری برنامه‌ریزی‌شده «$name» در $date",
        (
            "«$name» از $date تا $end به دلیل نگهداری برنامه‌ریزی‌شده در دسترس نیست.",
            "$text",
            "پایان آن را به شما خبر می‌دهیم. به داده‌های شما دست نمی‌خورد.",
        ),
        "$sms_name از ساعت $clock روز $sms_day به دلیل نگهداری در دسترس نیست.",
        _HOUR,
    ),
    NoticeKind.MAINTENANCE_MOVED: Script(
        "نگهداری «$name» به $date جابه‌جا شد",
        (
            "زمان نگهداری «$name» عوض شد: اکنون از $date تا $end در دسترس نیست.",
            "$text",
            "آنچه پیش‌تر درباره این نگهداری گفته بودیم دیگر برقرار نیست.",
        ),
        "نگهداری $sms_name به ساعت $clock روز $sms_day جابه‌جا شد.",
        _HOUR,
    ),
    NoticeKind.MAINTENANCE_CANCELLED: Script(
        "نگهداری «$name» لغو شد",
        ("نگهداری «$name» که برای $date برنامه‌ریزی شده بود انجام نمی‌شود.",),
        "نگهداری $sms_name که برای $sms_day برنامه‌ریزی شده بود انجام نمی‌شود.",
        _DAY,
    ),
    NoticeKind.MAINTENANCE_AHEAD: Script(
        "یادآوری: نگهداری «$name» در $date",
        ("همان‌طور که خبر دادیم، «$name» از $date تا $end در دسترس نیست.", "$text"),
        "یادآوری: $sms_name از ساعت $clock روز $sms_day در دسترس نیست.",
        _HOUR,
    ),
    NoticeKind.MAINTENANCE_ENDED: Script(
        "نگهداری «$name» پایان یافت",
        ("نگهداری «$name» در $date پایان یافت. همه چیز دوباره در دسترس است.",),
        "نگهداری $sms_name ساعت $clock روز $sms_day پایان یافت.",
        _HOUR,
    ),
    NoticeKind.LEASE_EXTENDED: Script(
        "زمان ازدست‌رفته به اشتراک «$name» شما افزوده شد",
        (
            "ماه گذشته «$name» بیش از آنچه تعهد کرده‌ایم از دسترس خارج بود. از شما پوزش می‌خواهیم.",
            "همه زمان ازدست‌رفته، $minutes دقیقه، به اشتراک شما افزوده شد که اکنون در $date به پایان می‌رسد.",
        ),
        "$minutes دقیقه قطعی به اشتراک $sms_name شما افزوده شد. پایان آن اکنون $sms_day است.",
        {**_DAY, "token3": "minutes"},
    ),
    NoticeKind.WIND_DOWN_PLANNED: Script(
        "«$name» در $date به پایان می‌رسد",
        (
            "کار «$name» در $date به پایان می‌رسد.",
            "$text",
            "آنچه پرداخته‌اید و تا آن زمان به کار نرفته است به شما بازمی‌گردد.",
            "تا $access_until همچنان می‌توانید داده‌های خود را ببینید و با خود ببرید. "
            "پس از آن برای همیشه پاک می‌شوند؛ پیش از آن به شما خبر می‌دهیم.",
        ),
        "کار $sms_name در $sms_day به پایان می‌رسد. تا یک سال پس از آن می‌توانید داده‌های خود را ببینید.",
        _DAY,
    ),
    NoticeKind.WIND_DOWN_CANCELLED: Script(
        "کار «$name» ادامه می‌یابد",
        ("برخلاف آنچه خبر داده بودیم، کار «$name» در $date به پایان نمی‌رسد و مانند پیش ادامه می‌یابد.",),
        "کار $sms_name در $sms_day به پایان نمی‌رسد و مانند پیش ادامه می‌یابد.",
        _DAY,
    ),
    NoticeKind.WIND_DOWN_STARTED: Script(
        "کار «$name» به پایان رسید: داده‌های خود را تا $date بردارید",
        (
            "کار «$name» به پایان رسید. داده‌های خود را تا $date می‌توانید ببینید و بردارید.",
            Given("amount", "آنچه پرداخته بودید و به کار نرفته است، $amount، به شما بازمی‌گردد."),
            "پس از آن تاریخ همه چیز برای همیشه پاک می‌شود. پیش از آن یک بار دیگر به شما خبر می‌دهیم.",
        ),
        "کار $sms_name به پایان رسید. داده‌های خود را تا $sms_day می‌توانید ببینید و بردارید.",
        _DAY,
    ),
}
