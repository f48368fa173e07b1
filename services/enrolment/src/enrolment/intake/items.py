"""What waits for a group, and what it is answered."""

from asyncio import Future
from dataclasses import dataclass
from typing import NamedTuple

from enrolment.commands.enrol_mitra import EnrolMitra, Verdict
from mitra_shared.ids import StaffId


class Answer(NamedTuple):
    """A finished answer: HTTP status and JSON document, kept under the idempotency key unless passing."""

    status: int
    body: str
    retry_after: int | None = None
    """Seconds; only of answers that are not kept."""


@dataclass(slots=True, eq=False)
class Item:
    """One enrolment on its way. `verdict` was reached under `version` of the campaign."""

    command: EnrolMitra
    digest: bytes
    verdict: Verdict
    version: int
    answer: "Future[Answer]"
    waiting_since: float
    """Of the event loop's clock."""

    @property
    def identity(self) -> tuple[StaffId, str]:
        """Whom an idempotency key belongs to, and the key."""
        return self.command.recruiter, self.command.idempotency_key
