"""What the processes of the service are told from outside, besides what every service is."""

from typing import Annotated

from pydantic import Field, SecretStr

from enrolment.device_receipts import ReceiptSigner
from enrolment.intake.decide import DUPLICATE_ANSWERS_A_DAY
from enrolment.seals import Seals
from mitra_shared.security.lookup import KeyedHash
from mitra_shared.security.sealing import KeyRing
from mitra_shared.settings import ServiceSettings


class ApiSettings(ServiceSettings):
    """The api process."""

    name_keys: SecretStr
    """Key ring (JSON) that seals names."""
    phone_keys: SecretStr
    """Key ring (JSON) that seals phones."""
    lookup_key: SecretStr
    """Base64 of at least 32 bytes: finds phones and recognises requests."""
    device_receipt_key: SecretStr
    """Private JWK (JSON, P-256) that signs the receipts of devices."""
    duplicate_answers_a_day: Annotated[int, Field(ge=0)] = DUPLICATE_ANSWERS_A_DAY
    """Duplicate answers a caller may have in one day (India)."""

    looks_a_day: Annotated[int, Field(ge=0)] = 200
    """People whose name and phone a member of staff may look at in one day (India)."""

    def seals(self) -> Seals:
        """The keys of the intake.

        Raises:
            ValueError: a key is not usable; the message does not repeat it.
        """
        return Seals(
            names=KeyRing.from_json(self.name_keys.get_secret_value()),
            phones=KeyRing.from_json(self.phone_keys.get_secret_value()),
            lookup=KeyedHash.from_base64(self.lookup_key.get_secret_value()),
        )

    def receipts(self) -> ReceiptSigner:
        """What signs the receipts of devices.

        Raises:
            BadTokenKeys: the key is not usable; the message does not repeat it.
        """
        return ReceiptSigner(self.device_receipt_key.get_secret_value())


class RelaySettings(ServiceSettings):
    """The relay process, which does the upkeep too."""
