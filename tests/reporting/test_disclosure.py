"""What may be shown of a count, to anybody, whatever else is shown."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mitra_shared.campaign.definition import Level
from mitra_shared.ids import AreaCode
from reporting.domain.cells import Counted
from reporting.domain.days import day_of, last_closed_day
from reporting.domain.disclosure import (
    FEWER,
    NOT_CLOSED,
    PROTECTS,
    TOO_FINE,
    AreaTree,
    Counts,
    Figure,
    disclosed_day,
)
from tests.factories import SEGMENTS, small_campaign

CAMPAIGN = small_campaign()
TREE = AreaTree(CAMPAIGN)
LIVE = ("enrolled", "opinions")
OF_STAFF = {"contacts:attempted", "contacts:reached", "outreach:meetings", "outreach:people_met"}
"""Counts of what staff did."""
GUARDED = (
    "withdrawn",
    "basis:beneficiary",
    "basis:admirer",
    "certificates:promoted",
    "certificates:revoked",
)
Cell = tuple[str, AreaCode]
Shown = Mapping[str, Mapping[str, Figure]]
LEVELS = {level: CAMPAIGN.at_level(level)[-1].code for level in Level}


def disclosed(leaves: Mapping[str, Mapping[str, int]], *, closed: bool) -> Shown:
    return cast("Shown", disclosed_day(TREE, cast("Mapping[str, Counts]", leaves), closed=closed))


def closed_day(**leaves: Mapping[str, int]) -> Shown:
    return disclosed({name.replace("__", ":"): counts for name, counts in leaves.items()}, closed=True)


def sums_of(leaves: Mapping[str, int]) -> Mapping[AreaCode, int]:
    return TREE.sums(cast("Counts", leaves))


@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("metric", LIVE)
def test_live_counts_are_shown_at_every_level_and_however_small(
    metric: str, *, closed: bool, level: Level
) -> None:
    shown = disclosed({metric: {LEVELS[Level.SEGMENT]: 1}}, closed=closed)
    assert shown[metric][LEVELS[level]] == Figure(1)


@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("metric", [*GUARDED, "scheme:PMUY"])
def test_nothing_else_is_shown_of_a_day_that_is_not_closed(metric: str, level: Level) -> None:
    shown = disclosed({metric: dict.fromkeys(SEGMENTS, 500)}, closed=False)[metric][LEVELS[level]]
    assert shown.value is None
    assert shown.reason in (NOT_CLOSED, TOO_FINE)


@pytest.mark.parametrize(
    ("count", "expected"), [(9, Figure(None, FEWER)), (10, Figure(10)), (0, Figure(None, FEWER))]
)
@pytest.mark.parametrize("metric", ["withdrawn", "certificates:revoked"])
def test_a_closed_day_shows_figures_from_ten_up(metric: str, count: int, expected: Figure) -> None:
    leaves = dict.fromkeys(SEGMENTS, 50) | {"S11-AC033": count}
    assert disclosed({metric: leaves}, closed=True)[metric]["S11-AC033"] == expected


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        (Level.SEGMENT, Figure(None, TOO_FINE)),
        (Level.CONSTITUENCY, Figure(40)),
        (Level.STATE, Figure(40)),
        (Level.NATION, Figure(120)),
    ],
)
def test_schemes_are_shown_for_constituencies_and_above(level: Level, expected: Figure) -> None:
    seats: dict[str, int] = {area.code: 40 for area in CAMPAIGN.at_level(Level.CONSTITUENCY)}
    assert disclosed({"scheme:PMUY": seats}, closed=True)["scheme:PMUY"][LEVELS[level]] == expected


@pytest.mark.parametrize("metric", ["scheme_added:PMUY", "scheme_removed:PMUY"])
def test_nine_corrections_look_like_none_and_ten_are_shown_for_constituencies_and_above(metric: str) -> None:
    seats: dict[str, int] = {area.code: 0 for area in CAMPAIGN.at_level(Level.CONSTITUENCY)}
    assert disclosed({metric: seats | {"S11-PC04": 9}}, closed=True) == disclosed({}, closed=True)
    shown = disclosed({metric: seats | {"S11-PC04": 10}}, closed=True)[metric]
    assert (shown["S11-PC04"], shown["S11-AC017"]) == (Figure(10), Figure(None, TOO_FINE))


def test_a_small_cell_does_not_follow_from_its_parent_and_siblings() -> None:
    shown = closed_day(withdrawn={"S11-AC017": 3, "S11-AC018": 20, "S11-AC019": 30})["withdrawn"]
    assert shown["S11-PC04"] == Figure(53)
    assert shown["S11-AC017"] == Figure(None, FEWER)
    assert shown["S11-AC018"] == Figure(None, PROTECTS)
    assert shown["S11-AC019"] == Figure(30)


def test_below_a_hidden_area_everything_is_hidden() -> None:
    seats = {"S11-AC033": 2, **dict.fromkeys(("S11-AC017", "S11-AC018", "S11-AC019"), 20)}
    shown = closed_day(withdrawn=seats)["withdrawn"]
    assert shown["S11"] == Figure(62)
    assert shown["S11-PC06"] == Figure(None, FEWER)
    assert shown["S11-PC04"] == Figure(None, PROTECTS)
    assert shown["S11-AC017"].value is None


def test_the_bases_are_shown_together_or_not_at_all() -> None:
    shown = closed_day(basis__beneficiary={"S24-AC036": 400}, basis__admirer={"S24-AC036": 4})
    assert shown["basis:beneficiary"]["S24-AC036"] == Figure(None, FEWER)
    assert shown["basis:admirer"]["S24-AC036"] == Figure(None, FEWER)


def determined(equations: list[dict[Cell, int]], unknown: set[Cell]) -> set[Cell]:
    """The unknowns that a system of equations (sums of known value) has one value for, by elimination."""
    rows = [{cell: Fraction(n) for cell, n in each.items() if cell in unknown} for each in equations]
    leads: list[dict[Cell, Fraction]] = []
    for pivot in sorted(unknown):
        lead = next(
            (row for row in rows if row.get(pivot) and not any(row is other for other in leads)), None
        )
        if lead is None:
            continue
        leads.append(lead)
        for row in rows:
            if row is lead or not row.get(pivot):
                continue
            factor = row[pivot] / lead[pivot]
            for cell, value in lead.items():
                row[cell] = row.get(cell, Fraction(0)) - factor * value
    left = [[cell for cell, value in row.items() if value] for row in rows]
    return {cells[0] for cells in left if len(cells) == 1}


def sums_down(name: str) -> list[dict[Cell, int]]:
    return [
        {(name, code): 1, **{(name, child): -1 for child in children}}
        for code, children in TREE.children.items()
        if children
    ]


counts = st.one_of(st.integers(0, 14), st.integers(0, 200))
leaves = st.fixed_dictionaries(dict.fromkeys(SEGMENTS, counts))


@settings(max_examples=300, deadline=None)
@given(withdrawn=leaves)
def test_no_arithmetic_on_a_closed_day_recovers_a_cell_below_ten(withdrawn: dict[str, int]) -> None:
    shown = closed_day(withdrawn=withdrawn)["withdrawn"]
    truth = sums_of(withdrawn)
    hidden = {("withdrawn", AreaCode(code)) for code, figure in shown.items() if figure.value is None}
    recovered = determined(sums_down("withdrawn"), hidden)
    assert not [cell for cell in recovered if 0 < truth[cell[1]] < 10]
    assert all(figure.value in (None, truth[AreaCode(code)]) for code, figure in shown.items())
    assert all(truth[AreaCode(code)] >= 10 for code, figure in shown.items() if figure.value is not None)


@settings(max_examples=300, deadline=None)
@given(beneficiaries=leaves, admirers=leaves)
def test_no_arithmetic_recovers_a_small_basis_though_the_sum_of_both_is_live(
    beneficiaries: dict[str, int], admirers: dict[str, int]
) -> None:
    shown = closed_day(basis__beneficiary=beneficiaries, basis__admirer=admirers)
    truth = {"b": sums_of(beneficiaries), "a": sums_of(admirers)}
    figures = {"b": shown["basis:beneficiary"], "a": shown["basis:admirer"]}
    hidden = {
        (n, AreaCode(code))
        for n, of in figures.items()
        for code, figure in of.items()
        if figure.value is None
    }
    both_are_enrolled: list[dict[Cell, int]] = [{("b", code): 1, ("a", code): 1} for code in TREE.level]
    recovered = determined([*sums_down("b"), *sums_down("a"), *both_are_enrolled], hidden)
    nobody = {code for code in TREE.level if truth["a"][code] + truth["b"][code] == 0}
    assert not [cell for cell in recovered if truth[cell[0]][cell[1]] < 10 and cell[1] not in nobody]


def test_a_metric_that_is_added_later_is_hidden_until_it_is_decided_on() -> None:
    shown = disclosed({str(metric): dict.fromkeys(SEGMENTS, 5) for metric in Counted}, closed=True)
    told = {metric for metric, of in shown.items() if of["S11-AC017"].value is not None}
    assert told == set(LIVE) | OF_STAFF


def test_a_day_closes_an_hour_after_its_midnight_in_india() -> None:
    midnight = datetime(2026, 11, 2, 18, 30, tzinfo=UTC)
    assert day_of(midnight) == date(2026, 11, 3)
    assert last_closed_day(midnight.replace(minute=59)) == date(2026, 11, 1)
    assert last_closed_day(midnight.replace(hour=19, minute=29)) == date(2026, 11, 1)
    assert last_closed_day(midnight.replace(hour=19, minute=30)) == date(2026, 11, 2)
