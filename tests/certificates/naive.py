"""A second, naive opinion on who gets a certificate: one event at a time, everything looked at each time.

It shares no code with the service: plain records, and after each event every pool is settled from scratch.
"""

from dataclasses import dataclass, field
from typing import Any

from mitra_shared.campaign.definition import CampaignDefinition, Level, Metric
from mitra_shared.contracts.events import (
    CampaignDefinedV1,
    EnrolmentEvent,
    MitraClearedV1,
    MitraEnrolledV1,
    MitraWithdrawnV1,
)
from mitra_shared.contracts.topics import partition_of
from mitra_shared.ids import AreaCode, Partition, Position

Told = tuple[str, Any, int | None, str | None]
"""Kind of event, Mitra, serial number, previous state."""


@dataclass
class Person:
    mitra: Any
    segment: AreaCode
    constituency: AreaCode
    enrolled: int
    state: str = "held"
    eligible: int | None = None
    serial: int | None = None
    told: bool = False


@dataclass
class NaiveOffice:
    """One partition of the enrolment log."""

    partition: Partition
    heard: CampaignDefinition | None = None
    people: list[Person] = field(default_factory=list)
    log: list[Told] = field(default_factory=list)

    def hear(self, event: EnrolmentEvent, position: Position) -> None:
        match event:
            case CampaignDefinedV1():
                if self.heard is None or event.definition.version > self.heard.version:
                    self.heard = event.definition
            case MitraEnrolledV1():
                if not any(p.mitra == event.mitra_id for p in self.people):
                    self.people.append(Person(event.mitra_id, event.segment, event.constituency, position))
            case MitraWithdrawnV1():
                (person,) = (p for p in self.people if p.mitra == event.mitra_id)
                if person.state != "revoked":
                    self.log.append(("CertificateRevokedV1", person.mitra, person.serial, person.state))
                    person.state = "revoked"
            case MitraClearedV1():
                (person,) = (p for p in self.people if p.mitra == event.mitra_id)
                if person.eligible is None:
                    person.eligible = position
        self._settle(position)

    @property
    def definition(self) -> CampaignDefinition:
        assert self.heard is not None
        return self.heard

    def taken(self, area: AreaCode) -> int:
        return sum(p.state == "issued" and self.pool(p) == area for p in self.people)

    def quota(self, area: AreaCode) -> int:
        goal = self.definition.goal_for(self.definition.by_code[area], Metric.CERTIFICATES)
        return goal.number if goal else 0

    def pools(self) -> list[AreaCode]:
        level = self.definition.certificate_level()
        return sorted(
            area.code
            for area in self.definition.at_level(level)
            if partition_of(self.definition.ancestor(area.code, Level.CONSTITUENCY).code) == self.partition
        )

    def pool(self, person: Person) -> AreaCode:
        at_segments = self.definition.certificate_level() is Level.SEGMENT
        return person.segment if at_segments else person.constituency

    def _settle(self, position: Position) -> None:
        if self.definition.issuing.issue_on == "enrolled":
            for person in self.people:
                person.eligible = position if person.eligible is None else person.eligible
        if not self.definition.issuing.frozen:
            for area in self.pools():
                self._settle_pool(area)
        for person in self.people:
            person.told = True

    def _settle_pool(self, area: AreaCode) -> None:
        waiting = [p for p in self.people if self.pool(p) == area and p.state in {"held", "waitlisted"}]
        queue = sorted((p.eligible, p.enrolled, p) for p in waiting if p.eligible is not None)
        for _, _, person in queue:
            previous = person.state if person.told else None
            if self.taken(area) < self.quota(area):
                person.state = "issued"
                numbers = [p.serial for p in self.people if p.segment == person.segment]
                person.serial = 1 + len(numbers) - numbers.count(None)
                self.log.append(("CertificateIssuedV1", person.mitra, person.serial, previous))
            elif person.state == "held":
                person.state = "waitlisted"
                self.log.append(("CertificateWaitlistedV1", person.mitra, None, previous))
