"""Receipts of devices: signed statements of which numbers have an outcome here.

A receipt is no token: it names no audience, no subject and no end, so nobody takes it for one.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

from joserfc import jwt
from joserfc.jwk import ECKey

from enrolment.domain.numbering import Numbering
from mitra_shared.ids import StaffId
from mitra_shared.security.token_keys import ALGORITHM
from mitra_shared.security.tokens import private_key, public_jwks

TYPE: Final = "mitra-device-receipt+jwt"


class ReceiptSigner:
    """Signs with one private key; `public` is the JWKS (JSON) that verifies."""

    def __init__(self, jwk_json: str) -> None:
        """Sign with the key of a JWK.

        Raises:
            BadTokenKeys: the text is not a private P-256 JWK with a `kid`; the message does not repeat it.
        """
        self._key: ECKey = private_key(jwk_json)
        self.public = public_jwks(jwk_json)

    def sign(self, device: UUID, staff: StaffId, stands: Numbering, at: datetime) -> str:
        """A compact JWS. Call it after the commit: what it says can be held against us."""
        claims = {
            "device": str(device),
            "staff": staff,
            "gapless": stands.gapless,
            "highest": stands.highest,
            "missing": [list(each) for each in stands.missing],
            "listed_to": stands.listed_to,
            "count": stands.received,
            "at": int(at.timestamp()),
        }
        header = {"alg": ALGORITHM, "kid": self._key.kid, "typ": TYPE}
        return jwt.encode(header, claims, self._key, algorithms=[ALGORITHM])
