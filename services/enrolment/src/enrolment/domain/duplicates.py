"""What may be decided about two people who are likely one, and by whom."""

from enum import StrEnum
from typing import NewType
from uuid import UUID

from mitra_shared.ids import AreaCode, MitraId

PairId = NewType("PairId", UUID)


class Decision(StrEnum):
    """What the in-charge says."""

    MERGE = "merge"
    """One person: one enrolment is kept, the other is withdrawn. It cannot be taken back; enrol again."""
    DIFFERENT = "different"
    """Two people."""
    REOPEN = "reopen"
    """What was called different is to be looked at again."""


class DifferentBecause(StrEnum):
    """Why two enrolments are of two people."""

    FAMILY = "family"
    """Members of one family, who share a phone."""
    NAMESAKES = "namesakes"
    """They only have the name in common."""
    SPOKEN_TO_BOTH = "spoken_to_both"
    """Somebody spoke to both."""


def may_keep(
    kept: MitraId, earlier: MitraId, later: MitraId, *, constituency: AreaCode, other: AreaCode
) -> bool:
    """Whether this one may be the one who is kept.

    Across two constituencies only the earlier: nobody withdraws a person of another constituency.
    """
    return kept == earlier or (kept == later and constituency == other)
