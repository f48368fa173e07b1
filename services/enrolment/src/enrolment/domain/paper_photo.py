"""What a photo of a signed paper may be: one whole JPEG of a bounded cost, and nothing besides.

The bytes are walked segment by segment and no pixel is decoded, so that what is handed to a decoder
afterwards is known to be bounded: few scans (each costs a pass over the whole picture, and 400 KiB have room
for thousands), few pixels, and nothing behind the end that another program could take for something else.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

LARGEST_PHOTO: Final = 400 << 10
"""Bytes."""
LONGEST_SIDE: Final = 2_400
"""Pixels."""
MOST_SCANS: Final = 20
"""A progressive JPEG of the usual encoders has ten."""

_START: Final = b"\xff\xd8"
_END_MARKER, _SCAN_MARKER = 0xD9, 0xDA
_FRAMES: Final = frozenset({0xC0, 0xC1, 0xC2})
"""Baseline, extended, progressive; all with Huffman codes."""
_OTHER_FRAMES: Final = frozenset(range(0xC3, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BITS: Final = 8
_FRAME_BYTES: Final = 8
_LENGTH_BYTES: Final = 2
_MARKER: Final = re.compile(rb"\xff++([^\x00\xff\xd0-\xd7])", re.DOTALL)
"""Any number of 0xFF may stand before it. None is tried twice: a picture can be all of them."""
_MARKER_IN_SCAN: Final = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]", re.DOTALL)
"""Within a scan, 0xFF stands for itself before 0x00 and before the marks of a restart."""


class Flaw(StrEnum):
    """Why a photo is not taken."""

    EMPTY = "empty"
    TOO_LARGE = "too-large"
    NOT_JPEG = "not-jpeg"
    CUT_OFF = "cut-off"
    MORE_BEHIND = "more-behind"
    TOO_MANY_PIXELS = "too-many-pixels"
    TOO_COSTLY = "too-costly"
    UNREADABLE = "unreadable"


class UnfitPhoto(Exception):
    """The bytes are no photo that is taken."""

    def __init__(self, flaw: Flaw) -> None:
        super().__init__(flaw.value)
        self.flaw = flaw


def check_photo(photo: bytes) -> None:
    """Hold the bytes against what a photo may be.

    Raises:
        UnfitPhoto: it is none, is not whole, or costs too much.
    """
    if not photo:
        raise UnfitPhoto(Flaw.EMPTY)
    if len(photo) > LARGEST_PHOTO:
        raise UnfitPhoto(Flaw.TOO_LARGE)
    if not photo.startswith(_START):
        raise UnfitPhoto(Flaw.NOT_JPEG)
    frames = scans = 0
    for marker, segment in _segments(photo):
        if marker in _OTHER_FRAMES:
            raise UnfitPhoto(Flaw.UNREADABLE)
        if marker in _FRAMES:
            frames += 1
            _check_frame(segment)
        elif marker == _SCAN_MARKER:
            scans += 1
            if scans > MOST_SCANS:
                raise UnfitPhoto(Flaw.TOO_COSTLY)
    if frames != 1 or not scans:
        raise UnfitPhoto(Flaw.UNREADABLE)


def _segments(photo: bytes) -> Iterator[tuple[int, bytes]]:
    """The marker and content of each segment up to the end, which has to be that of the bytes too."""
    marker, position = _marker_at(photo, len(_START))
    while marker != _END_MARKER:
        end = _end_of_segment(photo, position)
        yield marker, photo[position + _LENGTH_BYTES : end]
        if marker == _SCAN_MARKER:
            end = _end_of_scan(photo, end)
        marker, position = _marker_at(photo, end)
    if position != len(photo):
        raise UnfitPhoto(Flaw.MORE_BEHIND)


def _marker_at(photo: bytes, position: int) -> tuple[int, int]:
    """The marker that has to stand here, and where it ends."""
    found = _MARKER.match(photo, position)
    if found is None:
        whole = position + _LENGTH_BYTES <= len(photo)
        raise UnfitPhoto(Flaw.UNREADABLE if whole else Flaw.CUT_OFF)
    return found[1][0], found.end()


def _end_of_segment(photo: bytes, position: int) -> int:
    length = int.from_bytes(photo[position : position + _LENGTH_BYTES])
    if position + max(length, _LENGTH_BYTES) > len(photo):
        raise UnfitPhoto(Flaw.CUT_OFF)
    if length < _LENGTH_BYTES:
        raise UnfitPhoto(Flaw.UNREADABLE)
    return position + length


def _end_of_scan(photo: bytes, position: int) -> int:
    found = _MARKER_IN_SCAN.search(photo, position)
    if found is None:
        raise UnfitPhoto(Flaw.CUT_OFF)
    return found.start()


def _check_frame(frame: bytes) -> None:
    if len(frame) < _FRAME_BYTES or frame[0] != _BITS:
        raise UnfitPhoto(Flaw.UNREADABLE)
    height, width = int.from_bytes(frame[1:3]), int.from_bytes(frame[3:5])
    if not height or not width:
        raise UnfitPhoto(Flaw.UNREADABLE)
    if max(height, width) > LONGEST_SIDE:
        raise UnfitPhoto(Flaw.TOO_MANY_PIXELS)
