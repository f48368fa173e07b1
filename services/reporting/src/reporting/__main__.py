"""`python -m reporting api|consumer|webhooks|migrate|openapi|rebuild`."""

import sys
from collections.abc import Sequence
from typing import Final

from mitra_shared.entry import Process, ServiceEntry
from reporting.main import run_api, run_reporting_consumer, run_webhooks
from reporting.migrations import STEPS
from reporting.settings import ApiSettings, ReportingConsumerSettings, WebhooksSettings


def openapi() -> str:
    """The OpenAPI document of the API as text."""
    from reporting.openapi import openapi_text

    return openapi_text()


def rebuild(arguments: Sequence[str]) -> None:
    """The rollups again from the logs."""
    from reporting.rebuilding.command import rebuild_command

    rebuild_command(arguments)


SERVICE: Final = ServiceEntry(
    name="reporting",
    processes={
        "api": Process(ApiSettings, run_api),
        "consumer": Process(ReportingConsumerSettings, run_reporting_consumer),
        "webhooks": Process(WebhooksSettings, run_webhooks),
    },
    migrations=STEPS,
    openapi=openapi,
    tools={"rebuild": rebuild},
)

if __name__ == "__main__":
    SERVICE.main(sys.argv[1:])
