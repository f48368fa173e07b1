"""Who gets a certificate, worked out once more: the rules of issuing in the auditor's own words.

Written from the rules, not from the certificates service, and shares no code with it: one `Ledger` is one
campaign in one partition of the enrolment log. The standard library only.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import heapify, heappop, heappush
from typing import Any, Final, NamedTuple
from uuid import UUID
from zlib import crc32

from mitra_shared.contracts.topics import PARTITIONS

WAITING: Final = ("held", "waitlisted")


class Contradiction(Exception):
    """An event that cannot be applied after what the log told before it."""


class Step(NamedTuple):
    """One entry of the enrolment log about a person.

    `name` is sealed, and gone once the person was erased; `language` and `name_changed` as far as it tells.
    """

    position: int
    type: str
    mitra: UUID
    occurred_at: datetime
    constituency: str
    segment: str
    name: str | None = None
    name_changed: bool | None = None
    language: str | None = None


class Told(NamedTuple):
    """What the certificates log has to tell at that point; of a revoked one `serial` may be None.

    Of places `segment` is the area, which may be a constituency, and there is no Mitra.
    """

    type: str
    mitra: UUID | None
    constituency: str
    segment: str
    occurred_at: datetime
    serial: int | None = None
    previous: str | None = None
    void: int | None = None
    revision: int | None = None
    programme: UUID | None = None
    places: int | None = None

    @property
    def about(self) -> str:
        """Whom or what it tells of, for a message."""
        return f"of {self.segment}" if self.mitra is None else f"of Mitra {self.mitra}"


@dataclass(slots=True)
class Paper:
    """What the row of one certificate has to say; a name that was forgotten since is None, and may be any."""

    mitra: UUID
    constituency: str
    segment: str
    enrolled_at: datetime
    enrolled_position: int
    language: str | None
    name: str | None
    state: str = "held"
    turn: int | None = None
    serial: int | None = None
    issued_at: datetime | None = None
    revoked_at: datetime | None = None
    revision: int = 1

    def renamed(self, name: str | None, at: datetime) -> list[Told]:
        """It has another name. Told of an issued one only, which is signed anew."""
        self.name = name
        if self.state != "issued":
            return []
        self.revision += 1
        told = _told("CertificateCorrectedV1", self, at, None)
        return [told._replace(revision=self.revision)]


class Ledger:
    """Terms, quotas and certificates as the log has told them so far."""

    def __init__(self, partition: int) -> None:
        self.version = 0
        self.issue_on = "enrolled"
        self.frozen = False
        self.level = "segment"
        self.homes: dict[str, str] = {}
        """Constituency of each segment."""
        self.quotas: dict[str, int] = {}
        self.taken: Counter[str] = Counter()
        self.papers: dict[UUID, Paper] = {}
        self.raised: Counter[str] = Counter()
        """What the quota desk gave to each pool beside its quota."""
        self.reserved: Counter[tuple[str, UUID]] = Counter()
        """Pool and programme: places that the desk keeps."""
        self.voids: dict[tuple[str, int], UUID] = {}
        """Segment and number of each spoiled certificate, and whose it was."""
        self._partition = partition
        self._serials: Counter[str] = Counter()
        self._queues: dict[str, list[tuple[int, int, UUID]]] = {}

    def pool(self, segment: str) -> str:
        """The area whose quota a segment draws on."""
        return segment if self.level == "segment" else self.homes[segment]

    def in_force(self, pool: str) -> int:
        """The quota of a pool, with what the desk gave beside it."""
        return self.quotas.get(pool, 0) + self.raised[pool]

    def kept(self, pool: str) -> int:
        """Places of a pool that are kept for programmes."""
        return sum(places for (area, _), places in self.reserved.items() if area == pool)

    def has_room(self, pool: str) -> bool:
        """Whether the next who waits is called."""
        return self.taken[pool] + self.kept(pool) < self.in_force(pool)

    @property
    def pools(self) -> set[str]:
        """Every area with a quota, be it 0."""
        return {self.pool(segment) for segment in self.homes}

    def define(self, definition: Mapping[str, Any], position: int, at: datetime) -> list[Told]:
        """A campaign definition, as its JSON; one that is not newer changes nothing."""
        if definition["version"] <= self.version:
            return []
        self.version = definition["version"]
        self.issue_on, self.frozen = definition["issuing"]["issue_on"], definition["issuing"]["frozen"]
        for area in definition["areas"]:
            if area["level"] == "segment" and crc32(area["parent"].encode()) % PARTITIONS == self._partition:
                self.homes.setdefault(area["code"], area["parent"])
        goals = [goal for goal in definition["goals"] if goal["metric"] == "certificates" and goal["active"]]
        at_constituencies = any(goal["level"] == "constituency" for goal in goals)
        self.level = "constituency" if at_constituencies else "segment"
        self.quotas = {
            area["code"]: _quota(goals, area["code"], self.level)
            for area in definition["areas"]
            if area["level"] == self.level
        }
        issued = (paper for paper in self.papers.values() if paper.state == "issued")
        self.taken = Counter(self.pool(paper.segment) for paper in issued)
        self._line_up(position)
        moved = self._move_places(at)
        return moved if self.frozen else [*moved, *self._settle(at)]

    def _move_places(self, at: datetime) -> list[Told]:
        """Places of the desk follow a segment to its constituency; a constituency's end with its quota."""
        raised, reserved, pools = self.raised, self.reserved, self.pools
        self.raised, self.reserved = Counter(), Counter()
        for area, places in raised.items():
            self.raised[self._heir(area, pools)] += places
        for (area, programme), places in reserved.items():
            self.reserved[self._heir(area, pools), programme] += places
        for heirless in [key for key in self.reserved if not key[0]]:
            del self.reserved[heirless]
        del self.raised[""]
        more, kept = Counter(self.raised), Counter(self.reserved)
        more.subtract(raised)
        kept.subtract(reserved)
        return [
            *(self.of_places(area, at, None, by) for area, by in sorted(more.items()) if by),
            *(self.of_places(area, at, whose, by) for (area, whose), by in sorted(kept.items()) if by),
        ]

    def _heir(self, area: str, pools: set[str]) -> str:
        return area if area in pools else self.homes.get(area, "")

    def of_places(self, area: str, at: datetime, programme: UUID | None, places: int) -> Told:
        """What is told of places raised, or, with a programme, of places reserved."""
        kind = "PlacesRaisedV1" if programme is None else "PlacesReservedV1"
        return Told(kind, None, self.homes.get(area, area), area, at, programme=programme, places=places)

    def _line_up(self, position: int) -> None:
        self._queues = {pool: [] for pool in self.pools}
        for paper in self.papers.values():
            if paper.state not in WAITING:
                continue
            if paper.turn is None and self.issue_on == "enrolled":
                paper.turn = position
            if paper.turn is not None:
                queue = self._queues[self.pool(paper.segment)]
                queue.append((paper.turn, paper.enrolled_position, paper.mitra))
        for queue in self._queues.values():
            heapify(queue)

    def _settle(self, at: datetime) -> Iterator[Told]:
        for pool in sorted(self._queues):
            yield from self.call(pool, at)
            for _, _, mitra in sorted(self._queues[pool]):
                if self.papers[mitra].state == "held":
                    yield self._wait(self.papers[mitra], at, "held")

    def take(self, step: Step) -> list[Told]:
        """A step of a person.

        Raises:
            Contradiction: nobody can apply it; it belongs among the dead letters.
        """
        if not self.version:
            raise Contradiction("the campaign is not defined")
        paper = self.papers.get(step.mitra)
        if step.type == "MitraEnrolledV1":
            return [] if paper else self._enrol(step)
        if step.type == "MitraErasedV1":
            return []
        if paper is None:
            raise Contradiction("the person is not enrolled")
        if step.type == "MitraWithdrawnV1":
            return self._withdraw(paper, step)
        if step.type == "MitraCorrectedV1":
            return self._correct(paper, step)
        if paper.state != "held" or paper.turn is not None:
            return []
        return self._become_eligible(paper, step, "held")

    def _enrol(self, step: Step) -> list[Told]:
        if self.homes.get(step.segment) != step.constituency:
            raise Contradiction("the segment is not in the campaign")
        paper = Paper(
            step.mitra,
            step.constituency,
            step.segment,
            step.occurred_at,
            step.position,
            step.language,
            step.name,
        )
        self.papers[step.mitra] = paper
        return self._become_eligible(paper, step, None) if self.issue_on == "enrolled" else []

    def _become_eligible(self, paper: Paper, step: Step, previous: str | None) -> list[Told]:
        paper.turn = step.position
        if self.frozen:
            return []
        pool = self.pool(paper.segment)
        if self.has_room(pool):
            return [self.issue(paper, step.occurred_at, previous)]
        heappush(self._queues[pool], (paper.turn, paper.enrolled_position, paper.mitra))
        return [self._wait(paper, step.occurred_at, previous)]

    @staticmethod
    def _correct(paper: Paper, step: Step) -> list[Told]:
        """A revoked one stays as it is, and an issued one with the right name keeps its language too."""
        if paper.state == "revoked" or (paper.state == "issued" and not step.name_changed):
            return []
        paper.language = step.language or paper.language
        return paper.renamed(step.name, step.occurred_at) if step.name_changed else []

    def _withdraw(self, paper: Paper, step: Step) -> list[Told]:
        previous = paper.state
        if previous == "revoked":
            return []
        paper.state, paper.revoked_at, paper.name = "revoked", step.occurred_at, None
        told = [_told("CertificateRevokedV1", paper, step.occurred_at, previous)]
        if previous == "issued":
            pool = self.pool(paper.segment)
            self.taken[pool] -= 1
            if not self.frozen:
                told.extend(self.call(pool, step.occurred_at))
        return told

    def call(self, pool: str, at: datetime) -> Iterator[Told]:
        """Issue to the next who wait, while there is room."""
        queue = self._queues[pool]
        while queue and self.has_room(pool):
            paper = self.papers[heappop(queue)[2]]
            if paper.state in WAITING:
                yield self.issue(paper, at, paper.state)

    def next_serial(self, segment: str) -> int:
        """The number after all that the segment has given."""
        self._serials[segment] += 1
        return self._serials[segment]

    def issue(self, paper: Paper, at: datetime, previous: str | None) -> Told:
        """A certificate takes a place and a number."""
        self.taken[self.pool(paper.segment)] += 1
        paper.state, paper.serial, paper.issued_at = "issued", self.next_serial(paper.segment), at
        return _told("CertificateIssuedV1", paper, at, previous)

    @staticmethod
    def _wait(paper: Paper, at: datetime, previous: str | None) -> Told:
        paper.state = "waitlisted"
        return _told("CertificateWaitlistedV1", paper, at, previous)


def _told(kind: str, paper: Paper, at: datetime, previous: str | None) -> Told:
    return Told(kind, paper.mitra, paper.constituency, paper.segment, at, paper.serial, previous)


def _quota(goals: Sequence[Mapping[str, Any]], code: str, level: str) -> int:
    """The number for an area itself goes before the number for all areas of its level; none means none."""
    numbers = {goal["area"]: goal["number"] for goal in goals if goal["level"] == level}
    number: int = numbers.get(code, numbers.get(None, 0))
    return number
