"""Whether two enrolments are likely of one person: names are compared, and weighed by what else agrees.

After Fellegi and Sunter: words that agree add weight, the more the rarer they are; words that contradict end
it; and two people on one phone need little weight, two who have only the segment in common need much.
What comes out is a kind of evidence. The weight is not kept: nobody is given a number.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from itertools import combinations
from math import log2
from typing import Final, NamedTuple

from enrolment.domain.name_weights import TITLE, is_honorific, spelled_out, weight_of
from enrolment.domain.sounds import ANY_SHORT, Sound, joined, sound_of

RAREST: Final = 14.0
"""Bits that one word is worth at the most."""
LARGEST_NAME: Final = 6
"""Words of a name that are looked at."""


class Grounds(StrEnum):
    """Why two people are held for one."""

    PHONE_AND_NAME = "phone_and_name"
    """The same phone, and the same name in whatever script or spelling."""
    PHONE_AND_SIMILAR_NAME = "phone_and_similar_name"
    """The same phone; one of the names leaves out a word, or a word is spelled quite differently."""
    SEGMENT_AND_NAME = "segment_and_name"
    """The same segment, and the same name, which is a rare one in the constituency."""


class Thresholds(NamedTuple):
    """Weight that names must reach, in bits: each more makes a coincidence half as likely."""

    phone: float = 5.5
    segment: float = 16.0


class Word(NamedTuple):
    """One word of a name. `weight`: bits that its agreement is worth."""

    sound: Sound
    weight: float

    @property
    def is_title(self) -> bool:
        """Whether it stands with many names: its absence says nothing."""
        return self.weight <= TITLE


class NameSound(NamedTuple):
    """A name as it is compared. `whole` is the name without blanks."""

    words: tuple[Word, ...]
    whole: Sound

    @property
    def weight(self) -> float:
        """What agreement with this name is worth at the most."""
        return sum(word.weight for word in self.words)


def name_sound(name: str) -> NameSound:
    """A clean name as it sounds, without honorifics and initials."""
    raw = _split(name)
    named = [word for word in raw if len(word) > 1 and not is_honorific(word)] or raw
    sounds = [sound_of(part) for word in named for part in spelled_out(word)][:LARGEST_NAME]
    return NameSound(tuple(Word(sound, weight_of(sound)) for sound in sounds), joined(sounds))


def _split(name: str) -> list[str]:
    return name.translate(_BETWEEN_WORDS).translate(_WITHIN_WORDS).split()


_BETWEEN_WORDS: Final = str.maketrans(dict.fromkeys(".-\u2010\u0970\u00b7", " "))
_WITHIN_WORDS: Final = str.maketrans(dict.fromkeys("'\u2018\u2019\u200c\u200d"))


def pair_codes(name: NameSound) -> set[str]:
    """What to look for others by within a segment: any two words, and all of them together."""
    told = [word for word in name.words if not word.is_title]
    codes = sorted(word.sound.code for word in (told if len(told) > 1 else name.words))
    return {f"whole:{name.whole.code}", *("+".join(pair) for pair in combinations(codes, 2))}


def word_codes(name: NameSound) -> set[str]:
    """What is counted to know how common the words of a name are in a constituency."""
    return {word.sound.code for word in name.words}


class Commonness(NamedTuple):
    """How common words are among the people of one constituency."""

    people: int
    with_word: Mapping[str, int]
    """People by the code of a word they bear."""

    def weight(self, word: Word) -> float:
        """Bits that agreement in this word is worth here; where few are counted, what the tables say."""
        counted = self.with_word.get(word.sound.code, 0) + _TABLES_COUNT_AS * 2**-word.weight
        return min(RAREST, log2((self.people + _TABLES_COUNT_AS) / counted))

    def most(self, name: NameSound) -> float:
        """What agreement with this name can be worth here at the most."""
        return sum(map(self.weight, name.words))


_TABLES_COUNT_AS: Final = 200
"""People that the tables stand for when they are mixed with what was counted."""


class _Agreement(NamedTuple):
    weight: float
    is_whole: bool
    """Every word has its like, and all but titles sound the same."""


def phone_evidence(one: NameSound, other: NameSound, thresholds: Thresholds) -> Grounds | None:
    """What it says that two people with one phone have these names; they may be of one family."""
    agreed = _agreement(one, other, lambda word: word.weight)
    if agreed is None or agreed.weight < min(thresholds.phone, one.weight, other.weight):
        return None
    return Grounds.PHONE_AND_NAME if agreed.is_whole else Grounds.PHONE_AND_SIMILAR_NAME


def segment_evidence(
    one: NameSound, other: NameSound, commonness: Commonness, thresholds: Thresholds
) -> Grounds | None:
    """What it says that two people of one segment have these names, and nothing else in common."""
    agreed = _agreement(one, other, commonness.weight)
    if agreed is None or agreed.weight < thresholds.segment:
        return None
    return Grounds.SEGMENT_AND_NAME


def _agreement(one: NameSound, other: NameSound, weigh: Callable[[Word], float]) -> _Agreement | None:
    """How far two names agree; None if they contradict each other or share nothing but titles."""
    if _difference(one.whole, other.whole) <= _SAME:
        return _Agreement(min(sum(map(weigh, name.words)) for name in (one, other)), is_whole=True)
    found = sorted(
        (
            (_likeness(a, b), i, j)
            for i, a in enumerate(one.words)
            for j, b in enumerate(other.words)
            if a.sound.code == b.sound.code or _differ_by_one(a.sound.code, b.sound.code)
        ),
        reverse=True,
    )
    left, right = dict(enumerate(one.words)), dict(enumerate(other.words))
    weight, is_whole, named = 0.0, True, False
    for likeness, i, j in found:
        if likeness and i in left and j in right:
            word, like = left.pop(i), right.pop(j)
            weight += likeness * min(weigh(word), weigh(like))
            if not (word.is_title or like.is_title):
                named = True
                is_whole = is_whole and likeness == 1
    missing = [[word for word in rest.values() if not word.is_title] for rest in (left, right)]
    if not named or (missing[0] and missing[1]):
        return None
    for word in (*missing[0], *missing[1]):
        weight -= _ABSENCE * weigh(word)
        is_whole = False
    return _Agreement(weight, is_whole)


_ABSENCE: Final = 0.25
_SAME: Final = 0.5
_CLOSE: Final = 1.0
_LIKELY: Final = 0.6
"""What a word is worth that is only close."""
_FAR: Final = 9.0


def _likeness(one: Word, other: Word) -> float:
    difference = _difference(one.sound, other.sound)
    return 1.0 if difference <= _SAME else _LIKELY if difference <= _CLOSE else 0.0


def _difference(one: Sound, other: Sound) -> float:
    """How differently two words sound: 0 the same, half for what is often confused, 1 for a letter."""
    if len(one.consonants) != len(other.consonants):
        return _with_one_more(*sorted((one, other), key=lambda sound: len(sound.consonants)))
    apart = sum(
        (_TWINS.get(a + b, _FAR) for a, b in zip(one.consonants, other.consonants, strict=True) if a != b),
        0.0,
    )
    if apart > _CLOSE:
        return apart
    last = len(one.vowels) - 1
    return apart + sum(
        _vowels_apart(a, b, is_last=at == last)
        for at, (a, b) in enumerate(zip(one.vowels, other.vowels, strict=True))
    )


def _with_one_more(short: Sound, long: Sound) -> float:
    """Words of which one has a consonant more: half if it is often swallowed, else 1 if they are long."""
    if len(long.consonants) - len(short.consonants) != 1:
        return _FAR
    for at, extra in enumerate(long.consonants):
        if long.consonants[:at] + long.consonants[at + 1 :] == short.consonants:
            if not at:
                # Raj Prakash and Brij Prakash are brothers.
                return _FAR
            if extra in "vhy":
                return _SAME
            return _CLOSE if len(short.consonants) >= _LONG else _FAR
    return _FAR


_LONG: Final = 4
_TWINS: Final = {
    pair: difference
    for a, b, difference in (
        ("j", "z", 0.5),
        ("k", "x", 0.5),
        ("f", "p", 0.5),
        ("s", "S", 0.75),
        ("v", "b", 0.75),
    )
    for pair in (a + b, b + a)
}


def _vowels_apart(one: str, other: str, *, is_last: bool) -> float:
    if one == other:
        return 0.0
    pair = {one, other}
    if is_last:
        # Hindi writes an "a" at the end only where it may be heard.
        is_same = _heard(one) == _heard(other) or ("a" in pair and pair <= {"a", "A", "", ANY_SHORT})
        # Farhan and Farhana are brother and sister.
        return 0.0 if is_same else _FAR
    if ANY_SHORT in pair:
        return 0.5 if pair & {"A", "I", "U"} else 0.0
    if "E" in pair:
        return 0.5 if pair & {"U", "u", "A"} else 0.0
    if "" in pair:
        return 0.0 if "a" in pair else 1.0
    return 0.0 if one.casefold() == other.casefold() else 1.0


def _heard(last: str) -> str:
    """What is heard at the end of a word."""
    return {"": "", "a": "", ANY_SHORT: "", "E": "i"}.get(last, last.casefold())


def _differ_by_one(one: str, other: str) -> bool:
    """Whether one letter more, less or other makes the one code of the other."""
    short, long = sorted((one, other), key=len)
    if len(long) - len(short) > 1:
        return False
    same = next((at for at, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    return short[same + (len(short) == len(long)) :] == long[same + 1 :]
