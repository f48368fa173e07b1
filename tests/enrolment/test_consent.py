"""What a person agreed to is recorded, and every enrolment has a receipt."""

from hashlib import sha256
from importlib import import_module
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from enrolment.receipts import read_receipt, receipt_of, written_receipt
from enrolment.schemas import EnrolmentRequest
from enrolment.storage.row_security import Work, work_as
from mitra_shared.ids import MitraId
from mitra_shared.security.lookup import KeyedHash, new_lookup_key
from tests.enrolment.intake_api import SEALS, IntakeApi, person, rows
from tests.factories import NOTICE_VERSION, small_campaign

KEY = "0193e2f0-6d3c-7c41-9a6b-1c2d3e4f5a6b"


def consent(**changes: Any) -> dict[str, Any]:
    return {"given": True, "notice_version": NOTICE_VERSION, "language": "ur"} | changes


def hash_of_notice(language: str) -> str:
    (notice,) = (n for n in small_campaign().notices if n.language == language)
    return sha256(notice.text.encode()).hexdigest()


@pytest.mark.parametrize("manner", ["read", "read_aloud", "signed_paper"])
async def test_the_text_that_was_shown_and_how_it_was_are_recorded(api: IntakeApi, manner: str) -> None:
    body = person(1, consent=consent(manner=manner, notice_hash=hash_of_notice("ur")))
    told = (await api.enrol(body)).json()
    shown = (await api.get(f"/v1/mitras/{told['mitra_id']}")).json()["consent"]
    assert shown["notice_hash"] == hash_of_notice("ur")
    assert shown["manner"] == manner
    assert shown["recorded_by"] == "S11-PC04/co-in-charge-07"
    assert shown["given_at"] == told["enrolled_at"].replace("+00:00", "Z")


async def test_an_app_from_before_is_served_as_ever(api: IntakeApi) -> None:
    told = (await api.enrol(person(1, consent=consent()))).json()
    shown = (await api.get(f"/v1/mitras/{told['mitra_id']}")).json()["consent"]
    assert (shown["manner"], shown["notice_hash"]) == ("read", hash_of_notice("ur"))


def test_what_an_app_from_before_sends_again_is_the_same_request() -> None:
    """A key that was used before an upgrade still gives its answer: the canonical text has not changed."""
    request = EnrolmentRequest.model_validate(person(1, consent=consent()))
    assert request.model_dump()["consent"] == consent()
    assert (
        "read_aloud"
        in EnrolmentRequest.model_validate(person(1, consent=consent(manner="read_aloud"))).model_dump_json()
    )


async def test_another_text_than_the_notice_is_refused(api: IntakeApi) -> None:
    answer = await api.enrol(person(1, consent=consent(notice_hash=hash_of_notice("hi"))))
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:mitra:problem:notice-differs"
    (error,) = answer.json()["errors"]
    assert error["field"] == "consent.notice_hash"
    assert hash_of_notice("ur") in error["expected"]


@pytest.mark.parametrize(
    ("field", "value"), [("manner", "guessed"), ("notice_hash", "ABC"), ("note", "votes for nobody")]
)
async def test_consent_is_not_told_in_words_of_ones_own(api: IntakeApi, field: str, value: str) -> None:
    answer = await api.enrol(person(1, consent=consent() | {field: value}))
    assert answer.status_code == 422
    assert f"consent.{field}" in answer.json()["errors"][0]["field"]


async def test_an_enrolment_sent_again_gives_the_same_receipt(api: IntakeApi) -> None:
    first = (await api.enrol(person(1), key=KEY)).json()
    again = (await api.enrol(person(1), key=KEY)).json()
    assert first == again
    assert first["receipt"] == SEALS.receipt(MitraId(UUID(first["mitra_id"])))
    assert first["receipt_path"] == f"/r/{first['receipt']}"


async def test_every_entry_of_a_batch_has_a_receipt_of_its_own(api: IntakeApi) -> None:
    answer = await api.batch([(str(uuid4()), person(number)) for number in range(5)])
    receipts = {outcome["body"]["receipt"] for outcome in answer.json()["outcomes"]}
    assert len(receipts) == 5


async def test_the_table_finds_a_receipt_and_does_not_tell_it(api: IntakeApi) -> None:
    told = (await api.enrol(person(1))).json()
    (row,) = await rows(api.engine, "select * from mitra")
    assert row.receipt_hash == SEALS.receipt_hash(told["receipt"])
    assert told["receipt"] not in str(row)


async def test_the_person_is_sent_the_receipt_once(api: IntakeApi) -> None:
    told = (await api.enrol(person(1), key=KEY)).json()
    await api.enrol(person(1), key=KEY)
    (message,) = await rows(
        api.engine, "select kind, cast(recipient as text) as recipient, facts from message"
    )
    assert (message.kind, message.recipient, message.facts) == ("receipt", told["mitra_id"], {})


def test_receipts_follow_from_the_key_and_the_id() -> None:
    mitra, other = MitraId(uuid4()), MitraId(uuid4())
    key = KeyedHash.from_base64(new_lookup_key())
    assert receipt_of(mitra, key) == receipt_of(mitra, key)
    assert len({receipt_of(mitra, key), receipt_of(other, key), receipt_of(mitra, SEALS.lookup)}) == 3


def test_a_receipt_that_was_given_out_never_changes() -> None:
    assert receipt_of(MitraId(UUID(KEY)), KeyedHash(bytes(range(32)))) == "6E731Y6CH303"


def test_a_receipt_is_read_as_people_write_it() -> None:
    receipt = read_receipt("10OI-lL7k 3mqz")
    assert receipt == "100111" + "7K3MQZ"
    assert written_receipt(receipt) == "1001-117K-3MQZ"
    assert [read_receipt(wrong) for wrong in ("", "1" * 11, "1" * 13, "U" * 12, "1" * 1_000, "é" * 12)] == [
        None
    ] * 6


async def test_who_was_enrolled_before_there_were_hashes_is_given_the_one_of_the_text(api: IntakeApi) -> None:
    await api.enrol(person(1, consent=consent()))
    before = import_module("enrolment.migrations.versions.0005_consent").HASHES_OF_BEFORE
    async with api.engine.begin() as connection:
        await work_as(connection, Work.UPKEEP)
        await connection.execute(text("update mitra set notice_hash = null"))
        for statement in before:
            await connection.execute(text(statement))
    (row,) = await rows(api.engine, "select notice_hash from mitra")
    assert row.notice_hash.hex() == hash_of_notice("ur")
