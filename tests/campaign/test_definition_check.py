"""The checks on a definition that did not come from files."""

from datetime import date
from typing import Any

import pytest

from mitra_shared.campaign.check import load_definition, mistakes_in
from tests.campaign.files import MAIN, MODI_MITRA
from tests.factories import small_campaign


def json_of(field: str) -> Any:
    return small_campaign().model_dump(mode="json")[field]


def test_a_sound_definition_has_no_mistakes() -> None:
    assert mistakes_in(small_campaign()) == []
    assert mistakes_in(load_definition(MODI_MITRA / MAIN)) == []


def area(of: str, **changes: Any) -> dict[str, Any]:
    return {"areas": [a | changes if a["code"] == of else a for a in json_of("areas")]}


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        (area("S11-AC017", parent="S24-PC07"), "areas.S11-AC017.parent"),
        (area("S11-AC017", parent="S11"), "areas.S11-AC017.parent"),
        (area("S11-AC017", parent=None), "areas.S11-AC017.parent"),
        (area("S11-AC017", number=18), "areas.S11-AC017.code"),
        (area("S11-AC017", code="S11-PC09"), "areas.S11-PC09.code"),
        (area("S11-PC04", evidence=None), "areas.S11-PC04.evidence"),
        (area("S11-PC04", tile=None), "areas.S11-PC04.tile"),
        (area("S11-PC04", tile={"column": 3, "row": 12}), "areas.S11-PC06.tile.column"),
        (area("IN", parent="S11"), "areas.IN.parent"),
        (area("S24", level="nation", parent=None), "areas.S24.level"),
        ({"areas": [*json_of("areas"), json_of("areas")[-1]]}, "areas.S24-AC038.number"),
        ({"areas": json_of("areas")[:-3]}, "areas.S24-PC07"),
        ({"goals": []}, "goals"),
        ({"goals": [goal | {"level": "state"} for goal in json_of("goals")[2:]]}, "goals.#1.level"),
        ({"notices": json_of("notices")[:2]}, "notices.#1.language"),
        (
            {"notices": [n | {"in_force_from": "2027-01-01"} for n in json_of("notices")]},
            "notices.#1.in_force_from",
        ),
        ({"notices": [n | {"text": " "} for n in json_of("notices")]}, "notices.#1.en"),
        ({"notices": [*json_of("notices"), json_of("notices")[0]]}, "notices.#4.version"),
        ({"rounds": json_of("rounds") * 2}, "rounds.round-1.id"),
        ({"target_date": date(2025, 1, 1)}, "target_date"),
        ({"schemes": json_of("schemes") * 2}, "schemes.PMAY-G.code"),
        ({"messages": {"quiet_from": "09:00:00"}}, "messages.quiet_until"),
        ({"messages": {"quiet_from": "20:00:00+05:30"}}, "messages.quiet_from"),
    ],
)
def test_a_broken_definition_is_told_with_the_path_in_its_json(changes: dict[str, Any], where: str) -> None:
    found = mistakes_in(small_campaign(**changes))
    assert where in {mistake.where for mistake in found}
    assert {mistake.file for mistake in found} == {"definition"}


def test_a_circle_of_parents_is_a_mistake_and_not_an_endless_loop() -> None:
    changes = area("S11", parent="S11-PC04")
    assert "areas.S11.parent" in {m.where for m in mistakes_in(small_campaign(**changes))}
