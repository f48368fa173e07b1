"""The photo of a signed paper: who may send it and look at it, what is kept of it, and what is refused."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.clock import india_day
from enrolment.commands.keep_paper_photo import KeepPaperPhoto, keep_paper_photo
from enrolment.commands.look_at_mitra import MitraGone
from enrolment.domain.paper_photo import LARGEST_PHOTO
from enrolment.photo_press import PhotoPress
from enrolment.storage.row_security import Work, act_as, work_as
from enrolment.upkeep import Upkeep
from mitra_shared.ids import AreaCode, CampaignId, MitraId, StaffId
from mitra_shared.security.tokens import Caller, Role
from tests.enrolment.intake_api import (
    CONSTITUENCY,
    SEALS,
    IntakeApi,
    TestClock,
    count,
    person,
    rows,
    running_api,
    token,
)
from tests.enrolment.people import UNKNOWN, Browser, enrolled_person
from tests.enrolment.photos import (
    APP_SEGMENTS_AND_COMMENTS,
    SECRET,
    jpeg,
    markers,
    opened,
    png,
    resized_in_the_header,
)
from tests.factories import NOTICE_VERSION

RECRUITER = token()
IN_CHARGE = token(f"{CONSTITUENCY}/in-charge", Role.IN_CHARGE)
CAMPAIGN = CampaignId("small")
PHOTO, ANOTHER = jpeg(), jpeg(seed=40)


def signed(manner: str = "signed_paper") -> dict[str, Any]:
    consent = {"given": True, "notice_version": NOTICE_VERSION, "language": "hi", "manner": manner}
    return {"consent": consent}


async def enrolled(api: IntakeApi, number: int = 1, manner: str = "signed_paper") -> str:
    answer = await api.enrol(person(number, **signed(manner)), bearer=RECRUITER)
    return str(answer.json()["mitra_id"])


async def send(
    api: IntakeApi,
    mitra: str,
    photo: bytes = PHOTO,
    *,
    bearer: str = RECRUITER,
    kind: str = "image/jpeg",
    **query: str,
) -> httpx.Response:
    return await api.client.put(
        f"/v1/mitras/{mitra}/paper",
        content=photo,
        params=query,
        headers={"Authorization": f"Bearer {bearer}", "Content-Type": kind},
    )


async def look(api: IntakeApi, mitra: str, bearer: str = RECRUITER) -> httpx.Response:
    return await api.get(f"/v1/mitras/{mitra}/paper", bearer=bearer)


def problem(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["type"].removeprefix("urn:mitra:problem:")


async def test_the_picture_alone_is_kept_sealed_and_shown_on_record(api: IntakeApi) -> None:
    mitra = await enrolled(api)
    sent = await send(api, mitra, jpeg(upright=6), taken_on="2026-11-20")
    assert sent.status_code == 200, sent.text
    assert sent.headers["cache-control"] == "no-store"
    assert (sent.json()["mitra_id"], sent.json()["taken_on"]) == (mitra, "2026-11-20")
    (row,) = await rows(api.engine, "select * from paper_photo")
    assert b"JFIF" not in row.sealed
    shown = await look(api, mitra)
    assert shown.headers["content-type"] == "image/jpeg"
    assert shown.headers["cache-control"] == "no-store"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert shown.headers["content-disposition"] == 'inline; filename="paper.jpg"'
    assert not markers(shown.content) & APP_SEGMENTS_AND_COMMENTS
    assert SECRET not in shown.content
    picture = opened(shown.content)
    # It lay on its side, and was turned: what was at the top left is at the top right.
    assert picture.size == (200, 320)
    assert _is_red(picture.getpixel((190, 10)))
    assert not _is_red(picture.getpixel((10, 10)))
    assert await rows(
        api.engine, "select actor, role, purpose, cast(subject as text), fields from access_record"
    ) == [(f"{CONSTITUENCY}/co-in-charge-07", "co_in_charge", "consent", mitra, ["paper_photo"])]
    told = (await api.get(f"/v1/mitras/{mitra}")).json()["consent"]["paper_photo"]
    assert told == {name: sent.json()[name] for name in ("taken_on", "kept_by", "kept_at")}


def _is_red(pixel: Any) -> bool:
    red, green, blue = pixel
    return bool(red > 150 and green < 80 and blue < 80)


async def test_the_same_photo_again_gives_the_same_answer(api: IntakeApi) -> None:
    mitra = await enrolled(api)
    first, again = [await send(api, mitra) for _ in range(2)]
    assert first.json() == again.json()
    another = await enrolled(api, 2)
    first, again = await asyncio.gather(*(send(api, another) for _ in range(2)))
    assert first.json() == again.json()
    assert await count(api.engine, "paper_photo") == 2


async def test_of_two_different_photos_at_once_one_is_kept(api: IntakeApi) -> None:
    mitra = await enrolled(api)
    answers = await asyncio.gather(send(api, mitra), send(api, mitra, ANOTHER))
    assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_another_photo_takes_the_place_only_where_the_in_charge_says_so(api: IntakeApi) -> None:
    mitra = await enrolled(api)
    await send(api, mitra)
    for bearer, query in ((RECRUITER, {}), (RECRUITER, {"replace": "true"}), (IN_CHARGE, {})):
        refused = await send(api, mitra, ANOTHER, bearer=bearer, **query)
        assert problem(refused) == (409, "paper-photo-kept")
    replaced = await send(api, mitra, ANOTHER, bearer=IN_CHARGE, replace="true")
    assert replaced.json()["kept_by"] == f"{CONSTITUENCY}/in-charge"
    assert await count(api.engine, "paper_photo") == 1


@pytest.mark.parametrize(
    "bearer",
    [
        token(f"{CONSTITUENCY}/co-in-charge-08"),
        token("S24-PC07/in-charge", Role.IN_CHARGE, "S24-PC07"),
    ],
    ids=["another co-in-charge", "another constituency"],
)
async def test_others_are_told_that_there_is_nobody(api: IntakeApi, bearer: str) -> None:
    mitra, nobody = await enrolled(api), "0193e2f0-6d3c-7c41-9a6b-1c2d3e4f5a6b"
    sent = [await send(api, whom, bearer=bearer) for whom in (mitra, nobody)]
    await send(api, mitra)
    seen = [await look(api, whom, bearer) for whom in (mitra, nobody)]
    for answers in (sent, seen):
        assert {answer.text for answer in answers} == {answers[0].text}
        assert problem(answers[0]) == (404, "not-found")
    assert await rows(api.engine, "select seq from access_record") == []


async def test_the_recruiter_sends_the_photo_though_the_person_was_handed_over_and_sees_it_no_more(
    api: IntakeApi,
) -> None:
    mitra, recruiter = await enrolled(api), f"{CONSTITUENCY}/co-in-charge-07"
    await api.get("/v1/rounds/round-1/due", bearer=IN_CHARGE)
    given = await api.post(
        "/v1/care", {"from": recruiter, "to": f"{CONSTITUENCY}/in-charge"}, bearer=IN_CHARGE
    )
    assert given.json() == {"people": 1}
    assert (await send(api, mitra)).is_success
    assert problem(await look(api, mitra)) == (404, "not-found")
    assert (await look(api, mitra, IN_CHARGE)).status_code == 200


async def test_headquarters_never_sees_a_paper(api: IntakeApi) -> None:
    headquarters = token("hq", Role.HEADQUARTERS, None)
    mitra = await enrolled(api)
    assert problem(await send(api, mitra, bearer=headquarters)) == (403, "forbidden")
    assert problem(await look(api, mitra, headquarters)) == (403, "forbidden")


async def test_the_in_charge_sees_of_how_many_papers_there_is_no_photo(api: IntakeApi) -> None:
    device = str(uuid4())
    path = f"/v1/devices/{device}"
    synced = await api.post(f"{path}/records", {"highest": 0, "records": []}, bearer=RECRUITER)
    assert synced.status_code == 200
    has_photo, withdrawn, _ = [await enrolled(api, number) for number in range(3)]
    await enrolled(api, 3, "read")
    sheet = await enrolled(api, 4)
    async with api.engine.begin() as connection:
        await work_as(connection, Work.IMPORTS)
        await connection.execute(
            text(
                "insert into paper_consent (mitra, import, collected_on, collected_by)"
                " values (cast(:mitra as uuid), gen_random_uuid(), now(), 'sealed')"
            ),
            {"mitra": sheet},
        )
    assert (await send(api, has_photo)).status_code == 200
    await api.post(f"/v1/mitras/{withdrawn}/withdrawal", bearer=RECRUITER)
    for bearer in (IN_CHARGE, RECRUITER):
        (told,) = (await api.get("/v1/devices", bearer=bearer)).json()["devices"]
        assert told["papers_without_photo"] == 1
        assert (await api.get(path, bearer=bearer)).json()["papers_without_photo"] == 1


async def test_a_photo_is_kept_of_signed_papers_of_people_who_stay(api: IntakeApi) -> None:
    read, gone = await enrolled(api, 1, "read"), await enrolled(api, 2)
    assert problem(await look(api, gone)) == (404, "not-found")
    await send(api, gone)
    await api.post(f"/v1/mitras/{gone}/withdrawal")
    refused = await send(api, read)
    assert (problem(refused), refused.json()["manner"]) == ((409, "no-signed-paper"), "read")
    for answer in (await send(api, gone), await look(api, gone), await look(api, gone, IN_CHARGE)):
        assert problem(answer) == (409, "mitra-withdrawn")
    assert await rows(api.engine, "select seq from access_record") == []


BOMB = resized_in_the_header(jpeg(), 60_000, 60_000)


async def test_a_photo_that_is_not_taken_is_refused_in_words(api: IntakeApi) -> None:
    mitra = await enrolled(api)
    for photo, reason, words in (
        (b"", "empty", "The body is empty"),
        (png(), "not-jpeg", "whatever the file is called"),
        (PHOTO[:-2], "cut-off", "send it whole"),
        (PHOTO + b"<html>", "more-behind", "send the picture alone"),
        (BOMB, "too-many-pixels", "2400 x 2400 pixels; scale it down"),
    ):
        refused = await send(api, mitra, photo)
        assert (problem(refused), refused.json()["reason"]) == ((422, "unfit-photo"), reason)
        assert words in refused.json()["detail"]
    assert await count(api.engine, "paper_photo") == 0


async def test_what_is_too_large_is_refused_before_it_is_read(api: IntakeApi) -> None:
    mitra = await enrolled(api)
    for size in (LARGEST_PHOTO + 1, 10_000_000):
        refused = await send(api, mitra, bytes(size))
        assert (problem(refused), refused.json()["limit"]) == ((413, "body-too-large"), LARGEST_PHOTO)


async def test_another_type_and_a_day_to_come_are_refused(api: IntakeApi) -> None:
    mitra = await enrolled(api)
    refused = await send(api, mitra, png(), kind="image/png")
    assert (problem(refused), refused.json()["accepted"]) == ((415, "content-type"), ["image/jpeg"])
    tomorrow = india_day(datetime.now(UTC)) + timedelta(days=1)
    refused = await send(api, mitra, taken_on=tomorrow.isoformat())
    assert (problem(refused), refused.json()["errors"][0]["field"]) == ((422, "invalid-request"), "taken_on")


class Interrupted(PhotoPress):
    """Something happens while the photo is in the press."""

    def __init__(self, api: IntakeApi, mitra: str) -> None:
        super().__init__()
        self._api, self._mitra = api, mitra

    async def press(self, photo: bytes) -> bytes:
        await self._api.post(f"/v1/mitras/{self._mitra}/withdrawal")
        return await super().press(photo)


async def test_of_whoever_withdraws_meanwhile_no_photo_is_kept(api: IntakeApi) -> None:
    mitra = await enrolled(api)
    recruiter = Caller(
        StaffId(f"{CONSTITUENCY}/co-in-charge-07"), Role.CO_IN_CHARGE, CAMPAIGN, AreaCode(CONSTITUENCY)
    )
    now = datetime.now(UTC)
    command = KeepPaperPhoto(MitraId(UUID(mitra)), CAMPAIGN, recruiter, PHOTO, india_day(now), now)
    with pytest.raises(MitraGone):
        await keep_paper_photo(command, api.engine, SEALS, Interrupted(api, mitra))
    assert await count(api.engine, "paper_photo") == 0


async def test_looks_at_papers_count_with_looks_at_names(campaign_engine: AsyncEngine) -> None:
    async with running_api(campaign_engine, looks=1) as api:
        first, second = await enrolled(api, 1), await enrolled(api, 2)
        for mitra in (first, second):
            await send(api, mitra)
        looked = await api.post(f"/v1/mitras/{first}/look", {"purpose": "contact"}, bearer=RECRUITER)
        assert looked.status_code == 200
        assert (await look(api, first)).status_code == 200
        refused = await look(api, second)
        assert problem(refused) == (429, "looks-used-up")
        assert 0 < int(refused.headers["retry-after"]) <= 86_400


async def test_the_person_sees_it_at_the_own_page_until_it_is_erased(campaign_engine: AsyncEngine) -> None:
    clock = TestClock()
    async with running_api(campaign_engine, clock=clock) as api:
        somebody = await enrolled_person(api, 1, **signed())
        home = f"/r/{somebody.receipt}"
        browser = Browser(api)
        assert "/paper" not in (await browser.sign_in(somebody)).text
        assert problem(await browser.get(f"{home}/paper")) == (404, "not-found")
        await send(api, somebody.mitra, taken_on="2026-11-20")
        for language, words in (
            ("en", "There is a photo of the paper that you signed, taken on 20-11-2026."),
            ("hi", "एक तस्वीर रखी है"),
            ("ur", "ایک تصویر رکھی ہے"),
        ):
            browser.language = language
            page = await browser.get(home)
            assert words in page.text
            assert f'href="{home}/paper"' in page.text
        photo = await browser.get(f"{home}/paper")
        assert (photo.headers["content-type"], opened(photo.content).size) == ("image/jpeg", (320, 200))
        assert photo.headers["cache-control"] == "no-store"
        seen = await rows(
            api.engine, "select actor, purpose from access_record where fields = '{paper_photo}'"
        )
        assert seen == [("person", "own-data")]
        assert (await Browser(api).get(f"{home}/paper")).headers["content-type"].startswith("text/html")
        await api.post(f"/v1/mitras/{somebody.mitra}/erasure")
        assert (await browser.get(f"{home}/paper")).status_code == 200
        clock.now += timedelta(hours=1)
        asked = await somebody.ask("GET", "", await somebody.session())
        assert asked.json()["consent"]["paper_photo"]["taken_on"] == "2026-11-20"
        clock.now += timedelta(hours=48)
        await Upkeep(api.engine, clock).work()
        assert await count(api.engine, "paper_photo") == 0
        assert problem(await send(api, somebody.mitra)) == (409, "mitra-withdrawn")


async def test_a_receipt_that_nobody_has_shows_no_photo(api: IntakeApi) -> None:
    somebody = await enrolled_person(api, 1, **signed())
    answers = [await Browser(api).get(f"/r/{receipt}/paper") for receipt in (somebody.receipt, UNKNOWN)]
    assert [answer.status_code for answer in answers] == [200, 200]


async def test_the_database_shows_a_photo_to_who_sees_the_person_alone(api: IntakeApi) -> None:
    await send(api, await enrolled(api))

    async def seen_as(who: Caller | Work | None) -> int:
        async with api.engine.connect() as connection, connection.begin():
            if who is not None:
                await act_as(connection, who, CAMPAIGN, datetime.now(UTC))
            found = await connection.execute(text("select count(*) from paper_photo"))
            return int(found.scalar_one())

    staff = [
        Caller(StaffId(f"of {area}"), Role.IN_CHARGE, CAMPAIGN, AreaCode(area))
        for area in (CONSTITUENCY, "S24-PC07")
    ]
    assert [await seen_as(who) for who in (None, *staff)] == [0, 1, 0]
    assert [work for work in Work if await seen_as(work)] == [Work.OWN_DATA, Work.UPKEEP]
