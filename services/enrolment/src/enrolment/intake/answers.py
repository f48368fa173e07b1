"""Finished answers of the intake, as they are sent and kept: JSON without names and phones."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final

from enrolment.domain.refusals import Reason, Refusal
from enrolment.drafts import Draft
from enrolment.intake.items import Answer
from enrolment.problems import DUPLICATE_ANSWERS_USED_UP, ERASED_SINCE, ROLE_ENDED, as_text
from enrolment.problems import refused as problem_of
from enrolment.receipts import receipt_path
from mitra_shared.http.problems import IDEMPOTENCY_KEY_REUSED, INTERNAL, Problem, unavailable
from mitra_shared.log import Place


def of_problem(problem: Problem, *, retry_after: int | None = None) -> Answer:
    """An answer that carries a problem document."""
    return Answer(problem.status, as_text(problem), retry_after)


_written: Final = lru_cache(maxsize=64)(datetime.isoformat)
"""Enrolments that came together have one instant."""


def enrolled(draft: Draft, place: Place) -> Answer:
    """201: the person is enrolled, at this place of the log."""
    # Every value is of a form that needs no escaping.
    return Answer(
        201,
        f'{{"mitra_id":"{draft.mitra}","enrolled_at":"{_written(draft.enrolled_at)}",'
        f'"partition":{place.partition},"epoch":{place.epoch},"position":{place.position},'
        f'"receipt":"{draft.receipt}","receipt_path":"{receipt_path(draft.receipt)}"}}',
    )


def refused(refusals: Sequence[Refusal]) -> Answer:
    """The rules object."""
    return of_problem(problem_of(refusals))


def ration_used_up(retry_after: int) -> Answer:
    """429 until midnight in India, `retry_after` seconds away."""
    return of_problem(
        DUPLICATE_ANSWERS_USED_UP(
            "Too many of your enrolments today were of people who are enrolled already. Ask your in-charge; "
            "you can go on tomorrow.",
            retry_after=retry_after,
        ),
        retry_after=retry_after,
    )


DUPLICATE: Final = refused(
    (
        Refusal(
            Reason.DUPLICATE_PERSON,
            "phone",
            "Somebody is enrolled with this phone number already.",
            "the number of a person who is not enrolled yet",
        ),
    )
)

NOT_GRANTED: Final = of_problem(
    ROLE_ENDED(
        "Your role in this constituency has ended, so nothing was stored. Sign in again; if that does not "
        "help, ask your in-charge."
    )
)

ROW_EMPTIED: Final = of_problem(
    ERASED_SINCE("The person was erased out of this row of the sheet since it was read; nothing was stored.")
)

KEY_REUSED: Final = of_problem(
    IDEMPOTENCY_KEY_REUSED(
        "This idempotency key came with another request before. Send a changed request under a fresh key.",
        errors=[
            {
                "field": "Idempotency-Key",
                "message": "was used for another request",
                "expected": "a fresh key, such as a random UUID",
            }
        ],
    )
)

_RETRY_SECONDS: Final = 2

BUSY: Final = of_problem(
    unavailable("More enrolments are waiting than can be taken. Try again with the same idempotency key."),
    retry_after=_RETRY_SECONDS,
)
UNCERTAIN: Final = of_problem(
    unavailable(
        "The database cannot be reached. Try again with the same idempotency key: if the enrolment was "
        "stored, that gives its answer."
    ),
    retry_after=_RETRY_SECONDS,
)
FAILED: Final = of_problem(INTERNAL("This enrolment could not be stored. It was logged; nothing was kept."))
