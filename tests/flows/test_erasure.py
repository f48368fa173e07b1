"""A person is erased from a whole running stack: not a byte is left where it was, and every figure stays."""

import asyncio
import random
import secrets
from collections.abc import AsyncIterator
from string import ascii_uppercase

import pytest
import pytest_asyncio

from mitra_shared.ops.embedded.accounts import REDIS_ADMIN
from tests.flows.erasing import (
    ask_to_erase,
    assert_sound,
    certificates,
    figures,
    let_two_days_pass,
    letters,
    live,
    of_the_enrolled,
    poison,
    replay,
    until_complete,
    until_settled_but_for,
)
from tests.flows.logs import rows
from tests.flows.real_stack import SINGLE, RealStack, real_stack
from tests.flows.scanning import Found, in_statistics, scan
from tests.flows.settling import until_settled
from tests.flows.story import Story, quota, story, until
from tests.flows.traces import (
    CONSTITUENCY,
    ELSEWHERE,
    HERE,
    admin,
    by_day,
    correct,
    enrol,
    new_matching_key,
    photograph_the_paper,
    send_on_sheets,
    tell_everybody,
    tell_of_a_contact,
    told_in_bulk,
    try_again_elsewhere,
    use_the_certificate,
)

pytestmark = pytest.mark.timeout(400)


@pytest_asyncio.fixture(scope="module")
async def hamlet_stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RealStack]:
    """One process of each kind; Redis' file is written so that it can be read."""
    async with real_stack(SINGLE, tmp_path_factory.mktemp("hamlet")) as stack:
        async with stack.redis_as(REDIS_ADMIN) as redis:
            await redis.config_set("rdbcompression", "no")
        yield stack


@pytest_asyncio.fixture
async def hamlet(hamlet_stack: RealStack) -> AsyncIterator[Story]:
    await hamlet_stack.ready()
    async with story(hamlet_stack, f"hamlet-{secrets.token_hex(3)}") as told:
        await told.define(goals=quota(3), messages=by_day())
        yield told


async def test_nothing_of_a_person_is_left_anywhere_and_every_figure_stays(hamlet: Story) -> None:
    stack = hamlet.stack
    await poison(stack)
    gone = await enrol(hamlet, HERE, "ज़ुलेख़ा अनन्यनाम")
    stays = await enrol(hamlet, HERE, "Bartholomew Einzigname")
    stuck = await enrol(hamlet, ELSEWHERE, "Ottilie Steckengeblieben")
    await asyncio.gather(*(hamlet.becomes("issued", HERE, str(each.mitra)) for each in (gone, stays)))
    right = {
        "gone: right name": await correct(hamlet, HERE, gone, "Zulekha Richtigname"),
        "stuck: right name": await correct(hamlet, ELSEWHERE, stuck, "Ottilie Weitergekommen"),
        "gone: right key of the matcher": await new_matching_key(hamlet, gone),
        "stuck: right key of the matcher": await new_matching_key(hamlet, stuck),
    }
    await until(
        lambda: hamlet.certificate(HERE, str(gone.mitra)),
        lambda found: found.get("revision") == 2 and found["credential_id"] is not None,
    )
    needles = {
        **right,
        **{f"gone: {name}": needle for name, needle in gone.needles.items()},
        **{f"stays: {name}": needle for name, needle in stays.needles.items()},
        **{f"stuck: {name}": needle for name, needle in stuck.needles.items()},
        **{f"gone: {name}": needle for name, needle in (await use_the_certificate(hamlet, gone)).items()},
        **{f"gone: {name}": needle for name, needle in (await photograph_the_paper(hamlet, gone)).items()},
        **{f"stays: {name}": needle for name, needle in (await photograph_the_paper(hamlet, stays)).items()},
        "gone: contact": await tell_of_a_contact(hamlet, gone),
        "gone: digest of the duplicate": await try_again_elsewhere(hamlet, gone),
        **{f"gone: {name}": needle for name, needle in (await send_on_sheets(hamlet, gone)).items()},
    }
    await tell_everybody(hamlet, gone)
    assert await told_in_bulk(stack) == {gone.mitra: True, stays.mitra: False, stuck.mitra: False}
    await until_settled_but_for(stack)
    before = await scan(stack, needles, campaign=hamlet.campaign, area=CONSTITUENCY)
    assert_found_where_it_belongs(before)
    await admin(stack, "enrolment", "analyze mitra")
    secret = [
        right["gone: right name"],
        *(gone.needles[name] for name in ("sealed name", "sealed phone", "hash of the phone")),
    ]
    assert await in_statistics(stack, "enrolment", *secret) == {"name", "phone", "phone_hash"}
    await admin(stack, "certificates", "analyze certificate, desk_entry")
    assert await in_statistics(stack, "certificates", *secret) == set()
    figures_before, live_before = await figures(hamlet), await live(hamlet)
    of_schemes = [each[0::3] for each in figures_before if each[0].startswith("scheme")]
    assert of_schemes == [("scheme:PMAY-G", 3), ("scheme_added:PMUY", 2), ("scheme_removed:PMAY-G", 2)]

    await ask_to_erase(hamlet, HERE, gone.mitra)
    await ask_to_erase(hamlet, ELSEWHERE, stuck.mitra)
    await let_two_days_pass(hamlet, gone.mitra, stuck.mitra)
    await until_complete(hamlet, gone.mitra, stuck.mitra)
    await until(lambda: letters(stack, stuck.mitra), lambda found: found == ["parked"] * 3 + ["poison"])

    after = await scan(stack, needles, campaign=hamlet.campaign, area=CONSTITUENCY)
    left = {name: places for name, places in after.items() if places and not name.startswith("stays")}
    assert left == {}
    assert await in_statistics(stack, "enrolment", *secret) == set()
    told = await told_in_bulk(stack)
    assert len(told) == 3
    assert told.keys() & {gone.mitra, stays.mitra, stuck.mitra} == {stays.mitra}
    kept = {name: places for name, places in before.items() if name.startswith("stays")}
    assert {name: places for name, places in after.items() if name.startswith("stays")} == kept
    assert of_the_enrolled(await figures(hamlet)) == of_the_enrolled(figures_before)
    assert await live(hamlet) == live_before

    await admin(stack, "certificates", "drop trigger refuse on certificate")
    await admin(stack, "certificates", "update dead_letter set state = 'redrive' where state = 'poison'")
    await until(lambda: letters(stack, stuck.mitra), lambda found: found == ["done"] * 4)
    await until_settled(stack)
    register, counts = await certificates(hamlet), await figures(hamlet)
    await replay(stack)
    await assert_sound(stack)
    assert await certificates(hamlet) == register
    assert await figures(hamlet) == counts


async def test_an_erasure_is_seen_through_whatever_is_killed(hamlet: Story, seed: int) -> None:
    """The relay process, which erases and does all that follows, is killed again and again; Redis once."""
    stack, chance = hamlet.stack, random.Random(seed)  # noqa: S311 - a schedule
    people = [await enrol(hamlet, HERE, f"Wanda Wiederkehr {letter}") for letter in ascii_uppercase[:24]]
    stays = await enrol(hamlet, HERE, "Bartholomew Einzigname")
    mitras = [each.mitra for each in people]
    await until_settled(stack)
    before = await certificates(hamlet)
    await ask_to_erase(hamlet, HERE, *mitras)
    (relay,) = stack.of("enrolment", "relay")

    async def kill() -> None:
        for round_ in range(8):
            await asyncio.sleep(chance.uniform(0.05, 2.5))
            stack.kill(relay)
            if round_ == 4:
                stack.redis.kill()

    killing = asyncio.create_task(kill())
    for start in range(0, len(mitras), 6):
        await let_two_days_pass(hamlet, *mitras[start : start + 6])
        await asyncio.sleep(chance.uniform(0.2, 1.5))
    await killing
    await stack.ready()
    await until_complete(hamlet, *mitras)
    needles = {
        f"{each.mitra}: {name}": needle for each in (*people, stays) for name, needle in each.needles.items()
    }
    found = await scan(stack, needles, campaign=hamlet.campaign, area=CONSTITUENCY)
    assert {
        name: places for name, places in found.items() if places and not name.startswith(str(stays.mitra))
    } == {}
    assert "redis: enrolment" in found[f"{stays.mitra}: sealed name"]
    told = await rows(
        stack.engines["enrolment"],
        "select subject, count(*) as times from enrolment_log where type = 'MitraErasedV1'"
        " and subject = any(:mitras) group by subject",
        mitras=mitras,
    )
    assert {row.subject: row.times for row in told} == dict.fromkeys(mitras, 1)
    await assert_sound(stack)
    assert [row[:2] for row in await certificates(hamlet)] == [row[:2] for row in before]


def assert_found_where_it_belongs(found: Found) -> None:
    """Before the erasure: if the search missed these, it would prove nothing afterwards."""
    sealed = {
        "enrolment: mitra",
        "enrolment: enrolment_log",
        "redis: enrolment",
        "redis: file",
        "log endpoint",
    }
    assert found["stays: sealed name"] == sealed | {"certificates: certificate"}
    replaced = sealed - {"enrolment: mitra"}
    assert found["gone: sealed name"] == replaced
    assert found["gone: right name"] == sealed
    assert found["stuck: sealed name"] == replaced | {"certificates: dead_letter"}
    assert found["stuck: right name"] == sealed | {"certificates: dead_letter"}
    for who in ("gone", "stays", "stuck"):
        assert found[f"{who}: sealed phone"] == {"enrolment: mitra"}
        assert found[f"{who}: name"] == found[f"{who}: phone"] == set()
        assert found[f"{who}: digest of the request"] == {"enrolment: outcome"}
    for who in ("gone: right", "stays:", "stuck: right"):
        assert found[f"{who} key of the matcher"] == {"enrolment: matching_key"}
    assert found["gone: key of the matcher"] == found["stuck: key of the matcher"] == set()
    assert found["stays: hash of the phone"] == {"enrolment: mitra"}
    assert found["gone: hash of the phone"] == {
        "enrolment: mitra",
        "enrolment: duplicate_record",
        "enrolment: sheet_import_row",
    }
    for what in ("row of a sheet", "row of a sheet that waits"):
        assert found[f"gone: {what}"] == {"enrolment: sheet_import_row"}
    assert found["gone: file of a sheet that waits"] == {"enrolment: sheet_import_file"}
    for who in ("gone", "stays"):
        for what in ("photo of the paper", "digest of the photo"):
            assert found[f"{who}: {what}"] == {"enrolment: paper_photo"}
    assert found["gone: contact"] == {"enrolment: contact"}
    assert found["gone: digest of the duplicate"] == {"enrolment: outcome"}
    assert found["gone: corrected name"] == {"certificates: desk_entry", "certificates: certificate"}
    assert found["gone: digest of the correction"] == {"certificates: desk_entry"}
    assert found["gone: reason of the correction"] == {"certificates: desk_entry"}
    assert found["gone: sealed facts"] == {"certificates: credential"}
