"""Made-up enrolments of which it is known who stands in the list twice, to judge the matcher by.

Families share phones and a family name; common names are borne by many; some people are enrolled a second
time, in another script or spelling, with a word left out or in another order, on the same phone or another.
Everything follows from the seed.
"""

import csv
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import accumulate
from typing import Final, NamedTuple

from mitra_shared.ids import AreaCode
from mitra_shared.ops.simulate.people import Phones

SCRIPTS: Final = ("latin", "devanagari", "urdu")
DOUBLED: Final = 0.02
"""Share of people who are enrolled twice."""
IN_A_FAMILY: Final = 0.35
"""Share of people who give the phone of somebody enrolled before, where a phone may serve several."""

_SCRIPT_WEIGHTS: Final = (0.40, 0.35, 0.25)
_KEPT_SPELLING: Final = 0.6
_WORD_LEFT_OUT: Final = 0.12
_ANOTHER_ORDER: Final = 0.08
_MISTYPED: Final = 0.04
_SAME_PHONE: Final = 0.5
_SAME_SEGMENT: Final = 0.9
_ZIPF: Final = 0.7
_PREFIXED: Final = 0.12


class Spelling(NamedTuple):
    """One word of a name: its spellings in each script, the usual one first."""

    latin: tuple[str, ...]
    devanagari: tuple[str, ...]
    urdu: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Enrolment:
    """One entry of the list. Two entries of one `person` are the truth that is to be found."""

    person: int
    name: str
    script: str
    phone: str
    segment: AreaCode
    constituency: AreaCode


@dataclass(slots=True)
class _Person:
    number: int
    words: tuple[Spelling, ...]
    phone: str
    segment: AreaCode


class Names:
    """Words of names, drawn by Zipf's law: a few are very common, most are rare."""

    def __init__(self, dice: random.Random) -> None:
        parts = _parts()
        self._dice = dice
        given: list[tuple[Spelling, ...]] = [(each,) for each in parts["given"]]
        given += [(_together(a, b),) for a in parts["first"] for b in parts["last"]]
        given += [(_together(a, b),) for a in parts["sikh-first"] for b in parts["sikh-last"]]
        given += [(_SERVANT, each) for each in parts["servant"]]
        given += [(_together(each, _OF_FAITH),) for each in parts["faith"]]
        # Who is common is the same for every seed, or the seeds would be of different difficulty.
        random.Random(0).shuffle(given)  # noqa: S311 - people are made up, not secrets
        self._given, self._family = given, parts["family"]
        self._given_weights = _zipf(len(given))
        self._family_weights = _zipf(len(self._family))

    def family(self) -> Spelling:
        """A family name, or what stands in its place."""
        return self._dice.choices(self._family, cum_weights=self._family_weights)[0]

    def given(self) -> tuple[Spelling, ...]:
        """A given name of one word or two."""
        name = self._dice.choices(self._given, cum_weights=self._given_weights)[0]
        return (_PREFIX, *name) if self._dice.random() < _PREFIXED else name


_PREFIX: Final = Spelling(("Mohammad", "Mohd", "Md.", "Muhammad"), ("मोहम्मद", "मो."), ("محمد",))
_SERVANT: Final = Spelling(("Abdul", "Abdur"), ("अब्दुल",), ("عبدال",))
_OF_FAITH: Final = Spelling(("uddin", "uddeen"), ("ुद्दीन",), ("الدین",))


@cache
def _parts() -> Mapping[str, list[Spelling]]:
    parts: dict[str, list[Spelling]] = defaultdict(list)
    with files(__package__).joinpath("names.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            parts[row["part"]].append(Spelling(*(tuple(row[script].split("/")) for script in SCRIPTS)))
    return parts


def _together(first: Spelling, last: Spelling) -> Spelling:
    return Spelling(
        *(tuple(a + b for a in one for b in other) for one, other in zip(first, last, strict=True))
    )


def _zipf(number: int) -> Sequence[float]:
    return list(accumulate((rank + 1) ** -_ZIPF for rank in range(number)))


def enrolments(
    segments: Sequence[tuple[AreaCode, AreaCode]], number: int, seed: int, *, people_per_phone: int = 4
) -> Iterator[Enrolment]:
    """`number` entries in the order of enrolment.

    Args:
        segments: codes of segments, each with its constituency.
        number: entries, those of people who are enrolled twice included.
        seed: the same gives the same entries.
        people_per_phone: with 1, nobody shares a phone, and who is enrolled twice gives another one.
    """
    making = _Making(segments, seed, people_per_phone)
    for _ in range(number):
        yield making.next()


class _Making:
    def __init__(
        self, segments: Sequence[tuple[AreaCode, AreaCode]], seed: int, people_per_phone: int
    ) -> None:
        self.dice = random.Random(seed)  # noqa: S311 - people are made up, not secrets
        self.names, self.phones = Names(self.dice), Phones(self.dice)
        self.segments = segments
        self.constituency_of = dict(segments)
        self.siblings: dict[AreaCode, list[AreaCode]] = defaultdict(list)
        for segment, constituency in segments:
            self.siblings[constituency].append(segment)
        self.people_per_phone = people_per_phone
        self.on_phone: dict[str, list[_Person]] = defaultdict(list)
        self.waiting: list[_Person] = []
        self.recent: list[_Person] = []
        self.number = 0

    def next(self) -> Enrolment:
        if self.waiting and self.dice.random() < DOUBLED * 1.5:
            return self._again(self.waiting.pop(self.dice.randrange(len(self.waiting))))
        person = self._somebody()
        self.number += 1
        self.on_phone[person.phone].append(person)
        self.recent.append(person)
        del self.recent[:-200]
        if self.dice.random() < DOUBLED:
            self.waiting.append(person)
        script = self._script()
        return self._entry(person, self._written(person.words, script), script, person.phone, person.segment)

    def _somebody(self) -> _Person:
        if self.people_per_phone > 1 and self.recent and self.dice.random() < IN_A_FAMILY:
            relative = self.dice.choice(self.recent)
            household = self.on_phone[relative.phone]
            # One place is left for who is enrolled twice.
            if len(household) < self.people_per_phone - 1:
                known = {member.words[-2] for member in household}
                given = self.names.given()
                if given[-1] not in known:
                    words = (*given, relative.words[-1])
                    return _Person(self.number, words, relative.phone, relative.segment)
        segment, _ = self.dice.choice(self.segments)
        return _Person(self.number, (*self.names.given(), self.names.family()), self.phones.next(), segment)

    def _again(self, person: _Person) -> Enrolment:
        dice, segment, phone = self.dice, person.segment, person.phone
        household = self.on_phone[phone]
        if (
            self.people_per_phone == 1
            or len(household) >= self.people_per_phone
            or dice.random() >= _SAME_PHONE
        ):
            phone = self.phones.next()
            if dice.random() >= _SAME_SEGMENT:
                segment = dice.choice(self.siblings[self.constituency_of[segment]])
        self.on_phone[phone].append(person)
        script = self._script()
        words = list(person.words)
        if len(words) > 1 and dice.random() < _WORD_LEFT_OUT:
            # The family name, or Mohammad before the given one.
            del words[0 if words[0] is _PREFIX else -1]
        elif dice.random() < _ANOTHER_ORDER:
            words = [words[-1], *words[:-1]]
        name = self._written(words, script)
        if dice.random() < _MISTYPED:
            at = dice.randrange(1, len(name))
            name = name[:at] + name[at + 1 :]
        return self._entry(person, name, script, phone, segment)

    def _script(self) -> str:
        return self.dice.choices(SCRIPTS, _SCRIPT_WEIGHTS)[0]

    def _written(self, words: Sequence[Spelling], script: str) -> str:
        written = []
        for word in words:
            spellings: tuple[str, ...] = getattr(word, script)
            kept = len(spellings) == 1 or self.dice.random() < _KEPT_SPELLING
            written.append(spellings[0] if kept else self.dice.choice(spellings[1:]))
        return " ".join(written).replace("عبدال ", "عبدال")

    def _entry(self, person: _Person, name: str, script: str, phone: str, segment: AreaCode) -> Enrolment:
        return Enrolment(person.number, name, script, phone, segment, self.constituency_of[segment])
