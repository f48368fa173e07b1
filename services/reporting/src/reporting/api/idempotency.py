"""The header Idempotency-Key of requests that make something."""

import re
from typing import Annotated, Final

from fastapi import Depends, Header

from reporting.api.problems import IDEMPOTENCY_KEY_INVALID, IDEMPOTENCY_KEY_MISSING

_PATTERN: Final = re.compile(r"[\x21-\x7e]{8,128}")
_FIELD: Final = "Idempotency-Key"


async def _key(
    idempotency_key: Annotated[
        str | None, Header(description="Best a random UUID, which stays the same when you try again")
    ] = None,
) -> str:
    if idempotency_key is None:
        raise IDEMPOTENCY_KEY_MISSING(
            "Send the header Idempotency-Key, best a random UUID that stays the same when you try again.",
            errors=[{"field": _FIELD, "message": "is missing", "expected": "such as a random UUID"}],
        )
    if _PATTERN.fullmatch(idempotency_key) is None:
        expected = "8 to 128 printable ASCII characters without blanks"
        raise IDEMPOTENCY_KEY_INVALID(
            f"The header Idempotency-Key must be {expected}.",
            errors=[{"field": _FIELD, "message": "is not valid", "expected": expected}],
        )
    return idempotency_key


Key = Annotated[str, Depends(_key)]
