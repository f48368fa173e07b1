"""`python -m certificates api|consumer|signer|relay|migrate|openapi`."""

import sys
from typing import Final

from certificates.main import (
    run_api,
    run_certificates_consumer,
    run_certificates_relay,
    run_certificates_signer,
)
from certificates.migrations import STEPS
from certificates.openapi import openapi_text
from certificates.settings import CertificatesApiSettings, CertificatesConsumerSettings, SignerSettings
from mitra_shared.entry import Process, ServiceEntry
from mitra_shared.settings import ServiceSettings

SERVICE: Final = ServiceEntry(
    name="certificates",
    processes={
        "api": Process(CertificatesApiSettings, run_api),
        "consumer": Process(CertificatesConsumerSettings, run_certificates_consumer),
        "signer": Process(SignerSettings, run_certificates_signer),
        "relay": Process(ServiceSettings, run_certificates_relay),
    },
    migrations=STEPS,
    openapi=openapi_text,
)

if __name__ == "__main__":
    SERVICE.main(sys.argv[1:])
