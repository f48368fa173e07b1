"""The campaign's own dates: boundaries, then the start, then the target date."""

from datetime import date

from mitra_shared.campaign.check.mistakes import Findings
from mitra_shared.campaign.check.origins import Origin
from mitra_shared.campaign.definition import Boundaries


def check_dates(
    origin: Origin,
    starts_on: date | None,
    target_date: date | None,
    boundaries: Boundaries | None,
    findings: Findings,
) -> None:
    """Notes dates that are out of order; None stands for a date that could not be read."""
    if starts_on and target_date and target_date <= starts_on:
        findings.add(
            origin.place("target_date"),
            f"the target date {target_date} is not after the start on {starts_on}",
            f"a day after {starts_on}",
        )
    if starts_on and boundaries and boundaries.in_force_from > starts_on:
        findings.add(
            origin.place("boundaries", "in_force_from"),
            f"the boundaries are in force from {boundaries.in_force_from}, after the start on {starts_on}",
            f"boundaries in force on {starts_on}",
        )
