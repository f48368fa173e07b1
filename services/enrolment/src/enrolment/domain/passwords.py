"""Which passwords are taken: long enough, and none that is tried first (after NIST SP 800-63B)."""

from dataclasses import dataclass
from typing import Final
from unicodedata import normalize

SHORTEST_PASSWORD: Final = 10
LONGEST_PASSWORD: Final = 200
"""Characters."""

LEAST_MEMORY_KIB: Final = 19_456
LEAST_PASSES: Final = 2
"""Below this nothing is hashed in production (OWASP: 19 MiB with two passes)."""

WHAT_IS_RIGHT: Final = (
    f"{SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters that nobody guesses, best four words that have "
    "nothing to do with each other; blanks are allowed"
)

_WORDS: Final = (
    "password", "passw0rd", "p@ssword", "p@ssw0rd", "qwerty", "qwertyuiop", "asdfghjkl", "zxcvbnm",
    "iloveyou", "welcome", "admin", "administrator", "letmein", "sunshine", "princess", "football",
    "cricket", "india",
    "bharat", "bharatmata", "jaihind", "jaishreeram", "krishna", "ganesha", "hanuman", "namaste", "hindustan",
    "mitra", "modimitra", "modi-mitra", "narendramodi", "abcdef", "abcdefghij", "abc", "test", "changeme",
    "secret", "master", "monkey", "dragon", "superman", "sachin", "dhoni", "mobile", "computer", "google",
)  # fmt: skip
"""What leaked lists begin with, here with digits or signs behind."""
_ROWS: Final = (
    "01234567890123456789012345678901234567890",
    "09876543210987654321098765432109876543210",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "1q2w3e4r5t6y7u8i9o0p",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
)
_BEHIND: Final = "0123456789!@#$%&*._- "


@dataclass(frozen=True, slots=True)
class PasswordCost:
    """What one check costs: memory in KiB and passes over it, on one core."""

    memory_kib: int
    passes: int


class WeakPassword(ValueError):
    """The password is not taken; the message says why and does not repeat it."""


def normal_password(raw: str) -> str:
    """The password as it is hashed: the same characters, whatever keyboard composed them (NFKC)."""
    return normalize("NFKC", raw)


def check_password(raw: str, login: str) -> None:
    """Refuse a password that is tried first.

    Args:
        raw: as typed.
        login: the phone (E.164) or e-mail it would belong to.

    Raises:
        WeakPassword: with the reason.
    """
    password = normal_password(raw)
    if len(password) < SHORTEST_PASSWORD:
        raise WeakPassword(f"has fewer than {SHORTEST_PASSWORD} characters")
    if len(password) > LONGEST_PASSWORD:
        raise WeakPassword(f"has more than {LONGEST_PASSWORD} characters")
    plain = password.casefold()
    if plain in _forms(login.casefold()):
        raise WeakPassword("is the login")
    if len(set(plain)) <= 2 or any(plain in row for row in _ROWS):  # noqa: PLR2004 - one sign, or two in turn
        raise WeakPassword("is a row of signs that is tried first")
    stem = plain.strip(_BEHIND)
    if not stem:
        raise WeakPassword("has no letter")
    if stem in _WORDS or _half_of_doubled(stem) in _WORDS:
        raise WeakPassword("is among the most common ones")


def _half_of_doubled(stem: str) -> str | None:
    half, odd = divmod(len(stem), 2)
    return None if odd or stem[:half] != stem[half:] else stem[:half].strip(_BEHIND)


def _forms(login: str) -> set[str]:
    """The login, as people write it."""
    return {login, login.lstrip("+"), login.removeprefix("+91"), "0" + login.removeprefix("+91")} | {
        login.partition("@")[0]
    }
