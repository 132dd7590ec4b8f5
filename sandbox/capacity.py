"""What DynamoDB charges for a request, from the sizes of the items it touches, by AWS's published rules.

Sources, in the DynamoDB developer guide: "DynamoDB item sizes and formats", "DynamoDB read and write
operations", "Using global secondary indexes" (writes), "DynamoDB transactions" (capacity management).
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Item = Mapping[str, Mapping[str, Any]]
"""An item, or a key, in DynamoDB's own notation: {"pk": {"S": "T#1"}}."""

READ_UNIT = 4096
WRITE_UNIT = 1024
# A transaction prepares and commits each of its items.
TRANSACTIONAL = 2


@dataclass(frozen=True)
class Index:
    """A global secondary index: its own keys, and what it holds beside all keys.

    Attributes:
        name: its name.
        keys: names of its key attributes; an item without one of them is not in it.
        projected: names of everything it holds, keys of the table included; None means whole items.
    """

    name: str
    keys: tuple[str, ...]
    projected: frozenset[str] | None

    def entry(self, item: Item | None) -> dict[str, Mapping[str, Any]] | None:
        """What the index holds of an item; None if it does not hold it."""
        if item is None or any(key not in item for key in self.keys):
            return None
        return {name: item[name] for name in item if self.projected is None or name in self.projected}


def item_size(item: Item | None) -> int:
    """Bytes of an item as DynamoDB counts them: names and values of its attributes. 0 for no item."""
    return sum(len(name.encode()) + value_size(value) for name, value in (item or {}).items())


def value_size(value: Mapping[str, Any]) -> int:
    """Bytes of an attribute's value, without its name."""
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return _number_size(content)
        case "B":
            return len(base64.b64decode(content))
        case "BOOL" | "NULL":
            return 1
        case "SS" | "NS" | "BS":
            return sum(value_size({kind[0]: element}) for element in content)
        case "L":
            return 3 + sum(1 + value_size(element) for element in content)
        case "M":
            return 3 + sum(1 + len(name.encode()) + value_size(inner) for name, inner in content.items())
    raise ValueError(f"not a DynamoDB type: {kind}")


def _number_size(text: str) -> int:
    """About one byte for two significant digits, and one: zeroes at either end do not count."""
    mantissa = text.lower().partition("e")[0].lstrip("+-").replace(".", "")
    return math.ceil(len(mantissa.strip("0")) / 2) + 1


def read_units(size: int, *, consistent: bool) -> float:
    """Units for so many bytes: rounded up to 4 KB, at least one step, half if eventually consistent."""
    steps = max(1, math.ceil(size / READ_UNIT))
    return float(steps) if consistent else steps / 2


def query_units(items: Iterable[Item], *, consistent: bool) -> float:
    """Units for a query or scan: its items are added up first and rounded once."""
    return read_units(sum(map(item_size, items)), consistent=consistent)


def write_units(before: Item | None, after: Item | None) -> int:
    """Units of the table for a write, by the larger of the item before and after; at least one.

    A condition that fails leaves the item as it was and costs by its size, which is the same rule.
    """
    return max(1, math.ceil(max(item_size(before), item_size(after)) / WRITE_UNIT))


def index_units(before: Item | None, after: Item | None, index: Index) -> int:
    """Units that one index takes to follow a write.

    Nothing if it does not hold the item or nothing of what it holds changed; one write to enter, leave or
    change what is projected; a delete and a put when a key of the index changed.
    """
    old, new = index.entry(before), index.entry(after)
    if old == new:
        return 0
    if old and new and any(old[key] != new[key] for key in index.keys):
        return write_units(old, None) + write_units(None, new)
    return write_units(old, new)
