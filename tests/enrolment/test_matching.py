"""The matcher: who is held for one, whatever order and interruption it works in, and who is cleared when."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.commands.examine_people import examine_people
from enrolment.matching.name_keys import NameKeys
from enrolment.storage.matching import on_one_phone
from enrolment.storage.row_security import Work, work_as
from mitra_shared.ids import AreaCode
from mitra_shared.ops.simulate.doubles import enrolments
from mitra_shared.security.lookup import KeyedHash, new_lookup_key
from tests.enrolment.intake_api import (
    CONSTITUENCY,
    ELSEWHERE,
    SEALS,
    SEGMENT,
    IntakeApi,
    count,
    load,
    logged,
    person,
    rows,
    running_api,
    token,
)
from tests.enrolment.matching import NAMES, enrolled, examine, family_campaign, match, pairs, start_again

FETCHED = """
    select seq_tup_read + idx_tup_fetch from pg_stat_xact_user_tables where relname = 'mitra'
"""
OTHER = token("S24-PC07/in-charge", area="S24-PC07")


@pytest_asyncio.fixture
async def families(enrolment_engine: AsyncEngine) -> AsyncIterator[IntakeApi]:
    await load(enrolment_engine, family_campaign())
    async with running_api(enrolment_engine) as api:
        yield api


async def test_the_same_name_in_another_script_on_one_phone_is_a_pair(families: IntakeApi) -> None:
    first = await enrolled(families, "Ayesha Begum")
    second = await enrolled(families, "आयशा बेगम")
    third = await enrolled(families, "عائشہ بیگم")
    await enrolled(families, "Salma Begum")
    await examine(families.engine)
    assert await pairs(families.engine) == {
        (first, second, "phone_and_name", "open"),
        (first, third, "phone_and_name", "open"),
        (second, third, "phone_and_name", "open"),
    }


async def test_a_rare_name_in_one_segment_is_a_pair_and_a_common_one_is_not(families: IntakeApi) -> None:
    first = await enrolled(families, "Wangchuk Namgyal Norbu", 1)
    await enrolled(families, "वांगचुक नामग्याल नोरबू", 2, segment="S11-AC018")
    second = await enrolled(families, "वांगचुक नामग्याल नोरबू", 3)
    await enrolled(families, "Imran Khan", 4)
    await enrolled(families, "इमरान ख़ान", 5)
    await examine(families.engine)
    assert await pairs(families.engine) == {(first, second, "segment_and_name", "open")}


async def test_phones_are_found_by_their_index_in_a_table_that_nobody_has_analyzed(
    families: IntakeApi,
) -> None:
    await families.batch([(str(uuid4()), person(number)) for number in range(400)])
    mitras = [row.id for row in await rows(families.engine, "select id from mitra limit 100")]
    async with families.engine.begin() as connection:
        await work_as(connection, Work.MATCHER)
        assert await on_one_phone(connection, mitras) == set()
        # Each of them, and who is found on the own phone; a pass through the campaign would be 400 for each.
        assert (await connection.execute(text(FETCHED))).scalar_one() < 10 * len(mitras)


async def test_pairs_on_a_phone_are_found_across_constituencies(families: IntakeApi) -> None:
    first = await enrolled(families, "Imran Khan")
    second = await enrolled(families, "इमरान ख़ान", segment=ELSEWHERE, bearer=OTHER)
    await examine(families.engine)
    assert await pairs(families.engine) == {(first, second, "phone_and_name", "open")}
    (row,) = await rows(families.engine, "select constituency, other_constituency from likely_duplicate")
    assert tuple(row) == ("S24-PC07", CONSTITUENCY)


async def made_up(api: IntakeApi, number: int, seed: int = 3) -> None:
    segments = [(AreaCode(code), CONSTITUENCY) for code in (SEGMENT, "S11-AC018")]
    entries = [
        (str(uuid4()), person(name=entry.name, phone=entry.phone, segment=entry.segment))
        for entry in enrolments(segments, number, seed)
    ]
    for outcome in (await api.batch(entries)).json()["outcomes"]:
        assert outcome["status"] == 201, outcome


async def test_what_is_found_on_the_way_is_what_a_run_from_the_start_finds(families: IntakeApi) -> None:
    for seed in range(2):
        await made_up(families, 250, seed)
        await enrolled(families, "Wangchuk Namgyal Norbu", 7 + seed)
        await examine(families.engine, at_most=90)
    found = await pairs(families.engine)
    assert {pair[2] for pair in found} >= {"phone_and_name", "segment_and_name"}
    for at_most in (7, 500):
        await start_again(families.engine)
        await examine(families.engine, at_most=at_most)
        assert await pairs(families.engine) == found


async def test_two_matchers_at_once_do_the_work_of_one(families: IntakeApi) -> None:
    await made_up(families, 300)
    await asyncio.gather(*(examine(families.engine, at_most=40) for _ in range(3)))
    await examine(families.engine)
    found = await pairs(families.engine)
    await start_again(families.engine)
    await examine(families.engine)
    assert await pairs(families.engine) == found
    assert await count(families.engine, "examined") == 300


async def test_a_matcher_that_is_cut_off_leaves_nothing_by_half(families: IntakeApi) -> None:
    await made_up(families, 200)

    def cut_off(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "update matching_position as at" in statement:
            raise ConnectionResetError("killed in the middle")

    event.listen(families.engine.sync_engine, "before_cursor_execute", cut_off)
    with pytest.raises((DBAPIError, OSError)):
        await examine_people(families.engine, NAMES, at_most=100)
    event.remove(families.engine.sync_engine, "before_cursor_execute", cut_off)
    for table in ("matching_key", "examined", "likely_duplicate"):
        assert await count(families.engine, table) == 0
    await examine(families.engine)
    assert await count(families.engine, "examined") == 200


async def test_another_key_makes_everybody_be_examined_again_and_nobody_cleared_twice(
    families: IntakeApi,
) -> None:
    await made_up(families, 60)
    await match(families.engine)
    before, told = await pairs(families.engine), await logged(families.engine, "enrolment", "MitraClearedV1")
    keys = {row.key for row in await rows(families.engine, "select key from matching_key")}
    other = NameKeys(SEALS.names, KeyedHash.from_base64(new_lookup_key()), NAMES.thresholds)
    await match(families.engine, other)
    anew = {row.key for row in await rows(families.engine, "select key from matching_key")}
    assert not keys & anew
    assert len(keys) == len(anew)
    assert await pairs(families.engine) == before
    assert await logged(families.engine, "enrolment", "MitraClearedV1") == told


async def test_who_withdraws_is_found_by_nothing_and_frees_the_other(families: IntakeApi) -> None:
    first, second = await enrolled(families, "Imran Khan"), await enrolled(families, "इमरान ख़ान")
    assert await match(families.engine) == 0
    await families.post(f"/v1/mitras/{second}/withdrawal")
    assert await pairs(families.engine) == {(first, second, "phone_and_name", "gone")}
    kept = await rows(families.engine, "select distinct cast(mitra as text) as mitra from matching_key")
    assert [row.mitra for row in kept] == [first]
    assert await match(families.engine) == 1
    (cleared,) = await logged(families.engine, "enrolment", "MitraClearedV1")
    assert cleared["mitra_id"] == first


async def test_who_is_examined_while_withdrawing_is_forgotten_at_the_next_pass(families: IntakeApi) -> None:
    mitra = await enrolled(families, "Imran Khan")
    await examine(families.engine)
    kept = await rows(families.engine, "select key from matching_key")
    await families.post(f"/v1/mitras/{mitra}/withdrawal")
    async with families.engine.begin() as connection:
        # As a pass leaves it that read the row just before the withdrawal.
        await work_as(connection, Work.MATCHER)
        await connection.execute(
            text("insert into matching_key (key, mitra, is_word) values (:key, cast(:mitra as uuid), false)"),
            {"key": kept[0].key, "mitra": mitra},
        )
    await examine(families.engine)
    assert await count(families.engine, "matching_key") == 0


async def test_everybody_without_an_open_pair_is_cleared_once(families: IntakeApi) -> None:
    await enrolled(families, "Imran Khan", 1)
    await enrolled(families, "इमरान ख़ान", 1)
    alone = {await enrolled(families, f"{name} Ansari", 2 + n) for n, name in enumerate(("Salma", "Nasir"))}
    assert await match(families.engine) == 2
    assert await match(families.engine) == 0
    told = await logged(families.engine, "enrolment", "MitraClearedV1")
    assert {each["mitra_id"] for each in told} == alone


async def test_a_frozen_campaign_clears_and_one_that_issues_at_once_does_not(
    enrolment_engine: AsyncEngine,
) -> None:
    await load(enrolment_engine, family_campaign(issue_on="enrolled"))
    async with running_api(enrolment_engine) as api:
        await enrolled(api, "Imran Khan")
        assert await match(enrolment_engine) == 0
        await load(enrolment_engine, family_campaign(2, frozen=True))
        assert await match(enrolment_engine) == 1


async def test_no_name_and_no_sound_of_one_is_stored_in_clear(families: IntakeApi) -> None:
    await enrolled(families, "Imran Khan")
    await examine(families.engine)
    stored = await rows(families.engine, "select key from matching_key")
    assert stored
    assert all(len(row.key) == 16 for row in stored)
    for row in stored:
        assert not any(code in bytes(row.key) for code in (b"Amrn", b"mrn"))
