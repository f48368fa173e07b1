"""Events to bytes and back: one JSON object with a `type`, older versions brought forward on reading."""

from collections.abc import Mapping
from typing import Any, Final, cast

from pydantic import TypeAdapter, ValidationError

from mitra_shared.contracts.event import Event
from mitra_shared.contracts.events import (
    CertificateLogEvent,
    CustodyLogEvent,
    EnrolmentEvent,
    OpinionEvent,
    StaffLogEvent,
)
from mitra_shared.contracts.topics import CERTIFICATES, CUSTODY, ENROLMENT, OPINIONS, STAFF, Topic

EVENTS_OF: Final[Mapping[str, Any]] = {
    ENROLMENT.name: EnrolmentEvent,
    OPINIONS.name: OpinionEvent,
    STAFF.name: StaffLogEvent,
    CERTIFICATES.name: CertificateLogEvent,
    CUSTODY.name: CustodyLogEvent,
}
"""The type of the events of each topic, by its name."""

_ADAPTERS: dict[str, TypeAdapter[Any]] = {topic: TypeAdapter(kind) for topic, kind in EVENTS_OF.items()}


class UnreadableEvent(Exception):
    """The bytes are not an event of their topic: a data error, never a reason to retry for ever."""


def encode(event: Event) -> bytes:
    """The event as UTF-8 JSON."""
    return event.model_dump_json().encode()


def decode(topic: Topic, payload: bytes | str) -> Event:
    """The event in `payload`.

    Raises:
        UnreadableEvent: not JSON, an unknown type, or fields that do not fit the type. The message names the
            fields and never repeats their values.
    """
    try:
        return cast("Event", _ADAPTERS[topic.name].validate_json(payload))
    except ValidationError as error:
        places = "; ".join(
            f"{'.'.join(map(str, e['loc'])) or 'payload'}: {e['type']}"
            for e in error.errors(include_input=False)
        )
        raise UnreadableEvent(f"not an event of {topic.name}: {places}") from error
