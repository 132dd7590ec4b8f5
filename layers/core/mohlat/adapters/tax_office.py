"""The tax office as long as no line leads to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ComputedOnly:
    """`TaxOffice` without a line to the tax office: the document is computed, and a person carries it there.

    Its number is part of the document and is the same however often it is computed.
    """

    def file(self, document: Mapping[str, Any]) -> str:
        """The tax id that the document bears."""
        return str(document["header"]["taxid"])
