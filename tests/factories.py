"""Values for tests of every service: a campaign in miniature, the one `tests/campaigns/small` writes down."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from mitra_shared.campaign.definition import CampaignDefinition

NOTICE_VERSION = "2026-11"
ROUND = "round-1"

SCHEMES = {
    "PMAY-G": ("Pradhan Mantri Awas Yojana - Gramin", "प्रधानमंत्री आवास योजना - ग्रामीण"),
    "PMUY": ("Pradhan Mantri Ujjwala Yojana", "प्रधानमंत्री उज्ज्वला योजना"),
    "PM-KISAN": ("Pradhan Mantri Kisan Samman Nidhi", "प्रधानमंत्री किसान सम्मान निधि"),
}

STATES: tuple[dict[str, Any], ...] = (
    {"code": "S11", "name": {"en": "Kerala", "hi": "केरल", "ur": "کیرالہ"}},
    {"code": "S24", "name": {"en": "Uttar Pradesh", "hi": "उत्तर प्रदेश", "ur": "اتر پردیش"}},
)

CONSTITUENCIES: tuple[dict[str, Any], ...] = (
    {"code": "S11-PC04", "en": "Wayanad", "hi": "वयनाड", "evidence": "named", "tile": (4, 12)},
    {"code": "S11-PC06", "en": "Malappuram", "hi": "मलप्पुरम", "evidence": "state-report", "tile": (3, 12)},
    {"code": "S24-PC07", "en": "Rampur", "hi": "रामपुर", "evidence": "named", "tile": (7, 3)},
)

SEGMENTS: Mapping[str, tuple[str, str]] = {
    "S11-AC017": ("Mananthavady", "S11-PC04"),
    "S11-AC018": ("Sulthanbathery", "S11-PC04"),
    "S11-AC019": ("Kalpetta", "S11-PC04"),
    "S11-AC033": ("Kondotty", "S11-PC06"),
    "S11-AC037": ("Manjeri", "S11-PC06"),
    "S24-AC036": ("Bilaspur", "S24-PC07"),
    "S24-AC037": ("Rampur", "S24-PC07"),
    "S24-AC038": ("Milak", "S24-PC07"),
}

NOTICES = Path(__file__).parent / "campaigns" / "small" / "notices"


def small_campaign(version: int = 1, **changes: Any) -> CampaignDefinition:
    """Two states, three constituencies, eight segments; three certificates per segment, one open round.

    `changes` replace whole top-level fields of the definition, in the shape of its JSON.
    """
    content: dict[str, Any] = {
        "id": "small",
        "version": version,
        "name": {"en": "Small Campaign", "hi": "छोटा अभियान", "ur": "چھوٹی مہم"},
        "starts_on": date(2026, 1, 1),
        "target_date": date(2036, 12, 31),
        "boundaries": {
            "version": "2008",
            "in_force_from": date(2008, 2, 19),
            "source": "Delimitation of Parliamentary and Assembly Constituencies Order, 2008",
        },
        "areas": [*_areas()],
        "goals": [
            {"level": "nation", "metric": "enrolled", "number": 30, "source": "a number for tests"},
            {"level": "constituency", "metric": "enrolled", "number": 10, "source": "a number for tests"},
            {"level": "segment", "metric": "certificates", "number": 3, "source": "a number for tests"},
        ],
        "staff": {"in_charges": 1, "co_in_charges": 30},
        "schemes": [{"code": code, "name": {"en": en, "hi": hi}} for code, (en, hi) in SCHEMES.items()],
        "notices": [
            {
                "version": NOTICE_VERSION,
                "language": language,
                "in_force_from": date(2026, 1, 1),
                "text": (NOTICES / f"{NOTICE_VERSION}.{language}.txt").read_text("utf-8").strip(),
            }
            for language in ("en", "hi", "ur")
        ],
        "rounds": [_round()],
    }
    return CampaignDefinition.model_validate(content | changes)


def _areas() -> list[dict[str, Any]]:
    nation = {
        "code": "IN",
        "level": "nation",
        "parent": None,
        "name": {"en": "India", "hi": "भारत", "ur": "بھارت"},
    }
    states = [{"level": "state", "parent": "IN", **state} for state in STATES]
    constituencies = [
        {
            "code": seat["code"],
            "level": "constituency",
            "parent": seat["code"].split("-")[0],
            "name": {"en": seat["en"], "hi": seat["hi"]},
            "number": int(seat["code"][-2:]),
            "evidence": seat["evidence"],
            "tile": {"column": seat["tile"][0], "row": seat["tile"][1]},
        }
        for seat in CONSTITUENCIES
    ]
    segments = [
        {"code": code, "level": "segment", "parent": parent, "name": {"en": name}, "number": int(code[-3:])}
        for code, (name, parent) in SEGMENTS.items()
    ]
    return [nation, *states, *constituencies, *segments]


def _round() -> dict[str, Any]:
    return {
        "id": ROUND,
        "name": {"en": "First round"},
        "opens_on": date(2026, 1, 1),
        "closes_on": date(2036, 12, 31),
        "questions": [
            {
                "id": "scheme-useful",
                "kind": "single",
                "text": {"en": "Which scheme helped your household most?"},
                "choices": [
                    {"id": "housing", "label": {"en": "Housing"}},
                    {"id": "cooking-gas", "label": {"en": "Cooking gas"}},
                    {"id": "farm-income", "label": {"en": "Farm income support"}},
                ],
            },
            {
                "id": "local-issues",
                "kind": "multiple",
                "text": {"en": "What needs attention where you live?"},
                "choices": [
                    {"id": "water", "label": {"en": "Drinking water"}},
                    {"id": "roads", "label": {"en": "Roads"}},
                    {"id": "schools", "label": {"en": "Schools"}},
                ],
            },
            {
                "id": "office-help",
                "kind": "scale",
                "text": {"en": "How helpful are public offices near you?"},
            },
        ],
    }
