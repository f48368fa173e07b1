"""What the quota desk raised and reserved changes the quotas that are shown, and what counts as issued."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.campaign.definition import CampaignDefinition
from mitra_shared.contracts.event import Event
from mitra_shared.contracts.topics import CERTIFICATES, partition_of
from mitra_shared.ids import AreaCode
from reporting.domain.goals import DESK
from reporting.mirror import Mirror
from tests.factories import small_campaign
from tests.reporting.field import Field

SEGMENT = "S11-AC017"
SEAT = "S11-PC04"
HOME = partition_of(SEAT)


async def shown(mirror: Mirror, field: Field, area: str = SEGMENT) -> tuple[int | None, int, int]:
    """Quota, issued and waitlisted of an area, as a mirror that followed and a fresh one show them."""
    await mirror.refresh()
    fresh = Mirror(mirror._engine)
    await fresh.refresh()
    code, campaign = AreaCode(area), field.campaign.id
    followed, anew = mirror.boards[campaign].rollup(code), fresh.boards[campaign].rollup(code)
    assert (followed.counts, followed.quota) == (anew.counts, anew.quota)
    quota = followed.quota.number if followed.quota else None
    return quota, followed.counts.certificates_issued, followed.counts.certificates_waitlisted


async def begun(engine: AsyncEngine, *, waiting: int = 2) -> tuple[Field, Mirror]:
    """Three certificates are issued in the segment, which is its quota, and some wait."""
    field, mirror = Field(engine), Mirror(engine)
    await field.apply(field.defined())
    issued: list[Event] = [field.issued(SEGMENT) for _ in range(3)]
    await field.apply([*issued, *(field.waitlisted(SEGMENT) for _ in range(waiting))])
    assert await shown(mirror, field) == (3, 3, waiting)
    return field, mirror


async def test_a_raised_quota_shows_in_the_area_and_above_and_makes_room(
    reporting_engine: AsyncEngine,
) -> None:
    field, mirror = await begun(reporting_engine)
    version = mirror.version
    await field.apply([field.raised(SEGMENT, 1), field.issued(SEGMENT, previous="waitlisted")])
    assert await shown(mirror, field) == (4, 4, 1)
    assert await shown(mirror, field, SEAT) == (10, 4, 1)
    assert await shown(mirror, field, "IN") == (25, 4, 1)
    board = mirror.boards[field.campaign.id]
    assert set(board.changed_since(version, board.definition.by_code)) == {"IN", "S11", SEAT, SEGMENT}


async def test_places_that_are_kept_for_a_programme_are_not_in_the_quota_until_they_are_given(
    reporting_engine: AsyncEngine,
) -> None:
    field, mirror = await begun(reporting_engine, waiting=0)
    programme = UUID(int=7)
    await field.apply([field.raised(SEGMENT, 2), field.reserved(SEGMENT, 2, programme)])
    assert await shown(mirror, field) == (3, 3, 0)
    await field.apply([field.waitlisted(SEGMENT)])
    assert await shown(mirror, field) == (3, 3, 1)
    await field.apply([field.reserved(SEGMENT, -1, programme), field.issued(SEGMENT, previous="waitlisted")])
    assert await shown(mirror, field) == (4, 4, 0)


async def test_forgetting_a_partition_takes_its_places_back_and_a_replay_gives_them_again(
    reporting_engine: AsyncEngine,
) -> None:
    field, mirror = await begun(reporting_engine, waiting=0)
    elsewhere = "S24-AC036"
    places = [field.raised(SEGMENT, 5), field.reserved(SEGMENT, 2, UUID(int=7))]
    await field.apply([*places, field.raised(elsewhere, 1)])
    assert await shown(mirror, field) == (6, 3, 0)
    await field.forget(CERTIFICATES, HOME)
    assert await shown(mirror, field) == (3, 0, 0)
    assert await shown(mirror, field, elsewhere) == (4, 0, 0)
    await field.apply(places)
    assert await shown(mirror, field) == (6, 0, 0)
    async with reporting_engine.connect() as connection:
        rows = await connection.execute(text("select area, raised, reserved from places_beside order by 1"))
        assert [tuple(row) for row in rows] == [(SEGMENT, 5, 2), (elsewhere, 1, 0)]


async def test_places_of_an_area_count_while_the_quotas_are_given_at_its_level(
    reporting_engine: AsyncEngine,
) -> None:
    field, mirror = await begun(reporting_engine, waiting=0)
    await field.apply([field.raised(SEAT, 4)])
    assert await shown(mirror, field, SEAT) == (9, 3, 0)
    await field.apply(field.defined(at_constituencies(2)))
    assert await shown(mirror, field, SEAT) == (6, 3, 0)
    assert (await shown(mirror, field))[0] is None


async def test_an_area_without_a_goal_has_the_quota_that_the_desk_gives_it(
    reporting_engine: AsyncEngine,
) -> None:
    field, mirror = Field(reporting_engine, campaign=small_campaign(goals=[])), Mirror(reporting_engine)
    await field.apply([*field.defined(), field.waitlisted(SEGMENT)])
    assert await shown(mirror, field) == (None, 0, 1)
    await field.apply([field.raised(SEGMENT, 1)])
    assert await shown(mirror, field) == (1, 1, 0)
    quota = mirror.boards[field.campaign.id].rollup(AreaCode(SEGMENT)).quota
    assert quota is not None
    assert quota.source == DESK


def at_constituencies(number: int) -> CampaignDefinition:
    goal = {"level": "constituency", "metric": "certificates", "number": number, "source": "for tests"}
    return small_campaign(2, goals=[goal])
