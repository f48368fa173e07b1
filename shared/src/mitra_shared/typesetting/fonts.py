"""The fonts at hand: those in the wheels that typesetting requires, then those of the system.

The wheels hold Latin, Devanagari and Arabic letters, so that every machine sets them alike. Nastaliq, the
style Urdu is at home in, is in no wheel: it is taken from the system where it is installed.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import fontpkg_noto_sans
import fontpkg_noto_sans_arabic
import fontpkg_noto_sans_devanagari
import typst

_WHEELS: Final = (fontpkg_noto_sans, fontpkg_noto_sans_devanagari, fontpkg_noto_sans_arabic)
NASTALIQ: Final = "noto nastaliq urdu"
REQUIRED: Final = {
    "noto sans": "fontpkg-noto-sans",
    "noto sans devanagari": "fontpkg-noto-sans-devanagari",
    "noto sans arabic": "fontpkg-noto-sans-arabic",
}
"""Family, and the package that brings it."""


@dataclass(frozen=True, slots=True)
class FontsAtHand:
    """What can be set with.

    Attributes:
        fonts: as the typesetter takes them.
        families: their names in small letters.
    """

    fonts: typst.Fonts
    families: tuple[str, ...]

    def missing(self) -> list[str]:
        """A sentence for each family the templates ask for that is not there: which, and how to get it."""
        sentences = [
            f"the font {family!r} is missing: reinstall the package {package}"
            for family, package in REQUIRED.items()
            if family not in self.families
        ]
        if NASTALIQ not in self.families:
            sentences.append(
                f"the font {NASTALIQ!r} is missing, so Urdu is set in Noto Sans Arabic (legible, less "
                "beautiful): install fonts-noto-core (Debian, Ubuntu) or its like elsewhere"
            )
        return sentences


def fonts_at_hand(*, system_fonts: bool = True) -> FontsAtHand:
    """Find the fonts. About 0.2 s with those of the system.

    Args:
        system_fonts: without them only the wheels count, and every machine renders the same.
    """
    folders = [str(Path(wheel.ROOT) / "files") for wheel in _WHEELS]
    fonts = typst.Fonts(include_system_fonts=system_fonts, font_paths=list(folders))
    return FontsAtHand(fonts, tuple(sorted({family.lower() for family in fonts.families()})))
