"""How entries are chained: what exactly a digest is taken of. No input or output."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Final, NamedTuple
from uuid import UUID

BEFORE_ALL: Final = bytes(32)
"""The digest that the first entry follows upon."""


class Purpose(StrEnum):
    """What a look is for."""

    CONTACT = "contact"
    """Staff reach the person about the campaign."""
    CORRECTION = "correction"
    """Staff compare what is held with what the person says."""
    DUPLICATE = "duplicate"
    """Staff compare two people who are likely one."""
    OWN_DATA = "own-data"
    """The person looks at what is held."""
    MESSAGE = "message"
    """A message goes to the person's phone."""
    CERTIFICATE = "certificate"
    """A certificate is shown with the name on it."""
    CONSENT = "consent"
    """Staff look at the photo of a signed paper: the proof that the person agreed."""
    IMPORT = "import"
    """Rows of an imported sheet that enrolled nobody go back to who sent them; the subject is the import."""


class Look(NamedTuple):
    """One look at one person, before it has a place in the record."""

    actor: str
    """Id of the member of staff; of a person who looks at own data, or of a process, what it is."""
    role: str
    purpose: Purpose
    subject: UUID
    """The Mitra's id."""
    fields: tuple[str, ...]
    """What was seen, such as `name` and `phone`."""


class Entry(NamedTuple):
    """A look at its place in the record."""

    seq: int
    at: datetime
    look: Look
    digest: bytes


def digest_of(seq: int, at: datetime, look: Look, previous: bytes) -> bytes:
    """SHA-256 over the digest before and the entry's fields as compact JSON."""
    told = [
        seq,
        at.astimezone(UTC).isoformat(timespec="microseconds"),
        look.actor,
        look.role,
        look.purpose,
        str(look.subject),
        list(look.fields),
    ]
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    return sha256(previous + text.encode()).digest()


def chained(looks: Iterable[Look], at: datetime, *, after: int, previous: bytes) -> list[Entry]:
    """Entries for `looks`, in their order, following upon entry `after` with the digest `previous`."""
    entries: list[Entry] = []
    for seq, look in enumerate(looks, after + 1):
        previous = digest_of(seq, at, look, previous)
        entries.append(Entry(seq, at, look, previous))
    return entries
