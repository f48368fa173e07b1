"""`python -m reporting api|consumer|migrate|openapi`."""

import sys
from typing import Final

import uvloop

from mitra_shared.process import run_process
from mitra_shared.settings import DatabaseSettings, settings_or_exit
from mitra_shared.telemetry.logs import configure_logs
from reporting.main import run_api, run_migrate, run_reporting_consumer
from reporting.openapi import openapi_text
from reporting.settings import ApiSettings, ReportingConsumerSettings

USAGE: Final = "usage: python -m reporting api|consumer|migrate|openapi\n"


def main(arguments: list[str]) -> None:
    """Run the process that the one argument names."""
    match arguments:
        case ["api"]:
            api = settings_or_exit(ApiSettings)
            configure_logs(service="reporting", process="api", level=api.log_level)
            run_process(lambda shutdown: run_api(api, shutdown))
        case ["consumer"]:
            consumer = settings_or_exit(ReportingConsumerSettings)
            configure_logs(service="reporting", process="consumer", level=consumer.log_level)
            run_process(lambda shutdown: run_reporting_consumer(consumer, shutdown))
        case ["migrate"]:
            migration = settings_or_exit(DatabaseSettings)
            configure_logs(service="reporting", process="migrate", level=migration.log_level)
            uvloop.run(run_migrate(migration))
        case ["openapi"]:
            sys.stdout.write(openapi_text())
        case _:
            sys.stderr.write(USAGE)
            raise SystemExit(2)


if __name__ == "__main__":
    main(sys.argv[1:])
