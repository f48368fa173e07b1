"""What the processes of reporting are told from outside."""

from typing import Annotated

from pydantic import Field

from mitra_shared.settings import ConsumerSettings, ServiceSettings


class ApiSettings(ServiceSettings):
    """The api process: answers, live feed and pages."""

    most_subscribers: Annotated[int, Field(ge=1, le=100_000)] = 1_000
    """Live subscribers at once; further ones are told to come back later."""
    secure_cookies: bool = False
    """Set where the page is served over HTTPS: the session's cookie then never travels without it."""
    public_page: bool = False
    """Whether `/public` shows everybody how many are enrolled in the whole country."""


class ReportingConsumerSettings(ConsumerSettings):
    """The consumer process, which also publishes `rollups`."""

    enrolment_url: str
    """Base URL of the enrolment api, whose logs (enrolment, opinions) are replayed from."""
    certificates_url: str
    """Base URL of the certificates api."""
    opinion_release_seconds: Annotated[int, Field(ge=10, le=31 * 86_400)] = 86_400
    """Releases of opinions are made at multiples of this since midnight in India."""
