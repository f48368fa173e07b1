"""`python -m certificates api|consumer|relay|migrate|openapi`."""

import sys
from typing import Final

import uvloop

from certificates.main import run_api, run_certificates_consumer, run_certificates_relay, run_migrate
from certificates.openapi import openapi_text
from certificates.settings import CertificatesConsumerSettings
from mitra_shared.process import run_process
from mitra_shared.settings import DatabaseSettings, ServiceSettings, settings_or_exit
from mitra_shared.telemetry.logs import configure_logs

USAGE: Final = "usage: python -m certificates api|consumer|relay|migrate|openapi\n"


def main(arguments: list[str]) -> None:
    """Run the process that the one argument names."""
    match arguments:
        case ["api"]:
            api = settings_or_exit(ServiceSettings)
            configure_logs(service="certificates", process="api", level=api.log_level)
            run_process(lambda shutdown: run_api(api, shutdown))
        case ["consumer"]:
            consumer = settings_or_exit(CertificatesConsumerSettings)
            configure_logs(service="certificates", process="consumer", level=consumer.log_level)
            run_process(lambda shutdown: run_certificates_consumer(consumer, shutdown))
        case ["relay"]:
            relay = settings_or_exit(ServiceSettings)
            configure_logs(service="certificates", process="relay", level=relay.log_level)
            run_process(lambda shutdown: run_certificates_relay(relay, shutdown))
        case ["migrate"]:
            migration = settings_or_exit(DatabaseSettings)
            configure_logs(service="certificates", process="migrate", level=migration.log_level)
            uvloop.run(run_migrate(migration))
        case ["openapi"]:
            sys.stdout.write(openapi_text())
        case _:
            sys.stderr.write(USAGE)
            raise SystemExit(2)


if __name__ == "__main__":
    main(sys.argv[1:])
