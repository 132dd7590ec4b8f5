"""Personal data and secrets in what functions write: searched for in all output of the handlers' tests and
in the logs of every stack that the end-to-end tests run.

Logs are facts with keys. So most of it is known by its form, whoever it belongs to: any address, any number
of a person, any token, any word of Persian. The rest is what the tests use.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable
from typing import Any

import pytest

# Ids of requests are hexadecimal: some hold eleven digits in a row.
_NOT_WITHIN, _NOR_BEFORE = r"(?<![0-9A-Za-z_])", r"(?![0-9A-Za-z])"
_FORMS = {
    "an e-mail address": r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+\.[A-Za-z.]{2,}",
    "a mobile number": _NOT_WITHIN + r"(?:\+98|0098|0)9[0-9]{9}" + _NOR_BEFORE,
    "a Sheba number": _NOT_WITHIN + r"IR[0-9]{2}(?: ?[0-9]{4}){5} ?[0-9]{2}" + _NOR_BEFORE,
    "a card number": _NOT_WITHIN + r"(?:6037|6219|5022|5859|6104)[0-9]{12}" + _NOR_BEFORE,
    "a token": r"eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",
    "a header of who is calling": r"(?i)\bBearer [A-Za-z0-9._-]{10,}",
    "Persian or Arabic text": r"[\u0600-\u06ff]|\\u06[0-9a-fA-F]{2}",
    "an event": r"\"(?:pathParameters|queryStringParameters|multiValueHeaders|isBase64Encoded|Records)\"",
}
# What the tests' people are called, sign in with and are known by, and what opens the providers' accounts.
_USED = {
    "a name": ("sara", "ahmadi", "reza karimi", "narenj"),
    "a mobile number": ("9123456789", "9121234568"),
    "a password": ("bahar-e-narenj-72", "zemestan-dar-rah-19", "not-the-narenj-1", "whatever-it-is-72"),
    "a national id": ("0013542419", "10380284790", "14007650912"),
    "a provider's secret": ("api_key", "api-key"),
}
_PATTERNS = [(kind, re.compile(form)) for kind, form in _FORMS.items()] + [
    (kind, re.compile(_NOT_WITHIN + re.escape(word) + _NOR_BEFORE, re.IGNORECASE))
    for kind, words in _USED.items()
    for word in words
]
# Output of worlds that are gone, to be looked through when their test ends.
_written: list[str] = []


def written(text: str) -> None:
    """Keeps what a deployment in this process wrote, for the test that it was made by."""
    _written.append(text)


def found_in(lines: Iterable[str], more: Iterable[str] = ()) -> list[str]:
    """What must not stand in any of these lines, each with the line's beginning; `more` are more secrets."""
    secrets = [("a secret of this run", re.compile(re.escape(secret))) for secret in more]
    return [
        f"{kind}: {found[0]!r} in {line[:300]}"
        for line in lines
        for kind, form in (*_PATTERNS, *secrets)
        if (found := form.search(line))
    ]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Generator[None, Any, Any]:
    """Fails a handlers' test that passed, but whose functions wrote what they must not.

    In the process that runs the test, so that it makes no difference how many there are.
    """
    report = yield
    if "tests/handlers/" not in item.nodeid or call.when != "teardown":
        return report
    output = [*_written, *(text for _, text in report.sections)]
    _written.clear()
    found = found_in(line for text in output for line in text.splitlines())
    if found and report.passed:
        report.outcome = "failed"
        report.longrepr = "written to a log:\n" + "\n".join(found[:10])
    return report
