"""What the checker finds: every mistake with its file, its line, and what would be right."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is written. `line` counts from 1; None: the file as a whole."""

    file: str
    line: int | None
    where: str


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing to put right. `where` is the key or column, e.g. `goals.#2.level` or `tile_row`."""

    file: str
    line: int | None
    where: str
    wrong: str
    right: str

    def __str__(self) -> str:
        """`FILE:LINE: WHERE: what is wrong; what would be right`, as compilers say it."""
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return ": ".join(filter(None, (place, self.where, f"{self.wrong}; {self.right}")))


class CampaignMistakes(Exception):
    """The definition was read and is wrong. Carries every mistake, in the order of files and lines."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = list(mistakes)
        super().__init__("\n".join(map(str, self.mistakes)))


class UnreadableCampaign(Exception):
    """The definition file itself cannot be opened."""


class Findings:
    """Collects mistakes, each once, while a definition is read."""

    def __init__(self) -> None:
        self._files: dict[str, None] = {}
        self._mistakes: dict[Mistake, None] = {}

    def reading(self, file: str) -> None:
        """Notes that `file` is read now: its mistakes come after those of the files before it."""
        self._files.setdefault(file)

    def add(self, place: Place, wrong: str, right: str) -> None:
        """Notes a mistake at `place`."""
        self.reading(place.file)
        self._mistakes.setdefault(Mistake(place.file, place.line, place.where, wrong, right))

    def __len__(self) -> int:
        return len(self._mistakes)

    def in_order(self) -> list[Mistake]:
        """The mistakes by file (as first read) and line."""
        files = {file: number for number, file in enumerate(self._files)}
        return sorted(self._mistakes, key=lambda m: (files[m.file], m.line or 0))


def one_of(given: object, known: Iterable[str], *, shown: int = 8) -> str:
    """Advice for an unknown name: `did you mean 'X'?`, else what there is to choose from."""
    choices = list(known)
    near = get_close_matches(str(given), choices, n=2)
    if not near:
        by_folded = {choice.casefold(): choice for choice in choices}
        near = [by_folded[n] for n in get_close_matches(str(given).casefold(), by_folded, n=1)]
    if near:
        return f"did you mean {' or '.join(map(repr, near))}?"
    if not choices:
        return "nothing of that kind is defined yet"
    more = ", ..." if len(choices) > shown else ""
    return f"one of: {', '.join(choices[:shown])}{more}"


def quoted(value: object, *, longest: int = 60) -> str:
    """`value` as the author wrote it, shortened for a message."""
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= longest else f"{text[: longest - 3]}..."
