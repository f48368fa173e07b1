"""The photo of a signed paper: kept sealed on the phone with its record, sent after it, never lost unseen."""

import random
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from playwright.async_api import BrowserContext, FilePayload, Page, expect
from starlette.types import Scope

from tests.enrolment.field.conftest import SwitchOn
from tests.enrolment.field.phone import FILL_DISK, all_sent, fill, sign_out, signed_in, until
from tests.enrolment.field.site import Site
from tests.enrolment.intake_api import SEALS, rows
from tests.enrolment.photos import SECRET, jpeg, markers, opened

PHOTOS = """() => import("/field/database.js").then(({ transact, done }) =>
  transact(["photos"], "readonly", (store) => done(store("photos").getAll()))).then(
    (photos) => photos.map(({ state }) => state))"""
REFUSE = """() => import("/field/database.js").then(({ transact, done }) =>
  transact(["photos"], "readwrite", async (store) => {
    const [photo] = await done(store("photos").getAll());
    const problem = { type: "urn:mitra:problem:unfit-photo" };
    await done(store("photos").put({ ...photo, state: "refused", problem }));
  }))"""


def camera(photo: bytes | None = None) -> FilePayload:
    return {"name": "paper.jpg", "mimeType": "image/jpeg", "buffer": photo or jpeg(2_000, 1_000)}


def busy_picture() -> bytes:
    """A photo with so many details that it stays large."""
    made = BytesIO()
    pixels = random.Random(1).randbytes(900 * 600 * 3)  # noqa: S311 - a pattern
    Image.frombytes("RGB", (900, 600), pixels).save(made, "JPEG", quality=70)
    return made.getvalue()


async def photos(page: Page) -> list[str]:
    """States of the photos on the phone."""
    found: list[str] = await page.evaluate(PHOTOS)
    return found


async def fill_signed(page: Page, name: str, phone: str) -> None:
    await fill(page, name, phone)
    await page.locator('[name="manner"][value="signed_paper"]').check()


async def photograph(page: Page, photo: bytes | None = None) -> None:
    await page.locator("#paper-file").set_input_files(camera(photo))
    await expect(page.locator("#paper-preview")).to_be_visible()


async def store(page: Page) -> None:
    await page.locator("#store").click()
    await expect(page.locator("#name")).to_have_value("")


async def arrived(site: Site, staff: str) -> list[Any]:
    return await rows(
        site.api.engine,
        "select m.id, p.sealed, m.withdrawn_at from mitra as m join paper_photo as p on p.mitra = m.id"
        " where m.recruiter = :staff",
        staff=staff,
    )


def of_papers(verdict: str) -> Any:
    async def fault(scope: Scope) -> str | None:
        return verdict if scope["path"].endswith("/paper") else None

    return fault


async def test_a_photo_taken_offline_survives_a_killed_app_sealed_and_arrives_as_the_picture_alone(
    switch_on: SwitchOn, site: Site
) -> None:
    phone = await switch_on()
    await signed_in(phone.page, site, "staff-paper")
    await phone.page.context.set_offline(True)
    await fill_signed(phone.page, "Zubeida Khatoon", "9876730000")
    await photograph(phone.page)
    await store(phone.page)
    await expect(phone.page.locator("#paper-preview")).to_be_hidden()
    await expect(phone.page.locator("#badge")).to_have_text("2")
    assert await photos(phone.page) == ["waiting"]
    phone.kill()
    stored = b"".join(
        path.read_bytes() for path in phone.profile.rglob("*") if path.is_file() and "IndexedDB" in str(path)
    )
    assert b"photos" in stored or "photos".encode("utf-16-be") in stored
    assert b"JFIF" not in stored
    assert SECRET not in stored
    phone = await switch_on()
    page = phone.page
    await page.goto(f"{site.url}/field/")
    await expect(page.locator("html[data-ready]")).to_be_attached()
    await all_sent(page)
    assert await photos(page) == []
    ((mitra, sealed, _),) = await arrived(site, "staff-paper")
    assert b"JFIF" not in sealed
    photo = SEALS.open_paper_photo(sealed, mitra)
    assert opened(photo).size == (1_600, 800)
    assert SECRET not in photo
    assert 0xE1 not in markers(photo)
    order = [line for line in site.asked if line.endswith(("/records", "/paper"))]
    assert order[-1] == f"PUT /v1/mitras/{mitra}/paper"


async def test_a_photo_whose_answer_was_lost_is_sent_again_and_kept_once(page: Page, site: Site) -> None:
    await signed_in(page, site, "staff-lost")
    site.let_go.clear()
    site.fault = of_papers("after")
    await fill_signed(page, "Ayesha", "9876731000")
    await photograph(page)
    await store(page)
    await site.unanswered.wait()
    assert await photos(page) == ["ready"]
    site.fault = None
    site.let_go.set()
    await all_sent(page)
    assert len(await arrived(site, "staff-lost")) == 1
    assert sum(line.endswith("/paper") for line in site.asked) == 2


async def test_with_a_photo_that_is_not_sent_the_phone_is_not_done(page: Page, site: Site) -> None:
    await signed_in(page, site, "staff-undone")
    site.fault = of_papers("403")
    await fill_signed(page, "Ayesha", "9876732000")
    await photograph(page)
    await store(page)
    await until(page, f"({PHOTOS})().then(([state]) => state === 'ready')")
    await page.locator('[data-view="queue"]').click()
    await expect(page.locator("#queue-state")).to_contain_text("does not take records")
    await expect(page.locator("#queue-waiting")).to_have_text("0")
    await expect(page.locator("#photos-state")).to_contain_text("that are not sent yet")
    await expect(page.locator("#badge")).to_have_text("1")
    await page.locator('[data-view="more"]').click()
    await page.locator("#sign-out").click()
    await expect(page.locator("#ask-text")).to_contain_text("photos of signed papers are not sent")
    await page.locator("#ask-no").click()
    ((mitra,),) = await rows(site.api.engine, "select id from mitra where recruiter = 'staff-undone'")
    withdrawn = await site.api.post(f"/v1/mitras/{mitra}/withdrawal")
    assert withdrawn.status_code == 200
    site.fault = None
    await page.locator('[data-view="queue"]').click()
    await page.locator("#send").click()
    for language, words in (
        ("hi", "सहमति वापस ले ली"),
        ("ur", "رضامندی واپس لے لی"),
        ("en", "has withdrawn"),
    ):
        await page.locator(f'[data-language="{language}"]').click()
        await expect(page.locator("#photos .why")).to_contain_text(words)
    await expect(page.locator("#photos li")).to_contain_text("Ayesha")
    await page.locator("#photos").get_by_role("button", name="Delete the photo").click()
    await page.locator("#ask-yes").click()
    await expect(page.locator("#badge")).to_be_hidden()
    assert await photos(page) == []
    assert await arrived(site, "staff-undone") == []


async def test_a_refused_photo_is_taken_again_and_signing_out_forgets_photos(page: Page, site: Site) -> None:
    await signed_in(page, site, "staff-again")
    site.fault = of_papers("403")
    await fill_signed(page, "Ayesha", "9876733000")
    await photograph(page)
    await store(page)
    await until(page, f"({PHOTOS})().then(([state]) => state === 'ready')")
    await page.locator('[data-view="queue"]').click()
    await expect(page.locator("#queue-state")).to_contain_text("does not take records")
    await page.evaluate(REFUSE)
    await page.locator("#send").click()
    await expect(page.locator("#photos .why")).to_contain_text("Photograph the paper again")
    site.fault = None
    await page.locator("#photos input").set_input_files(camera(jpeg(800, 400)))
    await all_sent(page)
    ((mitra, sealed, _),) = await arrived(site, "staff-again")
    assert opened(SEALS.open_paper_photo(sealed, mitra)).size == (800, 400)
    await page.locator('[data-view="enrol"]').click()
    await page.locator('[name="manner"][value="signed_paper"]').check()
    await photograph(page)
    await sign_out(page)
    assert await photos(page) == []


async def test_a_photo_that_something_on_the_way_finds_too_large_stays_and_is_not_sent_over_and_over(
    page: Page, site: Site
) -> None:
    await signed_in(page, site, "staff-proxy")
    site.fault = of_papers("proxy 413")
    await fill_signed(page, "Ayesha", "9876737000")
    await photograph(page)
    await store(page)
    await page.locator('[data-view="queue"]').click()
    await expect(page.locator("#queue-state")).to_contain_text("does not take records")
    assert await photos(page) == ["ready"]
    assert sum(line.endswith("/paper") for line in site.asked) == 1
    site.fault = None
    await page.locator("#send").click()
    await all_sent(page)
    assert len(await arrived(site, "staff-proxy")) == 1


async def test_a_photo_stays_with_a_form_that_is_put_aside_and_with_a_record_that_is_mended(
    context: BrowserContext, page: Page, site: Site
) -> None:
    await signed_in(page, site, "staff-mended")
    await context.set_offline(True)
    await fill_signed(page, "Ayesha", "9876734000")
    await store(page)
    await page.locator('[name="manner"][value="signed_paper"]').check()
    await photograph(page)
    await page.locator("#put-aside").click()
    await expect(page.locator("#paper-preview")).to_be_hidden()
    await page.locator("#drafts").get_by_role("button", name="Go on").click()
    await expect(page.locator("#paper-preview")).to_be_visible()
    await fill_signed(page, "Begum", "9876734000")
    await store(page)
    await context.set_offline(False)
    await page.locator('[data-view="queue"]').click()
    await page.locator("#refusals").get_by_role("button", name="Mend").click()
    await expect(page.locator("#paper-preview")).to_be_visible()
    await page.locator("#phone").fill("9876734001")
    await page.locator("#consent").check()
    await store(page)
    await all_sent(page)
    assert await photos(page) == []
    found = await arrived(site, "staff-mended")
    assert [SEALS.open_paper_photo(sealed, mitra)[:2] for mitra, sealed, _ in found] == [b"\xff\xd8"]


async def test_without_a_paper_there_is_no_photo_and_what_is_no_picture_is_said(
    page: Page, site: Site
) -> None:
    await signed_in(page, site, "staff-none")
    await fill(page, "Ayesha", "9876735000")
    await expect(page.locator("#paper-part")).to_be_hidden()
    await page.locator('[name="manner"][value="signed_paper"]').check()
    for nothing in (b"<html>no picture</html>", b"\xff\xd8\xff\xe0 cut off"):
        await page.locator("#paper-file").set_input_files(camera(nothing))
        await expect(page.locator("#paper-trouble")).to_have_text(
            "This picture cannot be read. Take another one."
        )
    await photograph(page)
    await page.locator("#paper-drop").click()
    await expect(page.locator("#paper-preview")).to_be_hidden()
    assert await photos(page) == []
    await photograph(page)
    await page.locator('[name="manner"][value="read"]').check()
    await expect(page.locator("#paper-part")).to_be_hidden()
    await store(page)
    await all_sent(page)
    assert await photos(page) == []
    assert await arrived(site, "staff-none") == []


async def test_a_full_phone_says_that_the_photo_was_not_kept_and_the_record_is_not_lost(
    context: BrowserContext, page: Page, site: Site
) -> None:
    developer = await context.new_cdp_session(page)
    await developer.send("Storage.overrideQuotaForOrigin", {"origin": site.url, "quotaSize": 3_000_000})
    await signed_in(page, site, "staff-no-room")
    await context.set_offline(True)
    await fill_signed(page, "Ayesha", "9876736000")
    await page.evaluate(FILL_DISK, 65_536)
    await page.locator("#paper-file").set_input_files(camera(busy_picture()))
    await expect(page.locator("#paper-trouble")).to_contain_text("The phone is full: the photo was not kept.")
    # Somebody deletes pictures. What was typed is all there, and is stored without a photo.
    await developer.send("Storage.overrideQuotaForOrigin", {"origin": site.url, "quotaSize": 30_000_000})
    await store(page)
    assert await photos(page) == []
    await expect(page.locator("#badge")).to_have_text("1")


@pytest.mark.parametrize("side", [(4_000, 3_000), (700, 2_000)])
async def test_a_photo_is_scaled_down_to_what_a_slow_link_carries(
    page: Page, site: Site, side: tuple[int, int]
) -> None:
    await page.goto(f"{site.url}/field/")
    await expect(page.locator("html[data-ready]")).to_be_attached()
    script = """([width, height]) => import("/field/photo_scaling.js").then(async ({ scaledDown }) => {
      const canvas = new OffscreenCanvas(width, height);
      const context = canvas.getContext("2d");
      for (let at = 0; at < 4_000; at++) {
        context.fillStyle = `hsl(${(at * 37) % 360} 80% ${(at * 17) % 100}%)`;
        context.fillRect((at * 7_919) % width, (at * 104_729) % height, 60, 40);
      }
      const made = await scaledDown(await canvas.convertToBlob({ type: "image/png" }));
      const picture = await createImageBitmap(new Blob([made]));
      return [made.byteLength, Math.max(picture.width, picture.height)];
    })"""
    size, longest = await page.evaluate(script, list(side))
    assert size <= 300_000
    assert longest <= 1_600
