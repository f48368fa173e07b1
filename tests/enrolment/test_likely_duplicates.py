"""Likely duplicates as the in-charge meets them: the list, two people side by side, and the decision."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.security.tokens import Role
from tests.enrolment.intake_api import (
    CONSTITUENCY,
    ELSEWHERE,
    IntakeApi,
    TestClock,
    count,
    load,
    logged,
    rows,
    running_api,
    token,
)
from tests.enrolment.matching import enrolled, family_campaign, match, pairs
from tests.enrolment.people import in_charge

IN_CHARGE = in_charge()
OTHER = "S24-PC07"
PATH = "/v1/likely-duplicates"


@pytest_asyncio.fixture
async def families(enrolment_engine: AsyncEngine) -> AsyncIterator[IntakeApi]:
    await load(enrolment_engine, family_campaign())
    async with running_api(enrolment_engine) as api:
        yield api


async def doubled(api: IntakeApi, phone: int = 1) -> tuple[str, str, str]:
    """A pair: its id, the earlier and the later one."""
    first, second = await enrolled(api, "Imran Khan", phone), await enrolled(api, "इमरान ख़ान", phone)
    await match(api.engine)
    (row,) = await rows(
        api.engine,
        "select cast(id as text) as id from likely_duplicate where earlier = cast(:first as uuid)",
        first=first,
    )
    return row.id, first, second


async def decide(api: IntakeApi, pair: str, bearer: str = IN_CHARGE, **given: Any) -> httpx.Response:
    return await api.post(f"{PATH}/{pair}/decision", given, bearer=bearer)


async def test_the_in_charge_sees_open_pairs_without_names(families: IntakeApi) -> None:
    pair, first, second = await doubled(families)
    answer = await families.get(PATH, bearer=IN_CHARGE)
    (told,) = answer.json()["pairs"]
    assert (told["id"], told["earlier"], told["later"]) == (pair, first, second)
    assert (told["evidence"], told["state"]) == ("phone_and_name", "open")
    assert "Khan" not in answer.text
    assert "9800000001" not in answer.text
    assert (await families.get(PATH, bearer=in_charge(OTHER))).json() == {"pairs": []}


async def test_two_people_are_shown_side_by_side_once_that_is_on_record(families: IntakeApi) -> None:
    pair, first, second = await doubled(families)
    seen = await families.post(f"{PATH}/{pair}/look", bearer=IN_CHARGE)
    assert seen.headers["cache-control"] == "no-store"
    assert seen.json() == {
        "earlier": {"id": first, "name": "Imran Khan", "phone": "••••••••••001"},
        "later": {"id": second, "name": "इमरान ख़ान", "phone": "••••••••••001"},
    }
    found = await rows(families.engine, "select actor, purpose, cast(subject as text) from access_record")
    assert {tuple(row) for row in found} == {
        (f"{CONSTITUENCY}/in-charge", "duplicate", mitra) for mitra in (first, second)
    }


@pytest.mark.parametrize(
    ("bearer", "status"),
    [
        (token(), 403),
        (in_charge(OTHER), 404),
        (token("hq", Role.HEADQUARTERS, None), 403),
        (token("operator", Role.OPERATOR, None), 403),
    ],
    ids=["co-in-charge", "another in-charge", "headquarters", "operator"],
)
async def test_nobody_else_looks_or_decides(families: IntakeApi, bearer: str, status: int) -> None:
    pair, *_ = await doubled(families)
    for path, body in (("look", None), ("decision", {"decision": "different", "reason": "family"})):
        assert (await families.post(f"{PATH}/{pair}/{path}", body, bearer=bearer)).status_code == status
    assert await count(families.engine, "access_record") == 0


async def test_looks_at_pairs_count_for_the_day(enrolment_engine: AsyncEngine) -> None:
    await load(enrolment_engine, family_campaign())
    clock = TestClock(datetime(2026, 11, 23, 12, tzinfo=UTC))
    async with running_api(enrolment_engine, clock=clock, looks=3) as api:
        some = [(await doubled(api, phone))[0] for phone in (1, 2)]
        answers = [await api.post(f"{PATH}/{pair}/look", bearer=IN_CHARGE) for pair in some]
        assert [answer.status_code for answer in answers] == [200, 429]
        assert "Khan" not in answers[1].text


async def test_a_merge_withdraws_the_other_and_clears_who_is_kept(families: IntakeApi) -> None:
    pair, first, second = await doubled(families)
    for _ in range(2):
        answer = await decide(families, pair, decision="merge", keep=second)
        assert (answer.json()["state"], answer.json()["kept"]) == ("merged", second)
    (withdrawn,) = await logged(families.engine, "enrolment", "MitraWithdrawnV1")
    assert withdrawn["mitra_id"] == first
    assert await match(families.engine) == 1
    (cleared,) = await logged(families.engine, "enrolment", "MitraClearedV1")
    assert cleared["mitra_id"] == second
    sent = await rows(
        families.engine, "select kind, cast(recipient as text) from message where kind <> 'receipt'"
    )
    assert [tuple(row) for row in sent] == [("merged", first)]
    # Whoever has only the receipt of the other, which leads nowhere once that is erased, gets this one again.
    receipts = await rows(
        families.engine,
        "select cast(recipient as text), count(*) from message where kind = 'receipt' group by 1",
    )
    assert {tuple(row) for row in receipts} >= {(first, 1), (second, 2)}
    receipts = await rows(
        families.engine,
        "select 1 from mitra where id = cast(:kept as uuid) and receipt_hash is not null",
        kept=second,
    )
    assert len(receipts) == 1
    assert await count(families.engine, "person_request") == 0


async def test_who_wants_no_messages_gets_none_after_a_merge_either(families: IntakeApi) -> None:
    pair, first, second = await doubled(families)
    off = (await families.post(f"/v1/mitras/{first}/messages-off")).json()["messages_off_at"]
    await decide(families, pair, decision="merge", keep=second)
    (row,) = await rows(
        families.engine, "select messages_off_at from mitra where id = cast(:kept as uuid)", kept=second
    )
    assert row.messages_off_at == datetime.fromisoformat(off)


async def test_a_merge_keeps_since_when_the_one_who_stays_wants_no_messages(families: IntakeApi) -> None:
    pair, first, second = await doubled(families)
    off = [
        (await families.post(f"/v1/mitras/{mitra}/messages-off")).json()["messages_off_at"]
        for mitra in (second, first)
    ]
    assert off == sorted(off)
    await decide(families, pair, decision="merge", keep=second)
    (row,) = await rows(
        families.engine, "select messages_off_at from mitra where id = cast(:kept as uuid)", kept=second
    )
    assert row.messages_off_at == datetime.fromisoformat(off[0])


async def test_two_who_are_different_are_cleared_and_never_asked_about_again(families: IntakeApi) -> None:
    pair, first, second = await doubled(families)
    answer = await decide(families, pair, decision="different", reason="family")
    assert (answer.json()["state"], answer.json()["reason"]) == ("different", "family")
    assert await match(families.engine) == 2
    assert await pairs(families.engine) == {(first, second, "phone_and_name", "different")}
    assert (await families.get(PATH, bearer=IN_CHARGE)).json() == {"pairs": []}
    (told,) = (await families.get(f"{PATH}?state=decided", bearer=IN_CHARGE)).json()["pairs"]
    assert told["reason"] == "family"


async def test_different_can_be_taken_back_and_a_merge_cannot(families: IntakeApi) -> None:
    pair, first, _ = await doubled(families)
    await decide(families, pair, decision="different", reason="namesakes")
    contrary = await decide(families, pair, decision="merge", keep=first)
    assert (contrary.status_code, contrary.json()["type"]) == (409, "urn:mitra:problem:duplicate-decided")
    assert (await decide(families, pair, decision="reopen")).json()["state"] == "open"
    assert (await decide(families, pair, decision="merge", keep=first)).json()["state"] == "merged"
    assert (await decide(families, pair, decision="reopen")).status_code == 409
    made = await rows(families.engine, "select decision from duplicate_decision order by decided_at")
    assert [row.decision for row in made] == ["different", "reopen", "merge"]


async def test_across_constituencies_the_later_in_charge_sees_and_withdraws_the_own_person_only(
    families: IntakeApi,
) -> None:
    there = token(f"{OTHER}/in-charge", Role.IN_CHARGE, OTHER)
    first = await enrolled(families, "Imran Khan")
    second = await enrolled(families, "इमरान ख़ान", segment=ELSEWHERE, bearer=there)
    await match(families.engine)
    (told,) = (await families.get(PATH, bearer=there)).json()["pairs"]
    assert (await families.get(PATH, bearer=IN_CHARGE)).json() == {"pairs": []}
    seen = (await families.post(f"{PATH}/{told['id']}/look", bearer=there)).json()
    assert seen["earlier"] == {"id": first, "name": None, "phone": None}
    assert seen["later"]["name"] == "इमरान ख़ान"
    refused = await decide(families, told["id"], there, decision="merge", keep=second)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:mitra:problem:not-yours-to-withdraw")
    assert (await decide(families, told["id"], there, decision="merge", keep=first)).status_code == 200
    (withdrawn,) = await logged(families.engine, "enrolment", "MitraWithdrawnV1")
    assert withdrawn["mitra_id"] == second


async def test_of_merges_that_race_one_wins_and_one_person_stays(families: IntakeApi) -> None:
    pair, first, second = await doubled(families)
    answers = await asyncio.gather(
        *(decide(families, pair, decision="merge", keep=keep) for keep in (first, second) * 3),
        families.post(f"/v1/mitras/{first}/withdrawal"),
    )
    statuses = {answer.status_code for answer in answers}
    assert statuses <= {200, 404, 409}
    told = await logged(families.engine, "enrolment", "MitraWithdrawnV1")
    assert len({each["mitra_id"] for each in told}) == len(told)
    assert first in {each["mitra_id"] for each in told}


@pytest.mark.parametrize(
    "given",
    [
        {"decision": "different"},
        {"decision": "different", "reason": "he is from another village"},
        {"decision": "merge"},
        {"decision": "perhaps"},
        {},
    ],
)
async def test_a_decision_in_other_words_is_refused(families: IntakeApi, given: dict[str, str]) -> None:
    pair, *_ = await doubled(families)
    assert (await decide(families, pair, **given)).status_code == 422
    assert await count(families.engine, "duplicate_decision") == 0
