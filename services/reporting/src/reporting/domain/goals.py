"""What an area is measured against: its active goal, or the sum of its parts where only those have one."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from mitra_shared.campaign.definition import Area, CampaignDefinition, Level, Metric
from mitra_shared.ids import AreaCode

NOTHING_BESIDE: Final[Mapping[AreaCode, int]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Aim:
    """A number to reach (target) or not to pass (quota), with the reading it comes from.

    `level` is the level at which the source states the number, `parts` how many such numbers were added up.
    """

    number: int
    level: Level
    source: str
    parts: int = 1


DESK: Final = "the quota desk"
"""Source of a quota that no goal states."""


def aims(
    definition: CampaignDefinition, metric: Metric, beside: Mapping[AreaCode, int] = NOTHING_BESIDE
) -> Mapping[AreaCode, Aim]:
    """The aim of every area that has one, from the active readings only.

    A sum is only made where every part has an aim: half a sum would look like a smaller goal. `beside` is
    what the quota desk gave to areas beside their goals, or, below 0, keeps of them.
    """
    children: dict[AreaCode, list[Area]] = {}
    for area in definition.areas:
        if area.parent is not None:
            children.setdefault(area.parent, []).append(area)
    found: dict[AreaCode, Aim] = {}
    for level in reversed(Level):
        for area in definition.at_level(level):
            parts = [found.get(c.code) for c in children.get(area.code, ())]
            aim = _aim(definition, area, metric, parts, beside.get(area.code, 0))
            if aim is not None:
                found[area.code] = aim
    return found


def _aim(
    definition: CampaignDefinition, area: Area, metric: Metric, parts: list[Aim | None], beside: int
) -> Aim | None:
    own = definition.goal_for(area, metric)
    if own is not None:
        return Aim(max(0, own.number + beside), own.level, own.source)
    if beside:
        return Aim(max(0, beside), area.level, DESK)
    complete = [part for part in parts if part is not None]
    if not complete or len(complete) < len(parts):
        return None
    return Aim(
        number=sum(part.number for part in complete),
        level=complete[0].level,
        source="; ".join(sorted({part.source for part in complete})),
        parts=sum(part.parts for part in complete),
    )
