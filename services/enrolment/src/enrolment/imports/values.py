"""What a cell says: phones, dates, yes and no. Mended where nothing is lost by it, refused elsewhere."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

from enrolment.imports.cells import Cell, Fault
from enrolment.imports.headings import plain


class Misread(Exception):
    """The cell does not say what its column is for. `code` is one of `complaints.WORDING`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


NOT_UNDERSTOOD: Final = "not-understood"
DIGITS_LOST: Final = "digits-lost"
AMBIGUOUS_DATE: Final = "ambiguous-date"

_DIGITS: Final = {
    ord(digit): str(value)
    for zero in ("\u0966", "\u0660", "\u06f0")
    for value in range(10)
    for digit in chr(ord(zero) + value)
}
"""Devanagari, Arabic-Indic, and those of Urdu."""
_EXACT: Final = 2**53
_SCIENTIFIC: Final = re.compile(r"\d+([.,]\d+)?[eE]\+?\d{1,2}")
_POINT_ZERO: Final = re.compile(r"(\d{8,15})[.,]0+")
_INDIAN: Final = re.compile(r"(?:\+?91|0)?([6-9]\d{9})", re.ASCII)
_BETWEEN: Final = re.compile(r"[\s\u00a0().\-\u2010-\u2015\u200b-\u200f\u202a-\u202e]+")
_DAY_FIRST: Final = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})")
_YEAR_FIRST: Final = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ]00:00(?::00)?)?")
_YES: Final = frozenset(
    map(
        plain,
        ("yes", "y", "true", "1", "haan", "ji haan", "✓", "हाँ", "हां", "जी हाँ", "ہاں", "جی ہاں", "ہاں جی"),
    )
)
_NO: Final = frozenset(
    map(plain, ("no", "n", "false", "0", "nahin", "नहीं", "नही", "जी नहीं", "نہیں", "جی نہیں"))
)
_TICKS: Final = frozenset("✓✔☑")


def text_of(cell: Cell) -> str:
    """The text of a cell; "" for an empty one.

    Raises:
        Misread: the cell has no value that can be used.
    """
    match cell:
        case None:
            return ""
        case str():
            return cell
        case bool():
            return "yes" if cell else "no"
        case float() | int():
            return str(int(cell)) if cell == int(cell) else repr(cell)
        case {"date": day}:
            return day
        case {"fault": code}:
            raise Misread(Fault(code).value)
        case _:
            raise Misread(NOT_UNDERSTOOD)


def latin_digits(text: str) -> str:
    """The text with 0 to 9 in place of the digits of Devanagari, Arabic and Urdu."""
    return text if text.isascii() else text.translate(_DIGITS)


def phone_of(cell: Cell) -> str:
    """What stands for a phone number, with the signs of a spreadsheet taken off.

    A number is whole while it is exact, also written as 9.876543210E+09. Where digits were rounded away they
    are gone, and what is left is somebody else's number.

    Raises:
        Misread: digits are lost, or the cell is unusable.
    """
    if isinstance(cell, bool):
        raise Misread(NOT_UNDERSTOOD)
    if isinstance(cell, float | int):
        if cell != cell // 1 or not 0 < cell < _EXACT:
            raise Misread(DIGITS_LOST)
        text = str(int(cell))
    else:
        text = latin_digits(text_of(cell)).strip().lstrip("'")
        if _SCIENTIFIC.fullmatch(text):
            text = _written_out(text)
        elif pointed := _POINT_ZERO.fullmatch(text):
            text = pointed[1]
    found = _INDIAN.fullmatch(_BETWEEN.sub("", text))
    return f"+91{found[1]}" if found else text


def _written_out(text: str) -> str:
    mantissa, _, exponent = text.replace(",", ".").upper().partition("E")
    digits = len(mantissa.replace(".", ""))
    if digits < int(exponent) + 1:
        raise Misread(DIGITS_LOST)
    try:
        number = Decimal(mantissa).scaleb(int(exponent))
    except InvalidOperation:
        raise Misread(DIGITS_LOST) from None
    if number != number.to_integral_value():
        raise Misread(DIGITS_LOST)
    return str(int(number))


def date_of(cell: Cell) -> date:
    """The day that a cell of type date says, or a text with the day first, as in India, or the year.

    Raises:
        Misread: no such day, the year in two digits, or a bare number.
    """
    if isinstance(cell, float | int):
        raise Misread(AMBIGUOUS_DATE)
    text = latin_digits(text_of(cell)).strip()
    if found := _YEAR_FIRST.fullmatch(text):
        year, month, day = map(int, found.groups())
    elif found := _DAY_FIRST.fullmatch(text):
        day, month, year = map(int, found.groups())
    else:
        raise Misread(AMBIGUOUS_DATE)
    try:
        return date(year, month, day)
    except ValueError:
        raise Misread(NOT_UNDERSTOOD) from None


def yes_or_no(cell: Cell) -> bool:
    """Whether a cell says yes, in one of three languages or by a tick.

    Raises:
        Misread: it says neither yes nor no.
    """
    text = text_of(cell).strip()
    if text in _TICKS:
        return True
    word = plain(latin_digits(text))
    if word in _YES - {""}:
        return True
    if word in _NO:
        return False
    raise Misread(NOT_UNDERSTOOD)


def one_of(cell: Cell, words: Mapping[str, str]) -> str:
    """What a word stands for; `words` by their plain form.

    Raises:
        Misread: for none.
    """
    try:
        return words[plain(text_of(cell))]
    except KeyError:
        raise Misread(NOT_UNDERSTOOD) from None
