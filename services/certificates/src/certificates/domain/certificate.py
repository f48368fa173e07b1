"""One certificate: the recognition of one Mitra, and where it stands.

    held -> waitlisted | issued -> revoked

Held: not yet eligible (not cleared), or eligible while issuing is frozen. From the moment it is eligible it
has a place in the queue of its pool, which it keeps until it is issued or revoked.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from mitra_shared.campaign.definition import Language
from mitra_shared.ids import AreaCode, CampaignId, CertificateId, EventId, MitraId, Position, StaffId


class State(StrEnum):
    """Where a certificate stands."""

    HELD = "held"
    WAITLISTED = "waitlisted"
    ISSUED = "issued"
    REVOKED = "revoked"


class Cause(NamedTuple):
    """What something follows from: an entry of the enrolment log, or a decision of the quota desk.

    A decision has the id of its entry, and the position of the enrolment log that it was taken after.
    """

    event_id: EventId
    position: Position
    occurred_at: datetime


@dataclass(slots=True)
class Certificate:
    """The certificate of one Mitra in one segment.

    Attributes:
        holder_name: sealed; forgotten when the certificate is revoked.
        queue_position: log position of the event that made it eligible; None before.
        serial: number within the segment, kept after revocation.
        language: the one the person was enrolled in, or asked for before it was issued.
        recruiter: who enrolled the person, for the list that goes with a print sheet; forgotten as the name
            is.
        revision: counts what was signed for it: 2 after the first correction or new number.
    """

    state: State
    id: CertificateId
    mitra_id: MitraId
    campaign: CampaignId
    constituency: AreaCode
    segment: AreaCode
    holder_name: str | None
    enrolled_at: datetime
    enrolled_position: Position
    language: Language
    recruiter: StaffId | None
    queue_position: Position | None = None
    serial: int | None = None
    issued_at: datetime | None = None
    revoked_at: datetime | None = None
    revision: int = 1

    @property
    def waits(self) -> bool:
        """Whether it may still be called when a place is free."""
        return self.state is State.HELD or self.state is State.WAITLISTED

    @property
    def turn(self) -> tuple[int, int]:
        """Sorts the eligible into the order in which they are called."""
        return self.queue_position or 0, self.enrolled_position


def visible_number(segment: AreaCode, serial: int) -> str:
    """The number people read, e.g. `S11-AC032-0007`."""
    return f"{segment}-{serial:04d}"
