"""What an audit says: for each check what it claims, whether that holds, and the numbers it rests on."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, computed_field

EXAMPLES: Final = 5
"""Places named of each kind of mistake; all of them are counted."""


class Finding(BaseModel):
    """One kind of mistake, in plain words, with how often and where."""

    model_config = ConfigDict(frozen=True)

    what: str
    count: int
    examples: tuple[str, ...]


class CheckReport(BaseModel):
    """One check. `notes` are worth knowing and no mistakes."""

    model_config = ConfigDict(frozen=True)

    name: str
    claim: str
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    numbers: dict[str, int]
    seconds: float


class AuditReport(BaseModel):
    """The whole audit."""

    model_config = ConfigDict(frozen=True)

    as_of: datetime
    """Time of the enrolment database when its snapshot was taken."""
    deep: bool
    seconds: float
    checks: tuple[CheckReport, ...]

    @computed_field  # type: ignore[prop-decorator] # pydantic's own way, which mypy does not know
    @property
    def clean(self) -> bool:
        """Whether every claim holds."""
        return not any(check.findings for check in self.checks)

    @property
    def findings(self) -> dict[str, tuple[Finding, ...]]:
        """What was found, by the name of the check."""
        return {check.name: check.findings for check in self.checks if check.findings}


class Check:
    """Collects what one check sees."""

    def __init__(self, name: str, claim: str) -> None:
        self.name = name
        self.numbers: Counter[str] = Counter()
        self.seconds = 0.0
        self._claim = claim
        self._counts: Counter[str] = Counter()
        self._examples: dict[str, list[str]] = {}
        self._notes: list[str] = []

    def wrong(self, what: str, where: str, *, times: int = 1) -> None:
        """Something that must not be: the kind in words without numbers, then one place of it."""
        self._counts[what] += times
        examples = self._examples.setdefault(what, [])
        if len(examples) < EXAMPLES:
            examples.append(where)

    def wrong_rows(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Kinds of mistakes as a query counted them: `what`, `times` and some `places`."""
        for row in rows:
            self._counts[row["what"]] += row["times"]
            self._examples.setdefault(row["what"], []).extend(row["places"][:EXAMPLES])

    def note(self, text: str) -> None:
        """Something worth knowing that is no mistake."""
        self._notes.append(text)

    def report(self) -> CheckReport:
        """What was seen."""
        return CheckReport(
            name=self.name,
            claim=self._claim,
            findings=tuple(
                Finding(what=what, count=count, examples=tuple(self._examples[what]))
                for what, count in self._counts.items()
            ),
            notes=tuple(self._notes),
            numbers=dict(self.numbers),
            seconds=round(self.seconds, 3),
        )


def counted(query: str) -> str:
    """SQL that counts what `query` finds, as `Check.wrong_rows` takes it.

    `query` gives one row for each mistake: `what` it is, and its `place`.
    """
    return f"""
        select what, count(*) as times, (array_agg(place))[:{EXAMPLES}] as places
        from ({query}) as wrong group by what order by what
    """  # noqa: S608 - statements of ours
