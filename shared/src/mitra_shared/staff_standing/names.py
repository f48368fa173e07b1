"""Names of staff, sealed with a ring of their own for those who show staff to their in-charge.

The ring opens nothing but names of staff, so a service that shows them cannot open names of people.
"""

from mitra_shared.ids import StaffId
from mitra_shared.security.sealing import KeyRing


def seal_staff_name(ring: KeyRing, name: str, staff: StaffId) -> str:
    """The name, for the account of that id."""
    return ring.seal(name, context=_context(staff))


def open_staff_name(ring: KeyRing, sealed: str, staff: StaffId) -> str:
    """The name that `seal_staff_name` sealed.

    Raises:
        SealError: it was sealed for somebody else, with a key that is not there, or it is damaged.
    """
    return ring.open(sealed, context=_context(staff))


def _context(staff: StaffId) -> bytes:
    return f"staff-shown:{staff}".encode()
