"""From the cells of a row to the enrolment it asks for, or everything that stands against it.

The rules are those of the intake. What a sheet has besides, who took the signed paper and when, is looked at
here: of a consent on paper nothing is taken for granted.

Sheets say the same of many people: what two rows have in common, all but name, phone and paper, is read and
judged once.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Final, NamedTuple

from pydantic import ValidationError

from enrolment.domain.eligibility import Eligible, JudgedTerms, judge_person, judge_terms
from enrolment.domain.importing import OPTIONAL, Field
from enrolment.domain.refusals import Reason, Refusal
from enrolment.domain.rules import Rules
from enrolment.imports.cells import Cell
from enrolment.imports.rows import Asked, Complaint, Mapped, Paper, Row
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

_FIELD_OF_REFUSAL: Final[Mapping[str, Field]] = {
    "consent": Field.CONSENT,
    "consent.given": Field.CONSENT,
    "consent.notice_version": Field.NOTICE_VERSION,
    "consent.language": Field.NOTICE_LANGUAGE,
}


class _Common(NamedTuple):
    """What rows say that differ in name, phone and paper only. The last two are there, or complaints."""

    complaints: tuple[Complaint, ...]
    segment: str | None
    since: date | None
    """The day of the notice that is named."""
    request: EnrolmentRequest | None = None
    """Of somebody else."""
    terms: JudgedTerms | None = None


class _Signed(NamedTuple):
    """What rows say of the paper. `paper` is there, or complaints."""

    complaints: tuple[Complaint, ...]
    day: date | None
    paper: Paper | None = None


_Readers = Mapping[Field, Callable[[Cell], object]]
_REMEMBERED: Final = 4_096
"""Combinations of segment, schemes, languages and so on, of which a sheet has few."""
_OF_PERSON: Final = (Field.NAME, Field.PHONE)


class Interpreter:
    """Reads rows of one sheet by one mapping, under one version of the rules, on one day."""

    def __init__(
        self, mapped: Mapped, vocabulary: Vocabulary, rules: Rules, area: AreaCode | None, today: date
    ) -> None:
        self.rules = rules
        self.today = today
        self._area = area
        self._in_force_from = {notice.version: notice.in_force_from for notice in rules.notices}
        self._in_common: _Readers = {
            Field.SEGMENT: _remembered(vocabulary.segment),
            Field.BASIS: _remembered(lambda cell: one_of(cell, BASES)),
            Field.SCHEMES: _remembered(vocabulary.scheme_codes),
            Field.LANGUAGE: _remembered(lambda cell: one_of(cell, LANGUAGES)),
            Field.ADULT: _remembered(yes_or_no),
            Field.PARTY_MEMBER: _remembered(yes_or_no),
            Field.CONSENT: _remembered(yes_or_no),
            Field.NOTICE_VERSION: _remembered(lambda cell: text_of(cell).strip()),
            Field.NOTICE_LANGUAGE: _remembered(lambda cell: one_of(cell, LANGUAGES)),
        }
        self._of_paper: _Readers = {
            Field.COLLECTED_ON: _remembered(self._day),
            Field.COLLECTED_BY: _remembered(_collector),
        }
        self._cells = mapped.cells((*_OF_PERSON, *self._in_common, *self._of_paper))
        self._common = lru_cache(_REMEMBERED, typed=True)(self._read_common)
        self._signed = lru_cache(_REMEMBERED, typed=True)(self._read_signed)

    def read(self, row: Sequence[Cell]) -> Row:
        """One row of data."""
        cells = self._cells(row)
        is_plain = dict not in set(map(type, cells))
        if not is_plain:
            # A date is read as the text that says it. What is left, faults, nothing can be remembered by.
            cells = [cell.get("date", cell) if isinstance(cell, Mapping) else cell for cell in cells]
            is_plain = dict not in set(map(type, cells))
        complaints: list[Complaint] = []
        name = _read_cell(Field.NAME, text_of, cells[0], complaints)
        said = _read_cell(Field.PHONE, phone_of, cells[1], complaints)
        common = (self._common if is_plain else self._read_common)(*cells[2:-2])
        signed = (self._signed if is_plain else self._read_signed)(*cells[-2:])
        complaints += common.complaints
        complaints += signed.complaints
        phone = normalise_phone(str(said)) if said is not None else None
        if common.since is not None and signed.day is not None and signed.day < common.since:
            complaints.append(Complaint(Field.COLLECTED_ON, DATE_BEFORE_NOTICE))
        if complaints or common.terms is None or common.request is None or signed.paper is None:
            return Row((*complaints, *self._besides(name, said, phone, common.segment)), phone)
        verdict = judge_person(common.terms, str(name), phone)
        if not isinstance(verdict, Eligible):
            return Row(tuple(map(_complaint, verdict)), phone)
        return Row((), phone, Asked(str(name), verdict, signed.paper, common.request))

    def _read_common(self, *cells: Cell) -> _Common:
        said, complaints = _read(self._in_common, cells)
        segment = str(said[Field.SEGMENT]) if Field.SEGMENT in said else None
        since = self._in_force_from.get(str(said.get(Field.NOTICE_VERSION)))
        if complaints:
            return _Common(complaints, segment, since)
        try:
            request = EnrolmentRequest.model_validate(
                {
                    "name": "",
                    "phone": "",
                    "segment": segment,
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
            found = tuple(Complaint(Field(field), NOT_UNDERSTOOD) for field in sorted(wrong))
            return _Common(found, segment, since)
        terms = judge_terms(request, self.rules, area=self._area, today=self.today)
        return _Common((), segment, since, request, terms)

    def _read_signed(self, *cells: Cell) -> _Signed:
        said, complaints = _read(self._of_paper, cells)
        day = said.get(Field.COLLECTED_ON)
        if not isinstance(day, date):
            return _Signed(complaints, None)
        return _Signed(complaints, day, None if complaints else Paper(day, str(said[Field.COLLECTED_BY])))

    def _day(self, cell: Cell) -> date:
        day = date_of(cell)
        if day > self.today:
            raise Misread(DATE_IN_FUTURE)
        return day

    def _besides(self, name: object, said: object, phone: str | None, segment: str | None) -> list[Complaint]:
        """What else is wrong with a name, a phone and a segment that can be read."""
        found = []
        if said is not None and phone is None:
            found.append(Complaint(Field.PHONE, Reason.INVALID_PHONE.value))
        if name is not None:
            try:
                clean_person_name(str(name))
            except UnacceptableName:
                found.append(Complaint(Field.NAME, Reason.INVALID_NAME.value))
        if segment is not None:
            code = self.rules.segments.get(AreaCode(segment))
            if code != self._area:
                reason = Reason.UNKNOWN_SEGMENT if code is None else Reason.SEGMENT_OUTSIDE_AREA
                found.append(Complaint(Field.SEGMENT, reason.value))
        return found


def _read(readers: _Readers, cells: Sequence[Cell]) -> tuple[dict[Field, object], tuple[Complaint, ...]]:
    """What cells say of the fields of `readers`, and what stands against them."""
    complaints: list[Complaint] = []
    said = {
        field: _read_cell(field, reader, cell, complaints)
        for (field, reader), cell in zip(readers.items(), cells, strict=True)
    }
    return {field: value for field, value in said.items() if value is not None}, tuple(complaints)


def _read_cell(
    field: Field, reader: Callable[[Cell], object], cell: Cell, complaints: list[Complaint]
) -> object:
    """What a cell says; None if it is empty or something stands against it, which is added."""
    if cell is None or cell == "":
        if field not in OPTIONAL:
            complaints.append(Complaint(field, MISSING))
        return None
    try:
        return reader(cell)
    except Misread as error:
        complaints.append(Complaint(field, error.code))
        return None


def _complaint(refusal: Refusal) -> Complaint:
    return Complaint(_FIELD_OF_REFUSAL.get(refusal.field) or Field(refusal.field), refusal.reason.value)


def _collector(cell: Cell) -> str:
    try:
        return clean_person_name(text_of(cell))
    except UnacceptableName:
        raise Misread(Reason.INVALID_NAME.value) from None


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
