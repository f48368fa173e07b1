"""Events as the other services would publish them, applied to the reporting database as its consumer does."""

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from types import MappingProxyType
from uuid import UUID

from faststream.redis import RedisBroker
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.campaign.definition import CampaignDefinition, Level
from mitra_shared.consume.feeding import Feed, declaring_broker, feed, prepare
from mitra_shared.contracts.event import Event
from mitra_shared.contracts.events import (
    CampaignDefinedV1,
    CertificateHandedOverV1,
    CertificateIssuedV1,
    CertificateRevokedV1,
    CertificatesDispatchedV1,
    CertificatesPrintedV1,
    CertificateWaitlistedV1,
    DiscussionFigures,
    MitraCorrectedV1,
    MitraEnrolledV1,
    MitraWithdrawnV1,
    OpinionReleasedV1,
    PlacesRaisedV1,
    PlacesReservedV1,
    ProgrammeDiscussedV1,
    ProgrammeFigures,
    ProgrammeReportedV1,
    SchemesCorrected,
)
from mitra_shared.contracts.field_events import ContactsCountedV1, OutreachFigures, OutreachReportedV1
from mitra_shared.contracts.topics import Topic, all_partitions, partition_of
from mitra_shared.ids import AreaCode, CertificateId, Epoch, EventId, MitraId, Partition, Position, StaffId
from mitra_shared.log import Place, unit_of_work
from reporting.consumers import consumer_group
from reporting.storage.forgetting import forget
from reporting.storage.open_rounds import open_rounds
from tests.factories import ROUND, SCHEMES, small_campaign

START = datetime(2026, 11, 2, 4, 30, tzinfo=UTC)
"""Ten in the morning of 2 November in India."""
DAY = date(2026, 11, 2)
ROUNDS = (ROUND, "round-2")
"""Rounds that people are contacted in; the small campaign plans the first."""

Placed = tuple[Partition, Event]


def source_of(event: Event) -> Partition:
    """The partition of an event that stands in only one."""
    assert event.key is not None
    return partition_of(event.key)


@cache
def broker() -> RedisBroker:
    """One broker with the handlers of reporting; nothing is ever read through it."""
    made = declaring_broker()
    consumer_group(made)
    return made


@dataclass
class Field:
    """Writes a history of events, reproducible from its seed, and applies it."""

    engine: AsyncEngine | None = None
    seed: int = 7
    campaign: CampaignDefinition = field(default_factory=small_campaign)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)  # noqa: S311 - to be played again
        self.positions: dict[tuple[Topic, Partition], int] = defaultdict(int)

    # What happens ---------------------------------------------------------------------------------------

    def _uuid(self) -> UUID:
        return UUID(int=self.random.getrandbits(128), version=4)

    def seat_of(self, segment: str) -> AreaCode:
        return self.campaign.ancestor(AreaCode(segment), Level.CONSTITUENCY).code

    def defined(self, definition: CampaignDefinition | None = None) -> list[Placed]:
        definition = definition or self.campaign
        event = CampaignDefinedV1(
            event_id=EventId(self._uuid()), campaign=definition.id, occurred_at=START, definition=definition
        )
        return [(partition, event) for partition in all_partitions()]

    def _about(self, segment: str, at: datetime) -> dict[str, object]:
        return {
            "event_id": EventId(self._uuid()),
            "campaign": self.campaign.id,
            "occurred_at": at,
            "mitra_id": MitraId(self._uuid()),
            "constituency": self.seat_of(segment),
            "segment": AreaCode(segment),
        }

    def enrolled(
        self,
        segment: str,
        at: datetime = START,
        basis: str = "admirer",
        schemes: Sequence[str] = (),
        recruiter: int = 1,
    ) -> MitraEnrolledV1:
        return MitraEnrolledV1(
            **self._about(segment, at),
            recruiter=StaffId(f"{self.seat_of(segment)}/co-in-charge-{recruiter:02}"),
            basis=basis,
            schemes=tuple(schemes),
            language="hi",
            holder_name="sealed",
        )

    def withdrawn(self, segment: str, at: datetime = START, basis: str = "admirer") -> MitraWithdrawnV1:
        return MitraWithdrawnV1(**self._about(segment, at), basis=basis)

    def corrected(
        self, segment: str, schemes: Sequence[str], previous: Sequence[str], at: datetime = START
    ) -> MitraCorrectedV1:
        changed = SchemesCorrected(schemes=tuple(schemes), previous=tuple(previous))
        return MitraCorrectedV1.model_validate(
            self._about(segment, at) | {"name_changed": True, "holder_name": "sealed", "schemes": changed}
        )

    def _certificate(self) -> CertificateId:
        return CertificateId(self._uuid())

    def issued(self, segment: str, at: datetime = START, previous: str | None = None) -> CertificateIssuedV1:
        return CertificateIssuedV1(
            **self._about(segment, at), certificate_id=self._certificate(), serial=1, previous=previous
        )

    def waitlisted(self, segment: str, at: datetime = START) -> CertificateWaitlistedV1:
        return CertificateWaitlistedV1(
            **self._about(segment, at), certificate_id=self._certificate(), previous=None
        )

    def revoked(self, segment: str, at: datetime = START, previous: str = "issued") -> CertificateRevokedV1:
        return CertificateRevokedV1(
            **self._about(segment, at),
            certificate_id=self._certificate(),
            previous=previous,
            serial=None,
            reason="withdrawn",
        )

    def _of_places(self, area: str, at: datetime) -> dict[str, object]:
        return {
            "event_id": EventId(self._uuid()),
            "campaign": self.campaign.id,
            "occurred_at": at,
            "constituency": self.seat_of(area),
            "area": AreaCode(area),
        }

    def raised(self, area: str, by: int, at: datetime = START) -> PlacesRaisedV1:
        return PlacesRaisedV1.model_validate(self._of_places(area, at) | {"by": by})

    def reserved(self, area: str, places: int, programme: UUID, at: datetime = START) -> PlacesReservedV1:
        about = {"places": places, "programme": programme}
        return PlacesReservedV1.model_validate(self._of_places(area, at) | about)

    def opinion(
        self,
        area: str,
        day: date = DAY,
        answers: Mapping[str, str | int | tuple[str, ...]] = MappingProxyType({}),
        opinion_round: str = "round-1",
    ) -> OpinionReleasedV1:
        seat = self.campaign.ancestor(AreaCode(area), Level.CONSTITUENCY).code
        return OpinionReleasedV1(
            event_id=EventId(self._uuid()),
            campaign=self.campaign.id,
            constituency=seat,
            area=AreaCode(area),
            round=opinion_round,
            day=day,
            answers=dict(answers),
        )

    def _paper(self, segment: str, at: datetime) -> dict[str, object]:
        about = self._about(segment, at)
        return {name: value for name, value in about.items() if name != "mitra_id"}

    def printed(self, segment: str, count: int, at: datetime = START) -> CertificatesPrintedV1:
        return CertificatesPrintedV1(**self._paper(segment, at), sheet=self._uuid(), count=count)

    def dispatched(self, segment: str, count: int, at: datetime = START) -> CertificatesDispatchedV1:
        return CertificatesDispatchedV1(**self._paper(segment, at), sheet=self._uuid(), count=count)

    def handed_over(self, segment: str, at: datetime = START) -> CertificateHandedOverV1:
        return CertificateHandedOverV1(**self._paper(segment, at))

    def reported(
        self, constituency: str, figures: tuple[int, int], previous: tuple[int, int] | None = None
    ) -> ProgrammeReportedV1:
        told, before = [
            None if each is None else ProgrammeFigures(presented=each[0], beneficiaries=each[1])
            for each in (figures, previous)
        ]
        assert told is not None
        return ProgrammeReportedV1(
            event_id=EventId(self._uuid()),
            campaign=self.campaign.id,
            occurred_at=START,
            constituency=AreaCode(constituency),
            programme=self._uuid(),
            kind="discussion",
            held_on=DAY,
            figures=told,
            previous=before,
        )

    def discussed(
        self,
        constituency: str,
        attendance: int,
        topics: Mapping[str, int],
        previous: ProgrammeDiscussedV1 | None = None,
        day: date = DAY,
    ) -> ProgrammeDiscussedV1:
        return ProgrammeDiscussedV1(
            event_id=EventId(self._uuid()),
            campaign=self.campaign.id,
            occurred_at=START,
            constituency=AreaCode(constituency),
            programme=previous.programme if previous else self._uuid(),
            held_on=day,
            figures=DiscussionFigures(attendance=attendance, topics=dict(topics)),
            previous=previous.figures if previous else None,
        )

    def _of_staff(self, segment: str, recruiter: int, day: date) -> dict[str, object]:
        return {
            "event_id": EventId(self._uuid()),
            "campaign": self.campaign.id,
            "occurred_at": datetime.combine(day + timedelta(days=1), time(2), UTC),
            "constituency": self.seat_of(segment),
            "segment": AreaCode(segment),
            "staff": StaffId(f"{self.seat_of(segment)}/co-in-charge-{recruiter:02}"),
            "day": day,
        }

    def contacted(
        self,
        segment: str,
        attempts: int,
        reached: int,
        day: date = DAY,
        recruiter: int = 1,
        contact_round: str = ROUND,
    ) -> ContactsCountedV1:
        counted = {"round": contact_round, "attempts": attempts, "reached": reached}
        return ContactsCountedV1.model_validate(self._of_staff(segment, recruiter, day) | counted)

    def outreach(
        self,
        segment: str,
        meetings: int,
        people_met: int,
        previous: OutreachReportedV1 | None = None,
        day: date = DAY,
        recruiter: int = 1,
    ) -> OutreachReportedV1:
        told = {
            "figures": OutreachFigures(meetings=meetings, people_met=people_met),
            "previous": previous.figures if previous else None,
        }
        return OutreachReportedV1.model_validate(self._of_staff(segment, recruiter, day) | told)

    def _answers(self) -> dict[str, str | int | tuple[str, ...]]:
        some = {
            "most-useful": self.random.choice(("housing", "health")),
            "obstacles": tuple(self.random.sample(("documents", "distance", "delay"), 2)),
            "office-help": self.random.randrange(1, 6),
        }
        return {question: answer for question, answer in some.items() if self.random.random() < 0.8}

    def _held(self, seat: AreaCode, day: date) -> list[Event]:
        """A programme with its reports, put right once."""
        figures, came = (self.random.randrange(9), 40), self.random.randrange(200)
        first = self.discussed(seat, came, {"housing": 12, "water": 3}, day=day)
        right = {"housing": self.random.randrange(1, 20), "roads": 11}
        again = self.discussed(seat, came + 5, right, first, day)
        return [self.reported(seat, figures), self.reported(seat, (3, 50), figures), first, again]

    def _worked(self, segment: AreaCode, day: date) -> list[Event]:
        """Contacts and outreach, or a programme."""
        if self.random.random() < 0.3:
            return self._held(self.seat_of(segment), day)
        staff, attempts = self.random.randrange(1, 4), self.random.randrange(1, 30)
        reached, of_round = self.random.randrange(attempts), self.random.choice(ROUNDS)
        report = self.outreach(segment, 2, 40, day=day, recruiter=staff)
        right = self.outreach(segment, 1, self.random.randrange(60), report, day, staff)
        return [self.contacted(segment, attempts, reached, day, staff, of_round), report, right]

    def history(self, length: int, days: int = 3) -> list[Event]:
        """A mixed history over all segments, `length` steps long; every step is one to three events."""
        segments = [area.code for area in self.campaign.at_level(Level.SEGMENT)]
        happened: list[Event] = []
        for _ in range(length):
            segment = self.random.choice(segments)
            at = START + timedelta(hours=self.random.randrange(24 * days))
            basis = self.random.choice(("admirer", "beneficiary"))
            schemes = self.random.sample(sorted(SCHEMES), self.random.randrange(3))
            place = self.random.choice((segment, self.seat_of(segment)))
            match self.random.randrange(12):
                case 0 | 1:
                    recruiter = self.random.randrange(1, 4)
                    happened += [
                        self.enrolled(segment, at, basis, schemes, recruiter),
                        self.issued(segment, at),
                    ]
                case 2:
                    happened += [self.enrolled(segment, at, basis, schemes), self.waitlisted(segment, at)]
                case 3:
                    right = self.random.sample(sorted(SCHEMES), self.random.randrange(3))
                    happened += [self.corrected(segment, right, schemes, at)]
                    happened += [self.withdrawn(segment, at, basis), self.revoked(segment, at)]
                case 4:
                    happened += [
                        self.waitlisted(segment, at),
                        self.revoked(segment, at, "waitlisted"),
                        self.waitlisted(segment, at),
                    ]
                case 5:
                    happened += [self.waitlisted(segment, at), self.issued(segment, at, "waitlisted")]
                case 6:
                    happened += [self.enrolled(segment, at, basis), self.revoked(segment, at, "held")]
                case 7:
                    count = self.random.randrange(1, 5)
                    happened += [self.printed(segment, count, at), self.dispatched(segment, count, at)]
                    happened += [self.handed_over(segment, at) for _ in range(self.random.randrange(count))]
                case 8 | 9 | 10:
                    happened += self._worked(segment, at.date())
                case _:
                    happened.append(self.opinion(place, at.date(), self._answers()))
        return happened

    # How it arrives -------------------------------------------------------------------------------------

    async def apply(self, events: Iterable[Event | Placed]) -> None:
        """One poll: everything in one transaction, one call of the handler per topic, positions moved."""
        assert self.engine is not None
        by_topic: dict[Topic, list[Placed]] = {}
        for each in events:
            placed = each if isinstance(each, tuple) else (source_of(each), each)
            by_topic.setdefault(placed[1].topic, []).append(placed)
        await prepare(broker())
        async with unit_of_work(self.engine) as unit:
            for topic, of_topic in by_topic.items():
                of_topic.sort(key=lambda one: one[0])
                places = [self._next(topic, partition) for partition, _ in of_topic]
                delivery = Feed(unit, places)
                await feed(broker(), topic, [event for _, event in of_topic], delivery)
                for place in places:
                    await unit.connection.execute(
                        text(
                            'insert into consumer_position ("group", topic, partition, epoch, position)'
                            " values ('reporting', :topic, :partition, :epoch, :position)"
                            ' on conflict ("group", topic, partition) do update'
                            " set epoch = excluded.epoch, position = excluded.position"
                        ),
                        {"topic": topic.name, **place._asdict()},
                    )

    def _next(self, topic: Topic, partition: Partition) -> Place:
        self.positions[topic, partition] += 1
        return Place(partition, Epoch(1), Position(self.positions[topic, partition]))

    async def forget(self, topic: Topic, partition: Partition) -> None:
        assert self.engine is not None
        async with unit_of_work(self.engine) as unit:
            await forget(unit, topic, partition)

    async def open_round(self, opened: str | None) -> None:
        """Let a round be the open one, as the publisher does when the clock says so."""
        assert self.engine is not None
        async with unit_of_work(self.engine) as unit:
            await open_rounds(unit.connection, {self.campaign.id: opened})
