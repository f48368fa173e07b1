"""Codes of an authenticator app (TOTP, RFC 6238), each good once, and recovery codes for when it is lost."""

import re
from datetime import datetime
from secrets import choice
from typing import Final

from pyotp import TOTP, random_base32
from pyotp.exceptions import OTPVerificationError

from mitra_shared.security.lookup import KeyedHash

ISSUER: Final = "Mitra"
RECOVERY_CODES: Final = 10
_WINDOW: Final = 1
"""Time steps of 30 s that a phone's clock may be ahead or behind."""
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""None that is taken for another."""
_CODE: Final = re.compile(r"[0-9]{6}", re.ASCII)


def new_secret() -> str:
    """A fresh secret, base32, for the app to keep."""
    return random_base32()


def address_of(secret: str, account: str) -> str:
    """What a QR code shows to an app: an `otpauth://` address. `account` is shown there and nowhere else."""
    return TOTP(secret, name=account, issuer=ISSUER).provisioning_uri()


def step_of(secret: str, code: str, now: datetime, *, after: int | None) -> int | None:
    """The time step whose code this is; None: of no step near `now`, or of one not later than `after`."""
    plain = code.replace(" ", "")
    if not _CODE.fullmatch(plain):
        return None
    try:
        step = TOTP(secret).verify_and_get_timecode(plain, for_time=now.timestamp(), valid_window=_WINDOW)
    except OTPVerificationError:
        return None
    return None if after is not None and step <= after else step


def new_recovery_codes() -> list[str]:
    """Codes such as `k7mx3-p9abc`: each opens the account once without the app."""
    return [f"{_part()}-{_part()}" for _ in range(RECOVERY_CODES)]


def _part() -> str:
    return "".join(choice(_LETTERS) for _ in range(5))


def recovery_hash(code: str, staff: str, key: KeyedHash) -> bytes:
    """What is kept of a recovery code."""
    plain = code.strip().lower().replace(" ", "").replace("-", "")
    return key.digest("recovery-code", staff, plain)
