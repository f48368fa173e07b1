"""Texts that differ in a few places: what all certificates of a segment share is made once, then filled in.

marked values -> any text around them -> Template -> fill, once per certificate
"""

import re
from collections.abc import Mapping
from typing import Final

_MARK: Final = re.compile(r'"(?:\0|\\u0000)#(\w+)(?:\0|\\u0000)"|(?:\0|\\u0000)(\w+)(?:\0|\\u0000)')
"""A mark as it is, or as JSON writes it; with `#`, its quotes go too."""


def mark(name: str) -> str:
    """The place of a text. No text of ours holds the null character otherwise."""
    return f"\0{name}\0"


def bare_mark(name: str) -> str:
    """The place of a JSON value that is written without quotes."""
    return f"\0#{name}\0"


class Template:
    """A text with named places."""

    def __init__(self, marked: str) -> None:
        self._format = _MARK.sub(_place, marked.replace("%", "%%"))

    def fill(self, values: Mapping[str, str | int]) -> str:
        """The text with every place filled; values must be escaped as the text needs it."""
        return self._format % values


def _place(found: re.Match[str]) -> str:
    return f"%({found[1] or found[2]})s"
