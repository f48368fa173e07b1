"""Who may see the name and the phone of a person who is enrolled, as the notice promises."""

from enum import StrEnum

from mitra_shared.ids import AreaCode, StaffId


class Standing(StrEnum):
    """What a member of staff is in a constituency."""

    CO_IN_CHARGE = "co_in_charge"
    IN_CHARGE = "in_charge"


def may_look(
    *, standing: Standing, staff: StaffId, area: AreaCode | None, carer: StaffId, constituency: AreaCode
) -> bool:
    """Whether a member of staff may see a person: who has the person in care, and the in-charge.

    `carer` is the recruiter, until the in-charge hands the person over to somebody else of the constituency.
    """
    if constituency != area:
        return False
    return standing is Standing.IN_CHARGE or carer == staff
