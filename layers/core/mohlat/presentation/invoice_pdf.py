"""An invoice or credit note as a PDF file: the Persian sheet of `invoice_page`, with its letters embedded.

Needs fpdf2 and the fonts of the PDF layer, so only the function that has it imports this.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from importlib import resources

import mohlat_fonts
from fpdf import FPDF, FontFace
from fpdf.enums import TableBordersLayout, VAlign
from fpdf.fonts import TTFFont

from mohlat.domain.agreement import Seller
from mohlat.domain.invoices import Invoice, OfficialInvoice
from mohlat.domain.iranian import persian_digits
from mohlat.presentation.invoice_page import Names, Rows, Sheet, sheet_of

_FONT = "Vazirmatn"
_GREY = (235, 235, 235)
_MARGIN = 12
# The height of the totals, which stay together.
_TOTALS = 34
# Shares of the width, from the first column to the last; right to left they stand in reverse. An amount has
# room for thirteen digits.
_WIDTHS = (10, 51, 15, 32, 32, 28, 32, 17, 29, 32)
# What steers direction or joins letters has no shape of its own.
_UNSEEN = "\u200c\u200d\u200e\u200f"
_REPLACEMENT = "\ufffd"


def invoice_pdf(
    invoice: Invoice,
    seller: Seller,
    product_names: Names,
    official: OfficialInvoice | None,
    titles: Mapping[str, Names],
) -> bytes:
    """The file. The same invoice gives the same bytes."""
    sheet = sheet_of(invoice, seller, product_names, official, titles, "fa")
    paper = _Paper(invoice.label)
    paper.set_creation_date(invoice.issued_at)
    paper.set_title(f"{sheet.title} {invoice.label}")
    paper.set_lang("fa")
    _set(paper, sheet)
    return bytes(paper.output())


class _Paper(FPDF):
    """A4 on its side, right to left. From the second page on each says what it is a page of."""

    def __init__(self, label: str = "") -> None:
        super().__init__(orientation="landscape", format="A4")
        self.label = label
        self.set_margin(_MARGIN)
        self.set_auto_page_break(True, _MARGIN)
        fonts = resources.files(mohlat_fonts)
        for style, name in (("", "Regular"), ("B", "Bold")):
            with resources.as_file(fonts / f"Vazirmatn-{name}.ttf") as path:
                self.add_font(_FONT, style, path)
        self.shape()
        self.set_font(_FONT, size=9)
        self.shapes = set(self.current_font.cmap) if isinstance(self.current_font, TTFFont) else set[int]()
        self.add_page()

    def shape(self, *, figures: bool = False) -> None:
        """Persian letters from here on; with `figures`, digits of one width, for columns."""
        features = {"tnum": True} if figures else None
        self.set_text_shaping(True, features, direction="rtl", script="arab", language="fas")

    def footer(self) -> None:
        """Called by fpdf2 at the end of each page."""
        if self.page_no() > 1:
            self.set_y(-10)
            self.set_font(_FONT, size=7)
            self.cell(0, 5, f"{self.label}، صفحهٔ {persian_digits(str(self.page_no()))}", align="C")

    def plain(self, text: str) -> str:
        """`text` on one line, with the replacement sign for what the font has no shape for.

        Marks that turn the direction of text are dropped: a name must not rearrange what stands after it.
        """
        folded = " ".join(unicodedata.normalize("NFC", text).split())
        kept = (each for each in folded if each in _UNSEEN or unicodedata.category(each) not in ("Cc", "Cf"))
        return "".join(each if each in _UNSEEN or ord(each) in self.shapes else _REPLACEMENT for each in kept)


def _set(paper: _Paper, sheet: Sheet) -> None:
    bold = FontFace(emphasis="BOLD")
    shaded = FontFace(emphasis="BOLD", fill_color=_GREY)
    half = paper.epw / 2
    paper.set_draw_color(150)

    paper.set_font(_FONT, "B", 14)
    paper.cell(half, 9, paper.plain(sheet.product), align="L")
    paper.cell(half, 9, paper.plain(sheet.title), align="R", new_x="LMARGIN", new_y="NEXT")
    paper.line(paper.l_margin, paper.get_y(), paper.w - paper.r_margin, paper.get_y())
    paper.ln(2)

    paper.set_font(_FONT, size=9)
    with paper.table(
        borders_layout=TableBordersLayout.NONE,
        text_align="RIGHT",
        first_row_as_headings=False,
        line_height=5.5,
    ) as table:
        rows = [_told(paper, row) for row in sheet.facts]
        for first, second in zip(rows[::2], [*rows[1::2], ""], strict=False):
            table.row((second, first))
    paper.ln(2)

    (seller, of_seller), (buyer, of_buyer) = sheet.parties
    with paper.table(text_align="RIGHT", headings_style=shaded, line_height=5.2, padding=1) as table:
        table.row((buyer, seller))
        table.row((_block(paper, of_buyer), _block(paper, of_seller)), v_align=VAlign.T)
    paper.ln(3)

    paper.set_font(_FONT, size=8)
    paper.shape(figures=True)
    # Digits of one width, set to the right: units stand under units.
    with paper.table(
        col_widths=_WIDTHS[::-1],
        text_align="RIGHT",
        headings_style=shaded,
        line_height=5.5,
        padding=1,
    ) as table:
        for cells in (sheet.columns, *sheet.lines):
            table.row([paper.plain(cell) for cell in reversed(cells)])
    paper.ln(3)

    paper.set_font(_FONT, size=9)
    if paper.will_page_break(_TOTALS):
        paper.add_page()
    top, beside = paper.get_y(), paper.l_margin + 125
    with paper.table(
        width=120,
        align="LEFT",
        text_align="RIGHT",
        first_row_as_headings=False,
        line_height=5.5,
        padding=(0, 1),
    ) as table:
        for place, (name, value) in enumerate(sheet.totals):
            table.row((paper.plain(value), paper.plain(name)), style=bold if place == 3 else None)
    paper.shape()
    paper.set_xy(beside, top)
    paper.multi_cell(0, 5.5, paper.plain(sheet.words), align="R", new_y="NEXT")
    paper.set_font(_FONT, size=7)
    paper.set_x(beside)
    paper.multi_cell(0, 5, paper.plain(sheet.footer), align="R")


def _block(paper: _Paper, rows: Rows) -> str:
    return "\n".join(_told(paper, row) for row in rows)


def _told(paper: _Paper, row: tuple[str, str]) -> str:
    name, value = row
    return f"{name}: {paper.plain(value)}"
