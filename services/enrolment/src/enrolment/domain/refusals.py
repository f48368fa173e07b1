"""Why a request is refused, in the words of the campaign. Status codes are the HTTP edge's business.

A refusal never repeats what was sent: it is kept as the answer to its idempotency key.
"""

from enum import StrEnum
from typing import NamedTuple


class Reason(StrEnum):
    """What a rule objects to; the value is the stable end of the problem's `type`."""

    SEGMENT_OUTSIDE_AREA = "segment-outside-area"
    UNKNOWN_SEGMENT = "unknown-segment"
    INVALID_PHONE = "invalid-phone"
    INVALID_NAME = "invalid-name"
    CONSENT_MISSING = "consent-missing"
    OUTDATED_NOTICE = "outdated-notice"
    NOTICE_DIFFERS = "notice-differs"
    UNKNOWN_LANGUAGE = "unknown-language"
    MINOR = "minor"
    PARTY_MEMBER = "party-member"
    UNSUPPORTED_BASIS = "unsupported-basis"
    UNKNOWN_SCHEME = "unknown-scheme"
    DUPLICATE_PERSON = "duplicate-person"
    UNKNOWN_ROUND = "unknown-round"
    ROUND_NOT_OPEN = "round-not-open"
    INVALID_ANSWER = "invalid-answer"
    DAY_NOT_REPORTED = "day-not-reported"
    NOTHING_TO_REPORT = "nothing-to-report"
    INVALID_CONTACT = "invalid-contact"


class Refusal(NamedTuple):
    """One objection: which field, what is wrong with it, and what would be right."""

    reason: Reason
    field: str
    message: str
    expected: str


class Objected(Exception):
    """The rules object to what is asked; `refusals` are all the objections."""

    def __init__(self, refusals: tuple[Refusal, ...]) -> None:
        super().__init__(*(refusal.reason for refusal in refusals))
        self.refusals = refusals
