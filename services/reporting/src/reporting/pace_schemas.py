"""What the answers about pace look like, for the OpenAPI document; `pace_queries` fills them."""

from datetime import date

from mitra_shared.campaign.definition import Level, Names
from mitra_shared.ids import AreaCode, CampaignId, StaffId
from reporting.domain.pace import Standing
from reporting.domain.unusual import Kind
from reporting.schemas import Answer


class ForecastShown(Answer):
    """When the target will be reached: of 80 futures in 100 from `earliest` to `latest`.

    A date that is null is later than `until`; where `until` is null too there is no forecast, see `reason`.
    """

    earliest: date | None
    middle: date | None
    latest: date | None
    until: date | None
    reason: str | None


class PaceShown(Answer):
    """An area against its target; paces are people a day. `straight_on`: when, if the present one goes on."""

    area: AreaCode
    level: Level
    name: Names
    target: int
    enrolled: int
    remaining: int
    days_left: int
    needed_per_day: float | None
    present_per_day: float | None
    standing: Standing
    straight_on: date | None
    forecast: ForecastShown


class PaceAbout(Answer):
    """What it is made from: days until `closed`; forecasts follow the day `forecasts_of`, null: none yet."""

    campaign: CampaignId
    closed: date
    target_date: date
    forecasts_of: date | None


class PaceAnswer(PaceAbout):
    """Areas that have a target, the farthest behind first."""

    areas: list[PaceShown]


class DayEnrolled(Answer):
    """People enrolled on a closed day (IST)."""

    day: date
    enrolled: int


class BandShown(Answer):
    """People enrolled by a day to come, in a tenth, a half and nine tenths of the futures at most."""

    day: date
    low: int
    middle: int
    high: int


class AreaPaceAnswer(PaceAbout):
    """One area with its days and the band of its forecast. `pace` is null where it has no target."""

    pace: PaceShown | None
    days: list[DayEnrolled]
    band: list[BandShown]


class FlagShown(Answer):
    """Something out of the ordinary, to be looked at: `people` where `usual` would have been ordinary."""

    kind: Kind
    area: AreaCode
    day: date
    people: int
    usual: float
    recruiter: StaffId | None
    name: str | None
    """Of the recruiter, where there is one."""
    hour: int | None


class FlagsAnswer(PaceAbout):
    """Flags of areas, and of recruiters' hours: by name for their in-charge, as numbers for others."""

    within: AreaCode
    areas: list[FlagShown]
    recruiters: list[FlagShown] | None
    busy_hours: dict[AreaCode, int]
