"""Publish status lists: each that changed is made and signed again, and each before it grows old."""

from datetime import datetime, timedelta
from typing import Final

from certificates.issuer import Issuer
from certificates.storage import status_lists
from mitra_shared.log import UnitOfWork

RENEW_AFTER: Final = timedelta(hours=6)
"""A list is valid for a week, so that a verifier that was offline for days still has one in force."""


async def publish_status_list(unit: UnitOfWork, issuer: Issuer, now: datetime) -> bool:
    """Publish one list that is due, if there is one that no other process is at. Returns whether there was.

    Raises:
        SigningUnavailable: the keys cannot be reached; to be tried again.
    """
    due = await status_lists.lock_due(unit.connection, now, RENEW_AFTER)
    if due is None:
        return False
    revoked = await status_lists.revoked_places(unit.connection, due.number)
    token = await issuer.sign_status_list(due.number, revoked, now)
    await status_lists.publish(unit.connection, due, token=token, revoked=len(revoked), now=now)
    return True
