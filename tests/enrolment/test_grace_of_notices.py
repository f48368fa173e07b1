"""Consent to a notice that was replaced meanwhile is taken for as long as the campaign says."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.campaigns import rules_of
from tests.enrolment.intake_api import IntakeApi, load, person, rows, running_api
from tests.factories import NOTICE_VERSION, small_campaign

FIRST = [notice.model_dump() for notice in small_campaign().notices]
NEWER = [
    notice | {"version": "2026-12", "in_force_from": date(2026, 10, 1), "text": notice["text"] + " Anew."}
    for notice in FIRST
]
SHOWN = {notice["version"]: sha256(notice["text"].encode()).hexdigest() for notice in (FIRST[1], NEWER[1])}

Outcome = tuple[int, dict[str, Any]]
Send = Callable[[IntakeApi, dict[str, Any]], Awaitable[Outcome]]


def agreed(number: int, version: str, digest: str | None = None) -> dict[str, Any]:
    consent = {"given": True, "notice_version": version, "language": "hi", "notice_hash": digest}
    return person(number, consent={key: value for key, value in consent.items() if value is not None})


async def singly(api: IntakeApi, body: dict[str, Any]) -> Outcome:
    answer = await api.enrol(body)
    return answer.status_code, answer.json()


async def in_a_batch(api: IntakeApi, body: dict[str, Any]) -> Outcome:
    answer = await api.batch([(str(uuid4()), body)])
    (outcome,) = answer.json()["outcomes"]
    return outcome["status"], outcome["body"]


async def by_sync(api: IntakeApi, body: dict[str, Any]) -> Outcome:
    record = {"number": 1, "idempotency_key": str(uuid4()), "enrolment": body}
    answer = await api.post(f"/v1/devices/{uuid4()}/records", {"highest": 1, "records": [record]})
    (outcome,) = answer.json()["outcomes"]
    return outcome["status"], outcome["body"]


@pytest.mark.parametrize("send", [singly, in_a_batch, by_sync])
async def test_a_replaced_notice_is_taken_during_the_grace_and_what_was_seen_is_stored(
    enrolment_engine: AsyncEngine, send: Send
) -> None:
    await load(enrolment_engine, small_campaign())
    # Loaded long after its day: it comes into force at the service now, and now the grace begins.
    await load(enrolment_engine, small_campaign(2, notices=[*FIRST, *NEWER], consent={"grace_days": 7}))
    now = datetime.now(UTC)
    async with running_api(enrolment_engine, clock=lambda: now + timedelta(days=7)) as api:
        assert (await send(api, agreed(1, NOTICE_VERSION, SHOWN[NOTICE_VERSION])))[0] == 201
        assert (await send(api, agreed(2, "2026-12")))[0] == 201
        status, refused = await send(api, agreed(3, NOTICE_VERSION, SHOWN["2026-12"]))
        assert (status, refused["type"]) == (422, "urn:mitra:problem:notice-differs")
    stored = "select notice_version, notice_language, encode(notice_hash, 'hex') from mitra order by id"
    assert await rows(enrolment_engine, stored) == [
        (NOTICE_VERSION, "hi", SHOWN[NOTICE_VERSION]),
        ("2026-12", "hi", SHOWN["2026-12"]),
    ]
    async with running_api(enrolment_engine, clock=lambda: now + timedelta(days=8)) as api:
        status, refused = await send(api, agreed(4, NOTICE_VERSION))
        assert (status, refused["type"]) == (422, "urn:mitra:problem:outdated-notice")
        (error,) = refused["errors"]
        assert (error["field"], error["expected"]) == ("consent.notice_version", "2026-12")
        assert "ask again; the rest may stay" in error["message"]


async def test_without_a_grace_a_replaced_notice_is_refused_at_once(enrolment_engine: AsyncEngine) -> None:
    await load(enrolment_engine, small_campaign())
    await load(enrolment_engine, small_campaign(2, notices=[*FIRST, *NEWER]))
    async with running_api(enrolment_engine) as api:
        assert (await singly(api, agreed(1, NOTICE_VERSION)))[0] == 422
        assert (await singly(api, agreed(2, "2026-12")))[0] == 201


def test_the_grace_begins_when_the_newer_notice_is_both_due_and_known() -> None:
    newest = [notice | {"version": "2027-01", "in_force_from": date(2027, 1, 1)} for notice in FIRST]
    definition = small_campaign(notices=[*FIRST, *NEWER, *newest], consent={"grace_days": 5})
    rules = rules_of(definition, {"2026-12": date(2026, 11, 20), "2027-01": date(2026, 11, 20)})
    told = {notice.version: (notice.replaced_on, notice.taken_until) for notice in rules.notices}
    assert told == {
        NOTICE_VERSION: (date(2026, 11, 20), date(2026, 11, 25)),
        "2026-12": (date(2027, 1, 1), date(2027, 1, 6)),
        "2027-01": (None, None),
    }
    assert rules.replaced_notice("2026-12", date(2026, 12, 31)) is None


def test_a_definition_of_before_is_written_as_it_ever_was() -> None:
    assert "consent" not in small_campaign().model_dump()
