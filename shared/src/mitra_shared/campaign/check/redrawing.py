"""What a new version of a campaign must leave as it is: where each area lies.

People, certificates and counts stay where they were made, so an area that moved would be counted twice above.
"""

from collections.abc import Mapping, Sequence

from mitra_shared.campaign.check.mistakes import Findings, Mistake
from mitra_shared.campaign.check.origins import ValueOrigin
from mitra_shared.campaign.definition import CampaignDefinition
from mitra_shared.ids import AreaCode


def redrawn(
    definition: CampaignDefinition, boundaries: str | None, parents: Mapping[AreaCode, AreaCode | None]
) -> Sequence[Mistake]:
    """Every area that lies elsewhere than before.

    Args:
        definition: the new version.
        boundaries: version of the boundaries so far; None where there is no earlier version.
        parents: what each area of the earlier versions lies in.
    """
    findings = Findings()
    if boundaries is not None and definition.boundaries.version != boundaries:
        findings.add(
            ValueOrigin("boundaries").place("version"),
            f"the areas of this campaign are those of {boundaries!r}, and their codes mean other places in "
            f"{definition.boundaries.version!r}",
            f"{boundaries!r}; for other boundaries, a campaign with another id",
        )
    for area in definition.areas:
        before = parents.get(area.code, area.parent)
        if before != area.parent:
            findings.add(
                ValueOrigin(f"areas.{area.code}").place("parent"),
                f"{area.code} was in {before} in an earlier version, and cannot move to {area.parent}",
                f"{before}",
            )
    return findings.in_order()
