"""Print sheets: each certificate on one, in the order of the numbers; printed and sent, once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.contracts.events import CertificatesDispatchedV1, CertificatesPrintedV1
from mitra_shared.security.tokens import Role
from tests.certificates.issuing import rename
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


@pytest_asyncio.fixture
async def office(certificates_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Office]:
    async with office_on(certificates_engine, tmp_path) as office:
        yield office


async def test_a_sheet_takes_the_next_certificates_in_the_order_of_their_numbers(office: Office) -> None:
    await office.issue(5)
    first = (await office.make_sheet(most=3)).json()
    assert (first["count"], first["remaining"], first["reprint"]) == (3, 2, None)
    assert first["pages"] == {
        "stage": "waiting", "prepared": 0, "total": 3, "until": None, "trouble": None,
    }  # fmt: skip
    second = (await office.make_sheet(caller=OPERATOR)).json()
    assert (second["count"], second["remaining"]) == (2, 0)
    assert [await office.serials(each["id"]) for each in (first, second)] == [[1, 2, 3], [4, 5]]
    answer = await office.make_sheet()
    assert (answer.status_code, slug(answer)) == (409, "nothing-to-print")


async def test_what_is_not_signed_yet_or_revoked_is_on_no_sheet(office: Office) -> None:
    await office.issue(3)
    office.log.withdrew(2)
    await office.sign()
    office.log.enrolled(4)
    await office.log.deliver(office.engine)
    assert await office.serials(await office.sheet()) == [1, 3]


async def test_a_certificate_with_another_name_is_due_on_the_next_sheet_once_more(office: Office) -> None:
    await office.issue(3)
    await office.sheet()
    rename(office.log, 2, "Asha Devi the Elder")
    await office.sign()
    assert await office.serials(await office.sheet()) == [2]
    await office.forget_and_replay()
    assert slug(await office.make_sheet()) == "nothing-to-print"


async def test_the_same_key_gives_the_same_sheet_and_another_request_is_refused(office: Office) -> None:
    await office.issue(4)
    key = "a-key-of-a-printer"
    first, again = await office.make_sheet(most=2, key=key), await office.make_sheet(most=2, key=key)
    assert first.json() == again.json()
    other = await office.make_sheet(most=3, key=key)
    assert (other.status_code, slug(other)) == (422, "idempotency-key-reused")
    somebody_else = await office.make_sheet(most=2, key=key, caller=OPERATOR)
    assert somebody_else.json()["id"] != first.json()["id"]


@pytest.mark.parametrize(
    ("key", "problem"), [(None, "missing"), ("short", "invalid"), ("a b c d e", "invalid")]
)
async def test_a_sheet_needs_a_usable_key(office: Office, key: str | None, problem: str) -> None:
    headers = IN_CHARGE if key is None else {**IN_CHARGE, "Idempotency-Key": key}
    answer = await office.api.post(f"/v1/segments/{SEGMENT}/sheets", json={}, headers=headers)
    assert (answer.status_code, slug(answer)) == (400, f"idempotency-key-{problem}")


async def test_sheets_made_at_the_same_time_share_no_certificate(office: Office) -> None:
    await office.issue(40)
    answers = await asyncio.gather(*(office.make_sheet(most=7) for _ in range(6)))
    assert [answer.status_code for answer in answers] == [201] * 6
    taken = [serial for answer in answers for serial in await office.serials(answer.json()["id"])]
    assert sorted(taken) == list(range(1, 41))


async def test_the_same_request_sent_twice_at_once_makes_one_sheet(office: Office) -> None:
    await office.issue(6)
    answers = await asyncio.gather(*(office.make_sheet(most=2, key="the-same-key") for _ in range(5)))
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(await office.rows("select id from print_sheet")) == 1


async def test_the_database_refuses_a_certificate_on_two_sheets_unless_reprinted(office: Office) -> None:
    await office.issue(2)
    first, second = await office.sheet(most=1), await office.sheet(most=1)
    copy = (
        "insert into sheet_member (sheet, place, credential, reprint)"
        " select :to, 9, credential, :reprint from sheet_member where sheet = :of"
    )
    with pytest.raises(IntegrityError, match="sheet_member_once"):
        await office.run(copy, to=second, of=first, reprint=False)
    assert await office.run(copy, to=second, of=first, reprint=True) == 1


async def test_a_page_that_failed_may_be_taken_by_a_later_sheet(office: Office) -> None:
    await office.issue(3)
    first = await office.sheet()
    await office.run("update sheet_member set failed = 'no letters' where place = 2")
    told = (await office.api.get(f"/v1/sheets/{first}", headers=IN_CHARGE)).json()
    assert told["failed"] == [{"number": "S11-AC017-0002", "why": "no letters"}]
    assert await office.serials(await office.sheet()) == [2]


async def test_a_reprint_takes_what_was_on_a_sheet_and_keeps_the_reason(office: Office) -> None:
    await office.issue(5)
    await office.sheet(most=4)
    body = {"numbers": ["S11-AC017-0003", "s11-ac017-0001 "], "reason": "torn"}
    headers = {**IN_CHARGE, **keyed("reprint-of-two")}
    answer = await office.api.post("/v1/sheets/reprints", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert (told["reprint"], told["count"], told["remaining"]) == ("torn", 2, 1)
    assert await office.serials(told["id"]) == [1, 3]
    assert (await office.api.post("/v1/sheets/reprints", json=body, headers=headers)).json() == told


async def test_a_reprint_names_each_number_that_cannot_be(office: Office) -> None:
    await office.issue(4)
    await office.sheet(most=3)
    office.log.withdrew(2)
    await office.sign()
    body = {"numbers": [f"S11-AC017-000{n}" for n in (1, 2, 4, 9)], "reason": "misprinted"}
    answer = await office.api.post("/v1/sheets/reprints", json=body, headers={**IN_CHARGE, **keyed()})
    assert slug(answer) == "invalid-request"
    assert [(error["field"], error["message"]) for error in answer.json()["errors"]] == [
        ("numbers[1]", "is void or revoked"),
        ("numbers[2]", "was on no sheet yet"),
        ("numbers[3]", "is no number of a signed certificate here"),
    ]
    assert len(await office.rows("select id from print_sheet")) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"numbers": ["S11-AC017-0001", "S11-AC018-0001"], "reason": "misprinted"}, "numbers[1]"),
        ({"numbers": ["S11-AC017-0001", "S11-AC017-0001"], "reason": "misprinted"}, "numbers[1]"),
        ({"numbers": ["seven"], "reason": "misprinted"}, "numbers[0]"),
        ({"numbers": ["S11-AC017-00001"], "reason": "misprinted"}, "numbers[0]"),
        ({"numbers": [], "reason": "misprinted"}, "numbers"),
        ({"numbers": ["S11-AC017-0001"]}, "reason"),
        ({"numbers": ["S11-AC017-0001"], "reason": "the one of Aisha"}, "reason"),
    ],
)
async def test_what_is_wrong_with_a_reprint_is_named(office: Office, body: Any, field: str) -> None:
    answer = await office.api.post("/v1/sheets/reprints", json=body, headers={**IN_CHARGE, **keyed()})
    assert slug(answer) == "invalid-request"
    assert answer.json()["errors"][0]["field"] == field


async def test_a_sheet_is_printed_and_sent_once_and_each_is_told_once(office: Office) -> None:
    await office.issue(3)
    sheet = await office.rendered()
    printed = await office.post(f"/v1/sheets/{sheet}/printed")
    assert printed.json()["printed"]["new"] == 3
    assert printed.json()["printed"]["by"] == "S11-PC04/in-charge"
    assert (await office.post(f"/v1/sheets/{sheet}/printed", caller=OPERATOR)).json() == printed.json()
    sent = await office.post(f"/v1/sheets/{sheet}/dispatched", caller=OPERATOR)
    assert (sent.json()["dispatched"]["new"], sent.json()["dispatched"]["by"]) == (3, "printer")
    assert (await office.post(f"/v1/sheets/{sheet}/dispatched")).json() == sent.json()
    first, second = await office.told()
    assert isinstance(first, CertificatesPrintedV1)
    assert isinstance(second, CertificatesDispatchedV1)
    assert {(str(each.sheet), each.count, each.segment) for each in (first, second)} == {(sheet, 3, SEGMENT)}


async def test_a_mark_sent_many_times_at_once_is_told_once(office: Office) -> None:
    await office.issue(2)
    sheet = await office.rendered()
    answers = await asyncio.gather(*(office.post(f"/v1/sheets/{sheet}/printed") for _ in range(5)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert len(await office.told()) == 1


async def test_a_reprint_is_no_news_but_of_what_had_not_been_printed(office: Office) -> None:
    await office.issue(3)
    first = await office.rendered()
    await office.run("update sheet_member set rendered = false where place = 3")
    await office.post(f"/v1/sheets/{first}/printed")
    body = {"numbers": ["S11-AC017-0001", "S11-AC017-0003"], "reason": "torn"}
    again = (
        await office.api.post("/v1/sheets/reprints", json=body, headers={**IN_CHARGE, **keyed()})
    ).json()["id"]
    await office.run("update sheet_member set rendered = true where sheet = :sheet", sheet=again)
    assert (await office.post(f"/v1/sheets/{again}/printed")).json()["printed"]["new"] == 1
    assert [each.count for each in await office.told() if isinstance(each, CertificatesPrintedV1)] == [2, 1]


async def test_marks_come_in_their_order(office: Office) -> None:
    await office.issue(1)
    sheet = await office.sheet()
    never_ready = await office.post(f"/v1/sheets/{sheet}/printed")
    assert (never_ready.status_code, slug(never_ready)) == (409, "sheet-not-rendered")
    unprinted = await office.post(f"/v1/sheets/{sheet}/dispatched")
    assert (unprinted.status_code, slug(unprinted)) == (409, "sheet-not-printed")
    assert await office.told() == []


async def test_the_sheets_of_a_segment_and_where_its_papers_are(office: Office) -> None:
    await office.issue(5)
    first, second = await office.rendered(most=2), await office.sheet(most=2)
    await office.post(f"/v1/sheets/{first}/printed")
    told = (await office.api.get(f"/v1/segments/{SEGMENT}/sheets", headers=OPERATOR)).json()
    assert told == {
        "segment": SEGMENT, "valid": 5, "remaining": 1, "printed": 2, "dispatched": 0, "handed_over": 0,
        "sheets": [second, first],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("caller", "status"),
    [
        (CO_IN_CHARGE, 403),
        (staff(Role.HEADQUARTERS, None), 403),
        (staff(Role.STATE_COORDINATOR, "S11"), 403),
        (staff(Role.SERVICE, None, "reporting", None), 403),
        ({}, 401),
    ],
    ids=["co-in-charge", "headquarters", "state", "service", "nobody"],
)
async def test_nobody_else_prints(office: Office, caller: dict[str, str], status: int) -> None:
    await office.issue(1)
    sheet = await office.rendered()
    made = await office.make_sheet(caller=caller)
    assert made.status_code == status
    for method, path in [
        ("GET", f"/v1/sheets/{sheet}"),
        ("GET", f"/v1/sheets/{sheet}/certificates.pdf"),
        ("GET", f"/v1/segments/{SEGMENT}/sheets"),
        ("POST", f"/v1/sheets/{sheet}/printed"),
        ("POST", f"/v1/sheets/{sheet}/dispatched"),
        ("POST", f"/v1/sheets/{sheet}/rendering"),
    ]:
        assert (await office.api.request(method, path, headers=caller)).status_code == status


async def test_a_sheet_of_others_looks_like_none(office: Office) -> None:
    await office.issue(1)
    sheet = await office.rendered()
    for caller in (staff(area="S24-PC07"), staff(campaign="another")):
        for path in (f"/v1/sheets/{sheet}", f"/v1/sheets/{sheet}/manifest.csv"):
            answer = await office.api.get(path, headers=caller)
            assert (answer.status_code, slug(answer)) == (404, "sheet-unknown")
    foreign = await office.make_sheet(caller=staff(area="S24-PC07"))
    assert (foreign.status_code, slug(foreign)) == (403, "forbidden")


async def test_a_rebuild_of_certificates_leaves_sheets_and_custody_as_they_are(office: Office) -> None:
    await office.issue(3)
    sheet = await office.rendered(most=2)
    await office.post(f"/v1/sheets/{sheet}/printed")
    before = await office.rows("select * from custody order by credential"), await office.told()
    await office.forget_and_replay()
    after = await office.rows("select * from custody order by credential"), await office.told()
    assert before == after
    assert await office.serials(await office.sheet()) == [3]
