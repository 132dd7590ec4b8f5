"""The form in which each language's texts are written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Given:
    """A paragraph said only where the notice has this fact, and it is neither nought nor empty."""

    fact: str
    text: str


@dataclass(frozen=True, slots=True)
class Script:
    """One message with its gaps, as `string.Template` writes them (`$name`).

    `sms_tokens` maps the tokens of the approved SMS template to the gaps they fill. The approved text with
    its tokens filled in and `sms` filled in are the same text.
    """

    subject: str
    paragraphs: tuple[str | Given, ...]
    sms: str
    sms_tokens: Mapping[str, str]
