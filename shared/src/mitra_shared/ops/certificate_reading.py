"""What a person has in hand -> what can be verified: a text, a file, a picture or a PDF with QR codes.

Pictures and pages are bounded in size and number before they are unpacked.
"""

import warnings
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Final

import pypdfium2
import zxingcpp
from PIL import Image, UnidentifiedImageError

from mitra_shared.ops.trouble import Trouble

EXIT_CANNOT_TELL: Final = 2
LARGEST_FILE: Final = 32 * 2**20
MOST_PAGES: Final = 20
MOST_PIXELS: Final = 80_000_000

_PICTURES: Final = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF", b"II*\x00", b"MM\x00*", b"GIF8", b"BM")
_FILE_NAMES: Final = (".png", ".jpg", ".jpeg", ".webp", ".pdf", ".jwt", ".json", ".jsonld", ".cose", ".txt")
_QR_CODES: Final = zxingcpp.barcode_formats_from_str("QRCode")
_DOTS_PER_POINT: Final = 300 / 72


class CannotTell(Trouble):
    """There is nothing to judge, or nothing to judge it by."""

    exit_code = EXIT_CANNOT_TELL


def certificates_in(given: str) -> list[str | bytes]:
    """What is to be verified in a file of that name, or else the text itself; at least one.

    Raises:
        CannotTell: the file cannot be read, is too large, or holds no QR code.
    """
    path = Path(given)
    try:
        if not path.is_file():
            if given.lower().endswith(_FILE_NAMES):
                raise CannotTell(f"there is no file {path}")
            return [given]
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise CannotTell(f"{path} has {size} bytes; at most {LARGEST_FILE} are read")
        content = path.read_bytes()
    except (OSError, ValueError):
        # A long text is no name that the file system can look for.
        if len(given) > 255 or "\0" in given:  # noqa: PLR2004 - the longest file name
            return [given]
        raise CannotTell(f"{path} cannot be read") from None
    if content.startswith(b"%PDF"):
        return _codes(path, _pages(path, content))
    if content.startswith(_PICTURES):
        return _codes(path, iter([_picture(path, content)]))
    return [content]


def _codes(path: Path, images: Iterator[Image.Image]) -> list[str | bytes]:
    found = [
        code.text
        for image in images
        for code in zxingcpp.read_barcodes(image, formats=_QR_CODES, text_mode=zxingcpp.TextMode.Plain)
    ]
    if not found:
        raise CannotTell(f"no QR code was found in {path}; take a sharper picture, straight from above")
    return list(dict.fromkeys(found))


def _picture(path: Path, content: bytes) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(BytesIO(content))
        if image.width * image.height > MOST_PIXELS:
            raise CannotTell(
                f"{path} has {image.width} x {image.height} pixels; at most {MOST_PIXELS} are read"
            )
        return image.convert("L")
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError) as error:
        raise CannotTell(f"{path} is no picture that can be read: {error}") from None


def _pages(path: Path, content: bytes) -> Iterator[Image.Image]:
    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        raise CannotTell(f"{path} is no PDF that can be read: {error}") from None
    try:
        if len(document) > MOST_PAGES:
            raise CannotTell(f"{path} has {len(document)} pages; at most {MOST_PAGES} are read")
        for page in document:
            width, height = page.get_size()
            if width * height * _DOTS_PER_POINT**2 > MOST_PIXELS:
                raise CannotTell(f"a page of {path} is larger than {MOST_PIXELS} pixels at 300 dpi")
            yield page.render(scale=_DOTS_PER_POINT, grayscale=True).to_pil()
            page.close()
    finally:
        document.close()
