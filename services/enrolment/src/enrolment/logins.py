"""What staff sign in with: a mobile number or an e-mail address, in one spelling each."""

import re
from dataclasses import dataclass
from typing import Final, Literal

from enrolment.phones import normalise_phone

LONGEST_LOGIN: Final = 254
WHAT_IS_RIGHT: Final = (
    "a mobile number, best with its country code, such as +919876543210, or an e-mail address"
)
_EMAIL: Final = re.compile(
    r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+",
    re.ASCII,
)


class InvalidLogin(ValueError):
    """Neither a mobile number nor an e-mail address."""


@dataclass(frozen=True, slots=True)
class Login:
    """One login: E.164, or the address in small letters."""

    kind: Literal["phone", "email"]
    text: str


def login_of(raw: str) -> Login:
    """The login that `raw` spells.

    Raises:
        InvalidLogin: it is none.
    """
    text = raw.strip()
    if "@" in text:
        address = text.lower()
        if len(address) <= LONGEST_LOGIN and _EMAIL.fullmatch(address):
            return Login("email", address)
        raise InvalidLogin
    phone = normalise_phone(text)
    if phone is None:
        raise InvalidLogin
    return Login("phone", phone)
