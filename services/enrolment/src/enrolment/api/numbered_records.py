"""Reads the numbered records of a device, each alone, and tells which can be answered without the intake.

Also which numbers count as received afterwards: those with an answer that lasts.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import Field, StrictInt, ValidationError
from pydantic_core import to_json

from enrolment.intake import answers
from enrolment.intake.items import Answer
from enrolment.problems import RECORD_NUMBER_TAKEN, RECORD_SETTLED
from enrolment.schemas import (
    HIGHEST_NUMBER,
    LARGEST_BATCH,
    Body,
    DeviceRecords,
    IdempotencyKey,
    NumberedRecord,
    RecordNumber,
)
from enrolment.storage.devices import Claimed, Settled
from mitra_shared.http.answers import problem_of_body
from mitra_shared.http.lean import parsed
from mitra_shared.http.problems import invalid_fields

_CREATED: Final = 201
_TOO_MANY: Final = 429
_SERVER_ERROR: Final = 500

_TAKEN: Final = answers.of_problem(
    RECORD_NUMBER_TAKEN(
        "This number came with another idempotency key before. A device whose store was set back or "
        "copied goes on under a fresh device id, with the keys its records have.",
        errors=[
            {
                "field": "number",
                "message": "belongs to another record of this device",
                "expected": "a number that the device gave to this record alone",
            }
        ],
    )
)
_SETTLED: Final = answers.of_problem(
    RECORD_SETTLED("This record was enrolled; its answer is no longer kept. There is nothing more to send.")
)


class _LooseRecords(Body):
    """Records of which not every one fits: each is judged alone."""

    highest: StrictInt = Field(ge=0, le=HIGHEST_NUMBER)
    records: list[Any] = Field(max_length=LARGEST_BATCH)


class _Numbered(Body):
    """What can be marked of a record whose enrolment does not fit."""

    number: RecordNumber
    idempotency_key: IdempotencyKey
    enrolment: Any = None


class _Misfit:
    """A record that does not fit, with its number and key if those do."""

    __slots__ = ("answer", "numbered")

    def __init__(self, numbered: _Numbered | None, answer: Answer) -> None:
        self.numbered = numbered
        self.answer = answer


Record = NumberedRecord | _Misfit


def read_records(body: bytes) -> tuple[int, list[Record]]:
    """The highest number, and every record.

    Raises:
        Problem: the body is not what a device sends at all, or a number is beyond the highest.
    """
    try:
        fitting = DeviceRecords.model_validate_json(body)
        highest: int = fitting.highest
        records: list[Record] = list(fitting.records)
    except ValidationError:
        loose = parsed(body, _LooseRecords)
        highest, records = loose.highest, [_record(to_json(each)) for each in loose.records]
    beyond = [
        index for index, record in enumerate(records) if (one := numbered(record)) and one.number > highest
    ]
    if beyond:
        raise invalid_fields(
            [
                {
                    "field": f"records[{index}].number",
                    "message": "is beyond the highest number",
                    "expected": f"at most {highest}, or a higher `highest`",
                }
                for index in beyond[:10]
            ]
        )
    return highest, records


def _record(text: bytes) -> Record:
    try:
        return NumberedRecord.model_validate_json(text)
    except ValidationError as error:
        answer = answers.of_problem(problem_of_body(error))
    try:
        return _Misfit(_Numbered.model_validate_json(text), answer)
    except ValidationError:
        return _Misfit(None, answer)


def numbered(record: Record) -> NumberedRecord | _Numbered | None:
    """The number and key of a record, if those fit."""
    return record if isinstance(record, NumberedRecord) else record.numbered


def key_of(record: Record) -> str | None:
    """The idempotency key of a record, if number and key fit."""
    one = numbered(record)
    return None if one is None else one.idempotency_key


def known_without_the_intake(record: Record, owners: Mapping[int, Claimed]) -> Answer | None:
    """The answer to a record whose form or number rules out that the intake judges it; None if it is to."""
    one = numbered(record)
    if one is not None:
        owner = owners[one.number]
        if owner.key != one.idempotency_key:
            return _TAKEN
        if owner.status == _CREATED and not owner.is_kept:
            return _SETTLED
    return record.answer if isinstance(record, _Misfit) else None


def settled_of(
    records: Sequence[Record], given: Sequence[Answer], owners: Mapping[int, Claimed]
) -> list[Settled]:
    """Numbers whose outcome is durable: not those of another record, nor those whose answer is passing.

    That a role has ended is kept nowhere: it may be given back, and the record sent again.
    """
    return [
        Settled(one.number, one.idempotency_key, answer.status)
        for record, answer in zip(records, given, strict=True)
        if (one := numbered(record))
        and owners[one.number].key == one.idempotency_key
        and answer not in {_SETTLED, answers.NOT_GRANTED}
        and answer.status < _SERVER_ERROR
        and answer.status != _TOO_MANY
    ]
