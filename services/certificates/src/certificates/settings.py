"""What the processes of this service are told from outside, besides what every service is."""

from pydantic import SecretStr

from mitra_shared.security.lookup import KeyedHash
from mitra_shared.settings import ConsumerSettings


class CertificatesConsumerSettings(ConsumerSettings):
    """The consumer process: it alone derives the ids of certificates and of their events."""

    enrolment_url: str
    """Base URL of the enrolment api, whose log is replayed from."""
    certificate_key: SecretStr
    """Base64 of at least 32 bytes. Never changed in the life of a campaign: every id follows from it."""

    def ids(self) -> KeyedHash:
        """The hash that ids are derived with.

        Raises:
            BadLookupKey: the key is not usable; the message does not repeat it.
        """
        return KeyedHash.from_base64(self.certificate_key.get_secret_value())
