"""What a simulated day is to be, and what came of it."""

from dataclasses import dataclass, field
from typing import Final, Literal

from mitra_shared.campaign.definition import CampaignDefinition, Goal, Level, Metric
from mitra_shared.ids import StaffId

FULL_CAMPAIGN: Final = 325_000
"""People of the whole campaign; quotas are scaled by the share of it that is played."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A simulated day.

    Attributes:
        people: how many are enrolled.
        seed: the same gives the same people, doubles, withdrawals and opinions.
        way: `batch` as field apps sync, or `single`: one POST each.
        batch: people in one sync.
        pace: people a second, at most; None: as fast as it goes.
        phones: how many field apps talk to the service at the same time.
        withdrawing: share of the enrolled who withdraw.
        doubling: share whose phone is sent a second time under another key (refused with 409).
        repeating: share of syncs that are sent twice with the same keys (answered the same).
        answering: share who fill in an answer sheet.
    """

    people: int
    seed: int
    way: Literal["batch", "single"] = "batch"
    batch: int = 40
    pace: float | None = None
    phones: int = 16
    withdrawing: float = 0.03
    doubling: float = 0.002
    repeating: float = 0.01
    answering: float = 0.25


@dataclass(slots=True)
class Summary:
    """What a simulated day came to, counted from the answers of the service.

    Attributes:
        refused: other refusals by type of problem; a sound run has none.
        retries: requests that were sent again after a failure.
        doubles: phones refused because they are enrolled already.
        repeats_differing: repeated syncs that were answered differently; a sound run has none.
    """

    enrolled: int = 0
    withdrawn: int = 0
    doubles: int = 0
    repeated: int = 0
    repeats_differing: int = 0
    opinions: int = 0
    retries: int = 0
    seconds: float = 0.0
    refused: dict[str, int] = field(default_factory=dict)

    @property
    def is_sound(self) -> bool:
        """Whether every answer was one that the plan expects."""
        return not self.refused and not self.repeats_differing


def scaled(definition: CampaignDefinition, people: int) -> CampaignDefinition:
    """The campaign with targets and quotas scaled to `people`, so that a small day shows the same picture.

    The smallest areas get whole people, rounded up; what is above them is what they then add up to.
    """
    if people >= FULL_CAMPAIGN:
        return definition
    note = f"scaled to a demonstration of {people:,} people; "

    def smaller(goal: Goal) -> Goal:
        alike = [g.number for g in definition.goals if (g.metric, g.active) == (goal.metric, goal.active)]
        unit = min(alike)
        number = -(-goal.number * -(-unit * people // FULL_CAMPAIGN) // unit)
        return goal.model_copy(update={"number": number, "source": note + goal.source})

    return definition.model_copy(update={"goals": tuple(map(smaller, definition.goals))})


def staff_of(definition: CampaignDefinition) -> dict[str, list[StaffId]]:
    """Staff ids by constituency: the in-charges, then the co-in-charges."""
    return {
        area.code: [
            *(
                StaffId(f"{area.code}/in-charge" + (f"-{n}" if definition.staff.in_charges > 1 else ""))
                for n in range(1, definition.staff.in_charges + 1)
            ),
            *(
                StaffId(f"{area.code}/co-in-charge-{n:02d}")
                for n in range(1, definition.staff.co_in_charges + 1)
            ),
        ]
        for area in definition.at_level(Level.CONSTITUENCY)
    }


def quota(definition: CampaignDefinition) -> int:
    """The active certificate quota of an area, for display."""
    return next(g.number for g in definition.goals if g.metric is Metric.CERTIFICATES and g.active)
