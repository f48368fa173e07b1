"""What the processes of this service are told from outside, besides what every service is."""

from pydantic import SecretStr, field_validator

from mitra_shared.security.lookup import KeyedHash
from mitra_shared.security.sealing import KeyRing
from mitra_shared.settings import ConsumerSettings, ServiceSettings


class CertificatesApiSettings(ServiceSettings):
    """The api process: its quota desk corrects names."""

    name_keys: SecretStr
    """Key ring (JSON) that seals names."""
    certificate_key: SecretStr
    """Base64 of at least 32 bytes; here it recognises requests that come again."""

    @field_validator("name_keys")
    @classmethod
    def _ring(cls, keys: SecretStr) -> SecretStr:
        KeyRing.from_json(keys.get_secret_value())
        return keys

    @field_validator("certificate_key")
    @classmethod
    def _usable(cls, key: SecretStr) -> SecretStr:
        KeyedHash.from_base64(key.get_secret_value())
        return key

    def names(self) -> KeyRing:
        """The ring that seals names."""
        return KeyRing.from_json(self.name_keys.get_secret_value())

    def requests(self) -> KeyedHash:
        """The hash that requests are recognised with."""
        return KeyedHash.from_base64(self.certificate_key.get_secret_value())


class CertificatesConsumerSettings(ConsumerSettings):
    """The consumer process: it alone derives the ids of certificates."""

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
