"""`make rights`: who may ask for what, read from the API's description alone, as docs/authorization.md.

The description says it with three things: `security: []` (anybody), `x-groups` (which groups may ask) and
`x-needs` (what has to stand besides). tests/handlers/test_authorization.py holds every function against it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "authorization.md"
_METHODS = ("get", "post", "put", "delete", "patch")
_MEMBERS = frozenset({"owner", "user"})


class Answer(StrEnum):
    """How a caller is let in or turned away, as the document shows it."""

    LET_IN = "yes"
    NOT_SIGNED_IN = "401"
    REFUSED = "403"
    HIDDEN = "404"


@dataclass(frozen=True)
class Caller:
    """Somebody who asks: its group, whether the tenant in question is its own, and what stands for it."""

    title: str
    group: str | None
    own: bool = False
    has: str = ""
    # An access token, which proves no tenant, instead of an ID token.
    access_token: bool = False


ANONYMOUS = Caller("nobody", None)
ACCESS_TOKEN = Caller("access token", "owner", own=True, access_token=True)
OWNER = Caller("owner", "owner", own=True)
OTHER_OWNER = Caller("other owner", "owner")
USER = Caller("user", "user", own=True)
OTHER_USER = Caller("other user", "user")
HELPER = Caller("helper", "owner", has="support grant")
OPERATOR = Caller("operator", "operator")
OPERATOR_HELPER = Caller("operator as helper", "operator", has="support grant")
PARTNER = Caller("partner", "partner")
DELEGATE = Caller("delegate", "partner", has="delegation")
UNGROUPED = Caller("no group", "", own=True)
CALLERS = (
    ANONYMOUS,
    ACCESS_TOKEN,
    UNGROUPED,
    USER,
    OTHER_USER,
    OWNER,
    OTHER_OWNER,
    HELPER,
    OPERATOR,
    OPERATOR_HELPER,
    PARTNER,
    DELEGATE,
)


_INTRODUCTION = """\
Made from [openapi.yaml](openapi.yaml) by `make rights`; not edited by hand. A test asks every function every
one of these questions; another fails while this page is not what the description says.

**yes**: let in; what the tenant's state or the agreement refuses is another matter. **403**: refused by role.
**404**: answered like a tenant that does not exist. Each refusal leaves a line in the security log. Without a
token, or with an access token, every operation of the first table answers 401.

*Other* means an account of another tenant. A *helper* is an owner of another account whom the customer let
in, an *operator as helper* an operator whom it let in; a *delegate* is a partner to whom powers over this
customer were delegated. *No group* is somebody who signs in and is in no group."""


@dataclass(frozen=True)
class Operation:
    """What the description says of who may ask for an operation."""

    method: str
    path: str
    public: bool
    groups: frozenset[str]
    needs: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def answer(self, caller: Caller) -> Answer:
        """How it answers a caller.

        A tenant is hidden from whoever is not of it, wherever its members may ask; the vendor's operators
        know that it exists, and are told that they may not.
        """
        if self.public:
            return Answer.LET_IN
        if caller.group is None or caller.access_token:
            return Answer.NOT_SIGNED_IN
        may = caller.group in self.groups
        if self.needs:
            if not may:
                return Answer.REFUSED
            if caller.has == self.needs:
                return Answer.LET_IN
            return Answer.REFUSED if caller.group == "operator" else Answer.HIDDEN
        if may and caller.group == "operator":
            return Answer.LET_IN
        if "{tenant_id}" in self.path and self.groups & _MEMBERS and not caller.own:
            return Answer.REFUSED if caller.group == "operator" else Answer.HIDDEN
        return Answer.LET_IN if may else Answer.REFUSED


def operations() -> Iterator[Operation]:
    """Every operation of the description, in its order."""
    description = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text(encoding="utf-8"))
    for path, item in description["paths"].items():
        for method in _METHODS:
            if method in item:
                told = item[method]
                yield Operation(
                    method.upper(),
                    path,
                    told.get("security") == [],
                    frozenset(told.get("x-groups", ())),
                    told.get("x-needs", ""),
                )


def document() -> str:
    """The whole matrix as Markdown."""
    protected = [each for each in operations() if not each.public]
    public = [each for each in operations() if each.public]
    # All that need a good token are answered alike without one.
    shown = [caller for caller in CALLERS if caller not in (ANONYMOUS, ACCESS_TOKEN)]
    lines = [
        "# Who may ask for what",
        "",
        *_INTRODUCTION.splitlines(),
        "",
        f"## With a token ({len(protected)})",
        "",
        "| operation | " + " | ".join(caller.title for caller in shown) + " |",
        "|---|" + "---|" * len(shown),
    ]
    for each in protected:
        cells = (each.answer(caller).value for caller in shown)
        lines.append(f"| {each.method} {each.path} | " + " | ".join(cells) + " |")
    lines += ["", f"## Open to anybody ({len(public)})", ""]
    lines += [f"- {each}" for each in public]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
    sys.stdout.write(f"{DOCUMENT.relative_to(ROOT)} is current\n")
