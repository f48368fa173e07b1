r"""Data Integrity proof `eddsa-rdfc-2022` over the same document, made when it is asked for.

    contents -> canonical N-Quads -> SHA-256 \
                                             hash_data -> a signer -> with_proof
    proof configuration -> N-Quads -> SHA-256 /

No JSON-LD processor and no context is needed at run time: every node but one has an IRI, so the canonical
form (RDFC-1.0) of all our documents differs in a few values and in the order of its lines. The statements
below are those of the document in `document`; tests compare each with a full processor.
"""

from functools import lru_cache
from hashlib import sha256
from typing import Any, Final, NamedTuple

from mitra_shared.credential.document import (
    REMEMBERED_GROUNDS,
    Contents,
    Ground,
    criteria,
    description,
    document_of,
    instant_text,
    json_values,
    marked_document,
    tags,
    title,
)
from mitra_shared.credential.document_reading import NotOurDocument, read_document
from mitra_shared.credential.encoding import BadEncoding, base58, from_base58
from mitra_shared.credential.issuer import did_of
from mitra_shared.credential.template import Template

CRYPTOSUITE: Final = "eddsa-rdfc-2022"
SIGNATURE_BYTES: Final = 64

_TYPE: Final = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"
_CREDENTIALS: Final = "https://www.w3.org/2018/credentials#"
_STATUS: Final = "https://www.w3.org/ns/credentials/status#"
_BADGES: Final = "https://purl.imsglobal.org/spec/vc/ob/vocab.html#"
_SECURITY: Final = "https://w3id.org/security#"
_SCHEMA: Final = "https://schema.org/"
_XSD: Final = "http://www.w3.org/2001/XMLSchema#"
_XSD_OF_BADGES: Final = "https://www.w3.org/2001/XMLSchema#"
"""The context of Open Badges writes it so."""
_CREATED: Final = "http://purl.org/dc/terms/created"
_BLANK: Final = "_:c14n0"
"""The holder's identity in the document, the proof itself in its configuration."""

_ESCAPES: Final = {
    code: f"\\u{code:04X}" for code in (*range(0x20), 0x7F)
} | {
    ord(raw): f"\\{letter}"
    for raw, letter in (
        ("\b", "b"), ("\t", "t"), ("\n", "n"), ("\f", "f"), ("\r", "r"), ('"', '"'), ("\\", "\\"),
    )
}  # fmt: skip


class SecuredContents(NamedTuple):
    """What a document with a proof says. `kid` is a DID URL; nothing is verified."""

    contents: Contents
    kid: str
    hash_data: bytes
    signature: bytes


def hash_data(contents: Contents, kid: str, created: int) -> bytes:
    """What the Ed25519 key `kid` signs: 64 bytes. `created` in Unix seconds. About 60 microseconds.

    Raises:
        BadPublicUrl: the issuer's address is none.
    """
    method = f"{did_of(contents.ground.issuer)}#{kid}"
    configuration = _configuration(method, instant_text(created))
    return sha256(configuration.encode()).digest() + sha256(canonical(contents).encode()).digest()


def with_proof(contents: Contents, kid: str, created: int, signature: bytes) -> dict[str, Any]:
    """The document with its proof.

    Raises:
        BadPublicUrl: the issuer's address is none.
    """
    method = f"{did_of(contents.ground.issuer)}#{kid}"
    return document_of(contents) | {"proof": _proof(method, instant_text(created), "z" + base58(signature))}


def canonical(contents: Contents) -> str:
    """The document without its proof, as canonical N-Quads.

    Raises:
        BadPublicUrl: the issuer's address is none.
    """
    values = json_values(contents)
    values["holder_name"] = contents.holder_name.translate(_ESCAPES)
    values["number"] = contents.number.translate(_ESCAPES)
    lines = _template(contents.ground).fill(values).split("\n")
    return _ordered(lines)


def read_secured(parsed: dict[str, Any]) -> SecuredContents:
    """What a document with a proof says, if both are exactly of the form made here.

    Raises:
        NotOurDocument: they are not.
    """
    document = dict(parsed)
    contents = read_document({name: value for name, value in document.items() if name != "proof"})
    proof = document.get("proof")
    if not isinstance(proof, dict):
        raise NotOurDocument("it has no proof, or more than one")
    method, created, value = (proof.get(name) for name in ("verificationMethod", "created", "proofValue"))
    if not (isinstance(method, str) and isinstance(created, str) and isinstance(value, str)):
        raise NotOurDocument("its proof has no verificationMethod, created and proofValue")
    if proof != _proof(method, created, value):
        raise NotOurDocument(f"its proof is not of the form of {CRYPTOSUITE} that is made here")
    if not value.startswith("z") or not _is_plain(method) or not _is_plain(created):
        raise NotOurDocument("its proof is damaged")
    try:
        signature = from_base58(value[1:], SIGNATURE_BYTES)
    except BadEncoding:
        raise NotOurDocument(f"the value of its proof is not base58 of {SIGNATURE_BYTES} bytes") from None
    configuration = _configuration(method, created)
    signed = sha256(configuration.encode()).digest() + sha256(canonical(contents).encode()).digest()
    return SecuredContents(contents, method, signed, signature)


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and not set(text) & set(' <>"{}|\\^`')


def _proof(method: str, created: str, value: str) -> dict[str, Any]:
    return {
        "type": "DataIntegrityProof",
        "cryptosuite": CRYPTOSUITE,
        "created": created,
        "verificationMethod": method,
        "proofPurpose": "assertionMethod",
        "proofValue": value,
    }


def _configuration(method: str, created: str) -> str:
    """The proof without its value, under the contexts of the document."""
    return _ordered(
        [
            _line(_BLANK, _TYPE, f"<{_SECURITY}DataIntegrityProof>"),
            _line(_BLANK, f"<{_SECURITY}cryptosuite>", _typed(CRYPTOSUITE, f"{_SECURITY}cryptosuiteString")),
            _line(_BLANK, f"<{_CREATED}>", _typed(created, f"{_XSD}dateTime")),
            _line(_BLANK, f"<{_SECURITY}verificationMethod>", f"<{method}>"),
            _line(_BLANK, f"<{_SECURITY}proofPurpose>", f"<{_SECURITY}assertionMethod>"),
        ]
    )


def _ordered(lines: list[str]) -> str:
    return "\n".join(sorted(lines)) + "\n"


def _line(subject: str, predicate: str, value: str) -> str:
    return f"{subject} {predicate} {value} ."


def _typed(text: str, datatype: str) -> str:
    return f'"{text}"^^<{datatype}>'


def _plain(text: str) -> str:
    return f'"{text}"'


@lru_cache(maxsize=REMEMBERED_GROUNDS)
def _template(ground: Ground) -> Template:
    return Template("\n".join(_line(*statement) for statement in _statements(ground)))


def _statements(ground: Ground) -> list[tuple[str, str, str]]:
    """Subject, predicate and object of every statement of `marked_document`, in no order."""
    document = marked_document(ground)
    subject, status, issuer = document["credentialSubject"], document["credentialStatus"], document["issuer"]
    whole, holder, place, publisher = (f"<{each['id']}>" for each in (document, subject, status, issuer))
    (identity,) = subject["identifier"]
    return [
        (whole, _TYPE, f"<{_CREDENTIALS}VerifiableCredential>"),
        (whole, _TYPE, f"<{_BADGES}OpenBadgeCredential>"),
        (whole, f"<{_SCHEMA}name>", _literal(title(ground))),
        (whole, f"<{_CREDENTIALS}issuer>", publisher),
        (whole, f"<{_CREDENTIALS}validFrom>", _typed(document["validFrom"], f"{_XSD}dateTime")),
        (whole, f"<{_CREDENTIALS}credentialSubject>", holder),
        (whole, f"<{_CREDENTIALS}credentialStatus>", place),
        (publisher, _TYPE, f"<{_BADGES}Profile>"),
        (publisher, f"<{_SCHEMA}name>", _literal(ground.campaign_name)),
        (publisher, f"<{_SCHEMA}url>", _typed(ground.issuer, f"{_XSD_OF_BADGES}anyURI")),
        (holder, _TYPE, f"<{_BADGES}AchievementSubject>"),
        (holder, f"<{_BADGES}identifier>", _BLANK),
        (holder, f"<{_BADGES}licenseNumber>", _plain(subject["licenseNumber"])),
        (holder, f"<{_BADGES}achievement>", f"<{ground.achievement}>"),
        (_BLANK, _TYPE, f"<{_BADGES}IdentityObject>"),
        (_BLANK, f"<{_BADGES}hashed>", _typed("false", f"{_XSD_OF_BADGES}boolean")),
        (_BLANK, f"<{_BADGES}identityHash>", _plain(identity["identityHash"])),
        (_BLANK, f"<{_BADGES}identityType>", _plain("name")),
        *_achievement(ground),
        (place, _TYPE, f"<{_STATUS}BitstringStatusListEntry>"),
        (place, f"<{_STATUS}statusPurpose>", _plain("revocation")),
        (place, f"<{_STATUS}statusListIndex>", _plain(status["statusListIndex"])),
        (place, f"<{_STATUS}statusListCredential>", f"<{status['statusListCredential']}>"),
    ]


def _achievement(ground: Ground) -> list[tuple[str, str, str]]:
    node, how = f"<{ground.achievement}>", f"<{ground.achievement}#criteria>"
    return [
        (node, _TYPE, f"<{_BADGES}Achievement>"),
        (node, f"<{_BADGES}achievementType>", _plain("Certificate")),
        (node, f"<{_SCHEMA}name>", _literal(title(ground))),
        (node, f"<{_SCHEMA}description>", _literal(description(ground))),
        (node, f"<{_BADGES}Criteria>", how),
        (how, f"<{_BADGES}narrative>", _literal(criteria(ground))),
        (node, f"<{_BADGES}humanCode>", _literal(ground.segment)),
        (node, f"<{_SCHEMA}inLanguage>", _plain("en")),
        *((node, f"<{_SCHEMA}keywords>", _literal(tag)) for tag in tags(ground)),
    ]


def _literal(text: str) -> str:
    return _plain(text.translate(_ESCAPES))
