"""Draws the path of a QR code by the letter, so that a reader can be asked what it says."""

from PIL import Image, ImageDraw

_SCALE = 4
_QUIET = 4


def drawn_code(modules: int, path: str) -> Image.Image:
    """The picture of a path of `mitra_shared.qr_code`: only M, m and h occur in it."""
    side = (modules + 2 * _QUIET) * _SCALE
    image = Image.new("L", (side, side), 255)
    pen = ImageDraw.Draw(image)
    across = down = 0.0
    for step in path.replace("M", "|M").replace("m", "|m").replace("h", "|h").split("|")[1:]:
        match step[0]:
            case "M":
                across, down = map(float, step[1:].split())
            case "m":
                across += float(step[1:].split()[0])
            case _:
                start, across = across, across + float(step[1:])
                left, top = (start + _QUIET) * _SCALE, (down - 0.5 + _QUIET) * _SCALE
                pen.rectangle((left, top, (across + _QUIET) * _SCALE - 1, top + _SCALE - 1), fill=0)
    return image
