"""Pools of places, segments with their serial numbers, and the plan that a campaign makes for both."""

from bisect import bisect_right
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from operator import attrgetter
from uuid import UUID

from certificates.domain.certificate import Certificate
from mitra_shared.ids import AreaCode

_TURN = attrgetter("turn")


class PoolLevel(StrEnum):
    """The kind of area that a quota is given to."""

    SEGMENT = "segment"
    CONSTITUENCY = "constituency"


class IssueOn(StrEnum):
    """What makes a certificate eligible."""

    ENROLLED = "enrolled"
    CLEARED = "cleared"


@dataclass(frozen=True, slots=True)
class Terms:
    """The rules in force. `version` is that of the campaign definition; 0 is before the first."""

    version: int
    issue_on: IssueOn
    frozen: bool
    level: PoolLevel


BEFORE_THE_FIRST = Terms(0, IssueOn.ENROLLED, frozen=False, level=PoolLevel.SEGMENT)


@dataclass(frozen=True, slots=True)
class PlannedSegment:
    """A segment of the campaign and what it lies in."""

    code: AreaCode
    constituency: AreaCode
    state: AreaCode


@dataclass(frozen=True, slots=True)
class Plan:
    """What a campaign definition says about certificates. Areas without a quota have no places."""

    terms: Terms
    segments: Sequence[PlannedSegment]
    quotas: Mapping[AreaCode, int]


@dataclass(slots=True)
class Segment:
    """A segment. `issued` is how many of its certificates are valid, where the whole register is loaded."""

    code: AreaCode
    constituency: AreaCode
    state: AreaCode
    pool: AreaCode
    last_serial: int = 0
    issued: int = 0

    def next_serial(self) -> int:
        """Take the next serial number: gapless, never used again."""
        self.last_serial += 1
        return self.last_serial


@dataclass(slots=True)
class Pool:
    """The places of one quota, and those who wait for one, in their turn.

    `waiting` holds at least as many from the head of the queue as can be called while it is in use.

    Attributes:
        quota: in force: that of the plan and what the desk has `raised`.
        reserved: places kept for programmes; nobody is called for them.
        reservations: the same by programme, where the desk or a new plan needs them.
    """

    area: AreaCode
    quota: int
    taken: int = 0
    raised: int = 0
    reserved: int = 0
    reservations: dict[UUID, int] = field(default_factory=dict)
    waiting: deque[Certificate] = field(default_factory=deque)

    @property
    def has_room(self) -> bool:
        """Whether a place is free; never after a quota was lowered below what is taken or reserved."""
        return self.taken + self.reserved < self.quota

    @property
    def free(self) -> int:
        """How many places are neither taken nor reserved."""
        return max(0, self.quota - self.taken - self.reserved)

    def raise_by(self, places: int) -> None:
        """Add places beside those of the plan."""
        self.raised += places
        self.quota += places

    def set_aside(self, programme: UUID, places: int) -> None:
        """Keep more places for a programme, or, below 0, fewer."""
        self.reserved += places
        left = self.reservations.get(programme, 0) + places
        if left:
            self.reservations[programme] = left
        else:
            del self.reservations[programme]

    def queue(self, certificate: Certificate) -> None:
        """Put `certificate` in its turn; mostly that is the end."""
        if not self.waiting or self.waiting[-1].turn <= certificate.turn:
            self.waiting.append(certificate)
        else:
            self.waiting.insert(bisect_right(self.waiting, certificate.turn, key=_TURN), certificate)

    def call_next(self) -> Certificate | None:
        """Take out the first that still waits."""
        while self.waiting:
            certificate = self.waiting.popleft()
            if certificate.waits:
                return certificate
        return None
