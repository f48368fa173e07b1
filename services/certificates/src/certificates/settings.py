"""What the processes of this service are told from outside, besides what every service is."""

import os
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, SecretStr, field_validator

from mitra_shared.credential.issuer import did_of
from mitra_shared.security.lookup import KeyedHash
from mitra_shared.security.sealing import KeyRing
from mitra_shared.settings import SECRETS_DIR_VARIABLE, ConsumerSettings, ServiceSettings

KEYS_IN_SECRETS: Final = Path("issuer") / "keys.json"


class CertificatesConsumerSettings(ConsumerSettings):
    """The consumer process, which decides certificates."""

    enrolment_url: str
    """Base URL of the enrolment api, whose log is replayed from."""
    certificate_key: SecretStr
    """Base64 of at least 32 bytes. Never changed in the life of a campaign: every id follows from it."""

    @field_validator("certificate_key")
    @classmethod
    def _usable(cls, key: SecretStr) -> SecretStr:
        KeyedHash.from_base64(key.get_secret_value())
        return key

    def ids(self) -> KeyedHash:
        """The hash that ids of certificates are derived with."""
        return KeyedHash.from_base64(self.certificate_key.get_secret_value())


class IssuerSettings(ServiceSettings):
    """Whoever signs, and opens what was signed."""

    public_url: str
    """Address of this service as the public has it, e.g. `https://mitra.example.org`: the issuer's name."""
    name_keys: SecretStr
    """Key ring (JSON) that names and facts are sealed with."""
    certificate_key: SecretStr
    """As for the consumer: ids of credentials and their places in status lists follow from it, too."""
    issuer_keys: Annotated[Path | None, Field(validate_default=True)] = None
    """File of the keys that sign; `issuer/keys.json` in the directory of the secrets if nothing is said."""
    issuer_signer: str | None = None
    """`module:factory` of a signer whose private keys are elsewhere; see docs/keys.md."""

    @field_validator("public_url")
    @classmethod
    def _public(cls, url: str) -> str:
        did_of(url)
        return url

    @field_validator("certificate_key")
    @classmethod
    def _usable_key(cls, key: SecretStr) -> SecretStr:
        KeyedHash.from_base64(key.get_secret_value())
        return key

    @field_validator("name_keys")
    @classmethod
    def _usable_ring(cls, ring: SecretStr) -> SecretStr:
        KeyRing.from_json(ring.get_secret_value())
        return ring

    @field_validator("issuer_keys")
    @classmethod
    def _in_secrets(cls, path: Path | None) -> Path:
        if path is not None:
            return path
        directory = os.environ.get(SECRETS_DIR_VARIABLE)
        if not directory:
            raise ValueError(f"name the file of the issuer's keys, or the directory {SECRETS_DIR_VARIABLE}")
        return Path(directory) / KEYS_IN_SECRETS

    @property
    def keys_file(self) -> Path:
        """The file of the keys that sign."""
        if self.issuer_keys is None:
            raise ValueError("the settings were not validated")
        return self.issuer_keys

    def ids(self) -> KeyedHash:
        """The hash that ids of credentials are derived with."""
        return KeyedHash.from_base64(self.certificate_key.get_secret_value())

    def names(self) -> KeyRing:
        """The ring that seals names and facts."""
        return KeyRing.from_json(self.name_keys.get_secret_value())


class SignerSettings(IssuerSettings, ConsumerSettings):
    """The signer process."""

    certificates_url: str
    """Base URL of the certificates api, whose log is replayed from."""


class CertificatesApiSettings(IssuerSettings):
    """The api process."""

    verifications_a_minute: Annotated[int, Field(ge=1)] = 300
    """Calls of `POST /v1/verify` that one address may make; more are put off with 429."""
    render_workers: Annotated[int, Field(ge=1, le=64)] = 2
    """Processes that set certificates, started when the first is asked for."""
    template_dir: Path | None = None
    """Directory of a template of one's own (see docs/templates.md)."""
    work_dir: Path | None = None
    """Where sealed renderings are kept for a while; a directory of its own below the system's if not said."""
    cache_bytes: Annotated[int, Field(ge=0)] = 200_000_000
    """How much of it renderings may fill."""
    sheets_dir: Path | None = None
    """Where print sheets are kept sealed for a day; best one for all api processes. `sheets` in the directory
    of renderings if not said."""
    sheet_bytes: Annotated[int, Field(ge=0)] = 1_000_000_000
    """How much of it they may fill; the oldest are given up, and made again when they are asked for."""
