"""What `mitra campaign` shows: mistakes, or the summary of a definition; for people and as JSON."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from mitra_shared.campaign.check import Mistake
from mitra_shared.campaign.definition import CampaignDefinition, Goal, Level
from mitra_shared.campaign.numerals import indian
from mitra_shared.ops.screen import results


def show_mistakes(path: Path, mistakes: Sequence[Mistake]) -> None:
    """A table on a terminal; elsewhere one line each, `FILE:LINE: WHERE: WRONG; RIGHT`."""
    if not results.is_terminal:
        for mistake in mistakes:
            results.print(str(_beside(path, mistake)), markup=False)
        return
    table = Table("file:line", "where", "what is wrong", "what would be right", show_lines=True)
    for mistake in mistakes:
        place = mistake.file if mistake.line is None else f"{mistake.file}:{mistake.line}"
        table.add_row(*map(escape, (place, mistake.where, mistake.wrong, mistake.right)))
    results.print(table, soft_wrap=False)
    results.print(f"[bold red]{len(mistakes)} mistake(s)[/bold red] in {escape(str(path))}")


def _beside(path: Path, mistake: Mistake) -> Mistake:
    return Mistake(str(path.parent / mistake.file), mistake.line, mistake.where, mistake.wrong, mistake.right)


def mistakes_as_json(path: Path, mistakes: Sequence[Mistake]) -> dict[str, Any]:
    """`{"ok": false, "file": ..., "mistakes": [{file, line, where, wrong, right}]}`."""
    return {"ok": False, "file": str(path), "mistakes": [asdict(mistake) for mistake in mistakes]}


def show_summary(definition: CampaignDefinition) -> None:
    """Areas per level, targets and quotas with the active readings, notices, rounds."""
    names = " / ".join(filter(None, (definition.name.en, definition.name.hi, definition.name.ur)))
    results.print(f"[bold]{escape(names)}[/bold] ({definition.id}), version {definition.version}")
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_row("from, to", f"{definition.starts_on:%d-%m-%Y} to {definition.target_date:%d-%m-%Y}")
    counts = _areas(definition)
    table.add_row("areas", ", ".join(f"{indian(count)} {level}" for level, count in counts.items()))
    boundaries = definition.boundaries
    table.add_row("boundaries", f"{boundaries.version}, in force from {boundaries.in_force_from:%d-%m-%Y}")
    table.add_row("evidence", ", ".join(f"{count} {mark}" for mark, count in _evidence(definition).items()))
    staff = definition.staff
    table.add_row("staff", f"{staff.in_charges} + {staff.co_in_charges} in each constituency")
    table.add_row("schemes", str(len(definition.schemes)))
    for version, languages in _notices(definition).items():
        table.add_row("notice", f"{version} in {', '.join(languages)}")
    for one in definition.rounds:
        dates = f"{one.opens_on:%d-%m-%Y} to {one.closes_on:%d-%m-%Y}"
        table.add_row("round", f"{one.id}, {dates}, {len(one.questions)} questions")
    results.print(table, soft_wrap=False)
    goals = Table("per", "counts", "number", "in all", "reading", "source")
    for goal in definition.goals:
        goals.add_row(
            goal.area or goal.level,
            goal.metric,
            indian(goal.number),
            indian(_total(goal, counts)),
            "[green]active[/green]" if goal.active else "[dim]not followed[/dim]",
            escape(goal.source),
        )
    results.print(goals, soft_wrap=False)


def summary_as_json(definition: CampaignDefinition) -> dict[str, Any]:
    """The same as JSON."""
    counts = _areas(definition)
    return {
        "ok": True,
        "campaign": definition.id,
        "version": definition.version,
        "areas": {str(level): count for level, count in counts.items()},
        "evidence": _evidence(definition),
        "goals": [
            {**goal.model_dump(mode="json"), "in_all": _total(goal, counts)} for goal in definition.goals
        ],
        "schemes": len(definition.schemes),
        "notices": _notices(definition),
        "rounds": [
            {
                "id": one.id,
                "opens_on": one.opens_on.isoformat(),
                "closes_on": one.closes_on.isoformat(),
                "questions": len(one.questions),
            }
            for one in definition.rounds
        ],
    }


def _areas(definition: CampaignDefinition) -> dict[Level, int]:
    return {level: len(definition.at_level(level)) for level in Level}


def _total(goal: Goal, counts: dict[Level, int]) -> int:
    return goal.number if goal.area else goal.number * counts[goal.level]


def _evidence(definition: CampaignDefinition) -> dict[str, int]:
    return dict(Counter(str(area.evidence) for area in definition.areas if area.evidence))


def _notices(definition: CampaignDefinition) -> dict[str, list[str]]:
    by_version = groupby(definition.notices, key=lambda notice: notice.version)
    return {version: [str(notice.language) for notice in notices] for version, notices in by_version}
