"""Meetings and visits: reported without a network too, by day and segment, the last report counts."""

from playwright.async_api import BrowserContext, Page, expect

from tests.enrolment.field.contacts import REPORT_OUTREACH
from tests.enrolment.field.phone import signed_in
from tests.enrolment.field.site import Site
from tests.enrolment.intake_api import SEGMENT, rows

TYPE_AT_ONCE = """([segment, meetings]) => {
  const chosen = document.getElementById("outreach-segment");
  chosen.value = segment;
  chosen.dispatchEvent(new Event("change", { bubbles: true }));
  document.getElementById("meetings").value = meetings;
}"""


async def test_outreach_is_kept_without_a_network_and_the_last_report_of_a_day_counts(
    context: BrowserContext, page: Page, site: Site
) -> None:
    staff = "staff-outreach"
    await signed_in(page, site, staff)
    await context.set_offline(True)
    await page.locator('[data-view="numbers"]').click()
    for meetings, people in (("1", "40"), ("2", "85")):
        await page.locator("#outreach-segment").select_option(SEGMENT)
        await page.locator("#meetings").fill(meetings)
        await page.locator("#people-met").fill(people)
        await page.locator("#outreach button").click()
        # The words that the report was kept may still be those about the one before.
        kept = page.locator('#outreach-reports [data-state="waiting"]', has_text=people)
        await expect(kept).to_have_count(1)
    await expect(page.locator("#outreach-reports li")).to_have_count(1)
    await expect(page.locator("#outreach-said")).to_be_visible()
    await context.set_offline(False)
    await expect(page.locator('#outreach-reports [data-state="sent"]')).to_have_count(1)
    told = await rows(
        site.api.engine,
        "select segment, meetings, people_met from outreach_report where staff = :staff",
        staff=staff,
    )
    assert told == [(SEGMENT, 2, 85)]
    await page.locator("#meetings").fill("51")
    await page.locator("#outreach button").click()
    await expect(page.locator("#outreach-trouble")).to_contain_text("50")


async def test_what_is_typed_while_the_report_of_before_is_looked_for_stays(page: Page, site: Site) -> None:
    await signed_in(page, site, "staff-typing")
    await page.evaluate(REPORT_OUTREACH, [SEGMENT])
    await page.locator('[data-view="numbers"]').click()
    await expect(page.locator("#outreach-reports li")).to_have_count(1)
    await page.evaluate(TYPE_AT_ONCE, [SEGMENT, "7"])
    await expect(page.locator("#people-met")).to_have_value("2")
    await expect(page.locator("#meetings")).to_have_value("7")
