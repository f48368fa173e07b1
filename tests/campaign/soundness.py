"""What must hold of every definition that passes, written without the checker's own code."""

from collections import Counter
from typing import Any

from mitra_shared.campaign.definition import CampaignDefinition

ABOVE = {"nation": None, "state": "nation", "constituency": "state", "segment": "constituency"}


def assert_sound(definition: CampaignDefinition) -> None:
    """Fails if something in the definition contradicts something else in it."""
    content = definition.model_dump(mode="json")
    _assert_tree(content["areas"])
    _assert_goals(content["goals"], content["areas"])
    assert content["boundaries"]["in_force_from"] <= content["starts_on"] < content["target_date"]
    _assert_notices(content["notices"], content["starts_on"])
    _assert_rounds(content["rounds"], content["starts_on"], content["target_date"])
    assert len({scheme["code"] for scheme in content["schemes"]}) == len(content["schemes"])
    assert content["eligibility"]["minimum_age"] >= 18
    assert content["eligibility"]["party_members"] is False


def _assert_tree(areas: list[dict[str, Any]]) -> None:
    by_code = {area["code"]: area for area in areas}
    assert len(by_code) == len(areas)
    assert Counter(area["level"] for area in areas)["nation"] == 1
    for area in areas:
        if area["level"] == "nation":
            assert area["parent"] is None
            continue
        assert by_code[area["parent"]]["level"] == ABOVE[area["level"]]
        if area["level"] in {"constituency", "segment"}:
            kind, digits = ("PC", 2) if area["level"] == "constituency" else ("AC", 3)
            assert area["code"] == f"{area['code'][:3]}-{kind}{area['number']:0{digits}}"
            assert area["parent"][:3] == area["code"][:3]
    parents = {area["parent"] for area in areas}
    assert all(area["code"] in parents for area in areas if area["level"] != "segment")
    seats = [area for area in areas if area["level"] == "constituency"]
    assert len({(seat["tile"]["column"], seat["tile"]["row"]) for seat in seats}) == len(seats)
    assert all(seat["evidence"] in {"named", "state-report", "assumed"} for seat in seats)


def _assert_goals(goals: list[dict[str, Any]], areas: list[dict[str, Any]]) -> None:
    active = [goal for goal in goals if goal["active"]]
    by_code = {area["code"]: area for area in areas}
    assert len({(g["level"], g["metric"], g["area"]) for g in active}) == len(active)
    quota_levels = {goal["level"] for goal in active if goal["metric"] == "certificates"}
    assert len(quota_levels) == 1
    assert quota_levels <= {"constituency", "segment"}
    assert all(by_code[goal["area"]]["level"] == goal["level"] for goal in goals if goal["area"])
    (level,) = quota_levels
    own = {goal["area"] for goal in active if goal["metric"] == "certificates"}
    assert None in own or all(area["code"] in own for area in areas if area["level"] == level)

    def target(area: dict[str, Any]) -> int | None:
        numbers = {
            g["area"]: g["number"]
            for g in active
            if g["metric"] == "enrolled" and g["level"] == area["level"]
        }
        return numbers.get(area["code"], numbers.get(None))

    for area in areas:
        below = [area] if target(area) is not None else []
        while below:
            below = [other for other in areas for upper in below if other["parent"] == upper["code"]]
            parts = [number for number in map(target, below) if number is not None]
            if parts and len(parts) == len(below):
                assert sum(parts) == target(area)
                break


def _assert_notices(notices: list[dict[str, Any]], starts_on: str) -> None:
    languages: dict[str, set[str]] = {}
    for notice in notices:
        languages.setdefault(notice["version"], set()).add(notice["language"])
        assert notice["text"].strip()
    assert all(given == {"en", "hi", "ur"} for given in languages.values())
    assert len(notices) == 3 * len(languages)
    assert any(notice["in_force_from"] <= starts_on for notice in notices)


def _assert_rounds(rounds: list[dict[str, Any]], starts_on: str, target_date: str) -> None:
    assert len({one["id"] for one in rounds}) == len(rounds)
    last = ""
    for one in sorted(rounds, key=lambda r: r["opens_on"]):
        assert starts_on <= one["opens_on"] <= one["closes_on"] <= target_date
        assert last < one["opens_on"]
        last = one["closes_on"]
        assert len({question["id"] for question in one["questions"]}) == len(one["questions"]) > 0
        for question in one["questions"]:
            choices = [choice["id"] for choice in question["choices"]]
            assert len(set(choices)) == len(choices)
            assert (len(choices) == 0) if question["kind"] == "scale" else (len(choices) >= 2)
