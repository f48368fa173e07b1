"""What the processes of this service are told from outside, besides what every service is."""

from pydantic import SecretStr, field_validator

from mitra_shared.security.lookup import KeyedHash
from mitra_shared.settings import ConsumerSettings


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
