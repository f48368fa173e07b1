"""Pictures of QR codes as phones take them: made by zxing-cpp, then turned, tilted, lit unevenly, blurred."""

import math
from collections.abc import Sequence
from random import Random
from typing import Any, NamedTuple

import zxingcpp
from PIL import Image, ImageChops, ImageFilter

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
PAPER, TABLE = 255, 190
QUIET = 4
"""Light modules around a code."""


class View(NamedTuple):
    """How a code is seen.

    Attributes:
        module: pixels of one, in the middle.
        angle: degrees.
        tilt: how much nearer the right and the lower edge are, each as a share of the distance.
        blur: deviation, in modules.
        noise: most that a pixel is off.
        shade: how much darker it is on one side.
        bend: how far the middle of the paper stands up, in modules.
    """

    module: float = 5
    angle: float = 0
    tilt: tuple[float, float] = (0, 0)
    blur: float = 0
    noise: int = 0
    shade: float = 0
    bend: float = 0


def seeded(seed: int | str) -> Random:
    """The same pictures every time."""
    return Random(seed)  # noqa: S311 - nothing is to be guessed


def qr(text: str | bytes, **options: str) -> Image.Image:
    """One pixel a module, nothing around."""
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, **options)
    image: Any = code.to_image(scale=1, add_quiet_zones=False)
    pixels = memoryview(image)
    height, width = pixels.shape or ()
    return Image.frombytes("L", (width, height), bytes(pixels))


def on_paper(code: Image.Image, module: int = 4) -> Image.Image:
    """As on a screen: straight, with a quiet zone."""
    paper = Image.new("L", (code.width + 2 * QUIET, code.height + 2 * QUIET), PAPER)
    paper.paste(code, (QUIET, QUIET))
    return paper.resize((paper.width * module, paper.height * module), Image.Resampling.NEAREST)


def photograph(code: Image.Image, view: View, chance: Random) -> Image.Image:
    """The code on a table, in a square picture."""
    paper = on_paper(code, max(3, round(view.module)))
    if view.bend:
        paper = _bent(paper, view.bend * paper.width / (code.width + 2 * QUIET))
    half = view.module * (code.width + 2 * QUIET) / 2
    side = round(half * 3)
    corners = [_seen(x * half, y * half, half, view) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    corners = [(x + side / 2, y + side / 2) for x, y in corners]
    edge = paper.width
    plane = _perspective(corners, [(0, 0), (edge, 0), (edge, edge), (0, edge)])
    picture = paper.transform(
        (side, side), Image.Transform.PERSPECTIVE, plane, Image.Resampling.BICUBIC, fillcolor=TABLE
    )
    if view.shade:
        light = Image.linear_gradient("L").resize((side, side)).rotate(chance.choice((0, 90, 180, 270)))
        picture = ImageChops.multiply(picture, light.point([round(255 - view.shade * v) for v in range(256)]))
    # Ink is not black, nor paper white.
    picture = picture.point([30 + round(v * 0.75) for v in range(256)])
    if view.blur:
        picture = picture.filter(ImageFilter.GaussianBlur(view.blur * view.module))
    if view.noise:
        grain = Image.frombytes("L", (side, side), chance.randbytes(side * side))
        grain = grain.point([128 + round((v - 128) * view.noise / 128) for v in range(256)])
        picture = ImageChops.add(picture, grain, 1, -128)
    return picture


def _seen(x: float, y: float, half: float, view: View) -> tuple[float, float]:
    turn = math.radians(view.angle)
    x, y = x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn)
    nearness = 1 - view.tilt[0] * x / half - view.tilt[1] * y / half
    return x / nearness, y / nearness


def _bent(paper: Image.Image, height: float) -> Image.Image:
    """Columns moved up along an arc, as on paper that was rolled."""
    bent = Image.new("L", (paper.width, paper.height), PAPER)
    for x in range(paper.width):
        lift = round(height * math.sin(math.pi * x / paper.width))
        bent.paste(paper.crop((x, 0, x + 1, paper.height)), (x, -lift + round(height / 2)))
    return bent


def _perspective(here: Sequence[tuple[float, float]], there: Sequence[tuple[float, float]]) -> list[float]:
    """Coefficients that carry four points of a picture to four of its source, as Pillow takes them."""
    rows: list[list[float]] = []
    for (x, y), (u, v) in zip(here, there, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y, u], [0, 0, 0, x, y, 1, -v * x, -v * y, v]]
    for column in range(8):
        pivot = max(range(column, 8), key=lambda row: abs(rows[row][column]))
        rows[column], rows[pivot] = rows[pivot], rows[column]
        for row in range(8):
            if row != column:
                factor = rows[row][column] / rows[column][column]
                rows[row] = [a - factor * b for a, b in zip(rows[row], rows[column], strict=True)]
    return [row[8] / row[at] for at, row in enumerate(rows)]
