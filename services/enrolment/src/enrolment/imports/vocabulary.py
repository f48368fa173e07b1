"""The words of a campaign that a sheet may use: segments, schemes, bases, languages, by code and by name."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Self

from enrolment.imports.cells import Cell
from enrolment.imports.headings import plain
from enrolment.imports.values import Misread, latin_digits, text_of
from mitra_shared.campaign.definition import CampaignDefinition, Level, Names
from mitra_shared.ids import AreaCode

BASES: Final[Mapping[str, str]] = {
    plain(word): basis
    for basis, words in {
        "beneficiary": "beneficiary|labharthi|लाभार्थी|हितग्राही|مستفید|مستفید کنندہ",
        "admirer": "admirer|supporter|well wisher|prashansak|प्रशंसक|समर्थक|शुभचिंतक|مداح|حامی",
    }.items()
    for word in words.split("|")
}
LANGUAGES: Final[Mapping[str, str]] = {
    plain(word): language
    for language, words in {
        "en": "en|english|angrezi|अंग्रेजी|अंग्रेज़ी|انگریزی",
        "hi": "hi|hindi|हिंदी|हिन्दी|ہندی",
        "ur": "ur|urdu|उर्दू|اردو",
    }.items()
    for word in words.split("|")
}
_BETWEEN_SCHEMES: Final = re.compile(r"[,;|/\n\u060c]+")
AMBIGUOUS_SEGMENT: Final = "ambiguous-segment"


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Made once for each import."""

    here: Mapping[str, str]
    """Segments of the own constituency, by plain name and number."""
    elsewhere: Mapping[str, str]
    schemes: Mapping[str, str]

    @classmethod
    def of(cls, definition: CampaignDefinition, area: AreaCode | None) -> Self:
        """The words for sheets of a constituency."""
        here: dict[str, str] = {}
        elsewhere: dict[str, str] = {}
        for segment in definition.at_level(Level.SEGMENT):
            constituency = definition.ancestor(segment.code, Level.CONSTITUENCY).code
            words = here if constituency == area else elsewhere
            for name in _names(segment.name):
                # Two of one name: neither is meant for certain.
                words[name] = (
                    AMBIGUOUS_SEGMENT if words.get(name, segment.code) != segment.code else segment.code
                )
            if constituency == area and segment.number is not None:
                here[str(segment.number)] = segment.code
        schemes = {name: scheme.code for scheme in definition.schemes for name in _names(scheme.name)}
        schemes |= {plain(scheme.code): scheme.code for scheme in definition.schemes}
        return cls(here, elsewhere, schemes)

    def segment(self, cell: Cell) -> str:
        """The code of a segment; a text that is none is left as it is, for the rules to refuse.

        Raises:
            Misread: the cell is unusable, or two segments have that name.
        """
        text = latin_digits(text_of(cell)).strip()
        word = plain(text)
        code = self.here.get(word) or self.elsewhere.get(word) or text.upper()
        if code == AMBIGUOUS_SEGMENT:
            raise Misread(AMBIGUOUS_SEGMENT)
        return code

    def scheme_codes(self, cell: Cell) -> tuple[str, ...]:
        """Codes of schemes, divided by commas, semicolons, bars, slashes or lines.

        Raises:
            Misread: the cell is unusable.
        """
        text = text_of(cell)
        whole = self.schemes.get(plain(text))
        if whole is not None:
            return (whole,)
        parts = (part.strip() for part in _BETWEEN_SCHEMES.split(text))
        return tuple(dict.fromkeys(self.schemes.get(plain(part), part.upper()) for part in parts if part))


def _names(names: Names) -> Iterator[str]:
    for name in (names.en, names.hi, names.ur):
        if name:
            yield plain(name)
