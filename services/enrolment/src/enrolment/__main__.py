"""`python -m enrolment api|relay|migrate|openapi`."""

import sys
from typing import Final

import uvloop

from enrolment.main import run_api, run_migrate, run_relay
from enrolment.openapi import openapi_text
from enrolment.settings import ApiSettings, RelaySettings
from mitra_shared.process import run_process
from mitra_shared.settings import DatabaseSettings, settings_or_exit
from mitra_shared.telemetry.logs import configure_logs

USAGE: Final = "usage: python -m enrolment api|relay|migrate|openapi\n"


def main(arguments: list[str]) -> None:
    """Run the process that the one argument names."""
    match arguments:
        case ["api"]:
            api = settings_or_exit(ApiSettings)
            configure_logs(service="enrolment", process="api", level=api.log_level)
            run_process(lambda shutdown: run_api(api, shutdown))
        case ["relay"]:
            relay = settings_or_exit(RelaySettings)
            configure_logs(service="enrolment", process="relay", level=relay.log_level)
            run_process(lambda shutdown: run_relay(relay, shutdown))
        case ["migrate"]:
            migration = settings_or_exit(DatabaseSettings)
            configure_logs(service="enrolment", process="migrate", level=migration.log_level)
            uvloop.run(run_migrate(migration))
        case ["openapi"]:
            sys.stdout.write(openapi_text())
        case _:
            sys.stderr.write(USAGE)
            raise SystemExit(2)


if __name__ == "__main__":
    main(sys.argv[1:])
