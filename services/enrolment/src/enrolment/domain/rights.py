"""What an enrolled person may ask for, by when it has to be answered, and which answers there are."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NewType
from uuid import UUID

RequestId = NewType("RequestId", UUID)

LONGEST_GRIEVANCE: Final = 500
"""Characters."""
_SEEN_AS_PRINTABLE: Final = str.maketrans({"\u200c": None, "\u200d": None})
"""ZWNJ and ZWJ, which Devanagari and Urdu need."""


class RequestKind(StrEnum):
    """What was asked for."""

    WITHDRAWAL = "withdrawal"
    CORRECTION = "correction"
    ERASURE = "erasure"
    GRIEVANCE = "grievance"


class RequestState(StrEnum):
    """How far a request is."""

    OPEN = "open"
    ANSWERED = "answered"
    REFUSED = "refused"


class AnswerReason(StrEnum):
    """Answers, chosen and never written: what staff type about a person would be kept about the person."""

    DONE = "done"
    EXPLAINED = "explained"
    """In person or by phone."""
    PASSED_ON = "passed_on"
    """To headquarters, who look into it."""
    CANNOT_BE_CONFIRMED = "cannot_be_confirmed"
    NOT_JUSTIFIED = "not_justified"


ANSWERED: Final = frozenset({AnswerReason.DONE, AnswerReason.EXPLAINED, AnswerReason.PASSED_ON})
REFUSED: Final = frozenset({AnswerReason.CANNOT_BE_CONFIRMED, AnswerReason.NOT_JUSTIFIED})


class UnfitGrievance(ValueError):
    """The text cannot be taken; the message says why and does not repeat it."""


def due(kind: RequestKind, asked_at: datetime, *, correction_days: int, grievance_days: int) -> datetime:
    """By when a request that people must answer is due; the others are carried out by machines at once."""
    match kind:
        case RequestKind.CORRECTION:
            return asked_at + timedelta(days=correction_days)
        case RequestKind.GRIEVANCE:
            return asked_at + timedelta(days=grievance_days)
        case RequestKind.WITHDRAWAL | RequestKind.ERASURE:
            return asked_at


def clean_grievance(raw: str) -> str:
    """The text as it is kept: lines without what does not print.

    Raises:
        UnfitGrievance: empty, too long, or with characters that could deceive the eye.
    """
    lines = [line.strip() for line in raw.strip().splitlines()]
    text = "\n".join(lines)
    if not any(map(str.isalpha, text)):
        raise UnfitGrievance("is empty")
    if len(text) > LONGEST_GRIEVANCE:
        raise UnfitGrievance(f"is longer than {LONGEST_GRIEVANCE} characters")
    if not all(line.isprintable() or line.translate(_SEEN_AS_PRINTABLE).isprintable() for line in lines):
        raise UnfitGrievance("contains control or format characters")
    return text
