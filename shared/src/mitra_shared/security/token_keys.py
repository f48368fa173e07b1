"""JWKs as keys of tokens: read, and checked to be of the one kind that is used."""

import json
from typing import Any, Final, cast

from joserfc.errors import JoseError
from joserfc.jwk import ECKey

ALGORITHM: Final = "ES256"


class BadTokenKeys(ValueError):
    """A text is not a usable JWK or JWKS. The message never repeats key material."""


def parsed_jwk(text: str) -> dict[str, Any]:
    """The object in `text`, a JWK or a JWKS by its looks.

    Raises:
        BadTokenKeys: it is neither.
    """
    try:
        parsed = json.loads(text)
    except ValueError:
        raise BadTokenKeys("not JSON") from None
    if not isinstance(parsed, dict) or not isinstance(parsed.get("keys", []), list):
        raise BadTokenKeys("not a JWK or JWKS")
    return parsed


def p256_key(entry: object) -> ECKey:
    """The key of a JWK.

    Raises:
        BadTokenKeys: not P-256, or without a `kid`.
    """
    try:
        # joserfc checks what the entry is; the cast only says that this is its task.
        key = ECKey.import_key(cast("dict[str, Any]", entry))
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        raise BadTokenKeys("not an EC key in JWK form") from None
    if key.curve_name != "P-256":
        raise BadTokenKeys(f"the curve is {key.curve_name}; {ALGORITHM} uses P-256")
    if not key.kid:
        raise BadTokenKeys("the key has no kid")
    return key
