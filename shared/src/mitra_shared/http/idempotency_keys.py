"""The header Idempotency-Key: who sends a request again with its key gets the answer of the first time."""

import re
from typing import Annotated, Any, Final

from fastapi import Depends, Header

from mitra_shared.http.problems import (
    IDEMPOTENCY_KEY_INVALID,
    IDEMPOTENCY_KEY_MISSING,
    IDEMPOTENCY_KEY_REUSED,
    Problem,
    problem_responses,
)
from mitra_shared.ids import IDEMPOTENCY_KEY_PATTERN

KEYED_RESPONSES: Final[dict[int | str, dict[str, Any]]] = problem_responses(400, 422)
"""What a route that takes a key answers beside its own."""

_PATTERN: Final = re.compile(IDEMPOTENCY_KEY_PATTERN)
_FIELD: Final = "Idempotency-Key"


def checked_key(given: str | None) -> str:
    """The key of a request.

    Raises:
        Problem: 400, there is none, or it has another form.
    """
    if given is None:
        raise IDEMPOTENCY_KEY_MISSING(
            "Send the header Idempotency-Key, best a random UUID that stays the same when you try again.",
            errors=[{"field": _FIELD, "message": "is missing", "expected": "such as a random UUID"}],
        )
    if _PATTERN.fullmatch(given) is None:
        expected = "8 to 128 printable ASCII characters without blanks"
        raise IDEMPOTENCY_KEY_INVALID(
            f"The header Idempotency-Key must be {expected}.",
            errors=[{"field": _FIELD, "message": "does not have the right form", "expected": expected}],
        )
    return given


async def _key(
    idempotency_key: Annotated[
        str | None, Header(description="Best a random UUID, which stays the same when you try again")
    ] = None,
) -> str:
    return checked_key(idempotency_key)


Key = Annotated[str, Depends(_key)]


def key_reused() -> Problem:
    """422: the key came with another request before."""
    return IDEMPOTENCY_KEY_REUSED("Use a new key for another request; an old one answers as before")
