"""The QR code of a certificate: text -> modules -> one path that is sharp at any size."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

import zxingcpp

SMALLEST_MILLIMETRES: Final = 30.0
SMALLEST_MODULE: Final = 0.4
"""Millimetres; smaller ones do not survive office printers and old cameras."""
_RUN: Final = re.compile(rb"\0+|[^\0]+")
_STEP: Final = 8
_MASK: Final = 4
"""Trying all eight masks takes seven times as long, and signed text is as even under any of them."""


class TooMuchForACode(ValueError):
    """The text is longer than a QR code can hold."""


@dataclass(frozen=True, slots=True)
class CodePicture:
    """A QR code without its quiet zone.

    Attributes:
        svg: one path in a square of `modules` units.
        modules: along one side.
        millimetres: how large it has to be printed.
    """

    svg: str
    modules: int
    millimetres: float


def code_picture(text: str) -> CodePicture:
    """The QR code of `text`: 30 mm with medium error correction, or larger with low where that is too small.

    Raises:
        TooMuchForACode: no QR code holds it.
    """
    modules, dark = _matrix(text, "M")
    if modules * SMALLEST_MODULE > SMALLEST_MILLIMETRES:
        modules, dark = _matrix(text, "L")
    return CodePicture(
        svg=(
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {modules} {modules}">'
            f'<path stroke="#000" d="{_lines(modules, dark)}"/></svg>'
        ),
        modules=modules,
        millimetres=max(SMALLEST_MILLIMETRES, modules * SMALLEST_MODULE),
    )


def _matrix(text: str, correction: str) -> tuple[int, bytes]:
    """Modules along one side, and one byte for each module by rows: 0 is dark."""
    try:
        barcode = zxingcpp.create_barcode(
            text, zxingcpp.BarcodeFormat.QRCode, ec_level=correction, data_mask=_MASK
        )
    except ValueError:
        raise TooMuchForACode(f"no QR code holds {len(text)} characters") from None
    pixels = memoryview(barcode.to_image(scale=1, add_quiet_zones=False))  # type: ignore[arg-type]
    return len(pixels), pixels.tobytes()


def _lines(modules: int, dark: bytes) -> str:
    """Every run of dark modules in a row as a line one module thick: far shorter than squares."""
    lines = []
    for row, start in enumerate(range(0, modules * modules, modules)):
        whole = start + modules - modules % _STEP
        lines.append(f"M0 {row}.5")
        lines += [_piece(dark[at : at + _STEP]) for at in range(start, whole, _STEP)]
        lines.append(_piece(dark[whole : start + modules]))
    return "".join(lines)


@cache
def _piece(dark: bytes) -> str:
    """How the pen goes over up to eight modules of a row, of which there are few hundred kinds."""
    return "".join(
        f"h{len(run[0])}" if run[0][0] == 0 else f"m{len(run[0])} 0" for run in _RUN.finditer(dark)
    )
