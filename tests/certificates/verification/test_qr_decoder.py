"""Our QR decoder, on codes that zxing-cpp made, in the browser that runs it."""

import base64
from collections.abc import Iterable, Sequence
from random import Random
from typing import Any

import pytest
from PIL import Image, ImageOps
from playwright.async_api import Page

from tests.certificates.verification.pictures import LETTERS, View, on_paper, photograph, qr, seeded
from tests.certificates.verification.site import Site

DECODE = """async (pictures) => {
  const { readPicture } = await import("/v/certificate/qr/qr.js");
  const texts = [];
  for (const { greys, width, height, repeat } of pictures) {
    const bytes = atob(greys);
    const data = new Uint8ClampedArray(4 * width * height * repeat * repeat);
    for (let y = 0, at = 0; y < height * repeat; y++) {
      for (let x = 0; x < width * repeat; x++, at += 4) {
        const grey = bytes.charCodeAt(Math.floor(y / repeat) * width + Math.floor(x / repeat));
        data.set([grey, grey, grey, 255], at);
      }
    }
    texts.push(await readPicture({ data, width: width * repeat, height: height * repeat }));
  }
  return texts;
}"""


async def decoded(page: Page, site: Site, pictures: Iterable[Image.Image], repeat: int = 1) -> Sequence[Any]:
    """What the decoder finds in each picture, every pixel of which is `repeat` wide and high."""
    await page.goto(f"{site.url}/v")
    sent = [
        {
            "greys": base64.b64encode(picture.tobytes()).decode(),
            "width": picture.width,
            "height": picture.height,
            "repeat": repeat,
        }
        for picture in pictures
    ]
    found: Sequence[Any] = await page.evaluate(DECODE, sent)
    return found


def letters(chance: Random, length: int) -> str:
    return "".join(chance.choices(LETTERS, k=length))


def certificate_text(chance: Random) -> str:
    """Of the length that certificates have: versions 10 to 14."""
    return f"https://mitra.example.org/v#{letters(chance, chance.randint(340, 470))}"


@pytest.mark.parametrize("level", ["M", *(pytest.param(each, marks=pytest.mark.soak) for each in "LQH")])
async def test_codes_of_every_version_and_level_are_read(page: Page, site: Site, level: str) -> None:
    chance = seeded(level)
    capacity = {"L": 4_296, "M": 3_391, "Q": 2_420, "H": 1_852}[level]
    by_size: dict[int, tuple[str, Image.Image]] = {}
    length = 6.0
    while length <= capacity:
        text = letters(chance, int(length))
        code = qr(text, ec_level=level)
        by_size.setdefault(code.width, (text, code))
        length = max(length + 3, length * 1.02)
    assert len(by_size) >= 35
    pictures = [on_paper(code, 1) for _, code in by_size.values()]
    assert await decoded(page, site, pictures, repeat=3) == [text for text, _ in by_size.values()]


@pytest.mark.parametrize(
    "text",
    [
        "0123456789012345",
        "00700",
        "HELLO WORLD $%*+-./:",
        "https://mitra.example.org/v#2KCEG",
        "आशा देवी · محمد عارف",
        "naïve café",
        "line\nbreak",
        "x",
    ],
)
async def test_every_mode_of_text_is_read(page: Page, site: Site, text: str) -> None:
    assert await decoded(page, site, [on_paper(qr(text))]) == [text]


async def test_codes_are_read_as_phones_see_them(page: Page, site: Site) -> None:
    chance = seeded(20261124)
    texts, pictures = [], []
    for _ in range(40):
        texts.append(certificate_text(chance))
        view = View(
            module=chance.uniform(3.2, 7),
            angle=chance.choice((0, 90, chance.uniform(-20, 20), chance.uniform(0, 360))),
            tilt=(chance.uniform(-0.13, 0.13), chance.uniform(-0.13, 0.13)),
            blur=chance.uniform(0, 0.28),
            noise=chance.choice((0, 20, 40)),
            shade=chance.choice((0, 0.3, 0.6)),
        )
        pictures.append(photograph(qr(texts[-1], ec_level=chance.choice("LMQ")), view, chance))
    assert await decoded(page, site, pictures) == texts


@pytest.mark.parametrize("angle", range(0, 360, 30))
async def test_a_code_is_read_from_every_side(page: Page, site: Site, angle: int) -> None:
    chance = seeded(angle)
    text = certificate_text(chance)
    assert await decoded(page, site, [photograph(qr(text), View(4, angle), chance)]) == [text]


async def test_a_code_on_bent_paper_is_read(page: Page, site: Site) -> None:
    chance = seeded(1)
    text = certificate_text(chance)
    pictures = [photograph(qr(text), View(6, angle, bend=2), chance) for angle in (0, 8, 90)]
    assert await decoded(page, site, pictures) == [text] * 3


async def test_large_codes_are_read_too(page: Page, site: Site) -> None:
    chance = seeded(25)
    texts = [letters(chance, length) for length in (900, 1_300, 1_700)]
    view = View(5, 12, (0.06, -0.05), 0.1, 10)
    assert await decoded(page, site, [photograph(qr(text), view, chance) for text in texts]) == texts


async def test_light_codes_on_dark_ground_are_read(page: Page, site: Site) -> None:
    text = certificate_text(seeded(2))
    assert await decoded(page, site, [ImageOps.invert(on_paper(qr(text)))]) == [text]


async def test_damage_is_mended_or_nothing_is_read(page: Page, site: Site) -> None:
    chance = seeded(3)
    text = certificate_text(chance)
    pictures = []
    for spots in (3, 6, 400):
        picture = qr(text, ec_level="M")
        for _ in range(spots):
            picture.paste(chance.choice((0, 255)), _spot(chance))
        pictures.append(on_paper(picture))
    found = await decoded(page, site, pictures)
    assert found == [text, text, None]


def _spot(chance: Random) -> tuple[int, int, int, int]:
    x, y = chance.randrange(12, 44), chance.randrange(12, 44)
    return x, y, x + 3, y + 3


async def test_where_there_is_no_code_none_is_found(page: Page, site: Site) -> None:
    chance = seeded(4)
    noise = Image.frombytes("L", (400, 300), chance.randbytes(120_000))
    stripes = Image.linear_gradient("L").point([255 * (v // 16 % 2) for v in range(256)])
    tiny, dot = Image.new("L", (3, 3), 128), Image.new("L", (1, 1))
    half = on_paper(qr("https://mitra.example.org/v")).crop((0, 0, 80, 200))
    assert await decoded(page, site, [noise, stripes, tiny, dot, half]) == [None] * 5
