"""Devices number their records, and the receipt says which of them have an outcome that lasts."""

import asyncio
import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.domain.numbering import numbering
from mitra_shared.ids import CampaignId, StaffId
from mitra_shared.security.tokens import Caller, InvalidToken, Role, TokenVerifier, mint, public_jwks
from tests.enrolment.intake_api import (
    CONSTITUENCY,
    RECEIPTS,
    SIGNING_KEY,
    IntakeApi,
    TestClock,
    count,
    person,
    rows,
    running_api,
    token,
)

MINE = f"{CONSTITUENCY}/co-in-charge-07"
OTHERS = token(f"{CONSTITUENCY}/co-in-charge-08")
IN_CHARGE = token(f"{CONSTITUENCY}/in-charge", Role.IN_CHARGE)


def record(number: int, body: dict[str, Any] | None = None, key: str | None = None) -> dict[str, Any]:
    enrolment = person(number) if body is None else body
    return {"number": number, "idempotency_key": key or f"key-of-record-{number}", "enrolment": enrolment}


def records(*numbers: int) -> list[dict[str, Any]]:
    return [record(number) for number in numbers]


async def sync(
    api: IntakeApi, device: str, sent: list[Any], highest: int, *, bearer: str | None = None
) -> httpx.Response:
    return await api.post(
        f"/v1/devices/{device}/records", {"highest": highest, "records": sent}, bearer=bearer
    )


async def claims(api: IntakeApi, answer: httpx.Response) -> dict[str, Any]:
    """What the receipt says, verified with the keys that everybody may fetch."""
    assert answer.status_code == 200, answer.text
    keys = KeySet.import_key_set((await api.client.get("/.well-known/jwks.json")).json())
    decoded = jwt.decode(answer.json()["receipt"], keys, algorithms=["ES256"])
    assert decoded.header["typ"] == "mitra-device-receipt+jwt"
    return decoded.claims


def statuses(answer: httpx.Response) -> list[int]:
    return [outcome["status"] for outcome in answer.json()["outcomes"]]


async def test_a_receipt_says_up_to_where_nothing_is_missing_and_what_is(api: IntakeApi) -> None:
    device = str(uuid4())
    answer = await sync(api, device, records(1, 2, 5), 9)
    assert statuses(answer) == [201, 201, 201]
    said = await claims(api, answer)
    assert said.pop("at") == pytest.approx(datetime.now(UTC).timestamp(), abs=60)
    assert said == {
        "device": device,
        "staff": MINE,
        "gapless": 2,
        "highest": 9,
        "missing": [[3, 4], [6, 9]],
        "listed_to": 9,
        "count": 3,
    }
    said = await claims(api, await sync(api, device, records(4, 3), 9))
    assert (said["gapless"], said["missing"], said["count"]) == (5, [[6, 9]], 5)
    said = await claims(api, await sync(api, device, [], 9))
    assert (said["gapless"], said["missing"]) == (5, [[6, 9]])


async def test_refusals_count_as_received_and_passing_answers_do_not(campaign_engine: AsyncEngine) -> None:
    device = str(uuid4())
    async with running_api(campaign_engine, ration=1) as api:
        sent = [
            record(1),
            record(2, person(1)),
            record(3, person(3, adult=False)),
            record(4, {"name": "only"}),
            record(5),
        ]
        answer = await sync(api, device, sent, 5)
        assert statuses(answer) == [201, 409, 422, 422, 429]
        said = await claims(api, answer)
        assert (said["gapless"], said["missing"]) == (4, [[5, 5]])


async def test_a_role_that_ended_marks_nothing_so_that_the_record_can_be_sent_again(api: IntakeApi) -> None:
    device = str(uuid4())
    signed_in = Caller(
        StaffId(MINE), Role.CO_IN_CHARGE, CampaignId("small"), CONSTITUENCY, session="0193e2f0"
    )
    ended = mint(SIGNING_KEY, signed_in, lifetime=timedelta(minutes=5))
    answer = await sync(api, device, records(1), 1, bearer=ended)
    assert statuses(answer) == [403]
    assert (await claims(api, answer))["missing"] == [[1, 1]]
    assert statuses(await sync(api, device, records(1), 1)) == [201]


async def test_the_same_records_sent_again_give_the_same_outcomes(api: IntakeApi) -> None:
    device = str(uuid4())
    sent = [*records(1, 2), record(3, person(3, adult=False))]
    first = await sync(api, device, sent, 3)
    again = await sync(api, device, sent, 3)
    assert again.json()["outcomes"] == first.json()["outcomes"]
    assert (await claims(api, again))["gapless"] == 3
    assert await count(api.engine, "mitra") == 2


async def test_outcomes_are_those_of_the_batch(api: IntakeApi) -> None:
    answer = await sync(api, str(uuid4()), records(1, 2), 2)
    alone = await api.enrol(person(1), key="key-of-record-1")
    assert answer.json()["outcomes"][0] == {
        "idempotency_key": "key-of-record-1",
        "status": 201,
        "body": alone.json(),
    }


async def test_a_number_belongs_to_one_record(api: IntakeApi) -> None:
    device = str(uuid4())
    await sync(api, device, records(1), 1)
    answer = await sync(api, device, [record(1, person(2), "another-key"), record(2)], 2)
    assert statuses(answer) == [409, 201]
    assert answer.json()["outcomes"][0]["body"]["type"] == "urn:mitra:problem:record-number-taken"
    changed = await sync(api, device, [record(1, person(9))], 2)
    assert statuses(changed) == [422]
    assert changed.json()["outcomes"][0]["body"]["type"] == "urn:mitra:problem:idempotency-key-reused"
    assert await count(api.engine, "mitra") == 2
    ((status,),) = await rows(api.engine, "select status from device_record where number = 1")
    assert status == 201


async def test_two_records_under_one_number_in_one_request_enrol_one(api: IntakeApi) -> None:
    device = str(uuid4())
    answer = await sync(api, device, [record(1), record(1, person(2), "another-key")], 1)
    assert statuses(answer) == [201, 409]
    assert await count(api.engine, "mitra") == 1


async def test_the_same_batch_sent_by_several_at_once_enrols_everybody_once(api: IntakeApi) -> None:
    device = str(uuid4())
    sent = records(*range(1, 41))
    backwards = await asyncio.gather(*(sync(api, device, sent[:: (-1) ** turn], 40) for turn in range(6)))
    for answer in backwards:
        assert set(statuses(answer)) == {201}
        assert (await claims(api, answer))["gapless"] == 40
    assert await count(api.engine, "mitra") == 40
    assert await count(api.engine, "device_record") == 40


async def test_rivals_for_one_number_enrol_one_person(api: IntakeApi) -> None:
    device = str(uuid4())
    rivals = await asyncio.gather(
        *(sync(api, device, [record(1, person(turn), f"key-of-rival-{turn}")], 1) for turn in range(6))
    )
    assert sorted(statuses(answer)[0] for answer in rivals) == [201, 409, 409, 409, 409, 409]
    assert await count(api.engine, "mitra") == 1


async def test_an_outcome_whose_mark_was_lost_is_marked_when_it_is_asked_for_again(
    api: IntakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = str(uuid4())

    async def die(*_: Any) -> None:
        raise OperationalError("the process is killed here", None, ConnectionError())

    with monkeypatch.context() as killed:
        killed.setattr("enrolment.api.device_records.settle_numbers", die)
        answer = await sync(api, device, records(1, 2), 2)
    assert answer.status_code == 503
    assert await count(api.engine, "mitra") == 2
    said = await claims(api, await sync(api, device, [], 2))
    assert (said["gapless"], said["missing"], said["count"]) == (0, [[1, 2]], 0)
    again = await sync(api, device, records(1, 2), 2)
    assert statuses(again) == [201, 201]
    assert (await claims(api, again))["gapless"] == 2
    assert await count(api.engine, "mitra") == 2


async def test_a_person_enrolled_long_ago_is_not_enrolled_again_by_an_old_record(
    campaign_engine: AsyncEngine,
) -> None:
    device, clock = str(uuid4()), TestClock()
    async with running_api(campaign_engine, clock=clock) as api:
        (outcome,) = (await sync(api, device, records(1), 1)).json()["outcomes"]
        await api.post(f"/v1/mitras/{outcome['body']['mitra_id']}/withdrawal")
        async with campaign_engine.begin() as connection:
            await connection.exec_driver_sql("delete from outcome")
        clock.now += timedelta(days=61)
        answer = await sync(api, device, records(1), 1)
        assert statuses(answer) == [410]
        assert (await claims(api, answer))["gapless"] == 1
        assert await count(campaign_engine, "mitra") == 1


async def test_a_device_belongs_to_who_registered_it(api: IntakeApi) -> None:
    device = str(uuid4())
    await sync(api, device, records(1), 1)
    refused = await sync(api, device, records(2), 7, bearer=OTHERS)
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:mitra:problem:device-of-another")
    assert (await claims(api, await sync(api, device, [], 1)))["highest"] == 1


async def test_nobody_has_more_devices_than_there_may_be(
    api: IntakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("enrolment.commands.claim_numbers.MOST_DEVICES", 2)
    first = str(uuid4())
    for device in (first, str(uuid4())):
        assert (await sync(api, device, [], 0)).status_code == 200
    refused = await sync(api, str(uuid4()), records(1), 1)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:mitra:problem:devices-full")
    assert statuses(await sync(api, first, records(1), 1)) == [201]


async def test_an_in_charge_sees_what_is_missing_of_every_device_and_others_their_own(api: IntakeApi) -> None:
    mine, lost = str(uuid4()), str(uuid4())
    await sync(api, lost, records(11), 14, bearer=OTHERS)
    await sync(api, mine, [*records(1), record(2, person(1))], 2)
    told = (await api.get("/v1/devices", bearer=IN_CHARGE)).json()["devices"]
    assert [(each["id"], each["highest"], each["gapless"], each["missing"]) for each in told] == [
        (lost, 14, 0, 13),
        (mine, 2, 2, 0),
    ]
    assert [each["id"] for each in (await api.get("/v1/devices")).json()["devices"]] == [mine]
    detail = (await api.get(f"/v1/devices/{lost}", bearer=IN_CHARGE)).json()
    assert detail["missing_ranges"] == [[1, 10], [12, 14]]
    own = (await api.get(f"/v1/devices/{mine}")).json()
    assert [(day["enrolled"], day["refused"]) for day in own["days"]] == [(1, 1)]
    assert (await api.get(f"/v1/devices/{lost}")).status_code == 404
    elsewhere = token("S24-PC07/in-charge", Role.IN_CHARGE, "S24-PC07")
    assert (await api.get("/v1/devices", bearer=elsewhere)).json()["devices"] == []
    assert (await api.get(f"/v1/devices/{lost}", bearer=elsewhere)).status_code == 404
    headquarters = token("headquarters", Role.HEADQUARTERS, None)
    for path in ("/v1/devices", f"/v1/devices/{lost}"):
        assert (await api.get(path, bearer=headquarters)).status_code == 403


async def test_what_a_device_may_not_send_is_refused_in_plain_words(api: IntakeApi) -> None:
    device = str(uuid4())
    for path, body, field in (
        ("no-uuid", {"highest": 0, "records": []}, "device_id"),
        (device, {"highest": -1, "records": []}, "highest"),
        (device, {"records": []}, "highest"),
        (device, {"highest": 1, "records": records(2)}, "records[0].number"),
        (device, {"highest": 1_000, "records": records(*range(1, 1_002))}, "records"),
    ):
        answer = await api.post(f"/v1/devices/{path}/records", body)
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["field"] == field
    answer = await sync(api, device, [record(0), {"number": 1}, "nonsense", record(2)], 2)
    assert statuses(answer) == [422, 422, 422, 201]
    assert (await claims(api, answer))["missing"] == [[1, 1]]
    without_area = await sync(api, device, [], 2, bearer=token("nobody", area=None))
    assert without_area.status_code == 403


async def test_a_zipped_body_is_taken_and_one_that_unzips_without_end_is_not(api: IntakeApi) -> None:
    path = f"/v1/devices/{uuid4()}/records"
    sent = json.dumps({"highest": 300, "records": records(*range(1, 301))}).encode()
    headers = {
        "Authorization": f"Bearer {token()}",
        "Content-Type": "application/json",
        "Content-Encoding": "gzip",
    }
    answer = await api.client.post(path, content=gzip.compress(sent), headers=headers)
    assert set(statuses(answer)) == {201}
    assert answer.headers["Content-Encoding"] == "gzip"
    whole = gzip.compress(sent)
    for content, status in (
        (gzip.compress(b" " * 50_000_000), 413),
        (whole[:-20], 400),
        (whole + whole, 400),
        (sent, 400),
    ):
        assert (await api.client.post(path, content=content, headers=headers)).status_code == status
    other = await api.client.post(path, content=sent, headers=headers | {"Content-Encoding": "br"})
    assert (other.status_code, other.headers["Accept-Encoding"]) == (415, "gzip")


async def test_a_receipt_is_no_token_and_its_key_signs_none(api: IntakeApi) -> None:
    receipt = (await sync(api, str(uuid4()), [], 0)).json()["receipt"]
    assert (await api.get("/v1/devices", bearer=receipt)).status_code == 401
    both = TokenVerifier(public_jwks(SIGNING_KEY, RECEIPTS.public))
    with pytest.raises(InvalidToken):
        both.verify(receipt)


@given(received=st.sets(st.integers(1, 40)), beyond=st.integers(0, 5), most=st.integers(1, 30))
def test_what_is_missing_is_exactly_what_was_not_received(received: set[int], beyond: int, most: int) -> None:
    highest = max(received, default=0) + beyond
    runs: list[tuple[int, int]] = []
    for number in sorted(received):
        if runs and runs[-1][1] == number - 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    stands = numbering(runs[: most + 2], gapless=0, received=len(received), highest=highest, most_ranges=most)
    told = {number for first, last in stands.missing for number in range(first, last + 1)}
    assert told == {number for number in range(1, stands.listed_to + 1) if number not in received}
    assert set(range(1, stands.gapless + 1)) <= received
    assert stands.gapless + 1 not in received
    assert len(stands.missing) <= most
    assert stands.listed_to == highest or len(stands.missing) == most
