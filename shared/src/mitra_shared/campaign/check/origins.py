"""Where a value was written, so that a check on the finished value can still name the file and the line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from mitra_shared.campaign.check.mistakes import Place
from mitra_shared.campaign.check.toml_lines import Path, TomlDocument

Value = TypeVar("Value")


class Origin(Protocol):
    """Where one value came from."""

    def place(self, *inside: str | int) -> Place:
        """The place of the value, or of the field `inside` it."""
        ...


@dataclass(frozen=True, slots=True)
class Written(Generic[Value]):
    """A sound value and its origin."""

    value: Value
    origin: Origin


@dataclass(frozen=True, slots=True)
class TomlOrigin:
    """A table of a TOML file."""

    file: str
    document: TomlDocument
    path: Path = ()

    def inside(self, *more: str | int) -> "TomlOrigin":
        """The origin of something inside this table."""
        return TomlOrigin(self.file, self.document, self.path + more)

    def place(self, *inside: str | int) -> Place:
        """File, line and dotted key; list items go by their id or as `#1`, `#2`, ..."""
        path = self.path + inside
        return Place(self.file, self.document.line(path), dotted(self.document.content, path))


@dataclass(frozen=True, slots=True)
class RowOrigin:
    """A row of a CSV file. `columns` gives the columns whose name is not that of the field."""

    file: str
    line: int
    columns: Mapping[str, str]

    def place(self, *inside: str | int) -> Place:
        """File, line and column."""
        column = "_".join(map(str, inside))
        return Place(self.file, self.line, self.columns.get(column, column))


@dataclass(frozen=True, slots=True)
class ValueOrigin:
    """A part of a definition that did not come from files, named by its path in the JSON."""

    path: str

    def place(self, *inside: str | int) -> Place:
        """No file and no line; `areas.S11-AC032.parent`."""
        return Place("definition", None, ".".join(map(str, filter(None, (self.path, *inside)))))


def dotted(content: Mapping[str, Any], path: Path) -> str:
    """`("rounds", 0, "questions", 2, "kind")` as `rounds.round-1.questions.local-issues.kind`."""
    names: list[str] = []
    inner: Any = content
    for part in path:
        if isinstance(part, str):
            inner = inner.get(part) if isinstance(inner, Mapping) else None
            names.append(part)
            continue
        inner = inner[part] if isinstance(inner, Sequence) and part < len(inner) else None
        own = inner.get("id") if isinstance(inner, Mapping) else None
        names.append(own if isinstance(own, str) and own else f"#{part + 1}")
    return ".".join(names)
