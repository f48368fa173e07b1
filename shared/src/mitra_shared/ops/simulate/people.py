"""Made-up people: names in three scripts, phones that cannot repeat within a run, segments by Zipf's law.

Everything follows from the seed, so a run can be played again.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final

from mitra_shared.campaign.definition import Area, CampaignDefinition, Language, Level
from mitra_shared.ids import AreaCode

ZIPF_EXPONENT: Final = 0.5
"""Demand of the k-th most eager segment is proportional to k ** -0.5: about a fifth overflow their quota."""

BENEFICIARIES: Final = 0.7
"""Share whose basis is a scheme."""

PHONES: Final = 10**9
"""Phones are +919 and nine digits, each at most once in a run."""

_GIVEN: Final[dict[Language, Sequence[str]]] = {
    "en": ("Ayesha", "Joseph", "Farhan", "Mary", "Imran", "Gurpreet", "Nasreen", "Thomas", "Salma", "Tenzin"),
    "hi": ("आयशा", "इमरान", "गुरप्रीत", "सलमा", "फ़रहान", "मरियम", "रुख़साना", "जोसेफ़", "शबाना", "तेनज़िन"),
    "ur": ("عائشہ", "عمران", "سلمیٰ", "فرحان", "نسرین", "شبانہ", "رخسانہ", "یوسف", "مریم", "طارق"),
}
_FAMILY: Final[dict[Language, Sequence[str]]] = {
    "en": ("Begum", "Kurian", "Ansari", "Kaur", "Shaikh", "D'Souza", "Khan", "Mathew", "Ali", "Dorjee"),
    "hi": ("बेगम", "अंसारी", "कौर", "ख़ान", "शेख़", "अली", "मैथ्यू", "सिद्दीक़ी", "दोरजी", "परवीन"),
    "ur": ("بیگم", "انصاری", "خان", "شیخ", "علی", "صدیقی", "پروین", "قریشی", "مرزا", "فاطمہ"),
}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody to enrol: the body of the request, and the constituency whose staff does it."""

    constituency: AreaCode
    body: dict[str, Any]


class Phones:
    """Distinct phones that look random: a walk through all numbers by a step that meets each once."""

    _RANGES: Final = frozenset({"98", "99", "97", "96"})
    """Given to mobiles throughout India long ago."""

    def __init__(self, dice: random.Random) -> None:
        self._at = dice.randrange(PHONES)
        # Odd and no multiple of 5, so the walk comes back only after all 10 ** 9.
        self._step = 10 * dice.randrange(PHONES // 20, PHONES // 10) + dice.choice((1, 3, 7, 9))

    def next(self) -> str:
        """The next number that the numbering plan gives to mobiles."""
        while True:
            self._at = (self._at + self._step) % PHONES
            phone = f"9{self._at:09d}"
            if phone[:2] in self._RANGES:
                return f"+91{phone}"


def _weights(segments: Sequence[Area]) -> list[float]:
    return list(accumulate((rank + 1) ** -ZIPF_EXPONENT for rank in range(len(segments))))


def people(definition: CampaignDefinition, seed: int, notice: str) -> Iterator[Person]:
    """People without end.

    Args:
        definition: of the campaign they are enrolled in.
        seed: the same gives the same people.
        notice: version of the consent notice they agree to.
    """
    dice = random.Random(seed)  # noqa: S311 - people are made up, not secrets
    segments = list(definition.at_level(Level.SEGMENT))
    dice.shuffle(segments)
    cumulative = _weights(segments)
    constituency_of = {s.code: definition.ancestor(s.code, Level.CONSTITUENCY).code for s in segments}
    languages = sorted({n.language for n in definition.notices if n.version == notice})
    schemes = [scheme.code for scheme in definition.schemes]
    phones = Phones(dice)
    while True:
        (segment,) = dice.choices(segments, cum_weights=cumulative)
        language = dice.choice(languages)
        beneficiary = dice.random() < BENEFICIARIES
        yield Person(
            constituency_of[segment.code],
            {
                "name": f"{dice.choice(_GIVEN[language])} {dice.choice(_FAMILY[language])}",
                "phone": phones.next(),
                "segment": segment.code,
                "basis": "beneficiary" if beneficiary else "admirer",
                "schemes": dice.sample(schemes, dice.randint(0, min(3, len(schemes)))) if beneficiary else [],
                "adult": True,
                "party_member": False,
                "consent": {"given": True, "notice_version": notice, "language": language},
            },
        )


def opinion(
    definition: CampaignDefinition, round_index: int, segment: AreaCode, dice: random.Random
) -> dict[str, Any]:
    """An answer sheet to the round: every question answered at random."""
    asked = definition.rounds[round_index]
    answers: dict[str, Any] = {}
    for question in asked.questions:
        choices = [choice.id for choice in question.choices]
        match question.kind:
            case "single":
                answers[question.id] = dice.choice(choices)
            case "multiple":
                answers[question.id] = dice.sample(choices, dice.randint(1, len(choices)))
            case "scale":
                answers[question.id] = dice.randint(1, 5)
    return {"round": asked.id, "segment": segment, "answers": answers}
