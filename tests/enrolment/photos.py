"""Photos of papers as phones and others send them."""

import re
from io import BytesIO

from PIL import Image, ImageDraw

GPS, MADE_BY, ORIENTATION = 0x8825, 0x010F, 0x0112
SECRET = b"Taken at home of Zubeida"
APP_SEGMENTS_AND_COMMENTS = {*range(0xE1, 0xF0), 0xFE}
"""Markers of a JPEG that hold anything but the picture."""


def jpeg(
    width: int = 320, height: int = 200, *, seed: int = 0, upright: int = 1, progressive: bool = False
) -> bytes:
    """A photo with the place where it was taken, a maker, a comment and a direction."""
    picture = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, width // 4, height // 4), fill="red")
    draw.line((seed, 0, width - seed, height), fill="black", width=3)
    exif = Image.Exif()
    exif[MADE_BY] = SECRET.decode()
    exif[ORIENTATION] = upright
    exif.get_ifd(GPS).update({1: "N", 2: (11.0, 41.0, 7.5), 3: "E", 4: (76.0, 7.0, 58.4)})
    made = BytesIO()
    picture.save(made, "JPEG", quality=85, exif=exif, comment=SECRET, progressive=progressive)
    return made.getvalue()


def png() -> bytes:
    made = BytesIO()
    Image.new("RGB", (20, 20)).save(made, "PNG")
    return made.getvalue()


def frame_of(photo: bytes) -> int:
    """Where the header with height and width begins."""
    found = re.search(rb"\xff[\xc0-\xc2]\x00\x11\x08", photo)
    assert found is not None
    return found.start()


def resized_in_the_header(photo: bytes, width: int, height: int) -> bytes:
    at = frame_of(photo) + 5
    return photo[:at] + height.to_bytes(2) + width.to_bytes(2) + photo[at + 4 :]


def with_scans(photo: bytes, times: int) -> bytes:
    """The same picture, told again and again."""
    at = photo.rindex(b"\xff\xda")
    return photo[:at] + photo[at:-2] * times + photo[-2:]


def markers(photo: bytes) -> set[int]:
    """The kinds of segments up to the first scan."""
    seen, at = set(), 2
    while photo[at + 1] != 0xDA:
        seen.add(photo[at + 1])
        at += 2 + int.from_bytes(photo[at + 2 : at + 4])
    return seen


def opened(photo: bytes) -> Image.Image:
    return Image.open(BytesIO(photo), formats=["JPEG"])
