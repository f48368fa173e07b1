"""Facts -> an Open Badges 3.0 credential on the VC Data Model 2.0; `document_reading` reads it back.

What the document says is `Contents`: of it, `Ground` is shared by all certificates of a segment and turned
into a template once. Every node but the holder's identity has an IRI, so one blank node remains
(`data_integrity` counts on it). A released form never changes: a new one gets a new `FORMAT`.
"""

import json
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha1
from json.encoder import encode_basestring
from typing import Any, Final, NamedTuple
from uuid import UUID

from mitra_shared.credential.facts import Facts
from mitra_shared.credential.issuer import did_of
from mitra_shared.credential.template import Template, mark

FORMAT: Final = 1
CONTEXTS: Final = (
    "https://www.w3.org/ns/credentials/v2",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
)
REMEMBERED_GROUNDS: Final = 2_048
"""Segments whose templates are kept; the whole campaign has fewer."""

_HOLDER: Final = b"holder"
_NEITHER_VERSION_NOR_VARIANT: Final = ~(0xF000 << 64 | 0xC000 << 48)
_VERSION_5: Final = 5 << 76 | 2 << 62


class Ground(NamedTuple):
    """What all certificates of a segment say, in English. `issuer` is the public base address."""

    issuer: str
    campaign: str
    campaign_name: str
    state_name: str
    constituency: str
    constituency_name: str
    segment: str
    segment_name: str

    @property
    def achievement(self) -> str:
        """IRI of the achievement: one for each segment of a campaign."""
        return f"{self.issuer}/v1/achievements/{self.campaign}/{self.segment}"


class Contents(NamedTuple):
    """All that a document says. `issued_at` in Unix seconds."""

    ground: Ground
    credential_id: UUID
    holder_name: str
    number: str
    issued_at: int
    list_number: int
    list_index: int


class _Own(NamedTuple):
    """What one certificate has for itself, as the texts of its document; or the marks of a template."""

    credential_id: str
    subject_id: str
    holder_name: str
    number: str
    valid_from: str
    list_number: str
    list_index: str


_MARKS: Final = _Own(*map(mark, _Own._fields))


def contents_of(facts: Facts) -> Contents:
    """What the document of these facts says."""
    return Contents(
        Ground(
            facts.issuer,
            facts.campaign,
            facts.campaign_name.en,
            facts.state_name.en,
            facts.constituency,
            facts.constituency_name.en,
            facts.segment,
            facts.segment_name.en,
        ),
        facts.credential_id,
        facts.holder_name,
        facts.number,
        int(facts.issued_at.timestamp()),
        facts.status.number,
        facts.status.index,
    )


def document_of(contents: Contents) -> dict[str, Any]:
    """The document, without a proof.

    Raises:
        BadPublicUrl: the issuer's address is none.
    """
    return _document(contents.ground, _own(contents))


def document_text(contents: Contents) -> str:
    """`document_of` as JSON without white space, in the same order; about 5 microseconds.

    Raises:
        BadPublicUrl: the issuer's address is none.
    """
    return _template(contents.ground).fill(json_values(contents))


def json_values(contents: Contents) -> dict[str, str | int]:
    """The values for templates of JSON text, escaped."""
    values: dict[str, str | int] = _own(contents)._asdict()
    values["holder_name"] = encode_basestring(contents.holder_name)[1:-1]
    values["number"] = encode_basestring(contents.number)[1:-1]
    values["issued_at"] = contents.issued_at
    return values


def marked_document(ground: Ground) -> dict[str, Any]:
    """The document of a segment with the marks of a template for what is a certificate's own."""
    return _document(ground, _MARKS)


def subject_id(credential_id: UUID) -> str:
    """The holder as this credential names them: a UUID of version 5, made of the credential's own."""
    # As uuid.uuid5 has it, in a third of the time.
    digest = int.from_bytes(sha1(credential_id.bytes + _HOLDER, usedforsecurity=False).digest()[:16])
    text = f"{digest & _NEITHER_VERSION_NOR_VARIANT | _VERSION_5:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def instant_text(seconds: int) -> str:
    """A Unix time as documents write it, `2026-11-24T03:18:10Z`."""
    return f"{datetime.fromtimestamp(seconds, UTC).isoformat()[:-6]}Z"


def _own(contents: Contents) -> _Own:
    return _Own(
        str(contents.credential_id),
        subject_id(contents.credential_id),
        contents.holder_name,
        contents.number,
        instant_text(contents.issued_at),
        str(contents.list_number),
        str(contents.list_index),
    )


@lru_cache(maxsize=REMEMBERED_GROUNDS)
def _template(ground: Ground) -> Template:
    return Template(json.dumps(marked_document(ground), ensure_ascii=False, separators=(",", ":")))


def _document(ground: Ground, own: _Own) -> dict[str, Any]:
    lists = f"{ground.issuer}/v1/status-lists/{own.list_number}"
    return {
        "@context": list(CONTEXTS),
        "id": f"urn:uuid:{own.credential_id}",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": title(ground),
        "issuer": {
            "id": did_of(ground.issuer),
            "type": ["Profile"],
            "name": ground.campaign_name,
            "url": ground.issuer,
        },
        "validFrom": own.valid_from,
        "credentialSubject": {
            "id": f"urn:uuid:{own.subject_id}",
            "type": ["AchievementSubject"],
            "identifier": [
                {
                    "type": "IdentityObject",
                    "hashed": False,
                    "identityHash": own.holder_name,
                    "identityType": "name",
                }
            ],
            "licenseNumber": own.number,
            "achievement": {
                "id": ground.achievement,
                "type": ["Achievement"],
                "achievementType": "Certificate",
                "name": title(ground),
                "description": description(ground),
                "criteria": {"id": f"{ground.achievement}#criteria", "narrative": criteria(ground)},
                "humanCode": ground.segment,
                "inLanguage": "en",
                "tag": list(tags(ground)),
            },
        },
        "credentialStatus": {
            "id": f"{lists}#{own.list_index}",
            "type": "BitstringStatusListEntry",
            "statusPurpose": "revocation",
            "statusListIndex": own.list_index,
            "statusListCredential": lists,
        },
    }


def title(ground: Ground) -> str:
    """Name of the credential and of its achievement."""
    return f"{ground.campaign_name}: certificate of recognition"


def description(ground: Ground) -> str:
    """One sentence for wallets that show nothing else."""
    return (
        f"Recognises a Mitra of the campaign {ground.campaign_name} in the assembly segment "
        f"{ground.segment_name} ({ground.segment}), constituency {ground.constituency_name} "
        f"({ground.constituency}), {ground.state_name}."
    )


def criteria(ground: Ground) -> str:
    """For what the certificate is given."""
    return (
        f"Given to a person who was enrolled, by consent, as a Mitra of the campaign {ground.campaign_name}."
    )


def tags(ground: Ground) -> tuple[str, str, str, str]:
    """Where it was given, for machines. The words before the colons keep two areas of one name apart."""
    return (
        f"campaign:{ground.campaign}",
        f"state:{ground.state_name}",
        f"constituency:{ground.constituency} {ground.constituency_name}",
        f"segment:{ground.segment} {ground.segment_name}",
    )
