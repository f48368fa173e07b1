"""A whole round on a phone: list, calls, answers on a page of their own, outcomes; nobody beside them."""

import asyncio
import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from playwright.async_api import Page, Request, expect

from tests.enrolment.field.conftest import SwitchOn
from tests.enrolment.field.contacts import (
    MOMENT,
    SHEETS_GONE,
    contacts_of,
    enrolled,
    let_sheets_go,
    note,
    outcomes_sent,
    stores,
    with_list,
)
from tests.enrolment.field.phone import until
from tests.enrolment.field.site import Site
from tests.enrolment.intake_api import SEGMENT, rows
from tests.factories import ROUND

STAFF = "staff-round"
NAMES = ("Zubeida Khatoon", "Farzana Siddiqui", "Rukhsana Ansari", "Mehrunnisa Pathan")
PEOPLE = tuple((name, f"987654321{number}") for number, name in enumerate(NAMES))
ANSWERS = (
    {"scheme-useful": "housing", "local-issues": ["roads"], "office-help": 4},
    {"scheme-useful": "cooking-gas", "office-help": 1},
    {"local-issues": ["water", "schools"]},
)
NEVER_ON_A_DISK = b'"answers"'


class Sent(NamedTuple):
    """One request of the app to the api."""

    url: str
    body: Any


def watch(page: Page) -> list[Sent]:
    """What is asked from now on, in order."""
    sent: list[Sent] = []

    def keep(request: Request) -> None:
        if "/v1/" in request.url:
            body = json.loads(request.post_data) if request.post_data else None
            sent.append(Sent(request.url, body))

    page.on("request", keep)
    return sent


async def answer(page: Page, answers: dict[str, Any], persons: list[str]) -> None:
    """Follow the offer to the page of questions, fill it in, and come back."""
    await page.locator("#questions-of-segment").click()
    await expect(page.locator("#sheet")).to_be_visible()
    assert page.url.partition("#")[2] == f"round={ROUND}&segment={SEGMENT}"
    shown = await page.content()
    assert not [trace for trace in persons if trace in shown]
    for question, chosen in answers.items():
        for choice in chosen if isinstance(chosen, list) else [chosen]:
            await page.locator(f'input[name="{question}"][value="{choice}"]').check()
    await page.locator("#sheet-keep").click()
    await expect(page.locator("#opinions-said")).to_be_visible()
    await expect(page.locator("#round-questions input:checked:not([value=''])")).to_have_count(0)
    await page.locator("#back").click()
    await expect(page.locator("#view-contacts")).to_be_visible()
    assert page.url.endswith("/field/")


def on_disk(profile: Path) -> bytes:
    """Everything that the browser has written, wherever."""
    return b"\0".join(path.read_bytes() for path in profile.rglob("*") if path.is_file())


def encoded(text: str) -> list[bytes]:
    return [text.encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be")]


async def withdrawn(site: Site, staff: str) -> list[str]:
    found = await rows(
        site.api.engine,
        "select cast(id as text) from mitra where withdrawn_at is not null and recruiter = :staff",
        staff=staff,
    )
    return [mitra for (mitra,) in found]


async def every_row(site: Site) -> list[tuple[str, str]]:
    """Table and text of every row of the database."""
    tables = await rows(
        site.api.engine,
        "select table_name from information_schema.tables"
        " where table_schema = 'public' and table_type = 'BASE TABLE'",
    )
    found = []
    for (table,) in tables:
        held = await rows(site.api.engine, f'select cast(held as text) from "{table}" as held')  # noqa: S608
        found += [(table, text) for (text,) in held]
    return found


async def call_everybody_offline(page: Page, persons: list[str]) -> str:
    """Three are reached and answer, the fourth asks to stop: the name of that one."""
    await page.context.set_offline(True)
    for answers in ANSWERS:
        await expect(page.locator("#person-phone")).not_to_have_text("")
        called = await page.locator("#person-phone").text_content()
        assert await page.locator("#person-call").get_attribute("href") == f"tel:{called}"
        await note(page, "reached")
        await answer(page, answers, persons)
    await expect(page.locator("#person-name")).not_to_have_text("")
    stopped = await page.locator("#person-name").text_content()
    await note(page, "asked_to_stop")
    await expect(page.locator("#outcomes-waiting")).to_have_text("4")
    await expect(page.locator("#sheets-waiting")).to_have_text("3")
    kept = await stores(page)
    assert [each.keys() for each in kept["sheets"]] == [{"id", "isSealed"}] * 3
    assert sorted(each["isSealed"] for each in kept["calls"]) == [False, True, True, True]
    assert await page.evaluate("[Object.keys(localStorage), sessionStorage.length]") == [[], 0]
    return str(stopped)


def sent_apart(sent: list[Sent], mitras: list[str]) -> tuple[list[str], list[str]]:
    """Ids of sheets and of contacts, once it is sure that their requests have nothing in common."""
    sheets = [each.body for each in sent if each.url.endswith("/v1/opinions")]
    contacts = [each for each in sent if each.url.endswith("/v1/contacts")]
    assert [each.keys() for each in sheets] == [{"submission_id", "round", "segment", "answers"}] * 3
    assert sorted(json.dumps(each["answers"]) for each in sheets) == sorted(map(json.dumps, ANSWERS))
    assert max(map(sent.index, contacts)) < min(at for at, each in enumerate(sent) if each.body in sheets)
    submissions = [each["submission_id"] for each in sheets]
    contact_ids = [made["contact_id"] for each in contacts for made in each.body["contacts"]]
    assert len({*submissions, *contact_ids, *mitras}) == 3 + 4 + 4
    return submissions, contact_ids


async def assert_no_row_tells_both(site: Site, of_answers: list[str], of_persons: list[str]) -> None:
    held = await every_row(site)
    with_answers = {row for row in held if any(trace in row[1] for trace in of_answers)}
    with_persons = {row for row in held if any(trace in row[1] for trace in of_persons)}
    assert {table for table, _ in with_answers} == {"opinion_pool", "opinion_submission"}
    assert {table for table, _ in with_persons} >= {"contact", "mitra", "enrolment_log"}
    assert with_answers & with_persons == set()


async def logged(capsys: pytest.CaptureFixture[str], sheets: int) -> str:
    """The log of the service, once it tells that so many sheets came."""
    log = ""
    async with asyncio.timeout(30):
        while log.count('{"event":"request","status":202}') < sheets:
            await asyncio.sleep(0.05)
            log += capsys.readouterr().out
    return log


async def test_after_a_whole_round_the_answers_cannot_be_found_beside_a_person(
    switch_on: SwitchOn, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    mitras = await enrolled(site, STAFF, PEOPLE)
    persons = [*mitras, *(part for name, phone in PEOPLE for part in (*name.split(), phone))]
    phone = await switch_on()
    await with_list(phone.page, site, STAFF, len(PEOPLE))
    stopped = await call_everybody_offline(phone.page, persons)
    assert await contacts_of(site, STAFF) == []
    phone.kill()
    written = on_disk(phone.profile)
    assert b"opinions.html" in written
    assert [trace for trace in persons if any(found in written for found in encoded(trace))] == []
    assert NEVER_ON_A_DISK not in written

    page = (await switch_on()).page
    sent = watch(page)
    await page.goto(f"{site.url}/field/#contacts")
    await outcomes_sent(page)
    told = await contacts_of(site, STAFF)
    assert sorted(mitra for _, mitra in told) == sorted(mitras)
    assert [outcome for outcome, _ in told] == ["asked_to_stop", "reached", "reached", "reached"]
    assert await withdrawn(site, STAFF) == [mitras[NAMES.index(stopped)]]
    # As yet no sheet has gone: not in the company of calls.
    assert len((await stores(page))["sheets"]) == len(ANSWERS)
    assert 9 < await page.evaluate(MOMENT) <= 40

    await let_sheets_go(page)
    await until(page, SHEETS_GONE)
    submissions, contact_ids = sent_apart(sent, mitras)
    pooled = [str(each.id) for each in await rows(site.api.engine, "select id from opinion_pool")]
    of_answers, of_persons = [*submissions, *pooled], [*mitras, *contact_ids, STAFF]
    await assert_no_row_tells_both(site, of_answers, of_persons)
    log = await logged(capsys, len(submissions))
    assert "/v1/contacts" in log
    assert "opinions" not in log
    assert not [trace for trace in (*persons, *of_answers, *of_persons) if trace in log]
