"""Reads mail as Amazon SES hands it over through SNS: the notification, and the message itself inside it."""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import unescape
from typing import Any

from mohlat.application.mail import Mail
from mohlat.domain.errors import InvalidInput, MohlatError
from mohlat.presentation.fields import MalformedBody, email, parse_json

_LONGEST_SUBJECT = 500
_LARGEST_TEXT = 10 * 1024
# A header that is longer is none that anybody wrote, and would take long to read.
_LONGEST_HEADER = 2000
_VERDICTS = ("spf", "dkim", "dmarc", "spam", "virus")


class MalformedMail(MohlatError):
    """This is no mail that anybody could act on: put it aside, another try changes nothing."""

    code = "malformed-mail"


def read_notification(text: str) -> Mail:
    """The mail in an SES notification whose action is SNS: its content is in it, in Base64 or as it came.

    Raises MalformedMail for anything else.
    """
    try:
        told: Any = parse_json(text)
        mail, receipt = told["mail"], told["receipt"]
        if told["notificationType"] != "Received":
            raise MalformedMail(reason="not a received mail")
        message = _message(str(told["content"]), str(receipt["action"].get("encoding", "UTF8")))
        return Mail(
            message_id=_id(mail["messageId"]),
            received_at=datetime.fromisoformat(mail["timestamp"]).astimezone(UTC),
            sender=_sender(message),
            recipients=tuple(str(each).lower() for each in receipt["recipients"]),
            subject=_clean(str(message["Subject"] or ""))[:_LONGEST_SUBJECT],
            text=_bounded(_clean(_text(message))),
            verdicts={name: _verdict(receipt, name) for name in _VERDICTS},
        )
    except (
        LookupError,
        TypeError,
        AttributeError,
        ValueError,
        OverflowError,
        RecursionError,
        MalformedBody,
    ) as error:
        raise MalformedMail(reason=type(error).__name__) from None


def _id(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[\x21-\x7e]{1,200}", value):
        raise ValueError
    return value


def _verdict(receipt: Mapping[str, Any], name: str) -> str:
    """In lower case; empty where the service did not look."""
    return str((receipt.get(f"{name}Verdict") or {}).get("status", "")).lower()


def _message(content: str, encoding: str) -> EmailMessage:
    try:
        raw = base64.b64decode(content, validate=True) if encoding.upper() == "BASE64" else content.encode()
    except binascii.Error:
        raise MalformedMail(reason="not Base64") from None
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    for name, value in message.raw_items():
        if name.lower() in ("from", "subject") and len(value) > _LONGEST_HEADER:
            raise MalformedMail(reason="a header too long")
    return message


def _sender(message: EmailMessage) -> str:
    """The one address in the one From line. What has several could be anybody's."""
    lines = message.get_all("From") or []
    addresses = [address for line in lines for address in line.addresses]
    if len(lines) != 1 or len(addresses) != 1:
        raise MalformedMail(reason="not one sender")
    try:
        return str(email(addresses[0].addr_spec, "from"))
    except InvalidInput:
        raise MalformedMail(reason="not one sender") from None


def _text(message: EmailMessage) -> str:
    """The message's words: its plain part, else its HTML without the markup."""
    part = message.get_body(preferencelist=("plain", "html"))
    if part is None:
        return ""
    payload = part.get_payload(decode=True)
    raw = payload if isinstance(payload, bytes) else b""
    try:
        text = raw.decode(part.get_content_charset() or "utf-8", errors="replace")
    except (LookupError, ValueError):
        # No charset, or none that can decode this: read as far as it can be, rather than not at all.
        text = raw.decode(errors="replace")
    return _without_markup(text) if part.get_content_type() == "text/html" else text


# Our own reader of markup: Python's takes minutes for a page that was made to take them. Each sign is looked
# at a bounded number of times here, because no tag reaches beyond the next angle bracket.
_TAG = re.compile(r"<!--|<[!?][^<>]*>|</?(?P<name>[A-Za-z][A-Za-z0-9]{0,20})[^<>]*>")
_SILENT = frozenset({"script", "style", "title", "template"})
_BLOCKS = frozenset({"p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "blockquote", "hr"})


def _without_markup(page: str) -> str:
    """What a page would show; a block begins a new line."""
    shown: list[str] = []
    place = 0
    while found := _TAG.search(page, place):
        shown.append(_shown(page[place : found.start()]))
        place, name = found.end(), (found["name"] or "").lower()
        if name in _BLOCKS:
            shown.append("\n")
        elif found[0] == "<!--":
            place = _behind("-->", page, place)
        elif name in _SILENT and found[0][1] != "/":
            place = _behind(f"</{name}[^<>]*>", page, place)
    return "".join([*shown, _shown(page[place:])])


def _shown(markup: str) -> str:
    return re.sub(r"\s+", " ", unescape(markup))


def _behind(end: str, page: str, place: int) -> int:
    """Where the next `end` (a pattern) is over, or the page's end: what is never closed swallows the rest."""
    found = re.compile(end, re.IGNORECASE).search(page, place)
    return found.end() if found else len(page)


def _clean(text: str) -> str:
    """NFC, with line breaks of one kind; without control characters and marks that turn the direction."""
    kept = (
        char
        for char in text.replace("\r\n", "\n").replace("\r", "\n")
        # Persian needs its zero-width (non-)joiner.
        if char in "\n\t\u200c\u200d" or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn")
    )
    lines = [line.strip() for line in unicodedata.normalize("NFC", "".join(kept)).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _bounded(text: str) -> str:
    """At most 10 KiB of it, cut between two characters."""
    return text.encode()[:_LARGEST_TEXT].decode(errors="ignore")
