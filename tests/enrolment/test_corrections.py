"""What a granted correction does: to the row, to the log, and to whom others are told of."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.commands.erase_mitras import erase_mitras
from mitra_shared.contracts.codec import decode
from mitra_shared.contracts.events import LanguageCorrected, MitraCorrectedV1, SchemesCorrected
from mitra_shared.contracts.topics import ENROLMENT
from mitra_shared.ids import MitraId
from tests.enrolment.intake_api import SEALS, IntakeApi, TestClock, logged, rows, running_api
from tests.enrolment.people import Browser, Person, enrolled_person, in_charge


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest_asyncio.fixture
async def api(campaign_engine: AsyncEngine, clock: TestClock) -> AsyncIterator[IntakeApi]:
    async with running_api(campaign_engine, clock=clock) as running:
        yield running


@pytest_asyncio.fixture
async def somebody(api: IntakeApi) -> Person:
    return await enrolled_person(api)


async def asked(api: IntakeApi, who: Person, session: str | None = None, **right: Any) -> str:
    """The path of the answer to a correction that the person asks for."""
    answer = await who.ask("POST", "/corrections", session or await who.session(), right)
    assert answer.status_code == 201, answer.text
    (request,) = await rows(
        api.engine,
        "select id from person_request where mitra = cast(:mitra as uuid) and state = 'open'",
        mitra=who.mitra,
    )
    return f"/v1/requests/{request.id}/answer"


async def corrected(api: IntakeApi, who: Person, session: str | None = None, **right: Any) -> None:
    path = await asked(api, who, session, **right)
    answer = await api.post(path, {"reason": "done"}, bearer=in_charge())
    assert answer.status_code == 200, answer.text


async def told(engine: AsyncEngine) -> list[MitraCorrectedV1]:
    found = await rows(
        engine,
        "select cast(payload as text) as payload from enrolment_log where type = 'MitraCorrectedV1'"
        " order by partition, position",
    )
    events = [decode(ENROLMENT, each.payload) for each in found]
    assert all(isinstance(event, MitraCorrectedV1) for event in events)
    return events  # type: ignore[return-value]


async def test_a_correction_is_told_with_what_it_replaces_and_the_name_sealed(
    api: IntakeApi, somebody: Person, clock: TestClock
) -> None:
    await corrected(api, somebody, name="Ayesha Begum", language="ur", schemes=["PMUY"])
    (event,) = await told(api.engine)
    (row,) = await rows(api.engine, "select * from mitra")
    assert (event.mitra_id, event.key, event.segment) == (row.id, "S11-PC04", row.segment)
    assert event.holder_name == row.name
    assert SEALS.open_name(row.name, MitraId(UUID(somebody.mitra))) == "Ayesha Begum"
    assert event.name_changed
    assert event.language == LanguageCorrected(language="ur", previous="hi")
    assert event.schemes == SchemesCorrected(schemes=("PMUY",), previous=("PMAY-G",))
    assert event.occurred_at == row.corrected_at == clock.now
    written = str(await logged(api.engine, "enrolment", "MitraCorrectedV1"))
    assert "Ayesha" not in written
    assert "9800000001" not in written


async def test_a_second_correction_replaces_what_the_first_left(api: IntakeApi, somebody: Person) -> None:
    session = await somebody.session()
    await corrected(api, somebody, session, schemes=["PMUY"])
    await corrected(api, somebody, session, schemes=["PM-KISAN", "PMUY"], language="en")
    first, second = await told(api.engine)
    assert first.schemes is not None
    assert first.language is None
    assert not first.name_changed
    assert second.schemes == SchemesCorrected(schemes=("PM-KISAN", "PMUY"), previous=first.schemes.schemes)


@pytest.mark.parametrize(
    "right", [{"name": "आयशा बेगम"}, {"language": "hi"}, {"schemes": ["PMAY-G", "PMAY-G"]}]
)
async def test_what_is_right_already_is_answered_and_told_to_nobody(
    api: IntakeApi, somebody: Person, right: dict[str, Any]
) -> None:
    await corrected(api, somebody, **right)
    assert await told(api.engine) == []
    (row,) = await rows(api.engine, "select corrected_at from mitra")
    assert row.corrected_at is None
    (request,) = await rows(api.engine, "select state from person_request")
    assert request.state == "answered"


async def test_of_a_correction_only_what_differs_is_told(api: IntakeApi, somebody: Person) -> None:
    await corrected(api, somebody, name="आयशा बेगम", language="en", schemes=["PMAY-G"])
    (event,) = await told(api.engine)
    assert (event.name_changed, event.holder_name, event.schemes) == (False, None, None)
    assert event.language == LanguageCorrected(language="en", previous="hi")


async def test_many_answers_at_once_correct_once(api: IntakeApi, somebody: Person) -> None:
    path = await asked(api, somebody, name="Ayesha Begum")
    answers = await asyncio.gather(
        *(api.post(path, {"reason": "done"}, bearer=in_charge()) for _ in range(5))
    )
    assert [answer.status_code for answer in answers] == [200] * 5
    assert len(await told(api.engine)) == 1


async def test_whoever_withdrew_is_not_corrected_and_another_answer_can_be_given(
    api: IntakeApi, somebody: Person
) -> None:
    session = await somebody.session()
    path = await asked(api, somebody, session, name="Ayesha Begum")
    await somebody.ask("POST", "/withdrawal", session)
    (before,) = await rows(api.engine, "select * from mitra")
    refused = await api.post(path, {"reason": "done"}, bearer=in_charge())
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:mitra:problem:mitra-withdrawn")
    assert "`explained`" in refused.json()["detail"]
    late = await somebody.ask("POST", "/corrections", session, {"name": "Ayesha"})
    assert (late.status_code, late.json()["type"]) == (409, "urn:mitra:problem:mitra-withdrawn")
    assert await told(api.engine) == []
    assert await rows(api.engine, "select * from mitra") == [before]
    answered = await api.post(path, {"reason": "explained"}, bearer=in_charge())
    assert (answered.status_code, answered.json()["state"]) == (200, "answered")


async def test_the_own_page_of_whoever_withdrew_offers_no_correction(
    api: IntakeApi, somebody: Person
) -> None:
    browser = Browser(api)
    home = f"/r/{somebody.receipt}"
    assert f'href="{home}/correct"' in (await browser.sign_in(somebody)).text
    form = await browser.get(f"{home}/correct")
    await api.post(f"/v1/mitras/{somebody.mitra}/withdrawal")
    assert f'href="{home}/correct"' not in (await browser.get(home)).text
    # Not even where the address is typed by hand: the page says what can be done instead.
    typed = await browser.get(f"{home}/correct")
    late = await browser.submit(form, f"{home}/correct", name="Ayesha", language="hi", schemes="PMAY-G")
    assert (typed.status_code, late.status_code) == (200, 409)
    for page in (typed, late):
        assert "nothing is corrected any more" in page.text
        assert "<form" not in page.text.partition("<main")[2]
        assert f'href="{home}/erase"' in page.text
        assert f'href="{home}/grievance"' in page.text


async def test_whoever_is_erased_is_not_corrected(api: IntakeApi, somebody: Person, clock: TestClock) -> None:
    path = await asked(api, somebody, name="Ayesha Begum")
    await erase(api, clock)
    refused = await api.post(path, {"reason": "done"}, bearer=in_charge())
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:mitra:problem:mitra-withdrawn")
    assert await told(api.engine) == []


async def test_an_erasure_takes_the_corrected_name_out_of_the_log_and_leaves_the_rest(
    api: IntakeApi, somebody: Person, clock: TestClock
) -> None:
    await corrected(api, somebody, name="Ayesha Begum", schemes=["PMUY"])
    (before,) = await told(api.engine)
    await erase(api, clock)
    assert await told(api.engine) == [before.model_copy(update={"holder_name": None})]
    assert str(before.holder_name) not in str(await rows(api.engine, "select * from enrolment_log, mitra"))


async def test_of_a_correction_and_a_withdrawal_at_once_the_correction_is_first_or_not_there(
    api: IntakeApi,
) -> None:
    seen = set()
    for number in range(6):
        who = await enrolled_person(api, number)
        session = await who.session()
        path = await asked(api, who, session, name="Ayesha Begum", schemes=[])
        answer, withdrawn = await asyncio.gather(
            api.post(path, {"reason": "done"}, bearer=in_charge()), who.ask("POST", "/withdrawal", session)
        )
        assert withdrawn.status_code == 200
        kinds = [
            row.type
            for row in await rows(
                api.engine,
                "select type from enrolment_log where subject = cast(:who as uuid) order by position",
                who=who.mitra,
            )
        ]
        corrections = ["MitraCorrectedV1"] if answer.status_code == 200 else []
        assert kinds == ["MitraEnrolledV1", *corrections, "MitraWithdrawnV1"]
        seen.add(answer.status_code)
    assert seen <= {200, 409}


async def test_a_name_that_cannot_be_opened_corrects_nothing(api: IntakeApi, somebody: Person) -> None:
    path = await asked(api, somebody, name="Ayesha Begum", language="ur")
    async with api.engine.begin() as connection:
        await connection.execute(text("select set_config('mitra.work', 'upkeep', true)"))
        await connection.execute(text("update mitra set name = 'damaged'"))
    assert (await api.post(path, {"reason": "done"}, bearer=in_charge())).status_code >= 500
    assert await told(api.engine) == []
    (row,) = await rows(api.engine, "select state from person_request")
    assert row.state == "open"


async def erase(api: IntakeApi, clock: TestClock) -> None:
    """Everybody is due, and was told 48 hours ago."""
    async with api.engine.begin() as connection:
        await connection.execute(text("select set_config('mitra.work', 'upkeep', true)"))
        await connection.execute(
            text(
                "update mitra set erase_at = :now, erasure_why = 'asked',"
                " erasure_noticed_at = cast(:now as timestamptz) - interval '48 hours'"
            ),
            {"now": clock.now},
        )
    assert await erase_mitras(api.engine, clock.now) == 1
