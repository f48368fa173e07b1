"""The QR code of a link, as one path of SVG that is sharp at any size."""

import re
from typing import Final

import zxingcpp

QUIET: Final = 4
"""Modules of white around the code, as readers need them."""
_RUN: Final = re.compile(rb"\0+")


def code_svg(text: str) -> tuple[int, str]:
    """Side in modules with the quiet zone, and the `d` of a path that fills the dark modules."""
    barcode = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    pixels = memoryview(barcode.to_image(scale=1, add_quiet_zones=False))  # type: ignore[arg-type]
    modules, dark = len(pixels), pixels.tobytes()
    path = "".join(
        f"M{run.start() + QUIET} {row + QUIET}h{len(run[0])}v1h-{len(run[0])}z"
        for row in range(modules)
        for run in _RUN.finditer(dark[row * modules : (row + 1) * modules])
    )
    return modules + 2 * QUIET, path
