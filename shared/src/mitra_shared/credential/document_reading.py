"""A document -> what it says, for documents of exactly the form that `document` makes, and no other.

What a document says is taken out, the document is made again from that, and both must be the same.
"""

import json
import re
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from mitra_shared.credential.document import REMEMBERED_GROUNDS, Contents, Ground, document_of
from mitra_shared.credential.issuer import did_of, status_list_url

_LONGEST_NUMERAL: Final = 10
_LONGEST_TEXT: Final = 300
_CODE: Final = re.compile("[A-Za-z0-9-]{1,63}")


class NotOurDocument(Exception):
    """It is no document that `document_of` makes; the message says what differs, without its contents."""


def read_document(parsed: object) -> Contents:
    """What a document says, if it is exactly what `document_of` makes of that.

    Raises:
        NotOurDocument: it is not.
    """
    contents = read_contents(parsed)
    try:
        same = json.dumps(parsed, sort_keys=True) == json.dumps(document_of(contents), sort_keys=True)
    except (TypeError, ValueError):
        raise NotOurDocument("it holds something that JSON does not have") from None
    if not same:
        raise NotOurDocument("it has parts that no certificate of ours has, or lacks some")
    return contents


def read_contents(parsed: object) -> Contents:
    """What a document seems to say; the rest of it is not looked at.

    Raises:
        NotOurDocument: a part that says something is missing or of another form.
    """
    try:
        return _contents(parsed)
    except (KeyError, IndexError, TypeError, ValueError, OverflowError, AttributeError):
        # The cause could repeat the holder's name.
        raise NotOurDocument("a part of a certificate is missing or of another form") from None


def _contents(document: Any) -> Contents:
    subject, status = document["credentialSubject"], document["credentialStatus"]
    achievement, issuer = subject["achievement"], document["issuer"]
    ground = _ground(_text(issuer["url"]), _text(issuer["name"]), *map(_text, achievement["tag"]))
    number = status["statusListCredential"].removeprefix(status_list_url(ground.issuer, 0)[:-1])
    return Contents(
        ground,
        UUID(document["id"].removeprefix("urn:uuid:")),
        _text(subject["identifier"][0]["identityHash"]),
        _text(subject["licenseNumber"]),
        int(datetime.fromisoformat(document["validFrom"]).timestamp()),
        _numeral(number),
        _numeral(status["statusListIndex"]),
    )


@lru_cache(maxsize=REMEMBERED_GROUNDS)
def _ground(issuer: str, campaign_name: str, *tags: str) -> Ground:
    did_of(issuer)
    found = dict(tag.split(":", 1) for tag in tags)
    constituency, constituency_name = found["constituency"].split(" ", 1)
    segment, segment_name = found["segment"].split(" ", 1)
    return Ground(
        issuer,
        _code(found["campaign"]),
        campaign_name,
        found["state"],
        _code(constituency),
        constituency_name,
        _code(segment),
        segment_name,
    )


def _text(value: object) -> str:
    # The null character marks the places of templates, and a lone surrogate is no text.
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT or "\0" in value or not value.encode():
        raise TypeError
    return value


def _code(text: str) -> str:
    # A code is part of an IRI, which the canonical form does not escape.
    if not _CODE.fullmatch(text):
        raise ValueError
    return text


def _numeral(text: str) -> int:
    if len(text) > _LONGEST_NUMERAL:
        raise ValueError
    return int(text)
