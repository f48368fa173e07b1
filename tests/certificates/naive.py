"""A second, naive opinion on who gets a certificate: one event at a time, everything looked at each time.

It shares no code with the service: plain records, and after each event every pool is settled from scratch.
What the quota desk decides is told by name, as `office.grant(mitra, programme, position)`; each says whether
it could be done.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from mitra_shared.campaign.definition import CampaignDefinition, Level, Metric
from mitra_shared.contracts.events import (
    CampaignDefinedV1,
    EnrolmentEvent,
    MitraClearedV1,
    MitraCorrectedV1,
    MitraEnrolledV1,
    MitraWithdrawnV1,
)
from mitra_shared.contracts.topics import partition_of
from mitra_shared.ids import AreaCode, Partition, Position

Told = tuple[str, Any, int | None, Any]
"""Kind of event, Mitra, serial number, previous state. Of a new number the last is the void one, of a new
name the revision. Of places: area, how many, and for which programme."""


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
    revision: int = 1
    name: str | None = None
    language: str = "hi"


@dataclass
class NaiveOffice:
    """One partition of the enrolment log."""

    partition: Partition
    heard: CampaignDefinition | None = None
    people: list[Person] = field(default_factory=list)
    log: list[Told] = field(default_factory=list)
    raised: Counter[AreaCode] = field(default_factory=Counter)
    reserved: Counter[tuple[AreaCode, Any]] = field(default_factory=Counter)
    void: list[tuple[AreaCode, int]] = field(default_factory=list)

    def hear(self, event: EnrolmentEvent, position: Position) -> None:
        match event:
            case CampaignDefinedV1():
                if self.heard is None or event.definition.version > self.heard.version:
                    self.heard = event.definition
                    self._move_places()
            case MitraEnrolledV1():
                if not any(p.mitra == event.mitra_id for p in self.people):
                    person = Person(event.mitra_id, event.segment, event.constituency, position)
                    person.name = event.holder_name
                    self.people.append(person)
            case MitraWithdrawnV1():
                (person,) = (p for p in self.people if p.mitra == event.mitra_id)
                if person.state != "revoked":
                    self.log.append(("CertificateRevokedV1", person.mitra, person.serial, person.state))
                    person.state, person.name = "revoked", None
            case MitraCorrectedV1():
                self._put_right(event)
            case MitraClearedV1():
                (person,) = (p for p in self.people if p.mitra == event.mitra_id)
                if person.eligible is None:
                    person.eligible = position
        self._settle(position)

    def _put_right(self, event: MitraCorrectedV1) -> None:
        (person,) = (p for p in self.people if p.mitra == event.mitra_id)
        if person.state == "revoked" or (person.state == "issued" and not event.name_changed):
            return
        if event.language:
            person.language = event.language.language
        if event.name_changed and not self.correct(person.mitra, event.holder_name):
            person.name = event.holder_name

    @property
    def definition(self) -> CampaignDefinition:
        assert self.heard is not None
        return self.heard

    def taken(self, area: AreaCode) -> int:
        return sum(p.state == "issued" and self.pool(p) == area for p in self.people)

    def quota(self, area: AreaCode) -> int:
        goal = self.definition.goal_for(self.definition.by_code[area], Metric.CERTIFICATES)
        return (goal.number if goal else 0) + self.raised[area]

    def kept(self, area: AreaCode) -> int:
        return sum(places for (of, _), places in self.reserved.items() if of == area)

    def left(self, area: AreaCode) -> int:
        return max(0, self.quota(area) - self.taken(area) - self.kept(area))

    def give_more(self, area: AreaCode, places: int, position: Position) -> bool:
        if self.heard is None or area not in self.pools():
            return False
        self.raised[area] += places
        self.log.append(("PlacesRaisedV1", area, places, None))
        self._settle(position)
        return True

    def keep(self, area: AreaCode, programme: Any, places: int) -> bool:
        if self.heard is None or area not in self.pools() or places > self.left(area):
            return False
        self.reserved[area, programme] += places
        self.log.append(("PlacesReservedV1", area, places, programme))
        return True

    def give_back(self, area: AreaCode, programme: Any, position: Position) -> bool:
        left = self.reserved[area, programme]
        if self.heard is None or area not in self.pools() or not left:
            return False
        self.reserved[area, programme] = 0
        self.log.append(("PlacesReservedV1", area, -left, programme))
        self._settle(position)
        return True

    def grant(self, mitra: Any, programme: Any, position: Position) -> bool:
        person = self.person(mitra)
        if person is None or person.state not in {"held", "waitlisted"} or self.definition.issuing.frozen:
            return False
        area = self.pool(person)
        if not self.reserved[area, programme] or self.taken(area) >= self.quota(area):
            return False
        self.reserved[area, programme] -= 1
        self.log.append(("PlacesReservedV1", area, -1, programme))
        if person.eligible is None:
            person.eligible = position
        self._issue(person, person.state)
        return True

    def reissue(self, mitra: Any, serial: int) -> bool:
        person = self.person(mitra)
        if person is None or person.state != "issued" or self.definition.issuing.frozen:
            return False
        if person.serial != serial:
            return False
        next_number = self._next_number(person)
        self.void.append((person.segment, serial))
        person.serial, person.revision = next_number, person.revision + 1
        self.log.append(("CertificateReissuedV1", mitra, next_number, serial))
        return True

    def correct(self, mitra: Any, name: str | None) -> bool:
        person = self.person(mitra)
        if person is None or person.state != "issued":
            return False
        person.name, person.revision = name, person.revision + 1
        self.log.append(("CertificateCorrectedV1", mitra, person.serial, person.revision))
        return True

    def person(self, mitra: Any) -> Person | None:
        return next((p for p in self.people if p.mitra == mitra), None)

    def _move_places(self) -> None:
        """What the desk gave to segments goes to their constituency; the other way it is gone."""
        pools = self.pools()
        raised, reserved = self.raised, self.reserved
        self.raised, self.reserved = Counter(), Counter()
        moved: list[Told] = []
        gone: Counter[AreaCode] = Counter()
        for area, places in raised.items():
            to = area if area in pools else self.definition.by_code[area].parent
            if to in pools:
                self.raised[to] += places
            if to != area:
                gone[area] -= places
                if to in pools:
                    gone[to] += places
        moved += [("PlacesRaisedV1", area, gone[area], None) for area in sorted(gone) if gone[area]]
        left: Counter[tuple[AreaCode, Any]] = Counter()
        for (area, programme), places in reserved.items():
            to = area if area in pools else self.definition.by_code[area].parent
            if to in pools:
                self.reserved[to, programme] += places
            if to != area:
                left[area, programme] -= places
                if to in pools:
                    left[to, programme] += places
        moved += [("PlacesReservedV1", area, n, p) for (area, p), n in sorted(left.items()) if n]
        self.log += moved

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
            if self.taken(area) + self.kept(area) < self.quota(area):
                self._issue(person, previous)
            elif person.state == "held":
                person.state = "waitlisted"
                self.log.append(("CertificateWaitlistedV1", person.mitra, None, previous))

    def _issue(self, person: Person, previous: str | None) -> None:
        person.serial = self._next_number(person)
        person.state = "issued"
        self.log.append(("CertificateIssuedV1", person.mitra, person.serial, previous))

    def _next_number(self, person: Person) -> int:
        numbers = [p.serial for p in self.people if p.segment == person.segment and p.serial is not None]
        return 1 + len(numbers) + sum(segment == person.segment for segment, _ in self.void)
