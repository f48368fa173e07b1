"""The QR code of a certificate: text -> modules -> one path that is sharp at any size."""

from dataclasses import dataclass
from typing import Final

from mitra_shared.qr_code import code_path

SMALLEST_MILLIMETRES: Final = 30.0
SMALLEST_MODULE: Final = 0.4
"""Millimetres; smaller ones do not survive office printers and old cameras."""


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
    modules, path = code_path(text, "M")
    if modules * SMALLEST_MODULE > SMALLEST_MILLIMETRES:
        modules, path = code_path(text, "L")
    return CodePicture(
        svg=(
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {modules} {modules}">'
            f'<path stroke="#000" d="{path}"/></svg>'
        ),
        modules=modules,
        millimetres=max(SMALLEST_MILLIMETRES, modules * SMALLEST_MODULE),
    )
