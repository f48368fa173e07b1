"""The first moments of an api process."""

from sqlalchemy.ext.asyncio import AsyncEngine

from tests.enrolment.intake_api import load, running_api
from tests.factories import small_campaign


async def test_before_campaigns_were_read_the_answer_is_passing(enrolment_engine: AsyncEngine) -> None:
    await load(enrolment_engine, small_campaign())
    async with running_api(enrolment_engine) as api:
        api.service.campaigns.were_read = False
        refused = await api.enrol(key="a-phone-tries-again")
        assert (refused.status_code, refused.json()["type"]) == (503, "urn:mitra:problem:unavailable")
        assert int(refused.headers["Retry-After"]) > 0
        assert await api.service.campaigns.check() is not None
        async with enrolment_engine.connect() as connection:
            await api.service.campaigns.refresh(connection)
        assert await api.service.campaigns.check() is None
        assert (await api.enrol(key="a-phone-tries-again")).status_code == 201
