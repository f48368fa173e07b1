"""Looking at renderings: rasterised, as text, and as the parts of a PDF."""

import re
import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pypdfium2
from PIL import Image, ImageChops

from certificates.rendering.page import Page
from certificates.rendering.typesetter import Typesetter
from mitra_shared.campaign.definition import Language

GOLDEN = Path(__file__).parent / "golden"
NAME_BOX_MILLIMETRES = (32.5, 264.5)
"""From left to right; the box of the name is 232 mm wide, in the middle of the page."""


def picture(pdf: bytes, *, dots_per_inch: float = 150, page: int = 0) -> Image.Image:
    with pypdfium2.PdfDocument(pdf) as document:
        rendered: Image.Image = document[page].render(scale=dots_per_inch / 72).to_pil()
    return rendered.convert("RGB")


def text_of(pdf: bytes, page: int = 0) -> str:
    with pypdfium2.PdfDocument(pdf) as document:
        text: str = document[page].get_textpage().get_text_bounded()
    return text


def pages_of(pdf: bytes) -> int:
    with pypdfium2.PdfDocument(pdf) as document:
        return len(document)


def metadata(pdf: bytes) -> str:
    """The XMP packet, which archival documents keep unpacked."""
    found = re.search(rb"<x:xmpmeta.*?</x:xmpmeta>", pdf, re.DOTALL)
    assert found, "the document has no XMP metadata"
    return found[0].decode()


def objects(pdf: bytes) -> bytes:
    """Everything in the document that can be read as text, unpacked."""
    parts = [pdf]
    for stream in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            parts.append(zlib.decompress(stream[1]))
        except zlib.error:
            continue
    return b"\n".join(parts)


@dataclass(frozen=True)
class Ink:
    """A rectangle in millimetres from the top left of the page."""

    left: float
    top: float
    right: float
    bottom: float


def ink_of_name(typesetter: Typesetter, page: Page, bare: Page, language: Language) -> Ink | None:
    """Where two pages that differ in the name alone differ to the eye, or None where they do not."""
    with_name, without = (
        Image.open(BytesIO(typesetter.png(each, language, 1188))).convert("L") for each in (page, bare)
    )
    box = ImageChops.difference(with_name, without).point(lambda value: 255 * (value > 24)).getbbox()
    return None if box is None else Ink(*(place / 4 for place in box))
