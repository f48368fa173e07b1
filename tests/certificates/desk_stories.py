"""Random stories with the quota desk in them, and both ways to live through one: as it goes, and replayed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from certificates.commands.decide_at_desk import DecideAtDesk, decide_at_desk
from certificates.commands.forget_partition import forget_partition
from certificates.domain.desk import (
    CorrectName,
    Decision,
    GrantPlace,
    RaiseQuota,
    ReissueCertificate,
    ReleasePlaces,
    ReservePlaces,
)
from certificates.domain.desk_reasons import RaiseReason
from certificates.storage.desk_entries import DeskEntry
from certificates.storage.registers import Scope
from certificates.storage.tables import GROUP
from certificates.wire import certificate_id_of
from mitra_shared.contracts.topics import ENROLMENT, partition_of
from mitra_shared.ids import AreaCode, Partition, StaffId
from mitra_shared.log import unit_of_work
from mitra_shared.security.tokens import Role
from tests.certificates.enrolment_log import CAMPAIGN, KEY, NAMESPACE, EnrolmentLog, deliver, quotas
from tests.certificates.naive import NaiveOffice
from tests.certificates.stories import PLACES, STEPS, TERMS, tell
from tests.factories import SEGMENTS

PROGRAMMES = [UUID(int=1), UUID(int=2)]
_AREAS = st.sampled_from([PLACES[0], *PLACES, "S11-PC04", "S11-PC04", "S24-PC07"])
_PROGRAMME = st.sampled_from([PROGRAMMES[0], *PROGRAMMES])
_PERSON = st.integers(0, 30)
_LIKELY = 25
"""Below this, somebody is chosen whom it may well be possible for."""
_DECISIONS = st.one_of(
    st.tuples(st.just("raise"), _AREAS, st.integers(1, 3)),
    st.tuples(st.just("reserve"), _AREAS, _PROGRAMME, st.integers(1, 2)),
    st.tuples(st.just("reserve"), st.just(PLACES[0]), _PROGRAMME, st.just(1)),
    st.tuples(st.just("release"), _AREAS, _PROGRAMME),
    st.tuples(st.just("grant"), _PERSON, _PROGRAMME),
    st.tuples(st.just("grant"), _PERSON, _PROGRAMME),
    st.tuples(st.just("reissue"), _PERSON, st.sampled_from([0, 0, 0, 1])),
    st.tuples(st.just("correct"), _PERSON),
)
_OPENING = [("enrol", PLACES[0]), *[("enrol", place) for place in PLACES], ("enrol", PLACES[0])]
"""With a place kept after the first two, somebody waits from the beginning, whom it can be granted to."""
DESK_STORIES = st.tuples(
    st.one_of(TERMS, st.just({"goals": quotas(2)})),
    st.lists(STEPS, min_size=8, max_size=30).map(lambda steps: [*_OPENING, *steps]),
    st.lists(st.tuples(st.integers(4, 36), _DECISIONS), min_size=3, max_size=20).map(
        lambda decisions: [(3, ("reserve", PLACES[0], PROGRAMMES[0], 1)), *decisions]
    ),
)
DeskStory = tuple[dict[str, Any], list[tuple[str, Any]], list[tuple[int, tuple[Any, ...]]]]


def home_of(area: str) -> AreaCode:
    return AreaCode(SEGMENTS[area][1] if area in SEGMENTS else area)


async def ask(
    engine: AsyncEngine,
    decision: Decision,
    constituency: str = "S11-PC04",
    *,
    key: UUID | None = None,
    request: bytes = b"a request",
) -> DeskEntry:
    """Ask the desk, as its routes do."""
    home = AreaCode(constituency)
    command = DecideAtDesk(
        id=key or uuid5(NAMESPACE, f"decision {decision!r}"),
        scope=Scope(partition_of(home), CAMPAIGN),
        constituency=home,
        decision=decision,
        request=request,
        reason=RaiseReason.OTHER,
        decided_by=StaffId("somebody"),
        role=Role.IN_CHARGE,
    )
    async with unit_of_work(engine) as unit:
        return await decide_at_desk(unit, command)


@dataclass
class Told:
    """What one asked decision was, and whether the naive office could do it."""

    decision: Decision
    constituency: AreaCode
    possible: bool


@dataclass
class Teller:
    """Tells decisions to the naive offices, and says what the desk is asked for."""

    offices: dict[Partition, NaiveOffice]

    def tell(self, about: tuple[Any, ...], positions: dict[Partition, Any]) -> Told | None:
        kind, *rest = about
        if kind in {"raise", "reserve", "release"}:
            return self._of_places(kind, rest, positions)
        states = {"held", "waitlisted"} if kind == "grant" else {"issued"}
        everybody = [(office, person) for office in self.offices.values() for person in office.people]
        likely = [each for each in everybody if each[1].state in states]
        chosen = likely if likely and rest[0] < _LIKELY else everybody
        if not chosen:
            return None
        office, person = chosen[rest[0] % len(chosen)]
        position = positions[partition_of(person.constituency)]
        certificate = certificate_id_of(person.mitra, KEY)
        match kind:
            case "grant":
                done = office.grant(person.mitra, rest[1], position)
                decision: Decision = GrantPlace(certificate, rest[1])
            case "reissue":
                serial = (person.serial or 1) + rest[1]
                done = office.reissue(person.mitra, serial)
                decision = ReissueCertificate(certificate, serial)
            case _:
                name = f"sealed again {len(office.log)}"
                done = office.correct(person.mitra, name)
                decision = CorrectName(certificate, name)
        return Told(decision, person.constituency, done)

    def _of_places(self, kind: str, rest: list[Any], positions: dict[Partition, Any]) -> Told:
        home = home_of(rest[0])
        office, position = self.offices[partition_of(home)], positions.get(partition_of(home), 0)
        match kind:
            case "raise":
                done = office.give_more(rest[0], rest[1], position)
                return Told(RaiseQuota(*rest), home, done)
            case "reserve":
                return Told(ReservePlaces(*rest), home, office.keep(*rest))
            case _:
                done = office.give_back(rest[0], rest[1], position)
                return Told(ReleasePlaces(*rest), home, done)


def told(story: DeskStory) -> EnrolmentLog:
    """The enrolment log of a story."""
    terms, steps, _ = story
    return tell((terms, steps))


async def empty(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(
            text(
                "truncate certificate, pool, segment, campaign, reservation, void_number, desk_entry,"
                " lost_branch, certificates_log, consumer_position"
            )
        )
        await connection.execute(text("update certificates_head set position = 0, epoch = 1, floor = 0"))


async def forget(engine: AsyncEngine, *partitions: Partition) -> None:
    """Forget partitions as a consumer that begins them again."""
    for partition in partitions:
        async with unit_of_work(engine) as unit:
            await forget_partition(unit, ENROLMENT, partition)
            await unit.connection.execute(
                text(
                    "update consumer_position set epoch = 0, position = 0"
                    ' where "group" = :group and partition = :partition'
                ),
                {"group": GROUP, "partition": partition},
            )


async def replay(engine: AsyncEngine, log: EnrolmentLog, sizes: Sequence[int]) -> None:
    """Deliver the whole log once more, in batches of these sizes in turn."""
    start, turn = 0, 0
    while start < len(log.entries):
        size = sizes[turn % len(sizes)]
        await deliver(engine, log.entries[start : start + size])
        start, turn = start + size, turn + 1
