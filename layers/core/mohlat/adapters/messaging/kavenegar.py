"""Kavenegar's REST API for SMS.

Approved templates (`verify/lookup`) are the first way: they reach numbers that blocked advertising, which a
billing notice must. Free text goes by `sms/send`, where `localid` makes a repetition harmless.
The API key is part of the path, so no address may appear in an error or a log record.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from mohlat.adapters.http import HttpClient, NoAnswer
from mohlat.application.ports import HandOver, SmsSender
from mohlat.domain.errors import (
    InvalidInput,
    MessageRejected,
    MessageUncertain,
    MessagingMisconfigured,
    MessagingUnavailable,
)
from mohlat.domain.iranian import local_mobile

# Spaces that each token of a template may hold; none may hold another separator.
_SPACES = {"token": 0, "token2": 0, "token3": 0, "token10": 5, "token20": 8}
_MAX_TOKEN = 100

_DONE = 200
_TRY_LATER = frozenset({402, 409, 429, 451})
_NEVER = frozenset({411, 413, 420, 422, 431})
# Message states that mean it was not and will not be handed over: failed, cancelled, blocked by its receiver.
_DEAD = frozenset({6, 13, 14})


class Kavenegar(SmsSender):
    """`SmsSender` over Kavenegar.

    `sender` is the line for free text; without it Kavenegar uses the account's own.
    """

    name = "kavenegar"

    def __init__(self, base_url: str, api_key: str, sender: str = "", http: HttpClient | None = None) -> None:
        self._base_url = base_url.rstrip("/")
        self._api_key = api_key
        self._sender = sender
        self._http = http or HttpClient()

    def send(
        self, *, mobile: str, template: str, tokens: Mapping[str, str], text: str, reference: int
    ) -> HandOver:
        """Sends `template` with `tokens` (named as Kavenegar names them), or `text` when `template` is empty.

        A repetition with the same `reference` is harmless for free text only: templates know no such id.
        Raises MessagingUnavailable, MessageUncertain, MessageRejected or MessagingMisconfigured.
        """
        try:
            receptor = local_mobile(mobile)
        except InvalidInput:
            raise MessageRejected("not an Iranian mobile number", provider=self.name) from None
        if template:
            misfit = _misfit(tokens)
            if misfit:
                raise MessageRejected(misfit, provider=self.name, template=template)
            return self._call("verify/lookup", {"receptor": receptor, "template": template, **tokens})
        fields = {"receptor": receptor, "message": text, "localid": str(reference)}
        if self._sender:
            fields["sender"] = self._sender
        return self._call("sms/send", fields)

    def _call(self, method: str, fields: Mapping[str, str]) -> HandOver:
        address = f"{self._base_url}/v1/{quote(self._api_key, safe='')}/{method}.json"
        try:
            answer = self._http.post_form(address, fields)
        except NoAnswer as error:
            # Free text has a reference that makes a repetition harmless; a template has none.
            lost = error.sent and "localid" not in fields
            problem = MessageUncertain if lost else MessagingUnavailable
            raise problem(f"no answer: {error}", provider=self.name, method=method) from None
        # The body first: a failing one has been seen with HTTP 200.
        code, entry = _read(answer.body)
        details: dict[str, object] = {
            "provider": self.name, "method": method, "http_status": answer.status, "provider_code": code
        }  # fmt: skip
        if code is None or code in _TRY_LATER:
            raise MessagingUnavailable("the provider did not take the message", **details)
        if code in _NEVER:
            raise MessageRejected("the provider will not take this message", **details)
        if code != _DONE:
            raise MessagingMisconfigured("the provider refuses our account or request", **details)
        if entry.get("status") in _DEAD:
            raise MessageRejected(
                "the message was not handed over", **details, message_status=entry["status"]
            )
        message_id = entry.get("messageid")
        if not message_id:
            # Without an id there is no proof that it was handed over.
            raise MessagingUnavailable("the provider gave the message no id", **details)
        return HandOver(self.name, str(message_id))


def _misfit(tokens: Mapping[str, str]) -> str:
    """Why `tokens` would be refused (431 and 406 of Kavenegar's codes); empty when they fit."""
    if "token" not in tokens:
        return "a template needs token"
    for name, value in tokens.items():
        if name not in _SPACES:
            return f"no such token: {name}"
        if not value or len(value) > _MAX_TOKEN:
            return f"{name} is empty or too long"
        spaces = value.count(" ")
        if spaces > _SPACES[name] or "_" in value or any(mark.isspace() for mark in value.replace(" ", "")):
            return f"{name} holds separators"
    return ""


def _read(body: object) -> tuple[int | None, Mapping[str, object]]:
    """The return code (None when there is none) and the first entry (empty when there is none)."""
    envelope = body.get("return") if isinstance(body, dict) else None
    code = envelope.get("status") if isinstance(envelope, dict) else None
    if isinstance(code, bool) or not isinstance(code, int):
        return None, {}
    entries = body.get("entries") if isinstance(body, dict) else None
    if isinstance(entries, dict):
        return code, entries
    if isinstance(entries, list) and entries and isinstance(entries[0], dict):
        return code, entries[0]
    return code, {}
