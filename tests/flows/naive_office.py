"""Who gets a certificate, told a second time: one partition of the enrolment log, one event after the other.

Plain dictionaries; nothing of the certificates service is used. Quotas are those of segments.
"""

from collections import defaultdict, deque
from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID


class Told(NamedTuple):
    """What the certificates log has to say next."""

    type: str
    mitra: UUID
    segment: str
    serial: int | None
    previous: str | None


class NaiveOffice:
    """One partition of one campaign."""

    def __init__(self) -> None:
        self.log: list[Told] = []
        self.states: dict[UUID, str] = {}
        self.serials: dict[UUID, int] = {}
        self.quota: dict[str, int] = {}
        self.queues: dict[str, deque[UUID]] = defaultdict(deque)
        self._version = 0
        self._frozen = False
        self._taken: dict[str, int] = defaultdict(int)
        self._numbers: dict[str, int] = defaultdict(int)

    def hear(self, event: Mapping[str, Any]) -> None:
        match event["type"]:
            case "CampaignDefinedV1":
                self._redefine(event["definition"])
            case "MitraEnrolledV1":
                self._enrol(UUID(event["mitra_id"]), event["segment"])
            case "MitraWithdrawnV1":
                self._withdraw(UUID(event["mitra_id"]), event["segment"])

    def _redefine(self, definition: Mapping[str, Any]) -> None:
        if definition["version"] <= self._version:
            return
        self._version, self._frozen = definition["version"], definition["issuing"]["frozen"]
        goals = [g for g in definition["goals"] if g["metric"] == "certificates" and g["active"]]
        of_all = next((g["number"] for g in goals if g["area"] is None), 0)
        own = {g["area"]: g["number"] for g in goals}
        segments = [a["code"] for a in definition["areas"] if a["level"] == "segment"]
        self.quota |= {segment: own.get(segment, of_all) for segment in segments}
        for segment in sorted(self.quota):
            self._call(segment)
            for mitra in self.queues[segment]:
                if not self._frozen and self.states[mitra] == "held":
                    self._tell("CertificateWaitlistedV1", mitra, segment, "waitlisted")

    def give_more(self, segment: str, places: int) -> None:
        """The quota desk raises a quota, or, below 0, keeps free places for a programme."""
        self.quota[segment] += places
        self._call(segment)

    def _enrol(self, mitra: UUID, segment: str) -> None:
        self.queues[segment].append(mitra)
        if self._frozen:
            self.states[mitra] = "held"
            return
        self._call(segment)
        if mitra not in self.states:
            self._tell("CertificateWaitlistedV1", mitra, segment, "waitlisted")

    def _withdraw(self, mitra: UUID, segment: str) -> None:
        if self.states[mitra] == "issued":
            self._taken[segment] -= 1
        else:
            self.queues[segment].remove(mitra)
        self._tell("CertificateRevokedV1", mitra, segment, "revoked")
        self._call(segment)

    def _call(self, segment: str) -> None:
        queue = self.queues[segment]
        while queue and not self._frozen and self._taken[segment] < self.quota[segment]:
            mitra = queue.popleft()
            self._taken[segment] += 1
            self._numbers[segment] += 1
            self.serials[mitra] = self._numbers[segment]
            self._tell("CertificateIssuedV1", mitra, segment, "issued")

    def _tell(self, kind: str, mitra: UUID, segment: str, state: str) -> None:
        self.log.append(Told(kind, mitra, segment, self.serials.get(mitra), self.states.get(mitra)))
        self.states[mitra] = state
