"""What the processes of reporting are told from outside."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import NoDecode

from mitra_shared.security.sealing import KeyRing
from mitra_shared.settings import ConsumerSettings, DatabaseSettings, ServedSettings, ServiceSettings
from reporting.domain.receivers import Network, networks


def _networks(value: object) -> object:
    try:
        return networks(value) if isinstance(value, str) else value
    except ValueError as error:
        raise ValueError(f"{error}; name networks as in 10.1.0.0/16, comma-separated") from None


class WebhookRules(ServedSettings):
    """What both processes that have to do with webhooks are told of them."""

    webhook_keys: SecretStr
    """Key ring (JSON) that seals the secrets of webhooks."""
    webhook_allow: Annotated[tuple[Network, ...], NoDecode] = ()
    """Networks inside that webhooks may go to, by http too and to any port; comma-separated."""

    @field_validator("webhook_keys")
    @classmethod
    def _ring(cls, value: SecretStr) -> SecretStr:
        KeyRing.from_json(value.get_secret_value())
        return value

    @field_validator("webhook_allow", mode="before")
    @classmethod
    def _allow(cls, value: object) -> object:
        return _networks(value)


class WebhooksSettings(WebhookRules):
    """The webhooks process, which needs neither Redis nor tokens."""


class ApiSettings(WebhookRules, ServiceSettings):
    """The api process: answers, live feed and pages."""

    staff_keys: SecretStr
    """Key ring (JSON) that opens names of staff, and nothing else that is sealed."""
    most_subscribers: Annotated[int, Field(ge=1, le=100_000)] = 1_000
    """Live subscribers at once; further ones are told to come back later."""
    work_dir: Path | None = None
    """Where workbooks are written before they are sent; a directory below the system's if not said."""
    most_exports: Annotated[int, Field(ge=1, le=64)] = 4
    """Exports that are made at once; further ones are told to come back later."""
    secure_cookies: bool = False
    """Set where the page is served over HTTPS: the session's cookie then never travels without it."""
    public_page: bool = False
    """Whether `/public` shows everybody how many are enrolled in the whole country."""

    @field_validator("staff_keys")
    @classmethod
    def _usable_ring(cls, value: SecretStr) -> SecretStr:
        KeyRing.from_json(value.get_secret_value())
        return value


class ReportingConsumerSettings(ConsumerSettings):
    """The consumer process, which also publishes `rollups`."""

    enrolment_url: str
    """Base URL of the enrolment api, whose logs (enrolment, opinions) are replayed from."""
    certificates_url: str
    """Base URL of the certificates api."""
    opinion_release_seconds: Annotated[int, Field(ge=10, le=31 * 86_400)] = 86_400
    """Releases of opinions are made at multiples of this since midnight in India."""


class RebuildSettings(DatabaseSettings):
    """What counting everything again needs: those of the consumer, as far as they are for the logs."""

    service_token: SecretStr
    """JWT of role `service`."""
    enrolment_url: str
    """Base URL of the enrolment api, whose logs (enrolment, opinions) are read."""
    certificates_url: str
    """Base URL of the certificates api."""
