"""Who signs: a key of the key file, or a key management service or token behind the same protocol.

A key in the file without its private half signs elsewhere: the setting `MITRA_ISSUER_SIGNER=module:factory`
names a function without arguments that returns the signers for such keys (docs/keys.md has an example).
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from typing import Any, Final, Protocol

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from mitra_shared.credential.key_file import KeyFile
from mitra_shared.credential.keys import Algorithm, IssuerKey, PrivateKey

SIGNATURE_BYTES: Final = 64

_ES256: Final = ECDSA(SHA256())
_HALF: Final = 32
_AT_A_STRETCH: Final = 64
"""Signatures made before others of the event loop get their turn: about 3 milliseconds."""


class BadSigner(Exception):
    """A signer cannot be loaded, or gives what is no signature; the message says which and why."""


class Signer(Protocol):
    """One key that signs. Signatures are raw: r and s of 32 bytes each for ES256, 64 bytes for EdDSA."""

    @property
    def kid(self) -> str:
        """Key id, as in the key file."""

    @property
    def algorithm(self) -> Algorithm:
        """`ES256` or `EdDSA`."""

    @property
    def public_jwk(self) -> Mapping[str, Any]:
        """The public half."""

    async def sign_all(self, messages: Sequence[bytes]) -> Sequence[bytes]:
        """One signature for each message, in their order; ES256 hashes with SHA-256 first."""


class LocalSigner:
    """Signs with the private half of a key in this process."""

    def __init__(self, key: IssuerKey, private: PrivateKey) -> None:
        self.kid: str = key.kid
        self.algorithm: Algorithm = key.algorithm
        self.public_jwk: Mapping[str, Any] = key.public_jwk
        self._private = private

    def sign(self, message: bytes) -> bytes:
        """The signature of one message."""
        private = self._private
        if isinstance(private, EllipticCurvePrivateKey):
            r, s = decode_dss_signature(private.sign(message, _ES256))
            return r.to_bytes(_HALF) + s.to_bytes(_HALF)
        return private.sign(message)

    async def sign_all(self, messages: Sequence[bytes]) -> Sequence[bytes]:
        """One signature for each message, in their order."""
        signatures = list[bytes]()
        for start in range(0, len(messages), _AT_A_STRETCH):
            if start:
                await asyncio.sleep(0)
            signatures += map(self.sign, messages[start : start + _AT_A_STRETCH])
        return signatures


class IssuerSigning:
    """Finds the signer of the moment."""

    def __init__(self, file: KeyFile, elsewhere: Iterable[Signer] = ()) -> None:
        self._file = file
        self._elsewhere = {signer.kid: signer for signer in elsewhere}

    def signer(self, algorithm: Algorithm, now: float) -> Signer:
        """Who signs at `now` (Unix seconds).

        Raises:
            NoActiveKey: no key of that algorithm is active.
            BadSigner: the key signs elsewhere, and no signer for it was loaded, or one for another key.
        """
        key = self._file.keys.current(algorithm, now)
        if key.private is not None:
            return LocalSigner(key, key.private)
        found = self._elsewhere.get(key.kid)
        if found is None:
            raise BadSigner(
                f"the {algorithm} key {key.kid!r} has no private half in {self._file.path}; "
                "name its signer in MITRA_ISSUER_SIGNER"
            )
        if found.algorithm != algorithm or found.public_jwk.get("x") != key.public_jwk["x"]:
            raise BadSigner(
                f"the signer of {key.kid!r} holds another key than the one published under that id"
            )
        return found


async def signatures_of(signer: Signer, messages: Sequence[bytes]) -> Sequence[bytes]:
    """One signature for each message, counted and measured.

    Raises:
        BadSigner: the signer gave more or fewer, or some are of another length.
    """
    signatures = await signer.sign_all(messages)
    if len(signatures) != len(messages) or any(len(each) != SIGNATURE_BYTES for each in signatures):
        raise BadSigner(f"the signer of {signer.kid!r} did not give {SIGNATURE_BYTES} bytes for each message")
    return signatures


def load_signers(name: str) -> Sequence[Signer]:
    """The signers that `module:factory` makes.

    Raises:
        BadSigner: there is no such factory, or it fails.
    """
    module, separator, attribute = name.partition(":")
    if not (module and separator and attribute):
        raise BadSigner(f"MITRA_ISSUER_SIGNER is {name!r}; it has the form module:factory")
    try:
        factory: Callable[[], Iterable[Signer]] = getattr(import_module(module), attribute)
        return list(factory())
    except Exception as error:
        raise BadSigner(f"{name} gives no signers: {type(error).__name__}: {error}") from error
