"""How a name sounds, whatever script it is in: what Latin, Devanagari and Urdu spellings have in common.

A word becomes consonants with the vowels between them. Urdu writes no short vowels, Latin does not tell
long from short, Hindi drops the vowel at the end: each vowel says only what its script says, and two words
are compared by what both say.

    Ayesha, आयशा, عائشہ      -> consonants "S", vowels ("I", "A")
    Siddiqui, सिद्दीक़ी, صدیقی  -> "sdk", vowels ("", "i", "I", "I")

No library does this for the three together: `indic-transliteration` knows Sanskrit and no Urdu, Soundex and
Metaphone know English.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple
from unicodedata import normalize

from enrolment.domain.letters import (
    ANUSVARA,
    ARABIC_LETTERS,
    DEVANAGARI_LETTERS,
    DEVANAGARI_VOWELS,
    LATIN_LETTERS,
    NASALS,
    NUKTA,
    VIRAMA,
)

ANY_SHORT: Final = "?"
"""A vowel that Urdu does not write: any short one, or none."""

_FRONT: Final = "IiyE"
_BACK: Final = "Uu"
_LONGEST_WORD: Final = 40


class Sound(NamedTuple):
    """One word. There is one vowel more than consonants: before the first, between two, after the last."""

    consonants: str
    vowels: tuple[str, ...]
    """Each is "" (none), `ANY_SHORT`, or of `AaEIiUu`: long ones large, `E` a Latin e, which may be any."""

    @property
    def code(self) -> str:
        """What spellings of one word have in common at the least; for finding, not for telling apart."""
        kept = self.consonants[:1].translate(_TWINS) + self.consonants[1:].translate(_COARSE)
        first = "A" if self.vowels[0] else ""
        return (first + _single(kept)) or "A"


_TWINS: Final = str.maketrans({"S": "s", "z": "j", "x": "k"})
_COARSE: Final = str.maketrans({"S": "s", "z": "j", "x": "k", "v": None, "h": None, "y": None})


def _single(letters: str) -> str:
    return "".join(each for at, each in enumerate(letters) if not at or letters[at - 1] != each)


def joined(sounds: Sequence[Sound]) -> Sound:
    """Words as one, for those who write them together."""
    units: list[str] = []
    for sound in sounds:
        units.append(sound.vowels[0])
        for consonant, vowel in zip(sound.consonants, sound.vowels[1:], strict=True):
            units += (consonant, vowel)
    return _put_together([unit for unit in units if unit])


def sound_of(word: str) -> Sound:
    """How a word of letters of one script sounds; letters of other scripts than the three say nothing."""
    bare = normalize("NFD", word.casefold())[:_LONGEST_WORD]
    if any("\u0900" <= each <= "\u097f" for each in bare):
        units = _devanagari(bare)
    elif any("\u0600" <= each <= "\u06ff" for each in bare):
        spoken = normalize("NFC", bare).replace("ی\u0670", "ا").replace("اللہ", "لہ").replace("الد", "د")
        units = _urdu("".join(each for each in spoken if each in ARABIC_LETTERS))
    else:
        units = _latin("".join(each for each in bare if "a" <= each <= "z"))
    return _put_together(units)


def _put_together(units: list[str]) -> Sound:
    """Join units, each a consonant (in `LETTERS`) or a vowel, into consonants and what is between them."""
    consonants: list[str] = []
    between: list[list[str]] = [[]]
    for unit in units:
        if unit in _VOWELS:
            between[-1].append(unit)
        elif consonants and consonants[-1] == unit and not any(each != ANY_SHORT for each in between[-1]):
            between[-1] = []
        else:
            consonants.append(unit)
            between.append([])
    if consonants and consonants[-1] == "h" and between[-2] and len(consonants) > 1:
        # Abdullah and Abdulla, Shah and شاہ: nobody hears the last one.
        consonants.pop()
        last = between.pop() + between.pop()
        between.append(["A"] if all(each in "aA" for each in last) else last)
    text = "".join(consonants)
    for labial in "pbf":
        text = text.replace("m" + labial, "n" + labial)
    return Sound(text, tuple(map(_one, between)))


_VOWELS: Final = frozenset("AaEIiUu?")


def _one(vowels: list[str]) -> str:
    """Several vowels together count as one: a front one goes before a back one, that before an open one."""
    if not vowels:
        return ""
    if len(vowels) == 1:
        return vowels[0]
    spoken = [each for each in vowels if each != ANY_SHORT]
    if not spoken:
        return ANY_SHORT
    for group in (_FRONT, _BACK):
        if any(each in group for each in spoken):
            return group[0]
    return "A"


def _latin(word: str) -> list[str]:
    units: list[str] = []
    at = 0
    while at < len(word):
        for length in (3, 2, 1):
            part = word[at : at + length]
            if part in LATIN_LETTERS:
                at += len(part)
                units.extend(_latin_units(part, word, at))
                break
        else:
            at += 1
    if units and units[-1] == "a":
        units[-1] = "A"
    return units


def _latin_units(part: str, word: str, end: int) -> str:
    before, after = word[: end - len(part)], word[end : end + 1]
    if part == "h" and before and before[-1] in "bcdgjkpqt":
        return ""
    if part == "c" and after and after in "eiy":
        return "s"
    if part == "y":
        return "i" if before else "y"
    if part == "w" and before and before[-1] in "aeo" and after and after not in "aeiouy":
        return "U"
    return LATIN_LETTERS[part]


def _devanagari(word: str) -> list[str]:
    units: list[str] = []
    inherent = is_cluster = False
    letters = [letter for letter in word if letter not in _JOINERS]
    for at, letter in enumerate(letters):
        if letter == VIRAMA:
            inherent, is_cluster = False, True
        elif letter in DEVANAGARI_VOWELS:
            units.extend(DEVANAGARI_VOWELS[letter])
            inherent = False
        elif letter in NASALS:
            units.extend(("a", *DEVANAGARI_LETTERS[letter]) if inherent else DEVANAGARI_LETTERS[letter])
            inherent = False
        elif letter in DEVANAGARI_LETTERS:
            if inherent:
                units.append("a")
                is_cluster = False
            units.extend(_devanagari_consonant(letters, at, is_first=not units))
            inherent = True
    if inherent and is_cluster:
        units.append("a")
    return units


_JOINERS: Final = "\u200c\u200d"


def _devanagari_consonant(letters: Sequence[str], at: int, *, is_first: bool) -> str:
    letter = letters[at]
    if letter == "य" and not is_first:
        return "i"
    if letter == "ह" and at and letters[at - 1] == ANUSVARA:
        # Singh is written with an h.
        return "g"
    dotted = DEVANAGARI_LETTERS.get(letter + NUKTA) if letters[at + 1 : at + 2] == [NUKTA] else None
    return dotted or DEVANAGARI_LETTERS[letter]


_URDU_VOWELS: Final = "اآیےيىئوؤہهۃةعأإ"


def _urdu(word: str) -> list[str]:
    units: list[str] = []
    last = len(word) - 1
    for at, letter in enumerate(word):
        after = word[at + 1 : at + 2]
        if letter == "و":
            units.append("v" if not at or (after and after in "اآیےيى") else "U")
        elif letter in "یيى":
            units.append("y" if not at else "I")
        elif letter in "ہهۃة" and at == last and at:
            units.append("A")
        elif letter == "ع":
            units.append(ANY_SHORT)
        elif not at and letter in "اأإ":
            units.append(ANY_SHORT if after not in {"ی", "ي", "و"} else "")
        else:
            units.extend(ARABIC_LETTERS[letter])
        consonant = units and units[-1] and units[-1] not in _VOWELS
        is_spoken = after not in _URDU_VOWELS or (after in "ہه" and at + 1 < last)
        if consonant and after and is_spoken:
            units.append(ANY_SHORT)
    return [unit for unit in units if unit]
