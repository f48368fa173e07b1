"""What every event has: its topic, its key and subject, and when it happened."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from mitra_shared.contracts.topics import Topic
from mitra_shared.ids import AreaCode, CampaignId, EventId, MitraId


class Event(BaseModel):
    """What every event has."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    topic: ClassVar[Topic]

    event_id: EventId
    campaign: CampaignId

    @property
    def key(self) -> str | None:
        """The constituency that decides the partition; None: appended to every partition."""
        raise NotImplementedError

    @property
    def subject(self) -> UUID | None:
        """The Mitra whose later events wait behind this one if it cannot be applied."""
        return None

    @property
    def at(self) -> datetime:
        """When it happened, as far as it may be told."""
        raise NotImplementedError


class TimedEvent(Event):
    """An event with an instant."""

    occurred_at: AwareDatetime

    @property
    def at(self) -> datetime:
        """The instant at which it happened."""
        return self.occurred_at


class MitraEvent(TimedEvent):
    """An event about one person in one segment."""

    mitra_id: MitraId
    constituency: AreaCode
    segment: AreaCode

    @property
    def key(self) -> str:
        """The constituency."""
        return self.constituency

    @property
    def subject(self) -> UUID:
        """The Mitra."""
        return self.mitra_id
