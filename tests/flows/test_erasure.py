"""A person is erased from a whole running stack: not a byte is left where it was, and every figure stays."""

import asyncio
import random
import secrets
from collections.abc import AsyncIterator
from functools import partial
from string import ascii_uppercase
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
import pytest_asyncio

from enrolment.codes import ChallengeId, code_of
from mitra_shared.ops.audit import AuditSources, audit
from mitra_shared.ops.embedded.accounts import AUDIT, REDIS_ADMIN
from mitra_shared.security.lookup import KeyedHash
from mitra_shared.security.secret_files import read_secret
from mitra_shared.security.tokens import Role
from tests.enrolment.imports.import_world import csv_file, line, table, workbook
from tests.flows.logs import rows
from tests.flows.real_stack import SINGLE, RealStack, real_stack
from tests.flows.scanning import Found, scan
from tests.flows.settling import until_settled
from tests.flows.story import Story, person, quota, story, until

HERE, ELSEWHERE = "S11-AC019", "S11-AC018"
CONSTITUENCY = "S11-PC04"


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
        await told.define(goals=quota(3))
        yield told


class Enrolled(NamedTuple):
    """A person, and what stands somewhere because of them."""

    mitra: UUID
    receipt: str
    key: str
    body: dict[str, Any]
    needles: dict[str, str]


async def enrol(tale: Story, segment: str, name: str) -> Enrolled:
    """Enrol somebody and learn in which forms name and phone are kept."""
    body, key = person(segment) | {"name": name}, str(uuid4())
    answer = await tale.ask_to_enrol(body, key=key)
    assert answer.status_code == 201, answer.text
    mitra = UUID(answer.json()["mitra_id"])
    (row,) = await admin(tale.stack, "enrolment", "select * from mitra where id = $1", mitra)
    (outcome,) = await rows(
        tale.stack.engines["enrolment"], "select digest from outcome where idempotency_key = :key", key=key
    )
    (found_by, *_) = await until(lambda: _matching_keys(tale, mitra), bool)
    return Enrolled(
        mitra,
        answer.json()["receipt"],
        key,
        body,
        {
            "name": name,
            "phone": body["phone"].removeprefix("+91"),
            "sealed name": row["name"],
            "sealed phone": row["phone"],
            "hash of the phone": bytes(row["phone_hash"]).hex(),
            "digest of the request": bytes(outcome.digest).hex(),
            "key of the matcher": found_by,
        },
    )


async def _matching_keys(tale: Story, mitra: UUID) -> list[str]:
    """What the matcher finds somebody by; of a name that is borne by nobody else."""
    found = await admin(
        tale.stack, "enrolment", "select key from matching_key where mitra = $1 and not is_word", mitra
    )
    return [bytes(row["key"]).hex() for row in found]


async def _new_matching_key(tale: Story, corrected: Enrolled) -> str:
    """What the matcher finds somebody by once it has followed a correction of the name."""
    old = corrected.needles["key of the matcher"]
    (key, *_) = await until(
        lambda: _matching_keys(tale, corrected.mitra), lambda keys: bool(keys) and old not in keys
    )
    return key


async def admin(stack: RealStack, service: str, statement: str, *values: object) -> list[Any]:
    connection = await asyncpg.connect(stack.postgres.url(service))
    try:
        return list(await connection.fetch(statement, *values))
    finally:
        await connection.close()


async def ask_to_erase(tale: Story, segment: str, *people: UUID) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        for mitra in people:
            answer = await client.post(
                f"{tale.enrolment}/v1/mitras/{mitra}/erasure", headers=tale.staff_of(segment)
            )
            assert (answer.status_code, answer.json()["state"]) == (202, "noticed"), answer.text


async def let_two_days_pass(tale: Story, *people: UUID) -> None:
    """The notice of these people was 48 hours ago."""
    await admin(
        tale.stack,
        "enrolment",
        "update mitra set erase_at = now(), erasure_noticed_at = now() - interval '48 hours'"
        " where id = any($1)",
        list(people),
    )


async def until_complete(tale: Story, *people: UUID) -> None:
    async def complete() -> int:
        found = await admin(
            tale.stack,
            "enrolment",
            "select count(*) from erasure where completed_at is not null and mitra = any($1)",
            list(people),
        )
        return int(found[0][0])

    await until(complete, lambda done: done == len(people), within=120)


async def assert_sound(stack: RealStack) -> None:
    await until_settled(stack)
    report = await audit(
        AuditSources(
            **{service: stack.database_url(service, AUDIT) for service in stack.engines},
            redis=stack.redis_url(AUDIT),
        ),
        deep=True,
        patience=20,
    )
    assert report.clean, report.findings


async def certificates(tale: Story) -> list[tuple[Any, ...]]:
    """What the register says, without what is personal."""
    found = await rows(
        tale.stack.engines["certificates"],
        "select id, mitra_id, segment, state, serial, enrolled_position, issued_at, revoked_at, revision"
        " from certificate where campaign = :campaign order by enrolled_position, id",
        campaign=tale.campaign,
    )
    return [tuple(row) for row in found]


async def figures(tale: Story) -> list[Any]:
    """Every count that reporting keeps of the campaign, day by day and hour by hour."""
    by_day = await rows(
        tale.stack.engines["reporting"],
        "select metric, area, day, sum(count) as count from rollup_day where campaign = :campaign"
        " group by 1, 2, 3 having sum(count) <> 0 order by 1, 2, 3",
        campaign=tale.campaign,
    )
    by_hour = await rows(
        tale.stack.engines["reporting"],
        "select recruiter, area, day, hour, sum(count) as count from rollup_recruiter"
        " where campaign = :campaign group by 1, 2, 3, 4 order by 1, 2, 3, 4",
        campaign=tale.campaign,
    )
    return [tuple(row) for row in (*by_day, *by_hour)]


async def live(tale: Story) -> dict[str, Any]:
    """What everybody may see at once of the whole country."""
    shown = await tale.rollup("IN")
    return {name: value for name, value in shown.items() if name not in {"version", "as_of"}}


def of_the_enrolled(counts: list[Any]) -> list[Any]:
    """Those that tell of enrolments, and not of what came of them."""
    return [each for each in counts if not each[0].startswith(("withdrawn", "certificates:"))]


async def replay(stack: RealStack) -> None:
    """Have certificates and reporting forget everything and read it from the logs again."""
    for service in ("certificates", "reporting"):
        await admin(
            stack,
            service,
            'update consumer_position set rebuild_requested_at = now() where "group" = $1',
            service,
        )

    async def waiting() -> int:
        left = 0
        for service in ("certificates", "reporting"):
            found = await admin(
                stack,
                service,
                "select count(*) from consumer_position where rebuild_requested_at is not null",
            )
            left += int(found[0][0])
        return left

    await until(waiting, lambda left: left == 0, within=120)


async def poison(stack: RealStack) -> None:
    """Let the certificates of one segment not be made."""
    await admin(
        stack,
        "certificates",
        """
        create or replace function refuse() returns trigger language plpgsql as $$
        begin raise exception 'refused by the test' using errcode = '23514'; end $$;
        """,
    )
    await admin(
        stack,
        "certificates",
        f"create trigger refuse before insert on certificate for each row"
        f" when (new.segment = '{ELSEWHERE}') execute function refuse()",
    )


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
        "gone: right key of the matcher": await _new_matching_key(hamlet, gone),
        "stuck: right key of the matcher": await _new_matching_key(hamlet, stuck),
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
        "gone: digest of the duplicate": await try_again_elsewhere(hamlet, gone),
        **{f"gone: {name}": needle for name, needle in (await send_on_sheets(hamlet, gone)).items()},
    }
    await until_settled_but_for(stack)
    before = await scan(stack, needles, campaign=hamlet.campaign, area=CONSTITUENCY)
    assert_found_where_it_belongs(before)
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


async def until_settled_but_for(stack: RealStack) -> None:
    """Everything is carried and applied, and one event is put away."""
    await until(lambda: letters(stack, None), lambda found: "poison" in found)
    await until_settled(stack)


async def letters(stack: RealStack, mitra: UUID | None) -> list[str]:
    found = await rows(
        stack.engines["certificates"],
        "select state from dead_letter where subject = coalesce(cast(:mitra as uuid), subject)"
        " order by state",
        mitra=mitra,
    )
    return [row.state for row in found]


async def correct(tale: Story, segment: str, who: Enrolled, name: str) -> str:
    """As the person asks with a helper, and the in-charge grants. Returns the right name, sealed."""
    path, helper = f"{tale.enrolment}/v1/receipts/{who.receipt}", tale.staff_of(segment)
    key = read_secret(tale.stack.home / "secrets" / "enrolment" / "mitra_lookup_key")
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        assert (await client.post(f"{path}/codes", headers=helper)).status_code == 202
        (code,) = await admin(
            tale.stack, "enrolment", "select id from one_time_code order by asked_at desc limit 1"
        )
        typed = {"code": code_of(ChallengeId(code[0]), KeyedHash.from_base64(key))}
        session = await client.post(f"{path}/sessions", json=typed, headers=helper)
        assert session.status_code == 201, session.text
        asked = await client.post(
            f"{path}/corrections",
            json={"name": name, "language": "ur", "schemes": ["PMUY"]},
            headers=helper | {"Person-Session": session.json()["session"]},
        )
        assert asked.status_code == 201, asked.text
        requests, in_charge = f"{tale.enrolment}/v1/requests", tale.bearer(Role.IN_CHARGE, CONSTITUENCY)
        (request,) = (await client.get(requests, headers=in_charge)).json()["requests"]
        granted = await client.post(
            f"{requests}/{request['id']}/answer", json={"reason": "done"}, headers=in_charge
        )
        assert granted.status_code == 200, granted.text
    (row,) = await admin(tale.stack, "enrolment", "select name from mitra where id = $1", who.mitra)
    return str(row["name"])


async def use_the_certificate(tale: Story, holder: Enrolled) -> dict[str, str]:
    """Have its PDF made, its name corrected and its sheet printed. Returns what else is kept by that."""
    told = await until(
        lambda: tale.certificate(HERE, str(holder.mitra)),
        lambda found: found.get("credential_id") is not None,
    )
    headers = tale.bearer(Role.IN_CHARGE, CONSTITUENCY)
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        pdf = await client.get(
            f"{tale.certificates}/v1/certificates/{told['id']}",
            headers={**headers, "Accept": "application/pdf"},
        )
        assert pdf.content.startswith(b"%PDF"), pdf.text
        corrected = await client.post(
            f"{tale.certificates}/v1/desk/corrections",
            json={
                "number": told["number"],
                "holder_name": "Anders Geschrieben",
                "reason": "Geschrieben, not Anan",
            },
            headers={**headers, "Idempotency-Key": str(uuid4())},
        )
        assert corrected.status_code == 200, corrected.text
        await until(
            lambda: tale.certificate(HERE, str(holder.mitra)),
            lambda found: found.get("credential_id") is not None,
        )
        sheet = await client.post(
            f"{tale.certificates}/v1/segments/{HERE}/sheets",
            json={},
            headers={**headers, "Idempotency-Key": str(uuid4())},
        )
        assert sheet.status_code == 201, sheet.text
    (entry,) = await rows(
        tale.stack.engines["certificates"], "select * from desk_entry where kind = 'correct'"
    )
    facts = await rows(
        tale.stack.engines["certificates"],
        "select facts from credential where certificate_id = :id and facts is not null",
        id=UUID(told["id"]),
    )
    return {
        "corrected name": entry.holder_name,
        "digest of the correction": bytes(entry.request).hex(),
        "reason of the correction": entry.reason,
        "sealed facts": facts[0].facts,
    }


async def try_again_elsewhere(tale: Story, known: Enrolled) -> str:
    """Another recruiter enrols the same phone. Returns the digest that is kept of it."""
    key = str(uuid4())
    answer = await tale.ask_to_enrol(known.body, key=key, headers=tale.bearer(Role.IN_CHARGE, CONSTITUENCY))
    assert answer.status_code == 409
    (outcome,) = await rows(
        tale.stack.engines["enrolment"], "select digest from outcome where idempotency_key = :key", key=key
    )
    return bytes(outcome.digest).hex()


async def send_on_sheets(tale: Story, known: Enrolled) -> dict[str, str]:
    """Import the person, a duplicate, and leave another sheet waiting. Returns what is kept of both."""
    row = line(0, name=known.body["name"], phone=known.body["phone"], segment=HERE)
    waiting = workbook(("One", table([row])), ("Two", table([row])))
    headers = tale.staff_of(HERE)
    async with httpx.AsyncClient(
        base_url=tale.enrolment, headers=headers, trust_env=False, timeout=20
    ) as client:

        async def state(upload: str) -> str:
            return str((await client.get(f"/v1/imports/{upload}")).json()["state"])

        uploads = []
        for file in (csv_file(table([row])), waiting):
            sent = await client.post("/v1/imports", content=file)
            assert sent.status_code == 202, sent.text
            upload = sent.json()["id"]
            uploads.append(upload)
            await until(partial(state, upload), lambda now: now == "previewed")
        accepted = await client.post(
            f"/v1/imports/{uploads[0]}/accept", json={"preview": 1, "papers_are_signed": True}
        )
        assert accepted.status_code == 202, accepted.text
        await until(lambda: state(uploads[0]), lambda now: now == "done")
    kept = "select sealed from sheet_import_row where import = $1"
    ((refused,), (unseen,)) = [
        (await admin(tale.stack, "enrolment", kept, UUID(upload)))[0] for upload in uploads
    ]
    (part,) = await admin(tale.stack, "enrolment", "select sealed from sheet_import_file")
    return {
        "row of a sheet": refused,
        "row of a sheet that waits": unseen,
        "file of a sheet that waits": bytes(part["sealed"][:64]).hex(),
    }


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
    assert found["gone: digest of the duplicate"] == {"enrolment: outcome"}
    assert found["gone: corrected name"] == {"certificates: desk_entry", "certificates: certificate"}
    assert found["gone: digest of the correction"] == {"certificates: desk_entry"}
    assert found["gone: reason of the correction"] == {"certificates: desk_entry"}
    assert found["gone: sealed facts"] == {"certificates: credential"}
