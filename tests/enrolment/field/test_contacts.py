"""Lists of people to call, outcomes, answer sheets, when network, day or server is against them."""

import asyncio

from playwright.async_api import BrowserContext, Page, Route, expect
from starlette.types import Scope

from tests.enrolment.field.contacts import (
    BRING_THE_MOMENT,
    MOMENT,
    REPORT_OUTREACH,
    SHEETS_GONE,
    contacts_of,
    enrolled,
    note,
    outcomes_sent,
    stores,
    with_list,
)
from tests.enrolment.field.phone import signed_in, until
from tests.enrolment.field.site import Site
from tests.enrolment.intake_api import SEGMENT, rows, token
from tests.factories import ROUND

SEND_SHEETS = '() => import("/field/sheets.js").then(({ sendSheets }) => sendSheets())'
KEEP_SHEET = """([round, segment]) => import("/field/sheets.js").then(({ keepSheet }) =>
  keepSheet(crypto.randomUUID(), { round, segment, answers: { "office-help": 3 } }))"""
AS_IF_YESTERDAY = """() => import("/field/database.js").then(({ transact, done }) =>
  transact(["calls"], "readwrite", async (store) => {
    for (const row of await done(store("calls").getAll())) {
      await done(store("calls").put({ ...row, day: "2026-01-01" }));
    }
  }))"""
OUTCOME_WAITS = """() => new Promise((held) => {
  // As if the app were just sending it: the lock is held until the page goes.
  navigator.locks.request("mitra-field-outcomes", () => new Promise(() => held()));
}).then(() => import("/field/database.js")).then(({ transact, done }) =>
  transact(["outcomes"], "readwrite", (store) => done(
    store("outcomes").put({ contact: "c", state: "waiting" }))))"""
OUTCOME_IS_SENT = """() => import("/field/database.js").then(({ transact, done }) =>
  transact(["outcomes"], "readwrite", (store) => done(store("outcomes").delete("c"))))"""
ASKED_TO_STOP = """([mitra, round, day]) => Promise.all([
  import("/field/database.js"), import("/field/vault.js"),
]).then(async ([{ transact, done }, { seal }]) => {
  const contact = crypto.randomUUID();
  const told = {
    mitra_id: mitra, round, day, outcome: "asked_to_stop", call_on: null, preferred_time: null,
  };
  const row = { contact, state: "waiting", ...(await seal(told, `outcome:${contact}`)) };
  await transact(["outcomes"], "readwrite", (store) => done(store("outcomes").add(row)));
})"""
SEND_OUTCOMES = '() => import("/field/outcomes.js").then(({ sendOutcomes }) => sendOutcomes())'
SEND_SHEETS_AFTER_OTHERS = """() => import("/field/sheets.js").then(({ sendSheets }) =>
  navigator.locks.request("mitra-field-sheets", () => void sendSheets()))"""
OUTCOMES_IN_TURN = """() => navigator.locks.query().then(({ pending }) =>
  pending.some(({ name }) => name === "mitra-field-outcomes"))"""
SEND_OUTREACH = '() => import("/field/outreach.js").then(({ sendOutreach }) => sendOutreach())'
STATUS_OF = "() => (%s)().then(() => null, (error) => error.status)"
MOMENTS = """([drawn, at, random]) =>
  import("/field/sheet_moment.js").then(({ apartFrom }) => apartFrom(drawn, at, random))"""
AS_IF_DRAWN_A_YEAR_AHEAD = """() => import("/field/database.js").then(({ write }) =>
  write("sheetsAt", Date.now() + 365 * 86400000))"""
MINUTE = 60_000


async def test_an_outcome_whose_answer_was_lost_is_sent_again_and_counts_once(page: Page, site: Site) -> None:
    staff = "staff-lost"
    (mitra,) = await enrolled(site, staff, [("Ayesha", "9876500101")])
    await with_list(page, site, staff, 1)
    lost = 0

    async def fault(scope: Scope) -> str | None:
        nonlocal lost
        if scope["path"] != "/v1/contacts" or lost:
            return None
        lost += 1
        return "after"

    site.fault = fault
    await note(page, "not_reached")
    await outcomes_sent(page)
    assert site.asked.count("POST /v1/contacts") == 2
    assert await contacts_of(site, staff) == [("not_reached", mitra)]
    await page.locator("#tried button").click()
    await expect(page.locator("#calls-open")).to_have_text("1")
    await page.locator("#call-later").click()
    await note(page, "call_later")
    await outcomes_sent(page)
    assert await contacts_of(site, staff) == [("call_later", mitra), ("not_reached", mitra)]


async def test_who_takes_a_list_while_an_outcome_is_on_its_way_gets_it(page: Page, site: Site) -> None:
    staff = "staff-hurried"
    await enrolled(site, staff, [("Ayesha", "9876500601")])
    await with_list(page, site, staff, 1)
    await enrolled(site, staff, [("Begum", "9876500602")])
    arrives = asyncio.Event()

    async def hold_up(scope: Scope) -> None:
        if scope["path"] == "/v1/contacts":
            await arrives.wait()

    site.fault = hold_up
    await note(page, "not_reached")
    await page.locator('[data-take="10"]').click()
    await until(page, OUTCOMES_IN_TURN)
    arrives.set()
    await expect(page.locator("#person-name")).to_have_text("Begum")
    await expect(page.locator("#contacts-trouble")).to_be_hidden()


async def test_sheets_that_are_to_go_while_others_go_do_so_afterwards(page: Page, site: Site) -> None:
    await signed_in(page, site, "staff-sheets-after")
    for _ in range(3):
        await page.evaluate(KEEP_SHEET, [ROUND, SEGMENT])
    await page.evaluate(BRING_THE_MOMENT)
    await page.evaluate(SEND_SHEETS_AFTER_OTHERS)
    # The app itself looks again after a minute.
    await until(page, SHEETS_GONE, seconds=30)


async def test_sheets_go_in_company_when_nothing_waits_and_their_moment_has_come(
    page: Page, site: Site
) -> None:
    await signed_in(page, site, "staff-sheets")
    for _ in range(2):
        await page.evaluate(KEEP_SHEET, [ROUND, SEGMENT])
    await page.evaluate(BRING_THE_MOMENT)
    await page.evaluate(SEND_SHEETS)
    await page.evaluate(KEEP_SHEET, [ROUND, SEGMENT])
    assert 9 < await page.evaluate(MOMENT) <= 40
    await page.evaluate(SEND_SHEETS)
    await page.evaluate(OUTCOME_WAITS)
    await page.evaluate(BRING_THE_MOMENT)
    await page.evaluate(SEND_SHEETS)
    assert "POST /v1/opinions" not in site.asked
    assert len((await stores(page))["sheets"]) == 3
    await page.evaluate(OUTCOME_IS_SENT)
    await page.evaluate(AS_IF_DRAWN_A_YEAR_AHEAD)
    await page.evaluate(SEND_SHEETS)
    assert 9 < await page.evaluate(MOMENT) <= 40
    await page.evaluate(BRING_THE_MOMENT)
    await page.evaluate(SEND_SHEETS)
    await until(page, SHEETS_GONE)
    assert site.asked.count("POST /v1/opinions") == 3


async def test_what_something_on_the_way_refuses_stays_on_the_phone(page: Page, site: Site) -> None:
    staff = "staff-proxy"
    await signed_in(page, site, staff)

    async def fault(scope: Scope) -> str | None:
        return "proxy 413" if scope["path"].startswith(("/v1/opinions", "/v1/outreach")) else None

    site.fault = fault
    for _ in range(3):
        await page.evaluate(KEEP_SHEET, [ROUND, SEGMENT])
    await page.evaluate(REPORT_OUTREACH, [SEGMENT])
    await page.evaluate(BRING_THE_MOMENT)
    assert await page.evaluate(STATUS_OF % SEND_SHEETS) == 413
    assert await page.evaluate(STATUS_OF % SEND_OUTREACH) == 413
    kept = await stores(page)
    assert len(kept["sheets"]) == 3
    assert [report["state"] for report in kept["outreach"]] == ["waiting"]
    site.fault = None
    await page.evaluate(BRING_THE_MOMENT)
    await page.evaluate(SEND_SHEETS)
    await until(page, SHEETS_GONE)
    await page.evaluate(SEND_OUTREACH)
    assert (
        len(
            await rows(
                site.api.engine, "select segment from outreach_report where staff = :staff", staff=staff
            )
        )
        == 1
    )


async def test_the_moment_of_sheets_is_moved_only_where_it_is_too_near(page: Page, site: Site) -> None:
    await page.goto(f"{site.url}/field/manifest.webmanifest")
    moments = [
        await page.evaluate(MOMENTS, [drawn, 0, random])
        for drawn, random in ((None, 0), (None, 1), (11 * MINUTE, 1), (9 * MINUTE, 0.5), (41 * MINUTE, 0.5))
    ]
    assert moments == [10 * MINUTE, 40 * MINUTE, 11 * MINUTE, 25 * MINUTE, 25 * MINUTE]


async def test_a_list_is_forgotten_with_its_day_and_outcomes_stay(
    context: BrowserContext, page: Page, site: Site
) -> None:
    staff = "staff-evening"
    await enrolled(site, staff, [("Ayesha", "9876500201"), ("Begum", "9876500202")])
    await with_list(page, site, staff, 2)
    await context.set_offline(True)
    await note(page, "not_reached")
    await note(page, "reached")
    await page.evaluate(AS_IF_YESTERDAY)
    await page.reload()
    await expect(page.locator("#enrol")).to_be_visible()
    kept = await stores(page)
    assert kept["calls"] == []
    assert [each["state"] for each in kept["outcomes"]] == ["waiting", "waiting"]
    await page.locator('[data-view="more"]').click()
    await page.locator("#sign-out").click()
    await expect(page.locator("#ask-yes")).to_contain_text("2")
    async with page.expect_navigation():
        await page.locator("#ask-yes").click()
    await expect(page.locator("#signin")).to_be_visible()
    assert not any((await stores(page)).values())


async def test_a_refused_outcome_says_whose_and_why_and_a_short_ration_how_many(
    page: Page, site: Site
) -> None:
    staff = "staff-refused"
    (mitra,) = await enrolled(site, staff, [("Ayesha", "9876500301")])
    await with_list(page, site, staff, 1)
    withdrawal = await site.api.post(f"/v1/mitras/{mitra}/withdrawal", bearer=token(staff))
    assert withdrawal.status_code < 300, withdrawal.text
    await note(page, "reached")
    await expect(page.locator("#not-taken li")).to_contain_text("Ayesha")
    await expect(page.locator("#not-taken .why")).to_have_text("The person has withdrawn.")
    assert await contacts_of(site, staff) == []
    await page.locator("#not-taken button").click()
    await expect(page.locator("#not-taken-part")).to_be_hidden()

    async def few(route: Route) -> None:
        problem = {"type": "urn:mitra:problem:looks-used-up", "status": 429, "left": 3}
        await route.fulfill(status=429, json=problem)

    await enrolled(site, staff, [("Begum", "9876500302")])
    await page.route("**/calls", few)
    await page.locator("#next-person").click()
    await page.locator('[data-take="10"]').click()
    await expect(page.locator("#contacts-trouble")).to_contain_text("3")
    assert [each["state"] for each in (await stores(page))["calls"]] == ["done"]


async def test_whoever_asked_to_stop_is_withdrawn_though_the_contact_is_refused_or_the_staff_are_told(
    page: Page, site: Site
) -> None:
    staff = "staff-stopped"
    (mitra,) = await enrolled(site, staff, [("Ayesha", "9876500501")])
    nobody = "01980000-0000-7000-8000-000000000001"
    await signed_in(page, site, staff)
    for person in (mitra, nobody):
        await page.evaluate(ASKED_TO_STOP, [person, ROUND, "2026-01-01"])
    await page.evaluate(SEND_OUTCOMES)
    told = await rows(
        site.api.engine,
        "select withdrawn_at is not null from mitra where id = cast(:mitra as uuid)",
        mitra=mitra,
    )
    assert told == [(True,)]
    await page.reload()
    await expect(page.locator("html[data-ready]")).to_be_attached()
    await page.locator('[data-view="contacts"]').click()
    await expect(page.locator("#not-taken li")).to_have_count(1)
    await expect(page.locator("#not-taken li")).to_contain_text(nobody)
    await expect(page.locator("#not-taken .why")).to_contain_text("Not withdrawn")
    assert await contacts_of(site, staff) == []
    await page.locator('[data-view="more"]').click()
    await page.locator("#sign-out").click()
    await expect(page.locator("#ask-yes")).to_contain_text("1")
    await page.locator("#ask-no").click()
