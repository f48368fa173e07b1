"""Why the desk decides as it does: a list for each kind of decision, told and kept with it.

Words of one's own could tell of a person, whose religion or vote is nobody's concern. So nothing in the lists
tells of one either: who has another name since a wedding is corrected for `other`.
"""

from enum import StrEnum
from typing import Final


class RaiseReason(StrEnum):
    """Why an area gets more places."""

    MANY_WAIT = "many_wait"
    PROGRAMME = "programme"
    PLAN_TOO_LOW = "plan_too_low"
    OTHER = "other"


class ReservationReason(StrEnum):
    """Whom the places of a programme are kept for."""

    GUESTS = "guests"
    THOSE_WHO_WAIT = "those_who_wait"
    NEWLY_ENROLLED = "newly_enrolled"
    OTHER = "other"


class ReleaseReason(StrEnum):
    """Why the places of a programme are not needed any more."""

    PROGRAMME_OVER = "programme_over"
    CALLED_OFF = "called_off"
    FEWER_CAME = "fewer_came"
    OTHER = "other"


class GrantReason(StrEnum):
    """What somebody who waits is to the programme."""

    GUEST_OF_HONOUR = "guest_of_honour"
    INVITED = "invited"
    TAKES_PART = "takes_part"
    PROMISED_BEFORE = "promised_before"
    OTHER = "other"


class ReissueReason(StrEnum):
    """What spoiled the certificate."""

    MISPRINTED = "misprinted"
    TORN = "torn"
    STAINED = "stained"
    LOST = "lost"
    NEVER_ARRIVED = "never_arrived"
    GIVEN_TO_ANOTHER = "given_to_another"
    OTHER = "other"


class CorrectionReason(StrEnum):
    """What is wrong with the name."""

    MISSPELT = "misspelt"
    INCOMPLETE = "incomplete"
    WRONG_SCRIPT = "wrong_script"
    WRONG_PERSON = "wrong_person"
    OTHER = "other"


DeskReason = RaiseReason | ReservationReason | ReleaseReason | GrantReason | ReissueReason | CorrectionReason

TELLS_OF_NOBODY: Final = frozenset({"erased", *GrantReason, *ReissueReason, *CorrectionReason})
"""Reasons of decisions about a certificate. Older ones have words of somebody's own, until the holder is
erased."""
