"""Which column holds what, guessed from its heading in English, Hindi or Urdu; a guess can be changed."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final

from enrolment.domain.importing import Field
from enrolment.imports.cells import Cell

_WORDS: Final[Mapping[Field, str]] = {
    Field.NAME: "name|full name|person name|name of person|name of mitra|mitra name"
    "|नाम|पूरा नाम|व्यक्ति का नाम|मित्र का नाम|نام|پورا نام|مکمل نام",
    Field.PHONE: "phone|phone number|phone no|mobile|mobile number|mobile no|contact number|contact no"
    "|फोन|फोन नंबर|मोबाइल|मोबाइल नंबर|मोबाइल न|दूरभाष|संपर्क नंबर|فون|فون نمبر|موبائل|موبائل نمبر",
    Field.SEGMENT: "segment|assembly segment|assembly|assembly constituency|vidhan sabha|ac|segment code"
    "|विधानसभा|विधानसभा क्षेत्र|विधान सभा|اسمبلی|اسمبلی حلقہ|اسمبلی حلقه|حلقہ",
    Field.BASIS: "basis|basis of enrolment|नामांकन का आधार|شمولیت کی بنیاد",
    Field.SCHEMES: "scheme|schemes|schemes received|scheme received|yojana|योजना|योजनाएं|योजनाएँ|प्राप्त योजनाएं"
    "|اسکیم|اسکیمیں|اسکیمز",
    Field.LANGUAGE: "language|preferred language|भाषा|पसंदीदा भाषा|زبان|پسندیدہ زبان",
    Field.ADULT: "adult|is adult|18 or older|18 years or older|declared adult|बालिग|वयस्क|18 वर्ष या अधिक|بالغ",
    Field.PARTY_MEMBER: "party member|member of a party|political party member|party membership"
    "|दल का सदस्य|पार्टी सदस्य|राजनीतिक दल का सदस्य|پارٹی رکن|سیاسی جماعت کا رکن",
    Field.CONSENT: "consent|consent given|consent signed|signed|सहमति|सहमति दी|हस्ताक्षर|رضامندی|دستخط",
    Field.NOTICE_VERSION: "notice version|version of notice|notice|सूचना संस्करण|नोटिस संस्करण|نوٹس ورژن|نوٹس",
    Field.NOTICE_LANGUAGE: "notice language|consent language|language of notice|सूचना की भाषा|सहमति की भाषा"
    "|نوٹس کی زبان|رضامندی کی زبان",
    Field.COLLECTED_ON: "date|consent date|date of consent|collected on|signed on|date signed|तारीख|दिनांक"
    "|सहमति की तारीख|सहमति दिनांक|تاریخ|رضامندی کی تاریخ",
    Field.COLLECTED_BY: "collected by|collector|taken by|volunteer|किसने लिया|संग्रहकर्ता|कार्यकर्ता"
    "|کس نے لیا|جمع کنندہ|کارکن",
}
_NEVER_READ: Final = (
    "religion|caste|sub caste|category|social category|community|voter id|voter card|epic|epic no|epic number"
    "|aadhaar|aadhar|aadhaar number|aadhar number|aadhaar no|aadhar no|vote|party|political party"
    "|धर्म|जाति|उपजाति|वर्ग|श्रेणी|समुदाय|मतदाता पहचान पत्र|वोटर आईडी|आधार|आधार नंबर|आधार संख्या|दल|पार्टी"
    "|مذہب|ذات|برادری|زمرہ|ووٹر آئی ڈی|آدھار|آدھار نمبر|جماعت"
)
"""What nobody is asked for is not kept either, though a sheet has it."""
_LOOKED_AT: Final = 10
"""Rows in which the headings are looked for: titles may stand above."""
_DIGITS_OF_DATA: Final = 6


def plain(text: str) -> str:
    """A text for comparing: one width and case, without nuktas and signs, single blanks."""
    decomposed = unicodedata.normalize("NFKD", text).casefold().replace("\u093c", "")
    kept = "".join(character if _stays(character) else " " for character in decomposed)
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", kept)).strip()


def _stays(character: str) -> bool:
    # Vowel signs of Indian scripts are marks, and part of the word; accents of Latin are as well left in.
    return character.isalnum() or unicodedata.category(character) in {"Mn", "Mc"}


FIELD_OF: Final[Mapping[str, Field]] = {
    plain(word): field for field, words in _WORDS.items() for word in words.split("|")
}

NEVER_READ: Final = frozenset(map(plain, _NEVER_READ.split("|")))


def never_read(headings: Sequence[Cell]) -> frozenset[int]:
    """Columns that are not taken from a sheet at all: religion, caste, voter and Aadhaar numbers, votes."""
    return frozenset(
        index for index, heading in enumerate(headings) if isinstance(heading, str) and _forbidden(heading)
    )


def _forbidden(heading: str) -> bool:
    return not NEVER_READ.isdisjoint((plain(heading), plain(_without_brackets(heading))))


def _without_brackets(heading: str) -> str:
    return re.sub(r"[(\[].*", "", heading)


def guess(headings: Sequence[Cell]) -> dict[Field, int]:
    """The column of each field whose heading is known; of two columns alike the first."""
    found: dict[Field, int] = {}
    for index, heading in enumerate(headings):
        if isinstance(heading, str):
            # 'Phone (WhatsApp)': what stands in brackets says more about the same thing.
            for text in (heading, _without_brackets(heading)):
                field = FIELD_OF.get(plain(text))
                if field is not None:
                    found.setdefault(field, index)
                    break
    return found


def heading_row(rows: Sequence[Sequence[Cell]]) -> int | None:
    """Index of the row of headings among the first rows; None if there is none.

    It is the one in which most headings are known; where none is known, the first with more than one text
    and nothing that looks like data.
    """
    first = rows[:_LOOKED_AT]
    known = [len(guess(row)) for row in first]
    if known and max(known) > 1:
        return known.index(max(known))
    for index, row in enumerate(first):
        texts = [cell for cell in row if cell is not None]
        if len(texts) > 1:
            return None if any(map(_is_data, texts)) else index
    return None


def _is_data(cell: Cell) -> bool:
    return not isinstance(cell, str) or sum(map(str.isdigit, cell)) >= _DIGITS_OF_DATA
