"""Hand-overs: each paper once, a plain answer for every record, the same again when it comes again."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from certificates.domain.paper import VisibleNumber, read_number
from mitra_shared.contracts.events import CertificateHandedOverV1
from mitra_shared.security.tokens import Role
from tests.certificates.issuing import enrol, issuer_in, rename
from tests.certificates.papers import (
    CO_IN_CHARGE,
    IN_CHARGE,
    OPERATOR,
    SEGMENT,
    Office,
    keyed,
    office_on,
    slug,
    staff,
)

AT = "2026-11-23T17:05:00+05:30"
ONE = "S11-AC017-0001"


@pytest_asyncio.fixture
async def office(certificates_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Office]:
    async with office_on(certificates_engine, tmp_path) as office:
        yield office


def record(code: str, **changes: Any) -> dict[str, Any]:
    return {"record": str(uuid4()), "code": code, "at": AT} | changes


async def hand_over(
    office: Office, records: Sequence[dict[str, Any]], caller: dict[str, str] = CO_IN_CHARGE
) -> list[dict[str, Any]]:
    answer = await office.api.post("/v1/hand-overs", json={"records": list(records)}, headers=caller)
    assert answer.status_code == 200, answer.text
    outcomes = answer.json()["outcomes"]
    assert [each["record"] for each in outcomes] == [each["record"] for each in records]
    return list(outcomes)


async def outcome(office: Office, code: str, caller: dict[str, str] = CO_IN_CHARGE, **changes: Any) -> str:
    (told,) = await hand_over(office, [record(code, **changes)], caller)
    return str(told["outcome"])


async def programme(office: Office, caller: dict[str, str] = IN_CHARGE) -> str:
    body = {"kind": "launch", "place": "Town hall", "held_on": str(date(2026, 11, 20))}
    answer = await office.api.post("/v1/programmes", json=body, headers={**caller, **keyed()})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_a_printed_certificate_is_handed_over_by_its_code_or_its_number(office: Office) -> None:
    await office.issue(2)
    await office.post(f"/v1/sheets/{await office.rendered()}/printed")
    (code,) = await office.codes([1])
    records = [record(code), record(" s11-ac017-0002")]
    told = await hand_over(office, records)
    assert [(each["outcome"], each["number"], each["words"]) for each in told] == [
        ("handed_over", ONE, "Recorded."),
        ("handed_over", "S11-AC017-0002", "Recorded."),
    ]
    assert told[0]["handed_over"] | {"recorded_at": ""} == {
        "by": "S11-PC04/co-in-charge-07",
        "at": "2026-11-23T11:35:00Z",
        "recorded_at": "",
        "programme": None,
        "was_printed": True,
    }
    events = [each for each in await office.told() if isinstance(each, CertificateHandedOverV1)]
    assert [(each.constituency, each.segment, each.programme) for each in events] == [
        ("S11-PC04", SEGMENT, None)
    ] * 2
    scanned = await office.rows("select record, scanned from hand_over")
    assert {str(row[0]): row[1] for row in scanned} == {
        records[0]["record"]: True,
        records[1]["record"]: False,
    }


async def test_the_base32_without_the_address_is_read_as_well(office: Office) -> None:
    await office.issue(1)
    (code,) = await office.codes([1])
    assert await outcome(office, code.partition("#")[2]) == "handed_over"


async def test_what_was_never_marked_as_printed_is_accepted_and_says_so(office: Office) -> None:
    await office.issue(1)
    (told,) = await hand_over(office, [record(ONE)])
    assert (told["outcome"], told["handed_over"]["was_printed"]) == ("handed_over", False)
    assert told["words"] == "Recorded. Its sheet had not been marked as printed."


async def test_a_record_that_comes_again_is_answered_the_same_and_told_once(office: Office) -> None:
    await office.issue(2)
    records = [record(ONE), record("S11-AC017-0002")]
    first = await hand_over(office, records)
    assert await hand_over(office, records) == first
    assert await hand_over(office, records[1:]) == first[1:]
    office.log.withdrew(1)
    await office.sign()
    assert await hand_over(office, records) == first
    assert len(await office.told()) == 2


async def test_a_second_scan_says_who_and_when(office: Office) -> None:
    await office.issue(1)
    (first,) = await hand_over(office, [record(ONE)])
    (code,) = await office.codes([1])
    second = record(code, at="2026-11-20T08:00:00Z")
    (told,) = await hand_over(office, [second], IN_CHARGE)
    assert (told["outcome"], told["handed_over"]) == ("already", first["handed_over"])
    assert "S11-PC04/co-in-charge-07" in told["words"]
    assert "2026-11-23T11:35:00+00:00" in told["words"]
    assert await hand_over(office, [second], IN_CHARGE) == [told]
    assert len(await office.told()) == 1


async def test_within_one_batch_the_first_record_of_a_paper_wins(office: Office) -> None:
    await office.issue(1)
    (code,) = await office.codes([1])
    told = await hand_over(office, [record(code), record(ONE), record(code)])
    assert [each["outcome"] for each in told] == ["handed_over", "already", "already"]


async def test_of_many_devices_at_once_one_hands_over(office: Office) -> None:
    await office.issue(20)
    numbers = [f"S11-AC017-{n:04d}" for n in range(1, 21)]
    batches = [[record(number) for number in numbers[:: 1 if n % 2 else -1]] for n in range(6)]
    answers = await asyncio.gather(*(hand_over(office, batch) for batch in batches))
    outcomes = [each["outcome"] for answer in answers for each in answer]
    assert (outcomes.count("handed_over"), outcomes.count("already")) == (20, 100)
    assert len(await office.told()) == 20


async def test_a_record_id_belongs_to_one_hand_over_of_one_person(office: Office) -> None:
    await office.issue(3)
    first = record(ONE)
    await hand_over(office, [first])
    for again, caller in [
        (first | {"code": "S11-AC017-0002"}, CO_IN_CHARGE),
        (first, IN_CHARGE),
        (first | {"programme": await programme(office)}, CO_IN_CHARGE),
    ]:
        assert (await hand_over(office, [again], caller))[0]["outcome"] == "record_reused"
    twice = record("S11-AC017-0002")
    told = await hand_over(office, [twice, twice, twice | {"code": "S11-AC017-0003"}])
    outcomes = [each["outcome"] for each in told]
    assert outcomes[0] == outcomes[1]
    assert sorted(outcomes) in (
        ["handed_over", "handed_over", "record_reused"],
        ["handed_over", "record_reused", "record_reused"],
    )


async def test_each_code_that_is_no_good_gets_its_own_plain_answer(office: Office, tmp_path: Path) -> None:
    await office.issue(3)
    await office.issue(1, "S24-AC036", first=10)
    codes = await office.codes([1, 2])
    (elsewhere,) = await office.codes([1], "S24-AC036")
    office.log.withdrew(1)
    await office.sign()
    strange = tmp_path / "strange"
    strange.mkdir()
    of_others = office.issuer
    office.issuer = issuer_in(strange)
    await office.issue(1, "S11-AC018", first=20)
    (not_ours,) = await office.codes([1], "S11-AC018")
    office.issuer = of_others
    enrol(office.log, 4, "Still unsigned")
    await office.log.deliver(office.engine)
    middle = len(codes[1]) - 40
    altered = codes[1][:middle] + ("A" if codes[1][middle] != "A" else "B") + codes[1][middle + 1 :]
    expected = {
        codes[0]: "revoked",
        ONE: "revoked",
        altered: "altered",
        not_ours: "not_ours",
        elsewhere: "other_constituency",
        "S24-AC036-0001": "other_constituency",
        "S24-AC036-0999": "other_constituency",
        "S11-AC017-0999": "unknown",
        "S11-AC017-0004": "unknown",
        "S99-AC001-0001": "unknown",
        "https://mitra.example.org/v#": "unreadable",
        "garbage": "unreadable",
        "S11-AC017-7": "unreadable",
        "\N{SNOWMAN}" * 50: "unreadable",
    }
    told = await hand_over(office, [record(code) for code in expected])
    assert [each["outcome"] for each in told] == list(expected.values())
    assert all(each["words"].endswith(".") for each in told)
    assert all(each["handed_over"] is None for each in told)
    assert await office.told() == []


async def test_a_void_number_says_which_one_is_valid(office: Office) -> None:
    await office.issue(2)
    (spoiled,) = await office.codes([1])
    await office.run(
        "update certificate set serial = 9, revision = 2 where serial = 1 and segment = 'S11-AC017'"
    )
    await office.run(
        "insert into void_number (campaign, segment, serial, partition, certificate_id, voided_at)"
        " select campaign, segment, 1, partition, id, now() from certificate where serial = 9"
    )
    await office.sign_anew(9)
    told = await hand_over(office, [record(spoiled), record(ONE), record("S11-AC017-0009")])
    assert [(each["outcome"], each["valid_number"]) for each in told] == [
        ("void", "S11-AC017-0009"),
        ("void", "S11-AC017-0009"),
        ("handed_over", None),
    ]
    assert told[0]["words"] == "This number is void: destroy the paper. Hand over S11-AC017-0009 instead."


async def test_a_paper_that_was_corrected_is_replaced_by_the_newer_one(office: Office) -> None:
    await office.issue(1)
    (before,) = await office.codes([1])
    rename(office.log, 1, "Asha Devi the Elder")
    await office.sign()
    (after,) = await office.codes([1])
    told = await hand_over(office, [record(before), record(after)])
    assert [(each["outcome"], each["valid_number"]) for each in told] == [
        ("replaced", ONE),
        ("handed_over", None),
    ]


async def test_a_certificate_is_handed_over_at_a_programme_of_the_constituency(office: Office) -> None:
    await office.issue(2)
    ours, theirs = await programme(office), await programme(office, staff(area="S24-PC07"))
    assert await outcome(office, ONE, programme=theirs) == "programme_unknown"
    assert await outcome(office, ONE, programme=str(uuid4())) == "programme_unknown"
    assert await outcome(office, ONE, programme=ours) == "handed_over"
    assert await outcome(office, "S11-AC017-0002") == "handed_over"
    programmes = [each.programme for each in await office.told() if isinstance(each, CertificateHandedOverV1)]
    assert programmes == [UUID(ours), None]
    told = (await office.api.get(f"/v1/programmes/{ours}", headers=CO_IN_CHARGE)).json()
    assert told["handed_over"] == 1


@pytest.mark.parametrize(
    "caller",
    [OPERATOR, staff(Role.HEADQUARTERS, None), staff(Role.STATE_COORDINATOR, "S11"), staff(area=None)],
    ids=["operator", "headquarters", "state", "no area"],
)
async def test_only_staff_of_a_constituency_hand_over(office: Office, caller: dict[str, str]) -> None:
    answer = await office.api.post("/v1/hand-overs", json={"records": [record(ONE)]}, headers=caller)
    assert (answer.status_code, slug(answer)) == (403, "forbidden")


async def test_staff_of_another_constituency_learn_nothing_from_numbers(office: Office) -> None:
    await office.issue(3)
    office.log.withdrew(2)
    await office.sign()
    await outcome(office, ONE)
    stranger = staff(Role.CO_IN_CHARGE, "S24-PC07", "S24-PC07/co-in-charge-01")
    told = await hand_over(office, [record(f"S11-AC017-{n:04d}") for n in (1, 2, 3, 999)], stranger)
    assert len({str(each | {"record": ""}) for each in told}) == 1


@pytest.mark.parametrize(
    ("records", "field"),
    [
        ([], "records"),
        ([{"record": "one", "code": ONE, "at": AT}], "records[0].record"),
        ([{"record": str(UUID(int=1)), "code": "", "at": AT}], "records[0].code"),
        ([{"record": str(UUID(int=1)), "code": ONE, "at": "2026-11-23T17:05:00"}], "records[0].at"),
        ([{"record": str(UUID(int=1)), "code": ONE}], "records[0].at"),
        ([{"record": str(UUID(int=1)), "code": ONE, "at": AT, "name": "x"}], "records[0].name"),
        ([{"record": str(UUID(int=n)), "code": ONE, "at": AT} for n in range(501)], "records"),
    ],
)
async def test_what_is_wrong_with_a_batch_is_named(office: Office, records: Any, field: str) -> None:
    answer = await office.api.post("/v1/hand-overs", json={"records": records}, headers=CO_IN_CHARGE)
    assert slug(answer) == "invalid-request"
    assert answer.json()["errors"][0]["field"] == field


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(code=st.one_of(st.text(min_size=1, max_size=200), st.from_regex(r"[A-Z2-7]{1,400}", fullmatch=True)))
async def test_no_code_whatever_breaks_a_batch(office: Office, code: str) -> None:
    answer = await office.api.post(
        "/v1/hand-overs", json={"records": [record(code.replace("\0", "0"))]}, headers=CO_IN_CHARGE
    )
    assert answer.status_code == 200
    assert answer.json()["outcomes"][0]["outcome"] in {"unreadable", "unknown", "other_constituency"}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("S11-AC032-0007", VisibleNumber("S11-AC032", 7)),  # type: ignore[arg-type]
        (" s11-ac032-12345\n", VisibleNumber("S11-AC032", 12345)),  # type: ignore[arg-type]
        ("S11-AC032-00007", None),
        ("S11-AC032-0000", None),
        ("S11-AC032-7", None),
        ("0007", None),
        ("S11-AC032-\u0660\u0660\u0660\u0667", None),
    ],
)
def test_a_number_has_one_spelling(text: str, number: VisibleNumber | None) -> None:
    assert read_number(text) == number
