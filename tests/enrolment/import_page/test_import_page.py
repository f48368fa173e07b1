"""The page of imports: the whole way in a browser, in three languages, and what is left in it."""

import asyncio
import csv
import io
import json
from pathlib import Path
from typing import Any

from playwright.async_api import Page, Route, expect
from sqlalchemy import text

from enrolment.domain.importing import Field
from tests.enrolment.field.test_seeing import LANGUAGES, violations
from tests.enrolment.import_page.conftest import DESKTOP, Desk
from tests.enrolment.imports.import_world import COLUMNS, line, table, workbook
from tests.enrolment.intake_api import count, rows

UNDERSTOOD = {
    "phone": "Phone", "segment": "Vidhan Sabha", "basis": "Basis", "adult": "Declared adult",
    "party_member": "Party member", "notice_version": "Notice version", "notice_language": "Notice language",
    "collected_on": "Date of consent", "collected_by": "Collected by",
}  # fmt: skip
HEADINGS = ["Person", "Religion", *UNDERSTOOD.values()]
TOO_LARGE = """() => {
  const dropped = new DataTransfer();
  dropped.items.add(new File([new Uint8Array(33_554_433)], "large.csv"));
  const drop = new DragEvent("drop", { dataTransfer: dropped, bubbles: true, cancelable: true });
  document.querySelector("#drop").dispatchEvent(drop);
}"""
KEPT = """async () => JSON.stringify([
  Object.entries(localStorage), Object.entries(sessionStorage), document.cookie, await caches.keys(),
  (await indexedDB.databases()).map(({ name }) => name),
  (await navigator.serviceWorker.getRegistrations()).length,
])"""


def row(number: int, **changes: Any) -> list[Any]:
    """The `number`-th person under HEADINGS: nothing is said of consent."""
    said = dict(zip(COLUMNS, line(number, **{"name": "Zubaida", **changes}), strict=True))
    return [said[Field.NAME], "of a faith", *(said[Field(name)] for name in UNDERSTOOD)]


def nasty() -> bytes:
    """Names under a heading of no meaning, no consent, a religion, lost digits, days to come, many rows."""
    broken = [row(2, phone="9.87654E+09"), row(3, collected_on="03-11-2031"), row(4, segment="Rampur")]
    many = [row(number, phone="12345") for number in range(100, 160)]
    return workbook(
        ("Ward", table([row(1), *broken, *many, row(1, name="Farida")], HEADINGS)),
        ("Notes", [["nothing", "here"], ["a", "b"]]),
        hidden=["Notes"],
    )


async def step(page: Page, name: str, shots: Path) -> None:
    """Fits, in three languages, of which pictures are left; and who does not see it can use it."""
    for own, direction in LANGUAGES.values():
        await page.get_by_role("button", name=own, exact=True).click()
        await expect(page.locator("html")).to_have_attribute("dir", direction)
        assert await page.evaluate("document.documentElement.scrollWidth") <= DESKTOP["width"], (name, own)
        await page.screenshot(path=shots / f"{name}-{direction}-{own}.png", full_page=True)
    assert await violations(page) == [], name
    await page.get_by_role("button", name="English", exact=True).click()


async def test_a_nasty_sheet_goes_the_whole_way_and_nothing_of_it_stays_in_the_browser(
    desk: Desk, page: Page, tmp_path: Path
) -> None:
    await page.goto(f"{desk.url}/imports")
    await expect(page.locator("#signin-title")).to_be_focused()
    await step(page, "1-signin", tmp_path)
    await desk.sign_in(page)
    await expect(page.locator("#list-title")).to_be_focused()
    async with page.expect_download() as template:
        await page.locator("#template").click()
    assert (await template.value).suggested_filename == "template.csv"

    await wrong_files_are_told_before_anything_is_sent(desk, page)
    await send_though_the_network_fails(desk, page)
    await expect(page.locator("#import-state")).to_have_text("The file is being read.")
    await desk.work()

    await expect(page.locator("#preview-title")).to_be_focused()
    await expect(page.locator("#unmapped")).to_contain_text("Name, Consent signed")
    await expect(page.locator("#never-read")).to_contain_text("B Religion")
    await expect(page.locator("#accept-none")).to_be_visible()
    await the_mapping_is_changed(desk, page)
    await rows_are_told_page_by_page(page)
    await step(page, "2-preview", tmp_path)
    await it_is_accepted_with_the_tick_alone(page)
    await a_pause_until_tomorrow_is_explained(desk, page)
    await desk.work()

    await expect(page.locator("#import-state")).to_have_text("Finished.")
    await expect(page.locator("#outcomes dd")).to_have_text(["1", "64"])
    await step(page, "3-done", tmp_path)
    async with page.expect_download() as result:
        await page.locator("#result-get").click()
    taken = (await (await result.value).path()).read_text(encoding="utf-8-sig")
    assert len(list(csv.reader(io.StringIO(taken)))) == 65
    (person,) = await rows(desk.staff.api.engine, "select consent_manner, recruiter from mitra")
    assert tuple(person) == ("signed_paper", desk.somebody.id)
    everything = await page.content()
    assert not any(value in everything for value in ("Zubaida", "Farida", "9800000001", "12345", "faith"))
    assert json.loads(await page.evaluate(KEPT)) == [[["mitra-language", "en"]], [], "", [], [], 0]
    await a_reload_signs_out_and_the_list_is_there_again(desk, page, tmp_path)


async def wrong_files_are_told_before_anything_is_sent(desk: Desk, page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for name, content, said in (
        ("letter.csv", b"%PDF-1.7", "This is no CSV and no XLSX file."),
        ("old.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Excel file"),
    ):
        await page.locator("#file").set_input_files({"name": name, "mimeType": "text/csv", "buffer": content})
        await page.locator("#file-send").click()
        await expect(page.locator("#file-trouble")).to_contain_text(said)
    await page.evaluate(TOO_LARGE)
    await expect(page.locator("#file-chosen")).to_contain_text("large.csv")
    await page.locator("#file-send").click()
    await expect(page.locator("#file-trouble")).to_have_text("The file is larger than 32 MB.")
    assert not [url for url in asked if "/v1/" in url]
    # What only the server can see is told by the import, which can be deleted.
    file = {"name": "list.csv", "mimeType": "text/csv", "buffer": "नाम".encode() + b"\xe9,\xff\n"}
    await page.locator("#file").set_input_files(file)  # type: ignore[arg-type]
    await page.locator("#file-send").click()
    await expect(page.locator("#import-title")).to_be_focused()
    await desk.work()
    await expect(page.locator("#import-why")).to_contain_text("save it as 'CSV UTF-8', or as XLSX")
    await page.locator("#delete").click()
    await page.locator("#ask-yes").click()
    await expect(page.locator("#list-said")).to_have_text("The import was deleted.")
    await expect(page.locator("#imports li")).to_have_count(0)


async def send_though_the_network_fails(desk: Desk, page: Page) -> None:
    """Once before the file is there, once with the answer: it is there once."""
    failures = ["before", "after"]
    seen = asyncio.Event()

    async def fail(route: Route) -> None:
        if route.request.method == "POST" and failures:
            await seen.wait()
            if failures.pop(0) == "after":
                await route.fetch()
            await route.abort()
        else:
            await route.continue_()

    await page.route("**/v1/imports", fail)
    file = {"name": "papers.xlsx", "mimeType": "application/octet-stream", "buffer": nasty()}
    await page.locator("#file").set_input_files(file)  # type: ignore[arg-type]
    await page.locator("#file-send").click()
    await expect(page.locator("#sending-title")).to_be_focused()
    seen.set()
    await expect(page.locator("#sending-said")).to_contain_text("The network failed.")
    await expect(page.locator("#import-title")).to_be_focused()
    assert failures == []
    assert await count(desk.staff.api.engine, "sheet_import") == 1


async def the_mapping_is_changed(desk: Desk, page: Page) -> None:
    await page.locator("#from-name").select_option("0")
    await page.locator("#from-consent").select_option("same")
    await page.get_by_role("button", name="Read it like this").click()
    await expect(page.locator("#mapping-trouble")).to_contain_text("Consent signed")
    await page.locator("#same-consent").select_option("yes")
    await page.get_by_role("button", name="Read it like this").click()
    await expect(page.locator("#import-state")).to_contain_text("anew")
    await desk.work()

    await expect(page.locator("#preview-title")).to_be_focused()
    await expect(page.locator("#counts dd")).to_have_text(["65", "1", "64"])
    await expect(page.locator("#problems-rows")).to_contain_text("digits are lost for good")


async def rows_are_told_page_by_page(page: Page) -> None:
    await page.locator("#rows-show").click()
    await expect(page.locator("#rows-title")).to_be_focused()
    await expect(page.locator("#rows tr").first).to_contain_text("format the column as text")
    await page.locator("#rows-next").click()
    await expect(page.locator("#rows-page")).to_have_text("Rows \u206853\u2069 to \u206866\u2069")
    await expect(page.locator("#rows-next")).to_have_attribute("aria-disabled", "true")


async def it_is_accepted_with_the_tick_alone(page: Page) -> None:
    await page.locator("#accept-send").click()
    await expect(page.locator("#accept-trouble")).to_contain_text("Tick that you have the signed papers")
    await page.locator("#signed").check()
    await page.locator("#accept-send").click()
    await expect(page.locator("#enrolling-title")).to_be_focused()
    await expect(page.locator("#settled-said")).to_contain_text("of \u206865\u2069 rows")


async def a_pause_until_tomorrow_is_explained(desk: Desk, page: Page) -> None:
    async def continue_at(when: str) -> None:
        async with desk.staff.api.engine.begin() as connection:
            await connection.execute(text("select set_config('mitra.work', 'imports', true)"))
            await connection.execute(text(f"update sheet_import set continues_at = {when}"))  # noqa: S608

    await continue_at("now() + interval '1 day'")
    await expect(page.locator("#continues")).to_contain_text("goes on by itself from")
    await expect(page.locator("#import-trouble")).to_contain_text("stopped looking")
    await continue_at("null")
    await page.locator("#import-again").click()
    await expect(page.locator("#continues")).to_be_hidden()


async def a_reload_signs_out_and_the_list_is_there_again(desk: Desk, page: Page, shots: Path) -> None:
    await page.reload()
    await expect(page.locator("#signin-title")).to_be_focused()
    ended = "select ended_at from staff_session where device_name like 'Chrome on Linux'"
    async with asyncio.timeout(60):
        while not all(each.ended_at for each in await rows(desk.staff.api.engine, ended)):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await desk.sign_in(page)
    await expect(page.locator("#import-state")).to_have_text("Finished.")
    await page.get_by_role("link", name="All imports").click()
    await expect(page.locator("#imports li")).to_have_count(1)
    await step(page, "4-list", shots)
    await page.locator("#sign-out").click()
    await expect(page.locator("#signin-title")).to_be_focused()
    await expect(page.locator("#imports li")).to_have_count(0)
