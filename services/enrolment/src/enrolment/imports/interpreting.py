"""From the cells of a row to the enrolment it asks for, or everything that stands against it.

The rules are those of the intake. What a sheet has besides, who took the signed paper and when, is looked at
here: of a consent on paper nothing is taken for granted.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final, NamedTuple

from pydantic import ValidationError

from enrolment.domain.eligibility import Eligible, judge
from enrolment.domain.importing import OPTIONAL, Field
from enrolment.domain.refusals import Reason
from enrolment.domain.rules import Rules
from enrolment.imports.cells import Cell
from enrolment.imports.values import NOT_UNDERSTOOD, Misread, date_of, one_of, phone_of, text_of, yes_or_no
from enrolment.imports.vocabulary import BASES, LANGUAGES, Vocabulary
from enrolment.phones import normalise_phone
from enrolment.schemas import ConsentGiven, EnrolmentRequest
from mitra_shared.ids import AreaCode
from mitra_shared.person_names import UnacceptableName, clean_person_name

MISSING: Final = "missing"
DATE_IN_FUTURE: Final = "date-in-future"
DATE_BEFORE_NOTICE: Final = "date-before-notice"
DUPLICATE_IN_FILE: Final = "duplicate-in-file"
_LONGEST_COLLECTOR: Final = 120

_FIELD_OF_REFUSAL: Final[Mapping[str, Field]] = {
    "consent": Field.CONSENT,
    "consent.given": Field.CONSENT,
    "consent.notice_version": Field.NOTICE_VERSION,
    "consent.language": Field.NOTICE_LANGUAGE,
}


class Complaint(NamedTuple):
    """One thing that is wrong in a row; never with the value itself."""

    field: Field
    code: str


@dataclass(frozen=True, slots=True)
class Mapped:
    """Where each field is: in a column, or the same for the whole sheet."""

    columns: Mapping[Field, int]
    values: Mapping[Field, str]

    def cell(self, field: Field, row: Sequence[Cell]) -> Cell:
        """What a row says of a field."""
        column = self.columns.get(field)
        if column is None:
            return self.values.get(field)
        return row[column] if column < len(row) else None


class Paper(NamedTuple):
    """Who took the signed paper, and when."""

    collected_on: date
    collected_by: str


@dataclass(frozen=True, slots=True)
class Row:
    """What a row says. `request` and `paper` are there if nothing stands against it."""

    complaints: tuple[Complaint, ...]
    phone: str | None
    """E.164, if it is one, whatever else is wrong."""
    request: EnrolmentRequest | None = None
    paper: Paper | None = None


class Interpreter:
    """Reads rows of one sheet by one mapping, under one version of the rules."""

    def __init__(
        self, mapped: Mapped, vocabulary: Vocabulary, rules: Rules, area: AreaCode | None, today: date
    ) -> None:
        self._mapped = mapped
        self._rules = rules
        self._area = area
        self._today = today
        self._since = rules.notice_in_force(today).in_force_from
        # Sheets say the same of many people: each different cell of these is read once.
        self._readers: Mapping[Field, Callable[[Cell], object]] = {
            Field.NAME: text_of,
            Field.PHONE: phone_of,
            Field.SEGMENT: _remembered(vocabulary.segment),
            Field.BASIS: _remembered(lambda cell: one_of(cell, BASES)),
            Field.SCHEMES: _remembered(vocabulary.scheme_codes),
            Field.LANGUAGE: _remembered(lambda cell: one_of(cell, LANGUAGES)),
            Field.ADULT: _remembered(yes_or_no),
            Field.PARTY_MEMBER: _remembered(yes_or_no),
            Field.CONSENT: _remembered(yes_or_no),
            Field.NOTICE_VERSION: _remembered(lambda cell: text_of(cell).strip()),
            Field.NOTICE_LANGUAGE: _remembered(lambda cell: one_of(cell, LANGUAGES)),
            Field.COLLECTED_ON: _remembered(self._day),
            Field.COLLECTED_BY: _remembered(_collector),
        }

    def read(self, row: Sequence[Cell]) -> Row:
        """One row of data."""
        said: dict[Field, object] = {}
        complaints: list[Complaint] = []
        for field, reader in self._readers.items():
            cell = self._mapped.cell(field, row)
            if cell is None or cell == "":
                if field not in OPTIONAL:
                    complaints.append(Complaint(field, MISSING))
                continue
            try:
                said[field] = reader(cell)
            except Misread as error:
                complaints.append(Complaint(field, error.code))
        phone = normalise_phone(str(said[Field.PHONE])) if Field.PHONE in said else None
        if complaints:
            return Row((*complaints, *self._besides(said, phone)), phone)
        return self._judged(said, phone)

    def _day(self, cell: Cell) -> date:
        day = date_of(cell)
        if day > self._today:
            raise Misread(DATE_IN_FUTURE)
        if day < self._since:
            raise Misread(DATE_BEFORE_NOTICE)
        return day

    def _besides(self, said: Mapping[Field, object], phone: str | None) -> list[Complaint]:
        """What else is wrong with a name and a phone that can be read."""
        found = []
        if Field.PHONE in said and phone is None:
            found.append(Complaint(Field.PHONE, Reason.INVALID_PHONE.value))
        if Field.NAME in said:
            try:
                clean_person_name(str(said[Field.NAME]))
            except UnacceptableName:
                found.append(Complaint(Field.NAME, Reason.INVALID_NAME.value))
        if Field.SEGMENT in said:
            code = self._rules.segments.get(AreaCode(str(said[Field.SEGMENT])))
            if code != self._area:
                reason = Reason.UNKNOWN_SEGMENT if code is None else Reason.SEGMENT_OUTSIDE_AREA
                found.append(Complaint(Field.SEGMENT, reason.value))
        return found

    def _judged(self, said: Mapping[Field, object], phone: str | None) -> Row:
        try:
            request = EnrolmentRequest.model_validate(
                {
                    "name": said[Field.NAME],
                    "phone": phone or said[Field.PHONE],
                    "segment": said[Field.SEGMENT],
                    "basis": said[Field.BASIS],
                    "schemes": said.get(Field.SCHEMES, ()),
                    "language": said.get(Field.LANGUAGE),
                    "adult": said[Field.ADULT],
                    "party_member": said[Field.PARTY_MEMBER],
                    "consent": ConsentGiven(
                        given=bool(said[Field.CONSENT]),
                        notice_version=str(said[Field.NOTICE_VERSION]),
                        language=str(said[Field.NOTICE_LANGUAGE]),
                        manner="signed_paper",
                    ),
                }
            )
        except ValidationError as error:
            wrong = {str(each["loc"][0]) for each in error.errors(include_input=False, include_url=False)}
            return Row(tuple(Complaint(Field(name), NOT_UNDERSTOOD) for name in sorted(wrong)), phone)
        verdict = judge(request, phone, self._rules, area=self._area, today=self._today)
        if not isinstance(verdict, Eligible):
            return Row(
                tuple(
                    Complaint(
                        _FIELD_OF_REFUSAL.get(refusal.field) or Field(refusal.field), refusal.reason.value
                    )
                    for refusal in verdict
                ),
                phone,
            )
        day, collector = said[Field.COLLECTED_ON], said[Field.COLLECTED_BY]
        if not isinstance(day, date):
            raise TypeError("a day is a date")
        return Row((), phone, request, Paper(day, str(collector)))


def _collector(cell: Cell) -> str:
    text = text_of(cell).strip()
    if len(text) > _LONGEST_COLLECTOR or not any(map(str.isalnum, text)):
        raise Misread(NOT_UNDERSTOOD)
    return text


def _remembered(reader: Callable[[Cell], object]) -> Callable[[Cell], object]:
    """The reader with a memory for cells that are texts or numbers, also of those it cannot read."""

    @lru_cache(maxsize=1_024)
    def remembered(_kind: str, cell: str | float) -> tuple[object, str | None]:
        try:
            return reader(cell), None
        except Misread as error:
            return None, error.code

    def read(cell: Cell) -> object:
        if isinstance(cell, str | float | int):
            value, code = remembered(type(cell).__name__, cell)
            if code is not None:
                raise Misread(code)
            return value
        return reader(cell)

    return read
