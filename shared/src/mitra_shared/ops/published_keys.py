"""The public keys of tokens that a deployment hands out: of two kinds, each replaced by itself."""

import json
from datetime import date, timedelta

from mitra_shared.security.tokens import ACCESS_KID

PublicKey = dict[str, str]


def jwks(keys: list[PublicKey]) -> str:
    """JSON of a JWKS."""
    return json.dumps({"keys": keys})


def by_kind(text: str) -> tuple[list[PublicKey], list[PublicKey]]:
    """The keys of `mitra token`, and those of the sessions of staff."""
    keys = json.loads(text)["keys"]
    return (
        [key for key in keys if not key["kid"].startswith(ACCESS_KID)],
        [key for key in keys if key["kid"].startswith(ACCESS_KID)],
    )


def still_needed(keys: list[PublicKey], today: date, lifetime: timedelta) -> list[PublicKey]:
    """The keys, oldest first, without those whose successor is so old that no token of theirs is left."""
    return [
        key
        for key, successor in zip(keys, [*keys[1:], None], strict=True)
        if successor is None or today - _made_on(successor["kid"], today) <= lifetime
    ]


def _made_on(kid: str, today: date) -> date:
    """The day in a `kid`; one that has none is as good as new."""
    try:
        return date.fromisoformat(kid.removeprefix(ACCESS_KID)[:10])
    except ValueError:
        return today
