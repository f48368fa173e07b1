"""The kinds of identity that cross function borders, so that one is never taken for another."""

from typing import Final, NewType
from uuid import UUID

from asyncpg.pgproto import pgproto
from uuid_utils import uuid4, uuid7

CampaignId = NewType("CampaignId", str)
AreaCode = NewType("AreaCode", str)
"""`IN`, `S11` (state), `S11-PC04` (constituency), `S11-AC032` (segment)."""
StaffId = NewType("StaffId", str)
MitraId = NewType("MitraId", UUID)
CertificateId = NewType("CertificateId", UUID)
EventId = NewType("EventId", UUID)

Partition = NewType("Partition", int)
"""0 .. PARTITIONS - 1; see `mitra_shared.contracts.topics`."""
Position = NewType("Position", int)
"""Dense place of an entry in one partition of a log; the first is 1, 0 means 'before the first'."""
Epoch = NewType("Epoch", int)
"""Branch of a log; it rises when a database was restored to an earlier point."""

IDEMPOTENCY_KEY_PATTERN: Final = r"^[\x21-\x7e]{8,128}$"
"""What callers name a request by, so that sending it again is safe."""


def new_mitra_id() -> MitraId:
    """A time-ordered id, assigned before the first attempt to commit so that a retry is recognised.

    Of the driver's own kind of UUID, which it need not convert.
    """
    return MitraId(pgproto.UUID(uuid7().bytes))


def new_event_id() -> EventId:
    """A time-ordered event id (RFC 9562, version 7)."""
    return EventId(pgproto.UUID(uuid7().bytes))


def new_random_id() -> UUID:
    """A random id (RFC 9562, version 4), which tells no time; of the driver's own kind of UUID."""
    made: UUID = pgproto.UUID(uuid4().bytes)
    return made
