"""QR codes: text -> modules -> one path that is sharp at any size."""

import re
from functools import cache
from typing import Final, Literal

import zxingcpp

QUIET: Final = 4
"""Modules of white that readers need around a code; the paths here leave it out."""
_RUN: Final = re.compile(rb"\0+|[^\0]+")
_STEP: Final = 8
_MASK: Final = 4
"""Trying all eight masks takes seven times as long, and signed text is as even under any of them."""


class TooMuchForACode(ValueError):
    """The text is longer than a QR code can hold."""


def code_path(text: str, correction: Literal["L", "M", "Q", "H"]) -> tuple[int, str]:
    """Modules along one side, and the `d` of a path to be stroked one unit wide in a square of as many units.

    Raises:
        TooMuchForACode: no QR code holds the text with so much error correction.
    """
    try:
        barcode = zxingcpp.create_barcode(
            text, zxingcpp.BarcodeFormat.QRCode, ec_level=correction, data_mask=_MASK
        )
    except ValueError:
        raise TooMuchForACode(f"no QR code holds {len(text)} characters") from None
    pixels = memoryview(barcode.to_image(scale=1, add_quiet_zones=False))  # type: ignore[arg-type]
    return len(pixels), _lines(len(pixels), pixels.tobytes())


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
