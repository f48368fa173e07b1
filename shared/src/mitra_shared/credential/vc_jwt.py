"""Facts -> VC-JWT (ES256), as Open Badges 3.0 and `Securing Verifiable Credentials using JOSE and COSE` say.

    signing_input(contents, kid) -> a signer -> assemble

Only the signature is kept with the facts: the same facts and key id make the same signing input for ever. The
payload is the document itself with the registered claims `iss`, `sub`, `jti`, `nbf` and `iat` behind it.
"""

import json
from functools import lru_cache
from typing import Any, Final, NamedTuple

from pydantic_core import from_json

from mitra_shared.credential.document import (
    REMEMBERED_GROUNDS,
    Contents,
    Ground,
    json_values,
    marked_document,
)
from mitra_shared.credential.document_reading import NotOurDocument, read_contents
from mitra_shared.credential.encoding import BadEncoding, base64url, from_base64url
from mitra_shared.credential.issuer import did_of
from mitra_shared.credential.template import Template, bare_mark

ALGORITHM: Final = "ES256"
CREDENTIAL_TYPE: Final = "vc+jwt"
MEDIA_TYPE: Final = "application/vc+jwt"
SIGNATURE_BYTES: Final = 64
LARGEST_TOKEN: Final = 16_384

_LARGEST_HEADER: Final = 1_024


class NotOurToken(Exception):
    """It is no VC-JWT of the form made here; the message says what differs."""


class Token(NamedTuple):
    """A token that was taken apart and not verified. `kid` is a DID URL, `<issuer's DID>#<key id>`."""

    kid: str
    signing_input: bytes
    payload: bytes
    signature: bytes


def signing_input(contents: Contents, kid: str) -> bytes:
    """What the key `kid` signs; about 10 microseconds.

    Raises:
        BadPublicUrl: the issuer's address is none.
    """
    head = _head(f"{did_of(contents.ground.issuer)}#{kid}")
    return f"{head}.{base64url(payload(contents))}".encode("ascii")


def payload(contents: Contents) -> bytes:
    """The JSON that the token carries.

    Raises:
        BadPublicUrl: the issuer's address is none.
    """
    return _payload_template(contents.ground).fill(json_values(contents)).encode()


def assemble(signed: bytes, signature: bytes) -> str:
    """The token of a signing input and its signature of 64 bytes."""
    return f"{signed.decode('ascii')}.{base64url(signature)}"


def signing_input_of(document: dict[str, Any], issuer_did: str, kid: str) -> bytes:
    """What the key `kid` signs to secure any credential as VC-JWT: a status list, for one."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return f"{_head(f'{issuer_did}#{kid}')}.{base64url(text.encode())}".encode("ascii")


def take_apart(token: str, largest: int = LARGEST_TOKEN) -> Token:
    """The parts of a VC-JWT of at most `largest` characters.

    Raises:
        NotOurToken: it is none that was signed with ES256.
    """
    if len(token) > largest:
        raise NotOurToken(f"a token is at most {largest} characters long")
    parts = token.split(".")
    if len(parts) != 3:  # noqa: PLR2004 - header, payload, signature
        raise NotOurToken("a token has three parts with a dot between them")
    head, body, tail = parts
    try:
        content, signature = from_base64url(body), from_base64url(tail)
    except BadEncoding as error:
        raise NotOurToken(str(error)) from None
    if len(signature) != SIGNATURE_BYTES:
        raise NotOurToken(f"a signature has {SIGNATURE_BYTES} bytes")
    kid = _kid(head) if len(head) <= _LARGEST_HEADER else None
    if kid is None:
        raise NotOurToken(f"the header does not say typ {CREDENTIAL_TYPE}, alg {ALGORITHM} and a kid")
    return Token(kid, token[: len(head) + 1 + len(body)].encode("ascii"), content, signature)


def read_payload(content: bytes) -> Contents:
    """What the payload of a certificate's token says, if it is exactly what `payload` makes of that.

    Raises:
        NotOurToken: it is not.
    """
    try:
        contents = read_contents(from_json(content))
    except ValueError:
        raise NotOurToken("the payload is not JSON") from None
    except NotOurDocument as error:
        raise NotOurToken(str(error)) from None
    if payload(contents) != content:
        raise NotOurToken("it has parts that no certificate of ours has, or lacks some")
    return contents


@lru_cache(maxsize=64)
def _head(kid: str) -> str:
    header = {"alg": ALGORITHM, "kid": kid, "typ": CREDENTIAL_TYPE, "cty": "vc"}
    return base64url(json.dumps(header, separators=(",", ":")).encode())


@lru_cache(maxsize=64)
def _kid(head: str) -> str | None:
    """The `kid` of a header, or None if it is no header of ours."""
    try:
        header = json.loads(from_base64url(head))
    except (ValueError, RecursionError):
        return None
    if not isinstance(header, dict) or "crit" in header:
        return None
    kid = header.get("kid")
    known = header.get("alg") == ALGORITHM and header.get("typ") == CREDENTIAL_TYPE
    return kid if known and isinstance(kid, str) else None


@lru_cache(maxsize=REMEMBERED_GROUNDS)
def _payload_template(ground: Ground) -> Template:
    document = marked_document(ground)
    claims = {
        "iss": document["issuer"]["id"],
        "sub": document["credentialSubject"]["id"],
        "jti": document["id"],
        "nbf": bare_mark("issued_at"),
        "iat": bare_mark("issued_at"),
    }
    return Template(json.dumps(document | claims, ensure_ascii=False, separators=(",", ":")))
