"""A half-filled form is kept, sealed, until it is stored or dropped; a changed notice costs the consent."""

from datetime import date, timedelta

from playwright.async_api import BrowserContext, Page, expect
from sqlalchemy import text

from mitra_shared.ids import CampaignId
from tests.enrolment.field.conftest import SwitchOn
from tests.enrolment.field.phone import HOLD_UP_ONE_PICTURE, all_sent, fill, sign_out, signed_in, until
from tests.enrolment.field.site import Site
from tests.enrolment.field.test_paper_photos import camera
from tests.enrolment.intake_api import load, rows
from tests.enrolment.photos import jpeg
from tests.factories import small_campaign

KEPT = """() => import("/field/database.js").then(({ transact, done }) =>
  transact(["drafts"], "readonly", (store) => done(store("drafts").count())))"""
VALUES = """() => import("/field/database.js").then(async ({ transact, done }) => {
  const { unseal } = await import("/field/vault.js");
  const kept = await transact(["drafts"], "readonly", (store) => done(store("drafts").getAll()));
  return Promise.all(kept.map((draft) => unseal(draft, `draft:${draft.key}`)));
})"""
NAME, PHONE = "Zubeida Khatoon", "9876710000"


async def kept(page: Page, number: int) -> None:
    """So many drafts are on the disk."""
    await until(page, f"({KEPT})().then((count) => count === {number})")


async def test_a_half_filled_form_survives_a_killed_app_sealed_and_goes_when_it_is_stored(
    switch_on: SwitchOn, site: Site
) -> None:
    phone = await switch_on()
    await signed_in(phone.page, site, "staff-draft")
    await fill(phone.page, NAME, PHONE)
    await phone.page.locator("#no-party").uncheck()
    await until(phone.page, f"({VALUES})().then(([one]) => one?.adult && !one.noParty)")
    phone.kill()
    stored = b"".join(
        path.read_bytes() for path in phone.profile.rglob("*") if path.is_file() and "IndexedDB" in str(path)
    )
    for secret in (NAME, "Zubeida", PHONE):
        for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
            assert secret.encode(encoding) not in stored
    phone = await switch_on()
    page = phone.page
    await page.goto(f"{site.url}/field/")
    await expect(page.locator("html[data-ready]")).to_be_attached()
    await expect(page.locator("#name")).to_have_value(NAME)
    await expect(page.locator("#phone")).to_have_value(PHONE)
    await expect(page.locator("#consent")).to_be_checked()
    await page.locator("#no-party").check()
    await page.locator("#store").click()
    await expect(page.locator("#name")).to_have_value("")
    await all_sent(page)
    await kept(page, 0)
    ((number,),) = await rows(site.api.engine, "select count(*) from mitra where recruiter = 'staff-draft'")
    assert number == 1


async def test_several_forms_are_put_aside_gone_on_with_and_dropped(page: Page, site: Site) -> None:
    await signed_in(page, site, "staff-several")
    for name in ("Ayesha", "Begum"):
        await page.locator("#name").fill(name)
        await page.locator("#put-aside").click()
        await expect(page.locator("#name")).to_have_value("")
    aside = page.locator("#drafts li")
    await expect(aside).to_have_count(2)
    await aside.filter(has_text="Ayesha").get_by_role("button", name="Go on").click()
    await expect(page.locator("#name")).to_have_value("Ayesha")
    await expect(aside).to_have_count(1)
    await aside.get_by_role("button", name="Drop").click()
    await page.locator("#ask-yes").click()
    await expect(aside).to_have_count(0)
    await fill(page, "Ayesha", "9876711000")
    await page.locator("#store").click()
    await expect(page.locator("#name")).to_have_value("")
    await kept(page, 0)


async def test_a_photo_that_is_still_being_made_stays_with_the_form_that_is_put_aside(
    page: Page, site: Site
) -> None:
    await signed_in(page, site, "staff-photo-aside")
    await page.locator("#name").fill("Ayesha")
    await page.locator('[name="manner"][value="signed_paper"]').check()
    await page.evaluate(HOLD_UP_ONE_PICTURE)
    for photo in (jpeg(800, 400), jpeg(400, 800)):
        await page.locator("#paper-file").set_input_files(camera(photo))
    await page.locator("#put-aside").click()
    await expect(page.locator("#name")).to_have_value("")
    await page.evaluate("window.goOn()")
    await page.locator("#drafts").get_by_role("button", name="Go on").click()
    await expect(page.locator("#paper-preview")).to_be_visible()
    # The second one, 320 pixels high.
    await expect(page.locator("#paper-preview")).to_have_js_property("width", 160)


async def test_another_window_does_not_offer_the_form_that_is_being_filled_in(
    context: BrowserContext, page: Page, site: Site
) -> None:
    await signed_in(page, site, "staff-beside")
    await page.locator("#name").fill("Ayesha")
    await kept(page, 1)
    other = await context.new_page()
    await other.goto(f"{site.url}/field/")
    await expect(other.locator("html[data-ready]")).to_be_attached()
    await expect(other.locator("#name")).to_have_value("")
    await expect(other.locator("#drafts-part")).to_be_hidden()


async def test_signing_out_forgets_half_filled_forms(page: Page, site: Site) -> None:
    await signed_in(page, site, "staff-forgets")
    await page.locator("#name").fill("Ayesha")
    await kept(page, 1)
    await sign_out(page)
    await signed_in(page, site, "staff-forgets")
    await expect(page.locator("#name")).to_have_value("")
    await expect(page.locator("#drafts-part")).to_be_hidden()


async def test_after_the_grace_the_person_is_asked_again_and_the_rest_of_the_form_stays(
    context: BrowserContext, page: Page, site: Site
) -> None:
    await signed_in(page, site, "staff-notice-changed")
    await context.set_offline(True)
    await fill(page, "Ayesha", "9876712000")
    await page.locator("#store").click()
    await expect(page.locator("#badge")).to_have_text("1")
    first = [notice.model_dump() for notice in small_campaign().notices]
    newer = [
        notice | {"version": "2026-12", "in_force_from": date(2026, 10, 1), "text": f"Anew: {notice['text']}"}
        for notice in first
    ]
    engine = site.api.engine
    await load(engine, small_campaign(2, notices=[*first, *newer], consent={"grace_days": 7}))
    async with engine.begin() as connection:
        await connection.execute(
            text("update campaign set defined_at = defined_at - cast(:ago as interval) where version = 2"),
            {"ago": timedelta(days=8)},
        )
        await site.api.service.campaigns.refresh(connection, {CampaignId("small"): 2})
    try:
        await context.set_offline(False)
        await page.locator('[data-view="queue"]').click()
        await expect(page.locator("#refusals .why")).to_contain_text("the rest of the form stays")
        await page.locator("#refusals").get_by_role("button", name="Ask again").click()
        await expect(page.locator("#notice-version")).to_have_text("2026-12")
        await expect(page.locator("#name")).to_have_value("Ayesha")
        await expect(page.locator("#adult")).to_be_checked()
        await expect(page.locator("#consent")).not_to_be_checked()
        await page.locator("#consent").check()
        await page.locator("#store").click()
        await all_sent(page)
    finally:
        async with engine.begin() as connection:
            await connection.execute(text("delete from campaign where version = 2"))
            await connection.execute(text("update campaign set current = true"))
            await site.api.service.campaigns.refresh(connection)
    assert await rows(
        engine, "select notice_version from mitra where recruiter = 'staff-notice-changed'"
    ) == [("2026-12",)]
