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
    """One entry of the enrolment log about a person."""

    position: int
    type: str
    mitra: UUID
    occurred_at: datetime
    constituency: str
    segment: str


class Told(NamedTuple):
    """What the certificates log has to tell at that point; of a revoked one `serial` may be None."""

    type: str
    mitra: UUID
    constituency: str
    segment: str
    occurred_at: datetime
    serial: int | None
    previous: str | None


@dataclass(slots=True)
class Paper:
    """What the row of one certificate has to say."""

    mitra: UUID
    constituency: str
    segment: str
    enrolled_at: datetime
    enrolled_position: int
    state: str = "held"
    turn: int | None = None
    serial: int | None = None
    issued_at: datetime | None = None
    revoked_at: datetime | None = None


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
        self._partition = partition
        self._serials: Counter[str] = Counter()
        self._queues: dict[str, list[tuple[int, int, UUID]]] = {}

    def pool(self, segment: str) -> str:
        """The area whose quota a segment draws on."""
        return segment if self.level == "segment" else self.homes[segment]

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
        return [] if self.frozen else list(self._settle(at))

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
            yield from self._call(pool, at)
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
        if paper is None:
            raise Contradiction("the person is not enrolled")
        if step.type == "MitraWithdrawnV1":
            return self._withdraw(paper, step)
        if paper.state != "held" or paper.turn is not None:
            return []
        return self._become_eligible(paper, step, "held")

    def _enrol(self, step: Step) -> list[Told]:
        if self.homes.get(step.segment) != step.constituency:
            raise Contradiction("the segment is not in the campaign")
        paper = Paper(step.mitra, step.constituency, step.segment, step.occurred_at, step.position)
        self.papers[step.mitra] = paper
        return self._become_eligible(paper, step, None) if self.issue_on == "enrolled" else []

    def _become_eligible(self, paper: Paper, step: Step, previous: str | None) -> list[Told]:
        paper.turn = step.position
        if self.frozen:
            return []
        pool = self.pool(paper.segment)
        if self.taken[pool] < self.quotas.get(pool, 0):
            return [self._issue(paper, step.occurred_at, previous)]
        heappush(self._queues[pool], (paper.turn, paper.enrolled_position, paper.mitra))
        return [self._wait(paper, step.occurred_at, previous)]

    def _withdraw(self, paper: Paper, step: Step) -> list[Told]:
        previous = paper.state
        if previous == "revoked":
            return []
        paper.state, paper.revoked_at = "revoked", step.occurred_at
        told = [_told("CertificateRevokedV1", paper, step.occurred_at, previous)]
        if previous == "issued":
            pool = self.pool(paper.segment)
            self.taken[pool] -= 1
            if not self.frozen:
                told.extend(self._call(pool, step.occurred_at))
        return told

    def _call(self, pool: str, at: datetime) -> Iterator[Told]:
        queue = self._queues[pool]
        while queue and self.taken[pool] < self.quotas.get(pool, 0):
            paper = self.papers[heappop(queue)[2]]
            if paper.state in WAITING:
                yield self._issue(paper, at, paper.state)

    def _issue(self, paper: Paper, at: datetime, previous: str | None) -> Told:
        self.taken[self.pool(paper.segment)] += 1
        self._serials[paper.segment] += 1
        paper.state, paper.serial, paper.issued_at = "issued", self._serials[paper.segment], at
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
