"""What a caller may decide on: the area or the certificate that is meant, if it is the caller's to decide."""

from collections.abc import Sequence
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from certificates import queries
from certificates.desk_queries import AreaFound, NumberFound, find_areas, find_numbers
from certificates.domain.certificate import visible_number
from certificates.problems import AREA_UNKNOWN, CERTIFICATE_UNKNOWN, NUMBER_VOID
from mitra_shared.http.problems import FORBIDDEN, invalid_fields
from mitra_shared.ids import AreaCode, CampaignId, CertificateId
from mitra_shared.security.tokens import RECRUITERS, Caller

Found = TypeVar("Found", AreaFound, NumberFound)


async def area_of(
    connection: AsyncConnection, code: AreaCode, campaign: str | None, caller: Caller
) -> AreaFound:
    """The area a caller means.

    Raises:
        Problem: it is not there, not within the caller's area, or in several campaigns.
    """
    found = await find_areas(connection, code, campaign_of(campaign, caller))
    if not found:
        raise AREA_UNKNOWN("Name a segment or constituency of the campaign, such as S11-AC032 or S11-PC04")
    area = _only(found)
    if caller.role in RECRUITERS and area.constituency != caller.area:
        raise FORBIDDEN("The area is outside of the constituency of your token")
    return area


async def numbered(
    connection: AsyncConnection, number: str, campaign: str | None, caller: Caller
) -> NumberFound:
    """The certificate of the caller's constituency that has a number.

    Raises:
        Problem: there is none, in several campaigns, or it has another number by now.
    """
    segment, _, serial = number.rpartition("-")
    asked = await find_numbers(connection, AreaCode(segment), int(serial), campaign_of(campaign, caller))
    found = [each for each in asked if each.constituency == caller.area and each.number == number]
    if not found:
        raise CERTIFICATE_UNKNOWN("Your constituency has no certificate of this number")
    certificate = _only(found)
    if certificate.current != certificate.serial:
        current = visible_number(certificate.segment, certificate.current)
        raise NUMBER_VOID(f"{number} was spoiled; the certificate has the number {current} now")
    return certificate


async def waiting(
    connection: AsyncConnection, certificate_id: CertificateId, caller: Caller
) -> queries.CertificateFound:
    """The certificate of that id, if it is of the caller's constituency.

    Raises:
        Problem: it is not.
    """
    found = await queries.find_certificate(connection, certificate_id)
    if found is None or found.constituency != caller.area or caller.campaign not in {None, found.campaign}:
        raise CERTIFICATE_UNKNOWN("Your constituency has no certificate of this id")
    return found


def campaign_of(asked: str | None, caller: Caller) -> CampaignId | None:
    """The campaign a caller means; None: whichever there is.

    Raises:
        Problem: the token is for another one.
    """
    wanted = caller.campaign if asked is None else CampaignId(asked)
    if caller.campaign not in {None, wanted}:
        raise FORBIDDEN("Your token is for another campaign")
    return wanted


def constituency_of(asked: AreaCode | None, caller: Caller) -> AreaCode | None:
    """The constituency whose record a caller may see; None: all of them.

    Raises:
        Problem: it is another one than that of the token.
    """
    if caller.role not in RECRUITERS:
        return asked
    if caller.area is None or asked not in {None, caller.area}:
        raise FORBIDDEN("The record of your own constituency is open to you, no other")
    return caller.area


def _only(found: Sequence[Found]) -> Found:
    if len(found) > 1:
        names = ", ".join(sorted(each.scope.campaign for each in found))
        raise invalid_fields(
            [{"field": "campaign", "message": "is needed: there are several", "expected": f"one of {names}"}]
        )
    return found[0]
