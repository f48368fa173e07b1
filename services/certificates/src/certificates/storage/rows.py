"""Certificates out of rows."""

from collections.abc import Sequence
from typing import Any, Final

from certificates.domain.certificate import Certificate, State

LOADED: Final = """
    c.partition, c.state, c.id, c.mitra_id, c.campaign, c.constituency, c.segment, c.holder_name,
    c.enrolled_at, c.enrolled_position, c.language, c.recruiter, c.queue_position, c.serial, c.issued_at,
    c.revoked_at, c.revision
"""
"""What a query of certificates, there called `c`, selects for `certificate_from`."""

_STATES: Final = {state.value: state for state in State}


def certificate_from(row: Sequence[Any]) -> Certificate:
    """The certificate in a row of `LOADED` columns."""
    _, state, *fields = row
    return Certificate(_STATES[state], *fields)
