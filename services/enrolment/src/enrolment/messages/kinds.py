"""What people are told, and which facts each message needs. Texts are made when a message is sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, NewType
from uuid import UUID

from mitra_shared.ids import MitraId, new_random_id

MessageId = NewType("MessageId", UUID)
"""The same at every attempt, so that a gateway can tell a repetition."""


class MessageKind(StrEnum):
    """The occasions; the value is the key of the text in `words/*.toml`."""

    CODE = "code"
    """A one-time code. Only the challenge is kept; the code follows from it with a key."""
    RECEIPT = "receipt"
    """The person is enrolled, and where to see what is held."""
    WITHDRAWN = "withdrawn"
    MERGED = "merged"
    """The person was enrolled twice: one enrolment is removed, the other stays."""
    ERASURE_NOTICE = "erasure_notice"
    """Everything personal is erased at `due_at`."""
    REQUEST_ANSWERED = "request_answered"
    BROADCAST = "broadcast"
    """One of many with the same text, which stands in the row of the broadcast."""


FACTS: Final[Mapping[MessageKind, frozenset[str]]] = {
    MessageKind.CODE: frozenset({"challenge"}),
    MessageKind.RECEIPT: frozenset(),
    MessageKind.WITHDRAWN: frozenset(),
    MessageKind.MERGED: frozenset(),
    MessageKind.ERASURE_NOTICE: frozenset({"due_at"}),
    MessageKind.REQUEST_ANSWERED: frozenset({"request"}),
    MessageKind.BROADCAST: frozenset(),
}
"""Exactly these, each a text without anything personal: ids, and instants in ISO 8601."""


class UnfitFacts(ValueError):
    """A message lacks a fact, or carries one that it must not."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one person.

    Attributes:
        recipient: whose phone is opened at the moment of sending.
        facts: see `FACTS`; never anything personal.
        send_after: not before.
        expires_at: dropped rather than sent later than this.
        of_many: made with many others at once, as by a sheet; goes after messages that are not.

    Raises:
        UnfitFacts: the facts are not those of the kind.
    """

    recipient: MitraId
    kind: MessageKind
    send_after: datetime
    facts: Mapping[str, str] = field(default_factory=dict)
    expires_at: datetime | None = None
    of_many: bool = False
    id: MessageId = field(default_factory=lambda: MessageId(new_random_id()))

    def __post_init__(self) -> None:
        """Refuse facts that nobody will read, and those that might tell something."""
        if self.facts.keys() != FACTS[self.kind]:
            expected = ", ".join(sorted(FACTS[self.kind])) or "none"
            raise UnfitFacts(f"facts of a message {self.kind.value!r} are: {expected}")


def erasure_notice(person: MitraId, due_at: datetime, at: datetime) -> Message:
    """That everything personal is erased at `due_at`; the last message to a person."""
    return Message(person, MessageKind.ERASURE_NOTICE, at, {"due_at": due_at.isoformat()})
