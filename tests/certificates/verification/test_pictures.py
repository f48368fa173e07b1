"""A code comes to the page as a picture, or through the camera."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import Page, Playwright, expect

from tests.browsers import launch
from tests.certificates.verification.pictures import View, on_paper, photograph, qr, seeded
from tests.certificates.verification.reader import settled
from tests.certificates.verification.site import Site

FRAME = (640, 480)
TABLE = Image.new("L", FRAME, 120)
READS_CODES = """
  window.BarcodeDetector = class {
    static async getSupportedFormats() { return ["aztec", "qr_code"]; }
    constructor({ formats }) { this.formats = formats; }
    async detect(source) {
      window.detected = [this.formats.join(), source.width];
      return [{ rawValue: "https://elsewhere.example.org" }, { rawValue: "ADDRESS" }];
    }
  };
"""


def png(picture: Image.Image, kind: str = "PNG") -> bytes:
    file = BytesIO()
    picture.save(file, kind)
    return file.getvalue()


async def choose(page: Page, url: str, name: str, content: bytes) -> str:
    await page.goto(f"{url}/v")
    await page.locator("#file").set_input_files({"name": name, "mimeType": "image/png", "buffer": content})
    return await settled(page)


@pytest.mark.parametrize(
    ("view", "kind"),
    [
        (View(6), "PNG"),
        (View(4, 17, (0.1, -0.08), 0.2, 20, 0.5), "JPEG"),
        (View(9, 183, (-0.05, 0.1), 0.3), "JPEG"),
        (View(14, 92, (0.05, 0.02), 0.2), "WEBP"),
    ],
)
async def test_the_code_in_a_picture_is_verified(page: Page, site: Site, view: View, kind: str) -> None:
    address = site.issuer.address(name="نور جہاں")
    picture = photograph(qr(address, ec_level="M"), view, seeded(7))
    assert await choose(page, site.url, "photo", png(picture, kind)) == "valid"
    await expect(page.locator("#holder")).to_have_text("نور جہاں")
    assert {method for method, _, _ in site.asked} == {"GET"}


async def test_a_picture_without_paper_behind_it_is_read(page: Page, site: Site) -> None:
    code = on_paper(qr(site.issuer.address()))
    clear = Image.new("RGBA", code.size, (0, 0, 0, 0))
    clear.paste((0, 0, 0, 255), mask=code.point([255 - value for value in range(256)]))
    assert await choose(page, site.url, "screen.png", png(clear)) == "valid"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: b"%PDF-1.7 no picture", "not a picture"),
        (lambda: b"", "not a picture"),
        (lambda: png(on_paper(qr("https://mitra.example.org/v")))[:400], "not a picture"),
        (lambda: png(Image.new("L", (300, 200), 255)), "No code was found"),
        (lambda: png(on_paper(qr("upi://pay?pa=someone@bank"))), "not the code of a Mitra certificate"),
    ],
)
async def test_a_file_without_a_certificates_code_says_why(
    page: Page, site: Site, make: Callable[[], bytes], words: str
) -> None:
    assert await choose(page, site.url, "file", make()) == "unreadable"
    await expect(page.locator("#meaning")).to_contain_text(words)
    await expect(page.get_by_role("button", name="Scan with the camera")).to_be_visible()


async def test_a_file_that_is_far_too_big_is_not_opened(tmp_path: Path, page: Page, site: Site) -> None:
    with (tmp_path / "film.png").open("wb") as file:
        file.truncate(31 * 2**20)
    await page.goto(f"{site.url}/v")
    await page.locator("#file").set_input_files(tmp_path / "film.png")
    assert await settled(page) == "unreadable"
    await expect(page.locator("#meaning")).to_contain_text("too big")


async def test_where_the_browser_reads_codes_itself_it_is_asked(page: Page, site: Site) -> None:
    await page.add_init_script(READS_CODES.replace("ADDRESS", site.issuer.address()))
    assert await choose(page, site.url, "any.png", png(Image.new("L", (321, 200), 255))) == "valid"
    assert await page.evaluate("window.detected") == ["qr_code", 321]
    assert site.asked_for("/v/certificate/qr/qr.js") <= 1


def film(path: Path, pictures: list[Image.Image]) -> None:
    """YUV4MPEG2, grey."""
    width, height = FRAME
    grey = b"\x80" * (width * height // 2)
    parts = [b"YUV4MPEG2 W%d H%d F10:1 Ip C420jpeg\n" % FRAME]
    parts += [b"FRAME\n" + picture.tobytes() + grey for picture in pictures]
    path.write_bytes(b"".join(parts))


@asynccontextmanager
async def seeing(playwright: Playwright, place: Path, pictures: list[Image.Image]) -> AsyncIterator[Page]:
    """A page of a browser whose camera sees these pictures, again and again."""
    film(place / "film.y4m", pictures)
    flags = (
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={place / 'film.y4m'}",
    )
    browser = await launch(playwright, flags)
    context = await browser.new_context(locale="en-IN", permissions=["camera"])
    yield await context.new_page()
    await browser.close()


async def test_the_camera_finds_the_code_and_is_switched_off(
    playwright: Playwright, tmp_path: Path, site: Site
) -> None:
    code = photograph(qr(site.issuer.address()), View(4, 6, (0.05, 0.05), 0.15, 10), seeded(5))
    shown = TABLE.copy()
    shown.paste(code.resize((470, 470)), (90, 5))
    async with seeing(playwright, tmp_path, [TABLE] * 3 + [shown] * 9) as page:
        await page.goto(f"{site.url}/v")
        await page.get_by_role("button", name="Scan with the camera").click()
        assert await settled(page) == "valid"
        await expect(page.locator("#camera")).to_be_hidden()
        await expect(page.locator("#video")).to_have_js_property("srcObject", None)


async def test_the_camera_can_be_stopped(playwright: Playwright, tmp_path: Path, site: Site) -> None:
    async with seeing(playwright, tmp_path, [TABLE]) as page:
        await page.goto(f"{site.url}/v")
        await page.get_by_role("button", name="Scan with the camera").click()
        await expect(page.locator("#video")).to_have_js_property("videoWidth", FRAME[0])
        await expect(page.get_by_role("button", name="Stop the camera")).to_be_focused()
        await page.get_by_role("button", name="Stop the camera").click()
        await expect(page.locator("#camera")).to_be_hidden()
        await expect(page.locator("#video")).to_have_js_property("srcObject", None)
        await expect(page.get_by_role("button", name="Scan with the camera")).to_be_focused()
        await expect(page.locator("#result")).to_be_hidden()


async def test_a_camera_that_sees_nothing_is_switched_off(
    playwright: Playwright, tmp_path: Path, site: Site
) -> None:
    async with seeing(playwright, tmp_path, [TABLE]) as page:
        await page.clock.install()
        await page.goto(f"{site.url}/v")
        await page.get_by_role("button", name="Scan with the camera").click()
        await expect(page.locator("#video")).not_to_have_js_property("currentTime", 0)
        await page.clock.fast_forward(181_000)
        await expect(page.get_by_role("alert")).to_contain_text("three minutes")
        await expect(page.locator("#camera")).to_be_hidden()


async def test_without_a_camera_the_page_points_to_pictures(page: Page, site: Site) -> None:
    await page.goto(f"{site.url}/v")
    await page.get_by_role("button", name="Scan with the camera").click()
    await expect(page.get_by_role("alert")).to_contain_text("hoose a picture")
    await expect(page.get_by_role("button", name="Scan with the camera")).to_be_visible()
