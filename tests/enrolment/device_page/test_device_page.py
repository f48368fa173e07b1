"""The page of devices: whose phone has sent all it holds, in three languages; the browser keeps nothing."""

import asyncio
import json
import re
from pathlib import Path

import pytest
from playwright.async_api import Page, Route, expect
from sqlalchemy import text

from enrolment.device_page.pages import STATIC
from enrolment.staff_pages import DESK
from enrolment.staff_pages import STATIC as STAFF_STATIC
from tests.enrolment.device_page.conftest import Field
from tests.enrolment.field.test_seeing import LANGUAGES, can_be_used
from tests.enrolment.import_page.test_import_page import KEPT
from tests.enrolment.import_page.test_served import blanks
from tests.enrolment.intake_api import IntakeApi, person, rows

ON_PAPER = person()["consent"] | {"manner": "signed_paper"}


async def step(page: Page, name: str, shots: Path) -> None:
    """Fits and can be used in three languages, of which pictures are left."""
    for own, direction in LANGUAGES.values():
        await page.get_by_role("button", name=own, exact=True).click()
        await expect(page.locator("html")).to_have_attribute("dir", direction)
        await can_be_used(page)
        await page.screenshot(path=shots / f"{name}-{direction}-{own}.png", full_page=True)
    await page.get_by_role("button", name="English", exact=True).click()


async def test_the_in_charge_sees_whose_phone_lacks_what_and_nothing_stays_in_the_browser(
    field: Field, page: Page, tmp_path: Path
) -> None:
    far = await field.sync(field.colleague, 1, 2, 5, highest=6, consent=ON_PAPER)
    await field.sync(field.in_charge, 1, 2, highest=2)
    async with field.staff.api.engine.begin() as connection:
        await connection.execute(
            text("update device set synced_at = synced_at - interval '3 days' where id = cast(:far as uuid)"),
            {"far": far},
        )
    await page.goto(f"{field.url}/devices")
    await expect(page.locator("#signin-title")).to_be_focused()
    await step(page, "1-signin", tmp_path)
    await field.sign_in(page, field.in_charge)
    await expect(page.locator("#list-title")).to_be_focused()

    await expect(page.locator("#sum")).to_have_text("Phones: \u20682\u2069. Records missing: \u20683\u2069.")
    first, second = page.locator(".card").nth(0), page.locator(".card").nth(1)
    await expect(first).to_contain_text("Signed papers without a photo: \u20683\u2069")
    await expect(first).to_contain_text("3 days ago")
    await expect(first).to_contain_text(f"ends in \u2068{far[-6:]}\u2069")
    await expect(second).to_contain_text("Signed papers without a photo: \u20680\u2069")
    await expect(second).to_contain_text("all \u20682\u2069 are here")
    await expect(second).to_contain_text("today")
    await first.locator("summary").click()
    await expect(first.locator("details p").first).to_have_text(
        "Numbers: \u2068\u20683\u2069 to \u20684\u2069, 6\u2069"
    )
    await page.screenshot(path=tmp_path / "2-numbers.png", full_page=True)
    await step(page, "3-list", tmp_path)

    await field.sync_again(far, field.colleague, 3, 4, 6, highest=6)
    await page.locator("#again").click()
    await expect(page.locator("#sum")).to_contain_text("Everything that they told of is here.")
    await expect(page.locator("details")).to_have_count(0)
    assert json.loads(await page.evaluate(KEPT)) == [[["mitra-language", "en"]], [], "", [], [], 0]
    await page.locator("#sign-out").click()
    await expect(page.locator("#signin-title")).to_be_focused()
    assert far[-6:] not in await page.content()
    await signed_out(field)


async def signed_out(field: Field) -> None:
    """Until the server knows that whoever looked in the browser is gone."""
    live = "select 1 from staff_session where ended_at is null and device_name = 'Chrome on Linux'"
    async with asyncio.timeout(60):
        while await rows(field.staff.api.engine, live):  # noqa: ASYNC110 - it is told by a page that goes
            await asyncio.sleep(0.05)


async def test_names_stand_where_they_are_known_and_a_co_in_charge_sees_the_own_phones(
    field: Field, page: Page
) -> None:
    # The phone that was heard of longest ago comes first.
    await field.sync(field.colleague, 1, highest=1)
    await field.sync(field.colleague, highest=0)
    await field.sync(field.in_charge, 1, highest=1)
    former = await field.staff.appointed(field.in_charge.token, "co_in_charge", "S11-PC04")
    await field.sync(former, 1, highest=2)
    async with field.staff.api.engine.begin() as connection:
        await connection.execute(
            text("update staff_grant set until = since where staff = :staff"), {"staff": former.id}
        )
    await page.goto(f"{field.url}/devices/")
    await field.sign_in(page, field.in_charge)
    await expect(page.locator(".card h2")).to_have_text(["आयशा बेगम", "आयशा बेगम", former.id])
    await expect(page.locator(".card").first.locator("tbody tr")).to_have_count(2)
    await expect(page.locator(".card").first).to_contain_text("none yet")
    await page.locator("#sign-out").click()
    await field.sign_in(page, field.colleague)
    await expect(page.locator(".card")).to_have_count(1)
    await expect(page.locator(".card tbody tr")).to_have_count(2)


async def test_troubles_are_told_in_words_and_what_was_seen_stays(field: Field, page: Page) -> None:
    phone = await field.sync(field.colleague, 1, highest=2)
    await page.goto(f"{field.url}/devices/")
    await field.sign_in(page, field.in_charge)
    await expect(page.locator(".card")).to_have_count(1)

    async def fail(route: Route) -> None:
        await route.abort()

    await page.route("**/v1/devices**", fail)
    await page.locator("#again").click()
    await expect(page.locator("#list-trouble")).to_contain_text("There is no network")
    await page.locator("summary").click()
    await expect(page.locator("details .trouble")).to_contain_text("There is no network")
    await expect(page.locator(".card")).to_have_count(1)
    await page.unroute("**/v1/devices**")
    await page.locator("summary").click()
    async with field.staff.api.engine.begin() as connection:
        await connection.execute(
            text("update device set constituency = 'S24-PC07' where id = cast(:phone as uuid)"),
            {"phone": phone},
        )
    await page.locator("summary").click()
    await expect(page.locator("details .trouble")).to_contain_text("You do not see this phone any more.")
    await page.locator("#again").click()
    await expect(page.locator("#sum")).to_have_text("No phone has sent anything yet.")
    suspended = f"/v1/staff/{field.in_charge.id}/suspension"
    headquarters = await field.staff.headquarters()
    assert (await field.staff.ask("POST", suspended, token=headquarters.token)).status_code == 204
    await page.locator("#again").click()
    await expect(page.locator("#signin-why")).to_have_text("Your session has ended. Sign in again.")
    await expect(page.locator("#sum")).to_be_hidden()


async def test_an_answer_that_comes_late_is_not_shown_to_whoever_sits_down_next(
    field: Field, page: Page
) -> None:
    await field.sync(field.in_charge, 1, highest=1)
    await page.goto(f"{field.url}/devices/")
    await field.sign_in(page, field.in_charge)
    await expect(page.locator(".card")).to_have_count(1)
    asked, late = asyncio.Event(), asyncio.Event()

    async def hold_up(route: Route) -> None:
        answer = await route.fetch()
        asked.set()
        await late.wait()
        await route.fulfill(response=answer)

    await page.route("**/v1/devices", hold_up, times=1)
    await page.locator("#again").click()
    async with asyncio.timeout(60):
        await asked.wait()
    await page.locator("#sign-out").click()
    await field.sign_in(page, field.colleague)
    await expect(page.locator("#sum")).to_have_text("No phone has sent anything yet.")
    async with page.expect_event("requestfinished", lambda request: request.url.endswith("/v1/devices")):
        late.set()
    await page.evaluate("new Promise((shown) => requestAnimationFrame(() => requestAnimationFrame(shown)))")
    await expect(page.locator(".card")).to_have_count(0)


async def test_a_page_that_is_left_is_signed_out(field: Field, page: Page) -> None:
    await field.sync(field.colleague, 1, highest=1)
    await page.goto(f"{field.url}/devices/")
    await field.sign_in(page, field.in_charge)
    await expect(page.locator(".card")).to_have_count(1)
    await page.reload()
    await expect(page.locator("#signin-title")).to_be_focused()
    await expect(page.locator(".card")).to_have_count(0)
    await signed_out(field)


async def test_every_language_says_everything(field: Field, page: Page) -> None:
    await page.goto(f"{field.url}/devices/")
    script = "(language) => import(`/devices/words/${language}.js`).then((found) => found.words)"
    said = {language: await page.evaluate(script, language) for language in LANGUAGES}
    for language in ("hi", "ur"):
        assert list(said[language]) == list(said["en"])
        for key, english in said["en"].items():
            assert blanks(said[language][key]) == blanks(english), (language, key)
    used = await page.locator("[data-say]").evaluate_all("all => all.map((one) => one.dataset.say)")
    code = "".join(
        path.read_text() for folder in (STATIC, STAFF_STATIC, DESK) for path in folder.glob("*.js")
    )
    told = set(re.findall(r'\bsay\("(\w+)"', code)) | set(re.findall(r'"(column_\w+)"', code))
    chosen = {"sumAll", "sumMissing", "allHere", "noRecords", "why_not_found"}
    assert {*used, *told, *chosen} <= set(said["en"])


@pytest.mark.parametrize("path", ["", "app.js", "session.js", "desk.css", "words/ur.js"])
async def test_the_page_is_served_under_a_strict_policy(api: IntakeApi, path: str) -> None:
    answer = await api.client.get(f"/devices/{path}")
    assert answer.status_code == 200
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert "unsafe" not in policy
    again = await api.client.get(f"/devices/{path}", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


async def test_nothing_else_is_served_and_no_worker_keeps_the_page(api: IntakeApi) -> None:
    assert (await api.client.get("/devices")).headers["Location"] == "/devices/"
    for path in ("page.html", "worker.js", "fragments/header.html", "%2e%2e/pages.py", "sending.js"):
        assert (await api.client.get(f"/devices/{path}")).status_code == 404
    assert "{{" not in (await api.client.get("/devices/")).text
