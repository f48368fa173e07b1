"""Do the targets and quotas hold together? Levels, areas, active readings, sums."""

from collections.abc import Mapping, Sequence

from mitra_shared.campaign.check.mistakes import Findings, Place, one_of
from mitra_shared.campaign.check.origins import Written
from mitra_shared.campaign.check.tree import WrittenAreas
from mitra_shared.campaign.definition import Area, Goal, Level, Metric
from mitra_shared.ids import AreaCode

QUOTA_LEVELS = (Level.CONSTITUENCY, Level.SEGMENT)


def check_goals(goals: Sequence[Written[Goal]], written: WrittenAreas, findings: Findings) -> None:
    """Notes every mistake of single goals and of goals against each other."""
    areas = {area.value.code: area.value for area in written.areas}
    for goal in goals:
        _check_area(goal, areas, written, findings)
        if goal.value.metric is Metric.CERTIFICATES and goal.value.level not in QUOTA_LEVELS:
            findings.add(
                goal.origin.place("level"),
                f"a quota of certificates cannot be held by a {goal.value.level}",
                "'constituency' or 'segment', so that one partition of the log decides who is next",
            )
    _check_twice(goals, findings)
    _check_one_quota_level(goals, findings)


def check_coverage(
    goals: Sequence[Written[Goal]], areas: Sequence[Area], whole_file: Place, findings: Findings
) -> None:
    """Notes areas without a quota and targets that do not add up, in a tree that is otherwise right."""
    active = [goal for goal in goals if goal.value.active]
    _check_sums([goal for goal in active if goal.value.metric is Metric.ENROLLED], areas, findings)
    quotas = [goal for goal in active if goal.value.metric is Metric.CERTIFICATES]
    if not quotas:
        findings.add(
            whole_file,
            "no quota of certificates is active",
            "a goal with metric 'certificates' and level 'segment' (or 'constituency')",
        )
        return
    level = quotas[0].value.level
    numbers = _numbers(quotas, areas)
    without = [area.code for area in areas if area.level is level and area.code not in numbers]
    if without:
        findings.add(
            quotas[0].origin.place(),
            f"{len(without)} {level}(s) have no quota: {', '.join(without[:5])}",
            f"a goal of level '{level}' without an 'area' holds for all of them",
        )


def _check_area(
    goal: Written[Goal], areas: Mapping[AreaCode, Area], written: WrittenAreas, findings: Findings
) -> None:
    code = goal.value.area
    if code is None or code in written.doubtful:
        return
    area = areas.get(code)
    if area is None and goal.value.level in written.unsure:
        return
    if area is None:
        known = [a.code for a in areas.values() if a.level is goal.value.level]
        findings.add(goal.origin.place("area"), f"there is no area {code!r}", one_of(code, known))
    elif area.level is not goal.value.level:
        findings.add(
            goal.origin.place("level"),
            f"{code} is a {area.level}, not a {goal.value.level}",
            f"'{area.level}'",
        )


def _check_twice(goals: Sequence[Written[Goal]], findings: Findings) -> None:
    first: dict[tuple[Level, Metric, AreaCode | None], Written[Goal]] = {}
    read: dict[Goal, Written[Goal]] = {}
    for goal in goals:
        value = goal.value
        reading = value.model_copy(update={"active": True, "source": ""})
        if read.setdefault(reading, goal) is not goal:
            findings.add(
                goal.origin.place(),
                f"the same number is given already ({_line(read[reading])})",
                "each reading once, with all its sources in one 'source'",
            )
        elif value.active and first.setdefault((value.level, value.metric, value.area), goal) is not goal:
            other = first[value.level, value.metric, value.area]
            findings.add(
                goal.origin.place(),
                f"two readings are active for {value.metric} per {value.area or value.level}"
                f" ({other.value.number} and {value.number}, {_line(other)})",
                "active = false for all but one",
            )


def _check_one_quota_level(goals: Sequence[Written[Goal]], findings: Findings) -> None:
    quotas = [g for g in goals if g.value.metric is Metric.CERTIFICATES and g.value.active]
    for quota in quotas:
        if quota.value.level is not quotas[0].value.level:
            findings.add(
                quota.origin.place("level"),
                f"certificates have active quotas per {quotas[0].value.level} ({_line(quotas[0])})"
                f" and per {quota.value.level}",
                "one level of quotas; active = false for the other",
            )


def _check_sums(targets: Sequence[Written[Goal]], areas: Sequence[Area], findings: Findings) -> None:
    """A target is the sum of the targets of the next level below that has one for each of its areas.

    This is what tells '5,000 in each assembly' from '5,000 in each constituency': one of them adds up
    to 3.25 lakh.
    """
    numbers = _numbers(targets, areas)
    parents = {area.code: area.parent for area in areas}
    below: dict[tuple[AreaCode, Level], list[AreaCode]] = {}
    for area in areas:
        above = area.parent
        while above is not None:
            below.setdefault((above, area.level), []).append(area.code)
            above = parents[above]
    levels = list(Level)
    for area in areas:
        if area.code not in numbers:
            continue
        for level in levels[levels.index(area.level) + 1 :]:
            parts = below[area.code, level]
            if all(code in numbers for code in parts):
                _check_sum(area, level, numbers, sum(numbers[code].value.number for code in parts), findings)
                break


def _check_sum(
    area: Area, level: Level, numbers: Mapping[AreaCode, Written[Goal]], total: int, findings: Findings
) -> None:
    goal = numbers[area.code]
    if total != goal.value.number:
        of = "" if goal.value.area is None and area.level is Level.NATION else f" of {area.code}"
        findings.add(
            goal.origin.place("number"),
            f"the target{of} is {goal.value.number}, but its targets per {level} add up to {total}",
            f"{total}, or active = false for the reading that is not meant",
        )


def _numbers(goals: Sequence[Written[Goal]], areas: Sequence[Area]) -> dict[AreaCode, Written[Goal]]:
    """The goal of each area: its own, else that of its level."""
    own = {goal.value.area: goal for goal in goals if goal.value.area}
    of_level = {goal.value.level: goal for goal in goals if not goal.value.area}
    found = {area.code: own.get(area.code) or of_level.get(area.level) for area in areas}
    return {code: goal for code, goal in found.items() if goal is not None}


def _line(goal: Written[Goal]) -> str:
    place = goal.origin.place()
    return place.where if place.line is None else f"line {place.line}"
