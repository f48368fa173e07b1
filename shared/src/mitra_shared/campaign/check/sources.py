"""The files of a definition: bytes in, text out, and whatever stands in the way noted as a mistake."""

from collections.abc import Callable
from pathlib import Path, PurePosixPath

from mitra_shared.campaign.check.mistakes import Findings, Place

Reader = Callable[[str], bytes]
"""Gives the content of a file by its name inside the campaign's folder; raises OSError if it cannot."""

LARGEST_FILE = 8 * 1024 * 1024
"""Bytes; the whole country (4,123 segments) takes half a megabyte."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def reader_of(folder: Path) -> Reader:
    """Reads files from `folder`, at most one byte more than the largest allowed."""

    def read(name: str) -> bytes:
        with (folder / name).open("rb") as file:
            return file.read(LARGEST_FILE + 1)

    return read


def text_of(name: str, content: bytes, findings: Findings) -> str | None:
    """`content` as text; None (and a mistake) unless it is UTF-8 of a reasonable size."""
    findings.reading(name)
    if len(content) > LARGEST_FILE:
        findings.add(
            Place(name, None, ""),
            "the file is larger than 8 MB",
            "a campaign of the whole country takes less than 1 MB",
        )
        return None
    if content.startswith(_BYTE_ORDER_MARK):
        findings.add(
            Place(name, 1, ""),
            "the file begins with a byte order mark",
            "save it as plain 'UTF-8' (in spreadsheets: not 'UTF-8 with BOM')",
        )
        content = content.removeprefix(_BYTE_ORDER_MARK)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        findings.add(
            Place(name, line, ""),
            f"the file is not UTF-8 (byte 0x{content[error.start]:02x})",
            "save it as UTF-8",
        )
        return None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        findings.add(Place(name, line, ""), "the file holds a NUL character", "save it as plain UTF-8 text")
        return None
    return text


def named_text(name: str, named_at: Place, read: Reader, findings: Findings) -> str | None:
    """The text of a file that the definition names at `named_at`; None (and a mistake) if there is none."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name:
        findings.add(
            named_at,
            f"{name!r} leads out of the campaign's folder",
            "a file beside campaign.toml, named with forward slashes, e.g. 'notices/2026-11.en.txt'",
        )
        return None
    try:
        content = read(name)
    except OSError as error:
        reason = (
            "there is no such file"
            if isinstance(error, FileNotFoundError)
            else error.strerror or "unreadable"
        )
        findings.add(
            named_at, f"{name!r} cannot be read: {reason}", "the name of a file beside campaign.toml"
        )
        return None
    return text_of(name, content, findings)
