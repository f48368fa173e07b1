"""People who leave traces in every place that can hold any, and what to look for there."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import asyncpg
import httpx

from enrolment.clock import INDIA, india_day, system_clock
from enrolment.codes import ChallengeId, code_of
from mitra_shared.security.lookup import KeyedHash
from mitra_shared.security.secret_files import read_secret
from mitra_shared.security.tokens import Role
from tests.enrolment.imports.import_world import csv_file, line, table, workbook
from tests.enrolment.photos import jpeg
from tests.factories import ROUND
from tests.flows.logs import rows
from tests.flows.real_stack import RealStack
from tests.flows.story import Story, person, until

HERE, ELSEWHERE = "S11-AC019", "S11-AC018"
CONSTITUENCY = "S11-PC04"


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
    body["consent"] |= {"manner": "signed_paper"}
    answer = await tale.ask_to_enrol(body, key=key)
    assert answer.status_code == 201, answer.text
    mitra = UUID(answer.json()["mitra_id"])
    (row,) = await admin(tale.stack, "enrolment", "select * from mitra where id = $1", mitra)
    (outcome,) = await rows(
        tale.stack.engines["enrolment"], "select digest from outcome where idempotency_key = :key", key=key
    )
    (found_by, *_) = await until(lambda: matching_keys(tale, mitra), bool)
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


async def matching_keys(tale: Story, mitra: UUID) -> list[str]:
    """What the matcher finds somebody by; of a name that is borne by nobody else."""
    found = await admin(
        tale.stack, "enrolment", "select key from matching_key where mitra = $1 and not is_word", mitra
    )
    return [bytes(row["key"]).hex() for row in found]


async def new_matching_key(tale: Story, corrected: Enrolled) -> str:
    """What the matcher finds somebody by once it has followed a correction of the name."""
    old = corrected.needles["key of the matcher"]
    (key, *_) = await until(
        lambda: matching_keys(tale, corrected.mitra), lambda keys: bool(keys) and old not in keys
    )
    return key


async def admin(stack: RealStack, service: str, statement: str, *values: object) -> list[Any]:
    connection = await asyncpg.connect(stack.postgres.url(service))
    try:
        return list(await connection.fetch(statement, *values))
    finally:
        await connection.close()


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
                "reason": "misspelt",
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
    # As a decision looks from before reasons were chosen from a list.
    (entry,) = await admin(
        tale.stack,
        "certificates",
        "update desk_entry set reason = 'Geschrieben, not Anan' where kind = 'correct' returning *",
    )
    facts = await rows(
        tale.stack.engines["certificates"],
        "select facts from credential where certificate_id = :id and facts is not null",
        id=UUID(told["id"]),
    )
    return {
        "corrected name": entry["holder_name"],
        "digest of the correction": bytes(entry["request"]).hex(),
        "reason of the correction": entry["reason"],
        "sealed facts": facts[0].facts,
    }


async def photograph_the_paper(tale: Story, signer: Enrolled) -> dict[str, str]:
    """Send the photo of a paper. Returns how it and its digest are kept."""
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        sent = await client.put(
            f"{tale.enrolment}/v1/mitras/{signer.mitra}/paper",
            content=jpeg(),
            headers=tale.staff_of(HERE) | {"Content-Type": "image/jpeg"},
        )
    assert sent.status_code == 200, sent.text
    (kept,) = await admin(tale.stack, "enrolment", "select * from paper_photo where mitra = $1", signer.mitra)
    return {
        "photo of the paper": bytes(kept["sealed"][:64]).hex(),
        "digest of the photo": bytes(kept["digest"]).hex(),
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


async def tell_of_a_contact(tale: Story, known: Enrolled) -> str:
    """The person is called, and that is counted. Returns the id of the contact."""
    contact = {"contact_id": str(uuid4()), "mitra_id": str(known.mitra), "round": ROUND}
    told = {**contact, "day": india_day(system_clock()).isoformat(), "outcome": "not_reached"}
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        answer = await client.post(
            f"{tale.enrolment}/v1/contacts", json={"contacts": [told]}, headers=tale.staff_of(HERE)
        )
    assert answer.json()["contacts"][0]["status"] == "recorded", answer.text
    of_this = "where mitra = $1"
    yesterday = f"update contact set day = day - 1, recorded_on = recorded_on - 1 {of_this}"  # noqa: S608
    await admin(tale.stack, "enrolment", yesterday, known.mitra)
    counted = f"select counted_as from contact {of_this}"  # noqa: S608
    await until(
        lambda: admin(tale.stack, "enrolment", counted, known.mitra), lambda found: found[0][0] == "attempt"
    )
    return contact["contact_id"]


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


def by_day() -> dict[str, Any]:
    """Limits of messages in bulk that let them go at this hour."""
    now = datetime.now(INDIA)
    return {
        "quiet_from": (now + timedelta(hours=12)).time(),
        "quiet_until": (now + timedelta(hours=13)).time(),
        "a_minute": 60_000,
    }


async def tell_everybody(tale: Story, wants_no_more: Enrolled) -> None:
    """A broadcast to the constituency, sent to its end; then somebody wants no more of them."""
    headers = tale.bearer(Role.IN_CHARGE, CONSTITUENCY)
    async with httpx.AsyncClient(
        base_url=tale.enrolment, headers=headers, trust_env=False, timeout=20
    ) as client:
        drafted = await client.post(
            "/v1/broadcasts",
            json={"texts": {"en": "The help desk is open on Sunday."}, "area": CONSTITUENCY},
            headers={"Idempotency-Key": str(uuid4())},
        )
        assert drafted.status_code == 201, drafted.text
        path = f"/v1/broadcasts/{drafted.json()['id']}"
        approved = await client.post(f"{path}/approval", json={"digest": drafted.json()["digest"]})
        assert approved.status_code == 200, approved.text

        async def state() -> str:
            return str((await client.get(path)).json()["state"])

        await until(state, lambda now: now == "done")
        off = await client.post(f"/v1/mitras/{wants_no_more.mitra}/messages-off")
        assert off.status_code == 200, off.text


async def told_in_bulk(stack: RealStack) -> dict[UUID, bool]:
    """Who is known to have been sent a broadcast, and whether they want no more."""
    found = await admin(
        stack,
        "enrolment",
        "select recipient, messages_off_at from message left join mitra on mitra.id = recipient"
        " where broadcast is not null and state = 'sent'",
    )
    return {row["recipient"]: row["messages_off_at"] is not None for row in found}
