"""A visitor's answer about cookies: kept in a cookie of its own, which says nothing about the visitor.

KALLU-1.2, KALLU-11, KALAK-cookies. Nothing but what the agreement publishes by name and purpose may be set,
and what is not essential only after consent.
"""

from __future__ import annotations

from mohlat.domain.agreement import CookieRule

# The one cookie that we set ourselves, and only when a visitor answers.
ANSWER = "mohlat_cookies"
FORGOTTEN = f"{ANSWER}=; Max-Age=0; Path=/; Secure; SameSite=Lax"
_WORDS = {"accepted": True, "declined": False}


def crumb(product: str, accepted: bool, lasts: int) -> str:
    """The Set-Cookie header of an answer that holds for `lasts` seconds."""
    word = next(word for word, meaning in _WORDS.items() if meaning is accepted)
    return f"{ANSWER}={product}.{word}; Max-Age={lasts}; Path=/; Secure; SameSite=Lax"


def answer_of(product: str, header: str) -> bool | None:
    """What a visitor answered for a product, by a Cookie header; None if it has not, or not in our words."""
    for part in header.split(";"):
        name, _, value = part.strip().partition("=")
        of, _, word = value.partition(".")
        if name == ANSWER and of == product:
            return _WORDS.get(word)
    return None


def allowed(rule: CookieRule, accepted: bool | None) -> tuple[str, ...]:
    """The names of the cookies that pages may set now."""
    return tuple(cookie.name for cookie in rule.cookies if cookie.essential or accepted)
