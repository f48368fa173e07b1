"""What no campaign may ask for or keep: religion, caste, identity numbers, votes, scores of persons.

Nothing of the kind has a field anywhere, so this only makes the refusal of a key or column say why. Questions
are free text: there, words that leave no doubt are refused; reading the rounds stays a person's duty.
"""

import re
from collections.abc import Iterable
from unicodedata import normalize

from mitra_shared.campaign.definition import Names

WHY = "Mitra keeps nothing about religion, caste, voter identity, votes or scores of persons: leave it out"

_IN_FIELDS = {
    "religion": "religion religions religious faith community creed sect minority muslim hindu"
    " christian sikh jain dharm",
    "caste": "caste castes subcaste jati biradari gotra obc sc st tribe",
    "identity numbers": "epic voterid voter voters electoral aadhaar aadhar",
    "votes": "vote votes voting voted intent ballot candidate party parties leaning support supporter",
    "scores of persons": "score scores scoring loyalty influence rating",
}
_IN_QUESTIONS = {
    "religion": "religion religions religious muslim muslims hindu hindus christian christians sikh sikhs"
    " jain jains buddhist buddhists minority minorities धर्म मज़हब धार्मिक मुस्लिम मुसलमान हिंदू हिन्दू सिख"
    " ईसाई अल्पसंख्यक مذہب مذہبی مسلم مسلمان ہندو سکھ عیسائی اقلیت",
    "caste": "caste castes subcaste biradari obc obcs dalit dalits pasmanda जाति जातियाँ बिरादरी दलित पसमांदा"
    " برادری دلت پسماندہ",
    "identity numbers": "epic voterid voter voters मतदाता ووٹر",
    "votes": "vote votes voting voted election elections ballot candidate candidates party parties bjp"
    " congress वोट मतदान चुनाव प्रत्याशी पार्टी भाजपा कांग्रेस ووٹ الیکشن انتخابات پارٹی کانگریس",
}
_WORD = re.compile(r"[\w\u0900-\u0963\u0966-\u097f\u0610-\u061a\u0620-\u06d3\u06d5-\u06ff]+")
"""`\\w` leaves out vowel signs; the ranges are those of Devanagari and Arabic without their punctuation."""


def forbidden_field(name: str) -> str | None:
    """The forbidden subject that a key or column names, if it does: `casteName` names caste."""
    parts = re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()
    words = re.split(r"[^a-z0-9]+", parts)
    return _subject({*words, "".join(words)}, _FIELD_WORDS)


def forbidden_in(texts: Iterable[Names]) -> tuple[str, str] | None:
    """The first (word, forbidden subject) in what is asked of people, in any language, if there is one."""
    for names in texts:
        for text in filter(None, (names.en, names.hi, names.ur)):
            if found := forbidden_in_text(text):
                return found
    return None


def forbidden_in_text(text: str) -> tuple[str, str] | None:
    """The first (word, forbidden subject) in one text, if there is one."""
    for word in _WORD.findall(normalize("NFC", text.casefold())):
        if subject := _subject({word}, _QUESTION_WORDS):
            return word, subject
    return None


def _subject(words: set[str], subjects: dict[str, frozenset[str]]) -> str | None:
    return next((subject for subject, named in subjects.items() if words & named), None)


def _split(subjects: dict[str, str]) -> dict[str, frozenset[str]]:
    return {subject: frozenset(normalize("NFC", words).split()) for subject, words in subjects.items()}


_FIELD_WORDS = _split(_IN_FIELDS)
_QUESTION_WORDS = _split(_IN_QUESTIONS)
