"""A TOML file with the line of every key.

The standard library's parser decides what the file says; it keeps no positions. This reads the same text once
more, knowing that it is valid, and only notes on which line each key, table and list item begins.
"""

import re
import tomllib
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Path = tuple[str | int, ...]
"""Keys and list indices from the top of the file, e.g. `("rounds", 0, "name", "hi")`."""

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BARE_VALUE = re.compile(r"[^,\]}#\n]*")
_STRINGS = (
    re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}', re.DOTALL),
    re.compile(r"'''.*?'{3,5}", re.DOTALL),
    re.compile(r'"(?:[^"\\\n]|\\.)*"'),
    re.compile(r"'[^'\n]*'"),
)
_PLACE_IN_MESSAGE = re.compile(r" \(at (?:line (?P<line>\d+), column \d+|end of document)\)$")


class NotToml(Exception):
    """The text is not TOML. `line` is where reading stopped, None where that is not known."""

    def __init__(self, message: str, line: int | None) -> None:
        self.message = message
        self.line = line
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class TomlDocument:
    """What a TOML file says, and on which line."""

    content: Mapping[str, Any]
    lines: Mapping[Path, int]

    def line(self, path: Path) -> int:
        """Line of `path`, or of the nearest thing around it; 1 for the file as a whole."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read_toml(text: str) -> TomlDocument:
    """Reads `text`.

    Raises:
        NotToml: a syntax error, a key given twice, or nesting beyond reason.
    """
    text = text.replace("\r\n", "\n")
    try:
        content = tomllib.loads(text)
    except RecursionError as error:
        raise NotToml("lists or tables are nested too deep", None) from error
    except ValueError as error:
        found = _PLACE_IN_MESSAGE.search(str(error))
        message = str(error)[: found.start()] if found else str(error)
        if found is None:
            raise NotToml(message, None) from error
        raise NotToml(message, int(found["line"]) if found["line"] else text.count("\n") + 1) from error
    return TomlDocument(content, _LineReader(text).read())


class _LineReader:
    """Walks over valid TOML and notes where things begin."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._newlines = [match.start() for match in re.finditer("\n", text)]
        self._lines: dict[Path, int] = {}
        self._last_item: dict[Path, int] = {}
        """Index of the newest `[[table]]` of each list of tables."""

    def read(self) -> dict[Path, int]:
        table: Path = ()
        while self._skip(_BLANK) < len(self._text):
            if self._text.startswith("[", self._at):
                table = self._header()
            else:
                self._pair(table)
        return self._lines

    def _header(self) -> Path:
        is_item = self._text.startswith("[[", self._at)
        self._at += 2 if is_item else 1
        *around, last = self._key()
        self._at += 2 if is_item else 1
        path: Path = ()
        for part in around:
            path = (*path, part)
            self._note(path, self._at)
            path = self._newest(path)
        path = (*path, last)
        self._note(path, self._at)
        if is_item:
            self._last_item[path] = self._last_item.get(path, -1) + 1
        path = self._newest(path)
        self._note(path, self._at)
        return path

    def _newest(self, path: Path) -> Path:
        return (*path, self._last_item[path]) if path in self._last_item else path

    def _pair(self, table: Path) -> None:
        start = self._at
        path = table
        for part in self._key():
            path = (*path, part)
            self._note(path, start)
        self._at += 1  # the equals sign
        self._value(path)

    def _key(self) -> list[str]:
        parts: list[str] = []
        while True:
            self._skip(_SPACE)
            start = self._at
            if self._text[start] in "\"'":
                self._string()
                parts.append(tomllib.loads(f"key = {self._text[start : self._at]}")["key"])
            else:
                parts.append(self._text[start : self._skip(_BARE_KEY)])
            self._skip(_SPACE)
            if not self._text.startswith(".", self._at):
                return parts
            self._at += 1

    def _value(self, path: Path) -> None:
        self._skip(_SPACE)
        first = self._text[self._at]
        if first in "\"'":
            self._string()
        elif first == "[":
            self._list(path)
        elif first == "{":
            self._inline_table(path)
        else:
            self._skip(_BARE_VALUE)

    def _list(self, path: Path) -> None:
        self._at += 1
        index = 0
        while self._text[self._skip(_BLANK)] != "]":
            item = (*path, index)
            self._note(item, self._at)
            self._value(item)
            index += 1
            if self._text[self._skip(_BLANK)] == ",":
                self._at += 1
        self._at += 1

    def _inline_table(self, path: Path) -> None:
        self._at += 1
        while self._text[self._skip(_BLANK)] != "}":
            self._pair(path)
            if self._text[self._skip(_BLANK)] == ",":
                self._at += 1
        self._at += 1

    def _string(self) -> None:
        for kind in _STRINGS:
            if match := kind.match(self._text, self._at):
                self._at = match.end()
                return

    def _skip(self, what: re.Pattern[str]) -> int:
        if match := what.match(self._text, self._at):
            self._at = match.end()
        return self._at

    def _note(self, path: Path, at: int) -> None:
        self._lines.setdefault(path, bisect_right(self._newlines, at - 1) + 1)
