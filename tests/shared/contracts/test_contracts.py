"""Released types never change: payloads written down once still parse, and say the same."""

import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from faststream.redis.parser.binary import BinaryMessageFormatV1

from mitra_shared.contracts.asyncapi import DOCUMENT, document
from mitra_shared.contracts.codec import UnreadableEvent, decode, encode
from mitra_shared.contracts.event import Event
from mitra_shared.contracts.topics import PARTITIONS, TOPICS, partition_of
from mitra_shared.ids import Epoch, Partition, Position
from mitra_shared.log import Place
from mitra_shared.log.pages import LogEntry
from mitra_shared.relay.wire import NotOurEntry, body_of, entry_fields, received

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*/*.json"))
FORBIDDEN = ("religion", "caste", "voter", "vote", "phone", "name_clear", "aadhaar", "community")


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_released_payload_still_parses_and_is_written_the_same(path: Path) -> None:
    payload = path.read_text(encoding="utf-8")
    event = decode(TOPICS[path.parent.name], payload)
    assert type(event).__name__ == path.stem.split(".")[0]
    assert json.loads(encode(event)) == json.loads(payload)


def test_every_released_type_has_a_golden_payload() -> None:
    def leaves(kind: type[Event]) -> set[str]:
        below = kind.__subclasses__()
        return {kind.__name__} if not below else set().union(*map(leaves, below))

    assert {path.stem.split(".")[0] for path in GOLDEN} == leaves(Event)


def test_no_event_has_a_field_that_must_not_be_known() -> None:
    def fields(kind: type[Event]) -> set[str]:
        return set(kind.model_fields).union(*map(fields, kind.__subclasses__()))

    assert not {field for field in fields(Event) for word in FORBIDDEN if word in field}


@pytest.mark.parametrize(
    "payload", ["", "{", "[]", "{}", '{"type": "MitraEnrolledV9"}', '{"type": 3}', "\x00"]
)
def test_what_is_not_an_event_is_a_data_error_that_repeats_no_value(payload: str) -> None:
    with pytest.raises(UnreadableEvent):
        decode(TOPICS["enrolment"], payload)


def test_partitions_are_fixed_for_ever() -> None:
    assert PARTITIONS == 16
    assert {code: partition_of(code) for code in ("S11-PC04", "S24-PC01", "S03-PC10")} == {
        "S11-PC04": 10,
        "S24-PC01": 11,
        "S03-PC10": 13,
    }


def test_the_asyncapi_document_is_the_one_the_code_describes() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document(), (
        "run: python -m mitra_shared.contracts.asyncapi"
    )


async def test_faststream_itself_reads_what_the_relay_writes() -> None:
    entry = _entry()
    _, data, event_id, kind, key, previous = entry_fields(entry)
    body, headers = BinaryMessageFormatV1.parse(data)
    assert body.decode() == entry.payload
    assert headers == {
        "content-type": "application/json",
        "correlation_id": event_id,
        "message_id": event_id,
        "type": kind,
        "traceparent": entry.traceparent,
    }
    fields = {b"__data__": data, b"id": event_id.encode(), b"prev": previous.encode(), b"key": key.encode()}
    read = received(b"1-7", fields)
    assert (read.id, read.event_id, read.previous) == ((1, 7), entry.event_id, entry.previous)
    assert read.payload.decode() == entry.payload


def test_a_message_in_another_format_is_not_ours() -> None:
    with pytest.raises(NotOurEntry):
        body_of(b'{"data": "x"}')


def _entry() -> LogEntry:
    return LogEntry(
        Place(Partition(3), Epoch(1), Position(7)),
        UUID(int=7),
        UUID(int=6),
        "MitraEnrolledV1",
        "S11-PC04",
        datetime(2026, 11, 23, tzinfo=UTC),
        "00-" + "1" * 32 + "-" + "2" * 16 + "-01",
        '{"holder_name": "आयशा"}',
    )
