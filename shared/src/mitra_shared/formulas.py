"""Text in the cells of spreadsheets: what such a program would take for a formula is told apart from text."""

import unicodedata
from typing import Final

_FORMULA_STARTS: Final = frozenset("=+-@\t\r\n")


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet program could take the text for a formula."""
    # Programs skip blanks before they look for a formula, and some take signs of full width for signs.
    return unicodedata.normalize("NFKC", cell.lstrip(" ")[:1]) in _FORMULA_STARTS


def harmless(cell: str) -> str:
    """The text for a CSV file: one that could be a formula begins with an apostrophe."""
    return f"'{cell}" if is_formula(cell) else cell
