"""An enrolment log for tests: makes events with the places they would have, and delivers them in batches."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from certificates.consumers import apply
from certificates.storage.tables import GROUP
from mitra_shared.consume.feeding import Feed
from mitra_shared.contracts.events import (
    CampaignDefinedV1,
    EnrolmentEvent,
    MitraClearedV1,
    MitraCorrectedV1,
    MitraEnrolledV1,
    MitraErasedV1,
    MitraWithdrawnV1,
)
from mitra_shared.contracts.topics import ENROLMENT, all_partitions, partition_of
from mitra_shared.ids import Epoch, EventId, MitraId, Partition, Position, StaffId
from mitra_shared.log import Place, unit_of_work
from mitra_shared.security.lookup import KeyedHash
from tests.factories import SEGMENTS, small_campaign

KEY = KeyedHash(b"a key for tests of certificates.")
CAMPAIGN = small_campaign().id
BEGIN = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
NAMESPACE = UUID("5d9d2ed0-4bb0-4f0d-9a51-3c1a0c3a3e6b")

Entry = tuple[EnrolmentEvent, Place]


def mitra(number: int) -> MitraId:
    """The id of the Mitra with that number in this test."""
    return MitraId(uuid5(NAMESPACE, f"mitra {number}"))


def quotas(number: int, level: str = "segment", **of_areas: int) -> list[dict[str, Any]]:
    """Goals of a definition: `number` places for each area of a level, others for single areas."""
    goal = {"level": level, "metric": "certificates", "source": "a number for tests"}
    return [
        {**goal, "number": number},
        *({**goal, "number": n, "area": code.replace("_", "-")} for code, n in of_areas.items()),
    ]


@dataclass
class EnrolmentLog:
    """Everything appended so far, in order; `position` by partition."""

    entries: list[Entry] = field(default_factory=list)
    _heads: Counter[Partition] = field(default_factory=Counter)
    _told: int = 0

    def defined(self, version: int = 1, only: Iterable[Partition] | None = None, **changes: Any) -> None:
        """A definition of the small campaign, in all partitions or, to keep a test small, in some."""
        definition = small_campaign(version, **changes)
        event = CampaignDefinedV1(**(self._next() | {"campaign": definition.id}), definition=definition)
        for partition in all_partitions() if only is None else sorted(set(only)):
            self._append(event, partition)

    def enrolled(self, number: int, segment: str = "S11-AC017", **changes: Any) -> MitraId:
        """A Mitra was enrolled."""
        about = self._about(number, segment)
        event = MitraEnrolledV1.model_validate(
            about
            | {
                "recruiter": StaffId(f"{about['constituency']}/co-in-charge-01"),
                "basis": "admirer",
                "language": "hi",
                "holder_name": f"sealed name {number}",
            }
            | changes
        )
        self._append(event, partition_of(event.constituency))
        return event.mitra_id

    def corrected(
        self, number: int, segment: str = "S11-AC017", *, name: str | None = None, language: str | None = None
    ) -> None:
        """A Mitra's name or language was put right."""
        event = MitraCorrectedV1.model_validate(
            self._about(number, segment)
            | {"name_changed": name is not None, "holder_name": name}
            | {"language": language and {"language": language, "previous": "hi"}}
        )
        self._append(event, partition_of(event.constituency))

    def renamed(self, number: int, segment: str) -> None:
        """A Mitra has another name."""
        self.corrected(number, segment, name=f"sealed right name {len(self.entries)}")

    def readdressed(self, number: int, segment: str) -> None:
        """A Mitra is to be addressed in another language."""
        self.corrected(number, segment, language=("en", "ur")[len(self.entries) % 2])

    def withdrew(self, number: int, segment: str = "S11-AC017", **changes: Any) -> None:
        """A Mitra withdrew."""
        about = self._about(number, segment) | {"basis": "admirer"} | changes
        event = MitraWithdrawnV1.model_validate(about)
        self._append(event, partition_of(event.constituency))

    def erased(self, number: int, segment: str = "S11-AC017") -> None:
        """A Mitra was erased."""
        event = MitraErasedV1.model_validate(self._about(number, segment))
        self._append(event, partition_of(event.constituency))

    def cleared(self, number: int, segment: str = "S11-AC017") -> None:
        """A Mitra was cleared."""
        event = MitraClearedV1.model_validate(self._about(number, segment))
        self._append(event, partition_of(event.constituency))

    async def deliver(self, engine: AsyncEngine, *, size: int = 500) -> None:
        """Apply what was not delivered yet, in batches of at most `size`."""
        waiting, self._told = self.entries[self._told :], len(self.entries)
        for start in range(0, len(waiting), size):
            await deliver(engine, waiting[start : start + size])

    def rewind(self) -> None:
        """Deliver everything again."""
        self._told = 0

    def _about(self, number: int, segment: str) -> dict[str, Any]:
        _, constituency = SEGMENTS.get(segment, ("", "S11-PC04"))
        return self._next() | {"mitra_id": mitra(number), "constituency": constituency, "segment": segment}

    def _next(self) -> dict[str, Any]:
        number = len(self.entries)
        return {
            "event_id": EventId(uuid5(NAMESPACE, f"event {number}")),
            "campaign": CAMPAIGN,
            "occurred_at": BEGIN + timedelta(seconds=number),
        }

    def _append(self, event: EnrolmentEvent, partition: Partition) -> None:
        self._heads[partition] += 1
        place = Place(partition, Epoch(1), Position(self._heads[partition]))
        self.entries.append((event, place))


_MOVE = text(
    """
    insert into consumer_position ("group", topic, partition, epoch, position)
    values (:group, :topic, :partition, :epoch, :position)
    on conflict ("group", topic, partition) do update
    set epoch = excluded.epoch, position = excluded.position
    """
)


async def deliver(engine: AsyncEngine, batch: Sequence[Entry]) -> None:
    """Apply one batch in one transaction, partitions ascending and positions moved as a consumer does."""
    ordered = sorted(batch, key=lambda entry: entry[1])
    reached = {place.partition: place for _, place in ordered}
    async with unit_of_work(engine) as unit:
        await unit.connection.execute(
            _MOVE,
            [{"group": GROUP, "topic": ENROLMENT.name, **place._asdict()} for place in reached.values()],
        )
        await apply([event for event, _ in ordered], Feed(unit, [place for _, place in ordered]), KEY)
