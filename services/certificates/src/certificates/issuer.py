"""The issuer: facts out of certificates, signatures over facts, and what is stored opened again.

The seam between the tables and `mitra_shared.credential`, which knows no database: whatever is sealed, opened
or signed passes here.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from certificates.domain.certificate import visible_number
from certificates.storage.credentials import Signed, Stored, Unsigned
from certificates.wire import credential_id_of
from mitra_shared.campaign.definition import CampaignDefinition, Level
from mitra_shared.credential.cose import (
    assemble_cose,
    cose_contents,
    cose_payload,
    cose_signing_input,
    qr_text,
)
from mitra_shared.credential.data_integrity import hash_data, with_proof
from mitra_shared.credential.did import did_document
from mitra_shared.credential.document import FORMAT, contents_of
from mitra_shared.credential.facts import Facts, StatusPlace, whole_seconds
from mitra_shared.credential.key_file import KeyFile
from mitra_shared.credential.keys import Algorithm, NoActiveKey
from mitra_shared.credential.permutation import SIZE, Permutation
from mitra_shared.credential.signing import BadSigner, IssuerSigning, Signer, load_signers, signatures_of
from mitra_shared.credential.status_list import packed, status_document, status_signing_input
from mitra_shared.credential.trust import TrustedKeys
from mitra_shared.credential.vc_jwt import assemble, signing_input
from mitra_shared.person_names import seal_context
from mitra_shared.security.lookup import KeyedHash
from mitra_shared.security.sealing import KeyRing

SIGNING: Final[Algorithm] = "ES256"
PROVING: Final[Algorithm] = "EdDSA"
NAME: Final = "Mitra"
"""Of the issuer, in its status lists; they hold the certificates of all campaigns."""


class SigningUnavailable(OSError):
    """The key that is to sign cannot be used now. Says nothing about the certificate: try again."""


class UnknownFormat(Exception):
    """A credential was stored in a form that this version does not know."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A credential as its holder has it."""

    facts: Facts
    jwt: str
    cose: bytes
    qr: str


class Issuer:
    """Signs, seals and opens for one public address."""

    def __init__(
        self, public_url: str, *, keys: KeyFile, names: KeyRing, ids: KeyedHash, elsewhere: str | None = None
    ) -> None:
        """Take the keys.

        Args:
            public_url: of this service, as the public has it.
            keys: the file of keys that sign.
            names: seals names and facts.
            ids: derives ids of credentials and places in status lists.
            elsewhere: `module:factory` of signers whose private keys are not in the file.

        Raises:
            BadSigner: there is no such factory.
        """
        self.public_url = public_url
        self._keys = keys
        self._signing = IssuerSigning(keys, load_signers(elsewhere) if elsewhere else ())
        self._names = names
        self._ids = ids
        self._places: dict[int, Permutation] = {}

    def place(self, status_number: int) -> StatusPlace:
        """The place in a status list that a number of the sequence stands for; it looks random."""
        number, counter = divmod(status_number, SIZE)
        places = self._places.get(number)
        if places is None:
            places = self._places[number] = Permutation(self._ids.digest("status list"), number)
        return StatusPlace(number=number, index=places.place(counter))

    def facts(self, unsigned: Unsigned, words: CampaignDefinition, place: StatusPlace) -> Facts:
        """What the certificate will say, in the words of the campaign as they are now.

        Raises:
            SealError: the name cannot be opened.
            KeyError: the campaign no longer has the areas.
        """
        state = words.ancestor(unsigned.constituency, Level.STATE)
        return Facts(
            credential_id=credential_id_of(
                unsigned.certificate_id, unsigned.revision, unsigned.serial, self._ids
            ),
            issuer=self.public_url,
            campaign=unsigned.campaign,
            campaign_name=words.name,
            holder_name=self._names.open(unsigned.holder_name, context=seal_context(unsigned.mitra_id)),
            language=unsigned.language,
            number=visible_number(unsigned.segment, unsigned.serial),
            state_name=state.name,
            constituency=unsigned.constituency,
            constituency_name=words.by_code[unsigned.constituency].name,
            segment=unsigned.segment,
            segment_name=words.by_code[unsigned.segment].name,
            issued_at=whole_seconds(unsigned.issued_at),
            status=place,
        )

    async def sign(self, work: Sequence[tuple[Unsigned, Facts]]) -> Sequence[Signed]:
        """Both signatures of each certificate, and its facts sealed.

        Raises:
            SigningUnavailable: the key cannot be used now.
        """
        signer = self._signer(SIGNING)
        messages = list[bytes]()
        for _, facts in work:
            messages.append(signing_input(contents_of(facts), signer.kid))
            messages.append(cose_signing_input(cose_payload(cose_contents(facts)), signer.kid))
        signatures = await _signed(signer, messages)
        return [
            Signed(
                facts.credential_id,
                unsigned,
                FORMAT,
                signer.kid,
                self._names.seal(facts.to_json(), context=_facts_context(facts.credential_id.bytes)),
                jwt_signature,
                cose_signature,
                facts.status,
            )
            for (unsigned, facts), jwt_signature, cose_signature in zip(
                work, signatures[::2], signatures[1::2], strict=True
            )
        ]

    def open(self, stored: Stored) -> Opened:
        """A valid credential as it was signed, byte for byte.

        Raises:
            UnknownFormat: a newer version of this service signed it.
            SealError: its facts cannot be opened.
            ValueError: it is revoked, and nothing of it is kept.
        """
        if stored.format != FORMAT:
            raise UnknownFormat(f"format {stored.format}; this version knows {FORMAT}")
        if stored.facts is None or stored.jwt_signature is None or stored.cose_signature is None:
            raise ValueError("the credential is revoked")
        sealed_for = _facts_context(stored.id.bytes)
        facts = Facts.from_json(self._names.open(stored.facts, context=sealed_for))
        cose = assemble_cose(cose_payload(cose_contents(facts)), stored.key_id, stored.cose_signature)
        return Opened(
            facts,
            assemble(signing_input(contents_of(facts), stored.key_id), stored.jwt_signature),
            cose,
            qr_text(facts.issuer, cose),
        )

    async def with_proof(self, facts: Facts, now: datetime) -> str:
        """The document as JSON-LD with a Data Integrity proof made now.

        Raises:
            SigningUnavailable: the key cannot be used now.
        """
        signer, contents, created = self._signer(PROVING), contents_of(facts), int(now.timestamp())
        (signature,) = await _signed(signer, [hash_data(contents, signer.kid, created)])
        return json.dumps(with_proof(contents, signer.kid, created, signature), ensure_ascii=False)

    async def sign_status_list(self, number: int, revoked: Sequence[int], now: datetime) -> str:
        """Status list `number`, in which the places `revoked` are, as a VC-JWT.

        Raises:
            SigningUnavailable: the key cannot be used now.
        """
        signer = self._signer(SIGNING)
        document = status_document(self.public_url, NAME, number, packed(revoked), now.timestamp())
        message = status_signing_input(document, signer.kid)
        return assemble(message, (await _signed(signer, [message]))[0])

    def trusted(self) -> TrustedKeys:
        """The public keys that are to be believed."""
        return TrustedKeys.of(self._keys.keys, self.public_url)

    def did_document(self) -> dict[str, Any]:
        """What `did:web` resolves to."""
        return did_document(self._keys.keys, self.public_url)

    def public_jwks(self) -> dict[str, Any]:
        """The public keys as a JWKS."""
        return self._keys.keys.public_jwks()

    def _signer(self, algorithm: Algorithm) -> Signer:
        try:
            return self._signing.signer(algorithm, time.time())
        except (BadSigner, NoActiveKey) as error:
            raise SigningUnavailable(str(error)) from error


async def _signed(signer: Signer, messages: Sequence[bytes]) -> Sequence[bytes]:
    try:
        return await signatures_of(signer, messages)
    except Exception as error:
        # Whatever a key store says, it says it about itself and not about what is to be signed.
        raise SigningUnavailable(f"the signer of {signer.kid!r} failed: {type(error).__name__}") from error


def _facts_context(credential_id: bytes) -> bytes:
    return b"facts:" + credential_id
