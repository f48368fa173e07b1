"""A member of staff with people to call: what is tapped, and what lies on the phone and at the server."""

from collections.abc import Sequence
from typing import Any

from playwright.async_api import Page, expect

from tests.enrolment.field.phone import signed_in, until
from tests.enrolment.field.site import Site
from tests.enrolment.intake_api import person, rows, token

STORES = """() => import("/field/database.js").then(({ transact, done }) => {
  const names = ["calls", "outcomes", "sheets", "outreach"];
  return transact(names, "readonly", async (store) => {
    const found = {};
    for (const name of names) found[name] = (await done(store(name).getAll())).map(
      ({ nonce, sealed, ...clear }) => ({ ...clear, isSealed: sealed !== undefined }));
    return found;
  });
})"""
MOMENT = """() => Promise.all([import("/field/database.js"), import("/field/clock.js")]).then(
  async ([{ read }, { now }]) => (await read("sheetsAt") - now()) / 60000)"""
SHEETS_GONE = """() => import("/field/sheets.js").then(({ sheetsHere }) => sheetsHere()).then(
  ({ waiting }) => waiting === 0)"""
LIST_ANSWERED = """() => !document.querySelector("#contacts-trouble").hidden
  || document.querySelector("#calls-open").textContent === "%d\""""
REPORT_OUTREACH = """([segment]) => import("/field/outreach.js").then(({ reportOutreach }) =>
  import("/field/clock.js").then(({ today }) => reportOutreach(today(), segment, 1, 2)))"""
BRING_THE_MOMENT = """() => import("/field/database.js").then(({ write }) => write("sheetsAt", 0))"""


async def enrolled(site: Site, staff: str, people: Sequence[tuple[str, str]]) -> list[str]:
    """Ids of people, by name and phone, whom this member of staff has in care."""
    mitras = []
    for number, (name, phone) in enumerate(people):
        body = person(number, name=name, phone=phone)
        answer = await site.api.enrol(body, bearer=token(staff))
        assert answer.status_code == 201, answer.text
        mitras.append(str(answer.json()["mitra_id"]))
    return mitras


async def with_list(page: Page, site: Site, staff: str, count: int) -> None:
    """Signed in, with a list of `count` people."""
    await signed_in(page, site, staff)
    await page.locator('[data-view="contacts"]').click()
    await take_list(page, count)


async def take_list(page: Page, count: int) -> None:
    """A list of `count` people; asked for again where the app could not have it."""
    for _ in range(5):
        await page.locator('[data-take="10"]').click()
        await until(page, LIST_ANSWERED % count)
        if await page.locator("#contacts-trouble").is_hidden():
            break
    await expect(page.locator("#calls-open")).to_have_text(str(count))


async def note(page: Page, outcome: str) -> None:
    """What came of the call on the card; the next card is there after."""
    await expect(page.locator("#person-name")).not_to_have_text("")
    name = await page.locator("#person-name").text_content()
    await page.locator(f'[data-outcome="{outcome}"]').click()
    if outcome == "asked_to_stop":
        await page.locator("#ask-yes").click()
    await expect(page.locator("#person-name")).not_to_have_text(str(name))


async def stores(page: Page) -> dict[str, list[dict[str, Any]]]:
    """What lies on the phone of this work: what is in clear of it."""
    found: dict[str, list[dict[str, Any]]] = await page.evaluate(STORES)
    return found


async def outcomes_sent(page: Page) -> None:
    await until(page, f"({STORES})().then((found) => found.outcomes.every((one) => one.state !== 'waiting'))")
    await expect(page.locator("#outcomes-waiting")).to_have_text("0")


async def let_sheets_go(page: Page) -> None:
    """Their moment has come, and the app is looked at."""
    await page.evaluate(BRING_THE_MOMENT)
    await page.locator('[data-view="queue"]').click()
    await page.locator("#send").click()


async def contacts_of(site: Site, staff: str) -> list[Any]:
    """Outcome and Mitra of each contact that the server has of this member of staff."""
    return await rows(
        site.api.engine,
        "select outcome, cast(mitra as text) from contact where staff = :staff order by outcome, mitra",
        staff=staff,
    )
