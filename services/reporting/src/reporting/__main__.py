"""`python -m reporting api|consumer|webhooks|migrate|openapi`."""

import sys
from typing import Final

from mitra_shared.entry import Process, ServiceEntry
from reporting.main import run_api, run_reporting_consumer, run_webhooks
from reporting.migrations import STEPS
from reporting.settings import ApiSettings, ReportingConsumerSettings, WebhooksSettings


def openapi() -> str:
    """The OpenAPI document of the API as text."""
    from reporting.openapi import openapi_text

    return openapi_text()


SERVICE: Final = ServiceEntry(
    name="reporting",
    processes={
        "api": Process(ApiSettings, run_api),
        "consumer": Process(ReportingConsumerSettings, run_reporting_consumer),
        "webhooks": Process(WebhooksSettings, run_webhooks),
    },
    migrations=STEPS,
    openapi=openapi,
)

if __name__ == "__main__":
    SERVICE.main(sys.argv[1:])
