"""Keeps personal data out of log lines: the last processor before a line is rendered."""

import re
from collections.abc import Mapping
from typing import Any, Final

MASK: Final = "[hidden]"

_PERSONAL: Final = frozenset(
    {
        "name", "names", "full_name", "holder", "holder_name", "first_name", "last_name", "person",
        "phone", "phones", "phone_number", "mobile", "msisdn", "contact", "email", "address",
        "authorization", "cookie", "set_cookie", "token", "tokens", "service_token", "bearer", "jwt",
        "password", "passwd", "secret", "secrets", "api_key", "private_key", "signing_key",
        "database_url", "redis_url", "dsn", "body", "payload", "answers", "idempotency_key", "parameters",
        "params",
    }
)  # fmt: skip
"""Keys whose values are never written, in any nesting; compared without case, `-` counts as `_`."""

_PHONE: Final = re.compile(r"(?<![\w.-])(?:\+|00)?\d[\d ()./-]{8,18}\d(?![\w-])")
_CREDENTIALS: Final = re.compile(r"(?<=://)[^/\s@]*:[^/\s@]*(?=@)")
_JWT: Final = re.compile(r"\beyJ[\w-]{5,}\.[\w-]+\.[\w-]+")
_MOBILE: Final = re.compile(r"(?:91)?[6-9]\d{9}")
_FEWEST_DIGITS: Final = 10
_MOST_DIGITS: Final = 15
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}(?:[ T]\d{2}.*)?")


def _hide_phone(match: re.Match[str]) -> str:
    text = match.group()
    digits = sum(character.isdigit() for character in text)
    if not _FEWEST_DIGITS <= digits <= _MOST_DIGITS or _DATE.fullmatch(text):
        return text
    return MASK


def redact_text(text: str) -> str:
    """`text` without phone numbers (10 to 15 digits, however spaced), tokens, and passwords in URLs."""
    if "://" in text:
        text = _CREDENTIALS.sub(MASK, text)
    if "eyJ" in text:
        text = _JWT.sub(MASK, text)
    return _PHONE.sub(_hide_phone, text)


def redact(value: Any) -> Any:
    """`value` with personal keys and phone-like texts hidden, to any depth.

    Numbers are kept (positions, counts, durations), except whole ones that read as an Indian mobile number.
    """
    told: Any
    match value:
        case None | bool() | float():
            told = value
        case int():
            told = MASK if _MOBILE.fullmatch(str(value)) else value
        case Mapping():
            told = {key: MASK if is_personal(key) else redact(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            told = [redact(item) for item in value]
        case bytes() | bytearray() | memoryview():
            told = MASK
        case BaseException():
            # A message can repeat what the code was working on.
            told = type(value).__qualname__
        case _:
            told = redact_text(str(value))
    return told


def is_personal(key: object) -> bool:
    """Whether values under this key are never written."""
    return str(key).lower().replace("-", "_") in _PERSONAL
