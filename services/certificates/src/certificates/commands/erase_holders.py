"""Erase what is left of the holders of certificates: nothing, as a rule, since they withdrew before.

It does not rely on that. The withdrawal may wait behind an event that could not be applied, and what the desk
wrote down as a reason, before there were lists of them, may hold a name.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import text

from certificates.storage import credentials
from mitra_shared.ids import CertificateId
from mitra_shared.log import UnitOfWork

_ERASE: Final = text(
    """
    with named as (
        update certificate set holder_name = null, recruiter = null
        where id = any(:ids) and (holder_name is not null or recruiter is not null)
    ), decided as (
        update desk_entry set holder_name = null, request = null, reason = 'erased'
        where certificate_id = any(:ids)
          and (num_nonnulls(holder_name, request) > 0 or reason <> 'erased')
    )
    update sheet_member as m set failed = 'erased'
    from credential as k
    where k.certificate_id = any(:ids) and m.credential = k.id and m.failed is not null
    """
)


async def erase_holders(unit: UnitOfWork, certificates: Sequence[CertificateId]) -> None:
    """Take names, and texts that may hold one, out of all that these certificates left; revoke them for ever.

    States and numbers of certificates stay: they follow from the log.
    """
    await unit.connection.execute(_ERASE, {"ids": list(certificates)})
    # Paper outlives a replay, so it is told the time that it is and not that of the event.
    await credentials.revoke(unit.connection, certificates, datetime.now(UTC))
