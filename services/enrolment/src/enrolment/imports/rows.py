"""What is read from a row: what stands against it, or the enrolment it asks for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from operator import itemgetter
from typing import NamedTuple

from enrolment.domain.eligibility import Eligible
from enrolment.domain.importing import Field
from enrolment.imports.cells import Cell
from enrolment.schemas import EnrolmentRequest


class Complaint(NamedTuple):
    """One thing that is wrong in a row; never with the value itself."""

    field: Field
    code: str


@dataclass(frozen=True, slots=True)
class Mapped:
    """Where each field is: in a column, or the same for the whole sheet."""

    columns: Mapping[Field, int]
    values: Mapping[Field, str]

    def cells(self, fields: Sequence[Field]) -> Callable[[Sequence[Cell]], Sequence[Cell]]:
        """What takes the cells of several fields out of a row, in order."""
        width = 1 + max(self.columns.values(), default=0)
        # Behind the columns that are read stand the values for the whole sheet, and None.
        values = {field: width + index for index, field in enumerate(self.values)}
        none = width + len(values)
        behind = (*self.values.values(), None)
        pick = itemgetter(*(self.columns.get(field, values.get(field, none)) for field in fields))

        def picked(row: Sequence[Cell]) -> Sequence[Cell]:
            cells: Sequence[Cell] = pick((*row[:width], *(None,) * (width - len(row)), *behind))
            return cells

        return picked


class Paper(NamedTuple):
    """Who took the signed paper, and when."""

    collected_on: date
    collected_by: str


class Asked(NamedTuple):
    """The enrolment that a row asks for."""

    name: str
    """As it was written."""
    eligible: Eligible
    paper: Paper
    like: EnrolmentRequest
    """The same of somebody else."""

    def request(self) -> EnrolmentRequest:
        """As it would have been sent."""
        return self.like.model_copy(update={"name": self.name, "phone": self.eligible.phone})


class Row(NamedTuple):
    """What a row says. `asked` is there if nothing stands against it."""

    complaints: tuple[Complaint, ...]
    phone: str | None
    """E.164, if it is one, whatever else is wrong."""
    asked: Asked | None = None
