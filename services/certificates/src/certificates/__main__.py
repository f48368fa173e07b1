"""`python -m certificates api|consumer|signer|relay|migrate|openapi|preview`."""

import sys
from collections.abc import Sequence
from typing import Final

from certificates.main import (
    run_api,
    run_certificates_consumer,
    run_certificates_relay,
    run_certificates_signer,
)
from certificates.migrations import STEPS
from certificates.settings import CertificatesApiSettings, CertificatesConsumerSettings, SignerSettings
from mitra_shared.entry import Process, ServiceEntry
from mitra_shared.settings import ServiceSettings


def preview(arguments: Sequence[str]) -> None:
    """A sample certificate, to look at templates."""
    from certificates.rendering.preview import preview

    preview(arguments)


def openapi() -> str:
    """The OpenAPI document of the API as text."""
    from certificates.openapi import openapi_text

    return openapi_text()


SERVICE: Final = ServiceEntry(
    name="certificates",
    processes={
        "api": Process(CertificatesApiSettings, run_api),
        "consumer": Process(CertificatesConsumerSettings, run_certificates_consumer),
        "signer": Process(SignerSettings, run_certificates_signer),
        "relay": Process(ServiceSettings, run_certificates_relay),
    },
    migrations=STEPS,
    openapi=openapi,
    tools={"preview": preview},
)

if __name__ == "__main__":
    SERVICE.main(sys.argv[1:])
