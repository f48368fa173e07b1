"""What the processes of the service are told from outside, besides what every service is."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import NoDecode

from enrolment.device_receipts import ReceiptSigner
from enrolment.domain.alike import Thresholds
from enrolment.domain.passwords import LEAST_MEMORY_KIB, LEAST_PASSES, PasswordCost
from enrolment.intake.decide import DUPLICATE_ANSWERS_A_DAY
from enrolment.matching.name_keys import NameKeys
from enrolment.seals import Seals
from mitra_shared.security.lookup import KeyedHash
from mitra_shared.security.sealing import KeyRing
from mitra_shared.security.token_keys import p256_key, parsed_jwk
from mitra_shared.security.tokens import ACCESS_KID
from mitra_shared.settings import ServedSettings, ServiceSettings

_INSIDE: Final = "127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7"


class ApiSettings(ServiceSettings):
    """The api process."""

    name_keys: SecretStr
    """Key ring (JSON) that seals names."""
    phone_keys: SecretStr
    """Key ring (JSON) that seals phones."""
    staff_keys: SecretStr
    """Key ring (JSON) that seals names of staff for reporting, which shows them to their in-charge."""
    lookup_key: SecretStr
    """Base64 of at least 32 bytes: finds phones and recognises requests."""
    people_url: str = "http://127.0.0.1:8001"
    """Address under which people reach their pages; stands in the codes of slips."""
    field_certificates_url: str | None = None
    """Origin at which phones reach the certificates api; the field app does without it if nothing is said."""
    one_time_codes_a_minute: Annotated[int, Field(ge=1)] = 20
    """Codes asked for and tried from one address; more are put off with 429."""
    device_receipt_key: SecretStr
    """Private JWK (JSON, P-256) that signs the receipts of devices."""
    duplicate_answers_a_day: Annotated[int, Field(ge=0)] = DUPLICATE_ANSWERS_A_DAY
    """Duplicate answers a caller may have in one day (India)."""
    access_token_key: SecretStr
    """Private JWK (JSON) that signs the access tokens of staff; its public half is among the `token_keys`."""
    password_memory_kib: Annotated[int, Field(ge=LEAST_MEMORY_KIB, le=1_048_576)] = 65_536
    """What checking one password takes."""
    password_passes: Annotated[int, Field(ge=LEAST_PASSES, le=20)] = 3
    """How often that memory is gone over."""
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        default=_INSIDE, validate_default=True
    )
    """Networks whose `X-Forwarded-For` tells where a request comes from, comma-separated."""

    @field_validator("access_token_key")
    @classmethod
    def _is_published(cls, value: SecretStr, told: ValidationInfo) -> SecretStr:
        key = p256_key(parsed_jwk(value.get_secret_value()))
        if not (key.is_private and str(key.kid).startswith(ACCESS_KID)):
            raise ValueError(f"it has to be a private key whose kid begins with {ACCESS_KID}")
        if str(key.kid) not in told.data.get("token_keys", ""):
            raise ValueError(
                "its public half is not among MITRA_TOKEN_KEYS; mitra secrets renew puts it there"
            )
        return value

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(ip_network(each.strip()) for each in value.split(",") if each.strip())

    def password_cost(self) -> PasswordCost:
        """What checking one password costs."""
        return PasswordCost(self.password_memory_kib, self.password_passes)

    looks_a_day: Annotated[int, Field(ge=0)] = 200
    """People whose name and phone a member of staff may look at in one day (India)."""

    @field_validator("people_url")
    @classmethod
    def _address(cls, url: str) -> str:
        return _web_address(url)

    @field_validator("field_certificates_url", mode="before")
    @classmethod
    def _origin(cls, url: object) -> object:
        if not isinstance(url, str) or not url:
            return None
        parts = urlsplit(_web_address(url))
        if url != f"{parts.scheme}://{parts.netloc}":
            raise ValueError(
                "an origin is needed: scheme, host and port, without a path or a slash at its end"
            )
        return url

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

    def shown_names(self) -> KeyRing:
        """The ring that seals names of staff for reporting.

        Raises:
            ValueError: it is not usable; the message does not repeat it.
        """
        return KeyRing.from_json(self.staff_keys.get_secret_value())

    def receipts(self) -> ReceiptSigner:
        """What signs the receipts of devices.

        Raises:
            BadTokenKeys: the key is not usable; the message does not repeat it.
        """
        return ReceiptSigner(self.device_receipt_key.get_secret_value())


class ImportsSettings(ServedSettings):
    """The imports process: it seals and finds as the api does; its children, which read files, get no key."""

    name_keys: SecretStr
    """Key ring (JSON) that seals names."""
    phone_keys: SecretStr
    """Key ring (JSON) that seals phones."""
    lookup_key: SecretStr
    """As for the api."""
    duplicate_answers_a_day: Annotated[int, Field(ge=0)] = DUPLICATE_ANSWERS_A_DAY
    """As for the api, which counts the same answers."""
    import_memory_mib: Annotated[int, Field(ge=128, le=65_536)] = 768
    """Address space of the child that reads one file."""
    import_seconds: Annotated[int, Field(ge=1, le=3_600)] = 60
    """Processor time of that child."""

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


class MessagesSettings(ServedSettings):
    """The messages process: it opens phones, and nothing else that is sealed."""

    phone_keys: SecretStr
    """Key ring (JSON) that seals phones."""
    lookup_key: SecretStr
    """As for the api: receipts and one-time codes follow from it."""
    people_url: str
    """Address under which people reach their pages, e.g. `https://mitra.example.org`; stands in messages."""
    production: bool = False
    """Whether this is a system with real people: then messages are not printed."""
    message_gateway_url: str | None = None
    """Where the gateway `http` posts messages to."""
    message_gateway_secret: SecretStr | None = None
    """Bearer secret of that gateway."""
    message_gateway: Annotated[Literal["console", "http"], Field(validate_default=True)] = "console"
    """`console` prints messages on this machine; `http` posts them to a provider (docs/messages.md)."""

    @field_validator("people_url")
    @classmethod
    def _address(cls, url: str) -> str:
        return _web_address(url)

    @field_validator("message_gateway_url")
    @classmethod
    def _gateway_address(cls, url: str | None) -> str | None:
        return None if url is None else _web_address(url)

    @field_validator("phone_keys")
    @classmethod
    def _usable_ring(cls, ring: SecretStr) -> SecretStr:
        KeyRing.from_json(ring.get_secret_value())
        return ring

    @field_validator("lookup_key")
    @classmethod
    def _usable_key(cls, key: SecretStr) -> SecretStr:
        KeyedHash.from_base64(key.get_secret_value())
        return key

    @field_validator("message_gateway")
    @classmethod
    def _configured(cls, gateway: str, info: ValidationInfo) -> str:
        given = info.data
        if gateway == "console" and given.get("production"):
            raise ValueError(
                "'console' prints links and codes, so it does not start with MITRA_PRODUCTION=true; set "
                "MITRA_MESSAGE_GATEWAY=http, MITRA_MESSAGE_GATEWAY_URL and MITRA_MESSAGE_GATEWAY_SECRET"
            )
        if gateway == "http" and not (
            given.get("message_gateway_url") and given.get("message_gateway_secret")
        ):
            raise ValueError(
                "'http' needs MITRA_MESSAGE_GATEWAY_URL and MITRA_MESSAGE_GATEWAY_SECRET (docs/messages.md)"
            )
        if gateway == "http" and given.get("production") and not _is_https(given["message_gateway_url"]):
            raise ValueError("with MITRA_PRODUCTION=true, MITRA_MESSAGE_GATEWAY_URL begins with https://")
        return gateway


class MatcherSettings(ServedSettings):
    """The matcher process: it opens names, and no phones."""

    name_keys: SecretStr
    """Key ring (JSON) that seals names."""
    matching_key: SecretStr
    """Base64 of at least 32 bytes: hides what likely duplicates are found by. No other process has it."""
    matcher_phone_bits: Annotated[float, Field(ge=1, le=40)] = Thresholds().phone
    """What names on one phone must weigh to be held for one person's."""
    matcher_segment_bits: Annotated[float, Field(ge=10, le=60)] = Thresholds().segment
    """What names in one segment must weigh, where nothing else agrees."""

    @field_validator("name_keys")
    @classmethod
    def _usable_names(cls, ring: SecretStr) -> SecretStr:
        KeyRing.from_json(ring.get_secret_value())
        return ring

    @field_validator("matching_key")
    @classmethod
    def _usable_matching_key(cls, key: SecretStr) -> SecretStr:
        KeyedHash.from_base64(key.get_secret_value())
        return key

    def names(self) -> NameKeys:
        """What opens names and hashes what they are found by."""
        return NameKeys(
            KeyRing.from_json(self.name_keys.get_secret_value()),
            KeyedHash.from_base64(self.matching_key.get_secret_value()),
            Thresholds(self.matcher_phone_bits, self.matcher_segment_bits),
        )


def _web_address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        raise ValueError("an address such as https://mitra.example.org, without user and password")
    if parts.query or parts.fragment:
        raise ValueError("an address such as https://mitra.example.org, without query and fragment")
    return url.rstrip("/")


def _is_https(url: str) -> bool:
    return urlsplit(url).scheme == "https"


class RelaySettings(ServiceSettings):
    """The relay process, which does the upkeep too."""

    ledger_file: Path | None = None
    """File apart from the database and its backups that erasures are noted in."""
