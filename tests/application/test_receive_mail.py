"""Mail: believed only where it is proved, and turned into an objection or into work for a person."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from io import BytesIO
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient, Response
from starlette.applications import Starlette
from starlette.routing import Route

from mohlat.application.mail import Mail, Outcome
from mohlat.domain.agreement import Phase
from mohlat.domain.invoices import Invoice
from mohlat.domain.iranian import persian_digits
from mohlat.domain.tenant import Tenant
from mohlat.domain.tickets import TicketKind
from mohlat.presentation.letters import MalformedMail, read_notification
from sandbox import incoming
from tests.application.desks import NOON, Office
from tests.application.world import EMAIL
from tests.builders import SECOND, days
from tests.fakes import FakeIds

PASSED = {"spf": "pass", "dkim": "pass", "dmarc": "pass", "spam": "pass", "virus": "pass"}
# Bought on 4 Azar; thirty days later is 4 Dey, which ends at midnight in Tehran: 20:30 UTC.
LAST = datetime(2026, 12, 25, 20, 30, 0, tzinfo=UTC)


def mail(subject: str = "سلام", **changes: Any) -> Mail:
    """A proved mail of the customer to Kalo, changed as told."""
    whole = Mail(
        message_id="d6iitobk75ur44p8kdnnp7g2n800",
        received_at=NOON,
        sender=EMAIL,
        recipients=("info@kalo.ir",),
        subject=subject,
        text="the amount is wrong",
        verdicts=PASSED,
    )
    return replace(whole, **changes)


def customer() -> tuple[Office, Tenant, Invoice]:
    """A customer of Kalo with an invoice."""
    office = Office("kalo")
    tenant = office.register()
    return office, tenant, office.bought(tenant)


# --- objections -------------------------------------------------------------------------------------------


@pytest.mark.clause("KALO-24")
@pytest.mark.parametrize(
    "subject",
    [
        "KALO-1405-000001",
        "kalo-1405-1",
        "Re: Fwd: Invoice Kalo-1405-000001 is wrong",
        persian_digits("اعتراض به صورت‌حساب KALO-1405-000001"),
        "صورت‌حسابKALO\u20111405\u2011000001",
        "KALO – 1405 – ٠٠٠٠٠١",
        "my-kalo-1405-000001",
    ],
)
def test_an_invoices_number_in_the_subject_makes_it_an_objection(subject: str) -> None:
    office, tenant, invoice = customer()
    received = office.mail_room.receive(mail(subject))
    assert received.outcome is Outcome.DISPUTED
    (ticket,) = office.books.tickets(tenant.id)
    assert (ticket.id, ticket.kind, ticket.subject) == (
        received.id,
        TicketKind.INVOICE_DISPUTE,
        invoice.id,
    )
    assert (ticket.clause, ticket.opened_at) == ("KALO-24", NOON)
    assert office.books.words(tenant.id, ticket.id) == f"{subject}\n\nthe amount is wrong"
    assert office.kinds(tenant)[-1] == "dispute_received"
    owner = office.people.users(tenant.id)[0].username
    assert office.tenants.journal(tenant.id)[-1].by == f"user:{owner}"


@pytest.mark.clause("SAMAN-5.11")
def test_a_product_whose_name_has_figures_and_one_of_two_words_are_found_too() -> None:
    for product, label in (("saman360", "SAMAN360-1405-1"), ("customer_club", "CUSTOMER-CLUB-1405-000001")):
        office = Office(product)
        tenant = office.register()
        office.bought(tenant)
        sent = mail(f"about {label}", recipients=(office.agreement.inbox.address,))
        assert office.mail_room.receive(sent).outcome is Outcome.DISPUTED, product


@pytest.mark.clause("KALO-24")
def test_an_objection_by_mail_is_taken_to_the_last_second_and_later_only_noted() -> None:
    office, tenant, invoice = customer()
    office.bought(tenant)
    office.clock.time = LAST - SECOND
    assert office.mail_room.receive(mail("KALO-1405-1")).outcome is Outcome.DISPUTED
    office.clock.time = LAST
    late = office.mail_room.receive(mail("KALO-1405-2", message_id="another"))
    assert (late.outcome, late.id) == (Outcome.TOO_LATE, None)
    assert [ticket.subject for ticket in office.books.tickets(tenant.id)] == [invoice.id]
    line = office.security_log.lines(tenant.id)[0]
    assert line.kind == "mail_too_late"
    assert line.details["ended_at"] == "2026-12-25T20:30:00Z"


def test_what_is_contested_already_is_read_by_a_person() -> None:
    office, tenant, _ = customer()
    office.mail_room.receive(mail("KALO-1405-1"))
    office.clock.advance(seconds=1)
    later = mail("KALO-1405-1", message_id="another", text="any news?", received_at=office.clock.now())
    again = office.mail_room.receive(later)
    assert again.outcome is Outcome.TICKET
    assert [ticket.kind for ticket in office.books.tickets(tenant.id)] == [
        TicketKind.INVOICE_DISPUTE,
        TicketKind.MAIL,
    ]


@pytest.mark.parametrize(
    "subject",
    ["KALO-1405-000099", "SAMAN360-1405-000001", "KALO-1404-000001", "KALO-1405", "1405-000001", ""],
)
def test_a_number_of_no_invoice_of_theirs_is_read_by_a_person(subject: str) -> None:
    office, tenant, _ = customer()
    assert office.mail_room.receive(mail(subject)).outcome is Outcome.TICKET
    (ticket,) = office.books.tickets(tenant.id)
    assert ticket.kind is TicketKind.MAIL


def test_another_tenants_invoice_is_not_contested() -> None:
    office, tenant, _ = customer()
    stranger = office.register(email="omid@customer.test", mobile="+989120000002")
    received = office.mail_room.receive(mail("KALO-1405-000001", sender="omid@customer.test"))
    assert received.outcome is Outcome.TICKET
    assert office.books.tickets(tenant.id) == []
    assert len(office.books.tickets(stranger.id)) == 1


# --- everything else --------------------------------------------------------------------------------------


def test_any_other_mail_is_sealed_and_read_by_a_person_in_three_days() -> None:
    office, tenant, _ = customer()
    matters = office.tenant(tenant).open_matters
    received = office.mail_room.receive(mail("a question"))
    ticket = office.books.ticket(tenant.id, received.id or "")
    assert (received.outcome, ticket.kind, ticket.clause) == (Outcome.TICKET, TicketKind.MAIL, "KALO-26")
    assert (ticket.subject, ticket.due_at) == (mail().message_id, NOON + days(3))
    assert office.books.words(tenant.id, ticket.id) == "a question\n\nthe amount is wrong"
    entry = office.tenants.journal(tenant.id)[-1]
    assert (entry.event.value, entry.facts) == ("ticket_opened", {"ticket_id": ticket.id, "kind": "mail"})
    assert "question" not in str(entry)
    assert office.tenant(tenant).open_matters == matters


@pytest.mark.clause("KALAK-card")
def test_a_card_number_in_a_mail_is_masked_before_it_is_kept() -> None:
    office, tenant, _ = customer()
    received = office.mail_room.receive(mail("paid by 6037991122334455"))
    words = office.books.words(tenant.id, received.id or "")
    assert words == "paid by 6037-99**-****-4455\n\nthe amount is wrong"


@pytest.mark.parametrize("subject", ["KALO-1405-000001", "a question"])
def test_a_mail_that_is_delivered_twice_is_one_ticket(subject: str) -> None:
    office, tenant, _ = customer()
    first = office.mail_room.receive(mail(subject))
    office.clock.advance(hours=1)
    again = office.mail_room.receive(mail(subject))
    assert (again.outcome, again.id) == (Outcome.REPEATED, first.id)
    assert len(office.books.tickets(tenant.id)) == 1
    assert office.events(tenant).count("ticket_opened") == 1


@pytest.mark.parametrize("subject", ["KALO-1405-000001", "a question"])
def test_a_mail_that_is_delivered_twice_at_once_is_one_ticket(subject: str) -> None:
    office, tenant, _ = customer()
    office.tenants.before_commit.append(lambda: office.mail_room.receive(mail(subject)))
    assert office.mail_room.receive(mail(subject)).outcome is Outcome.REPEATED
    assert len(office.books.tickets(tenant.id)) == 1


def test_its_ticket_has_an_id_like_all_others_that_sorts_by_time() -> None:
    office, tenant, _ = customer()
    first = office.mail_room.receive(mail(message_id="b", received_at=NOON))
    second = office.mail_room.receive(mail(message_id="a", received_at=NOON + SECOND))
    assert first.id
    assert second.id
    assert len(first.id) == len(FakeIds().new("k"))
    assert first.id < second.id
    assert [ticket.id for ticket in office.books.tickets(tenant.id)] == [first.id, second.id]


# --- refusals ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "verdicts",
    [
        *({name: found} for name in ("spf", "dkim", "dmarc") for found in ("fail", "gray", "")),
        {"spam": "fail"},
        {"virus": "fail"},
    ],
)
def test_what_may_not_come_from_where_it_says_is_refused_without_an_answer(
    verdicts: Mapping[str, str],
) -> None:
    office, tenant, _ = customer()
    events = office.events(tenant)
    received = office.mail_room.receive(mail("KALO-1405-000001", verdicts=PASSED | dict(verdicts)))
    assert (received.outcome, received.id) == (Outcome.NOT_PROVED, None)
    assert (office.books.tickets(tenant.id), office.events(tenant)) == ([], events)
    line = office.security_log.lines("kalo")[0]
    assert line.kind == "mail_not_proved"
    assert line.details == {"message_id": mail().message_id, **PASSED, **verdicts}


def test_what_a_scanner_could_not_decide_is_no_spam() -> None:
    office, _, _ = customer()
    unsure = PASSED | {"spam": "gray", "virus": "processing_failed"}
    assert office.mail_room.receive(mail(verdicts=unsure)).outcome is Outcome.TICKET


@pytest.mark.parametrize("sender", ["stranger@elsewhere.test", "sara@customer.test.evil.test"])
def test_an_unknown_sender_is_refused_and_noted_without_the_address(sender: str) -> None:
    office, tenant, _ = customer()
    received = office.mail_room.receive(mail("KALO-1405-000001", sender=sender))
    assert received.outcome is Outcome.UNKNOWN_SENDER
    assert office.books.tickets(tenant.id) == []
    line = office.security_log.lines("kalo")[0]
    assert (line.kind, line.details) == ("mail_unknown_sender", {"message_id": mail().message_id})


def test_who_is_registered_with_another_product_is_unknown_here() -> None:
    office = Office("saman360")
    office.register()
    office.agreements.known.append(Office("kalo").agreement)
    assert office.mail_room.receive(mail()).outcome is Outcome.UNKNOWN_SENDER


@pytest.mark.parametrize("gone", ["purged", "emptied", "half emptied"])
def test_who_was_purged_is_unknown(gone: str) -> None:
    office, tenant, _ = customer()
    if gone == "purged":
        office.table.tenants[tenant.id] = replace(office.tenant(tenant), phase=Phase.PURGED)
    else:
        del office.table.tenants[tenant.id]
    if gone == "emptied":
        office.table.identities.clear()
    assert office.mail_room.receive(mail()).outcome is Outcome.UNKNOWN_SENDER


def test_an_address_that_no_product_listens_to_is_noted_by_itself() -> None:
    office, _, _ = customer()
    received = office.mail_room.receive(mail(recipients=("sales@kalo.ir",)))
    assert received.outcome is Outcome.NOT_FOR_US
    assert office.noted("mail") == ["mail_not_for_us"]


# --- reading ----------------------------------------------------------------------------------------------


def told(raw: bytes, **changes: Any) -> str:
    """SES's notification of a mail, as text."""
    whole = incoming.notification(raw, sender=EMAIL, to="Info@Kalo.ir", now=NOON, **changes)
    return json.dumps(whole)


def raw(**changes: Any) -> bytes:
    """A mail of the customer, changed as told."""
    parts = {"sender": f"Sara <{EMAIL}>", "to": "info@kalo.ir", "subject": "سلام", "text": "متن نامه"}
    return incoming.message(**(parts | changes))


def test_a_notification_is_read_to_the_last_letter() -> None:
    read = read_notification(told(raw(), verdicts={"spf": "FAIL", "virus": "GRAY"}))
    assert (read.sender, read.recipients) == (EMAIL, ("info@kalo.ir",))
    assert (read.subject, read.text, read.received_at) == ("سلام", "متن نامه", NOON)
    assert read.verdicts == PASSED | {"spf": "fail", "virus": "gray"}
    assert len(read.message_id) == 32


def test_content_that_is_not_encoded_is_read_too_and_what_was_not_looked_at_is_empty() -> None:
    whole = json.loads(told(raw(subject="hello", text="plain")))
    del whole["receipt"]["dkimVerdict"], whole["receipt"]["action"]["encoding"]
    whole["content"] = base64.b64decode(whole["content"]).decode()
    read = read_notification(json.dumps(whole))
    assert (read.subject, read.text, read.verdicts["dkim"]) == ("hello", "plain", "")


def test_a_sealed_letter_goes_the_whole_way() -> None:
    office, tenant, invoice = customer()
    received = office.mail_room.receive(read_notification(told(raw(subject=f"درباره {invoice.label}"))))
    assert received.outcome is Outcome.DISPUTED
    words = office.books.words(tenant.id, received.id or "")
    assert words == f"درباره {invoice.label}\n\nمتن نامه"


PAGE = """<html><head><title>t</title><style>p {color: red}</style></head><body>
<!-- a <b>comment</b> --><p>first&nbsp;line &amp; more</p><div>second <b>line</b><br>third</div>
<script>alert(1)</script><ul><li>a<li>b</ul></body></html>"""


def only_html(page: str) -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = EMAIL, "info@kalo.ir", "x"
    message.set_content(page, subtype="html")
    return message.as_bytes()


def test_a_page_is_read_without_its_markup_where_no_plain_text_is() -> None:
    assert read_notification(told(only_html(PAGE))).text == "first line & more\n\nsecond line\nthird\n\na\nb"
    both = raw(text="the plain part", html=PAGE)
    assert read_notification(told(both)).text == "the plain part"


def test_a_page_whose_head_is_never_closed_still_has_its_words() -> None:
    assert read_notification(told(only_html("<head><title>x</title><body>words</i></style>"))).text == "words"


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("a<!-- never closed <p>b", "a"),
        ("a<script>never closed <p>b", "a"),
        ("a<STYLE>p {}</Style >b", "ab"),
        ("<![--)x", "<![--)x"),
        ("a &lt;b&gt; &#x633; c", "a <b> س c"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("<a " * 30_000 + "end", "<a " * 3413 + "<"),
    ],
)
def test_broken_markup_neither_hides_what_is_shown_nor_takes_long(page: str, text: str) -> None:
    assert read_notification(told(only_html(page))).text == text


LONG = [b"From: " + b"a," * 2000, b"From: sara@customer.test\r\nSubject: " + b"x" * 2001]


@pytest.mark.parametrize("headers", LONG, ids=["from", "subject"])
def test_a_header_that_nobody_wrote_is_not_read(headers: bytes) -> None:
    with pytest.raises(MalformedMail):
        read_notification(told(headers + b"\r\n\r\nx"))


def plain(body: bytes, charset: str, sender: bytes = b"From: sara@customer.test") -> bytes:
    lines = [
        sender,
        b"To: info@kalo.ir",
        b"Subject: x",
        b"MIME-Version: 1.0",
        f'Content-Type: text/plain; charset="{charset}"'.encode(),
        b"Content-Transfer-Encoding: 8bit",
        b"",
        body,
    ]
    return b"\r\n".join(lines)


@pytest.mark.parametrize(
    ("body", "charset", "text"),
    [
        ("سلام".encode("windows-1256"), "windows-1256", "سلام"),
        ("سلام".encode(), "unheard-of", "سلام"),
        (b"caf\xe9", "utf-8", "caf\ufffd"),
        ("a\x00b\x1b[31mc\u200b".encode(), "utf-8", "ab[31mc"),
        ("a\u202eb\u200cc".encode(), "utf-8", "ab\u200cc"),
        (b"one\r\n\r\n\r\n\r\n  two  \r\n", "utf-8", "one\n\ntwo"),
        (b"", "utf-8", ""),
    ],
)
def test_any_charset_is_read_and_what_is_no_letter_is_dropped(body: bytes, charset: str, text: str) -> None:
    assert read_notification(told(plain(body, charset))).text == text


def test_a_long_mail_is_kept_to_ten_kibibytes_and_not_cut_within_a_letter() -> None:
    read = read_notification(told(raw(text="x" + "م" * 20_000, subject="s" * 900)))
    assert len(read.text.encode()) == 10 * 1024 - 1
    assert len(read.subject) == 500


def test_a_mail_without_a_text_or_subject_is_read_as_an_empty_one() -> None:
    picture = EmailMessage()
    picture["From"] = EMAIL
    picture.set_content(b"\x89PNG", maintype="image", subtype="png")
    read = read_notification(told(picture.as_bytes()))
    assert (read.subject, read.text) == ("", "")


@pytest.mark.parametrize(
    "sender",
    [
        b"From: sara@customer.test, omid@customer.test",
        b"From: sara@customer.test\r\nFrom: omid@customer.test",
        b"From: undisclosed:;",
        b"From: sara",
        b"From: ",
        b"X-From: sara@customer.test",
    ],
)
def test_a_mail_that_could_be_anybodys_is_put_aside(sender: bytes) -> None:
    with pytest.raises(MalformedMail):
        read_notification(told(plain(b"x", "utf-8", sender=sender)))


def _without(*path: str) -> str:
    whole = json.loads(told(raw()))
    part = whole
    for name in path[:-1]:
        part = part[name]
    del part[path[-1]]
    return json.dumps(whole)


def _with(value: object, *path: str) -> str:
    whole = json.loads(told(raw()))
    part = whole
    for name in path[:-1]:
        part = part[name]
    part[path[-1]] = value
    return json.dumps(whole)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        '"text"',
        "{",
        '{"a": NaN}',
        '{"notificationType": "AmazonSnsSubscriptionSucceeded"}',
        _with("Bounce", "notificationType"),
        _with("not base64!", "content"),
        _with(None, "receipt"),
        _with("x y", "mail", "messageId"),
        _with(7, "mail", "messageId"),
        _with("yesterday", "mail", "timestamp"),
        _with([{}], "receipt", "spfVerdict"),
        *(
            _without(*path)
            for path in (
                ("content",),
                ("mail",),
                ("mail", "messageId"),
                ("mail", "timestamp"),
                ("receipt", "recipients"),
                ("receipt", "action"),
            )
        ),
    ],
)
def test_what_is_no_mail_is_put_aside(text: str) -> None:
    with pytest.raises(MalformedMail):
        read_notification(text)


# --- writing to a product in the sandbox ------------------------------------------------------------------


class OneFunction:
    """A `Stack` with nothing deployed but what receives mail, which is called as Lambda calls it."""

    def __init__(self, deployed: bool = True) -> None:
        self.deployed = deployed
        self.received: list[Mail] = []

    def outputs(self) -> dict[str, str]:
        return {"ReceiveMailFunctionName": "mohlat-receive"} if self.deployed else {}

    def client(self, service: str) -> OneFunction:
        assert service == "lambda"
        return self

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:
        assert FunctionName == "mohlat-receive"
        (record,) = json.loads(Payload)["Records"]
        try:
            self.received.append(read_notification(record["Sns"]["Message"]))
        except MalformedMail:
            return {"Payload": BytesIO(b'{"errorType": "MalformedMail"}'), "FunctionError": "Unhandled"}
        return {"Payload": BytesIO(b'[{"outcome": "ticket"}]')}


def write(stack: OneFunction, **request: Any) -> Response:
    """Posts to the sandbox's letter box."""
    box = incoming.LetterBox(stack)  # type: ignore[arg-type]
    app = Starlette(routes=[Route("/sandbox/mail", box.post, methods=["POST"])])

    async def post() -> Response:
        async with AsyncClient(transport=ASGITransport(app), base_url="http://sandbox.test") as browser:
            return await browser.post("/sandbox/mail", **request)

    return asyncio.run(post())


LETTER = {"from": "Sara@Customer.test", "to": "info@kalo.ir", "subject": "KALO-1405-1", "text": "سلام"}


def test_what_one_writes_in_the_sandbox_arrives_as_from_ses() -> None:
    stack = OneFunction()
    answer = write(stack, json=LETTER | {"verdicts": {"dkim": "FAIL"}})
    assert (answer.status_code, answer.json()["received"]) == (202, [{"outcome": "ticket"}])
    (read,) = stack.received
    assert (read.sender, read.recipients) == (EMAIL, ("info@kalo.ir",))
    assert (read.subject, read.text) == ("KALO-1405-1", "سلام")
    assert read.verdicts == PASSED | {"dkim": "fail"}
    assert read.message_id == answer.json()["message_id"]


@pytest.mark.parametrize(("proved", "found"), [("yes", "pass"), ("no", "fail")])
def test_the_form_on_its_page_leads_back_to_it(proved: str, found: str) -> None:
    stack = OneFunction()
    answer = write(stack, data=LETTER | {"proved": proved})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sandbox/")
    assert {stack.received[0].verdicts[name] for name in ("spf", "dkim", "dmarc")} == {found}
    assert all(f"name={name}" in incoming.FORM for name in (*LETTER, "proved"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"text": None},
        {"subject": "a\nBcc: x@y.test"},
        {"verdicts": {"arc": "PASS"}},
        {"verdicts": "PASS"},
        {"cc": "x@y.test"},
    ],
)
def test_what_is_no_letter_is_not_sent(wrong: dict[str, Any]) -> None:
    stack = OneFunction()
    assert write(stack, json=LETTER | wrong).status_code == 400
    assert write(stack, content=b"[1]").status_code == 400
    assert stack.received == []


def test_a_letter_that_nobody_could_take_is_no_success() -> None:
    assert write(OneFunction(deployed=False), json=LETTER).status_code == 502
    failed = write(OneFunction(), json=LETTER | {"from": "a@b.test, c@d.test"})
    assert (failed.status_code, "MalformedMail" in failed.text) == (502, True)
