"""How large a stack is, and which processes with which ports and settings that makes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from mitra_shared.ops.embedded import process
from mitra_shared.ops.secrets import SecretFolder
from mitra_shared.ops.service_process import ServicePlan, environment
from mitra_shared.ops.stack_state import DEFAULT_HOME

API_PORTS: Final = {"enrolment": 8001, "certificates": 8011, "reporting": 8021}
"""Ports are taken from these upwards, so that replicas and a second stack find their own."""
INNER_PORTS: Final = 8101
"""Relays and consumers, which serve health, readiness and metrics only."""

IMPORTED: Final = (
    "mitra_shared.migrating",
    "mitra_shared.consume.running",
    "mitra_shared.relay.running",
    "enrolment.main",
    "enrolment.api.app",
    "enrolment.upkeep",
    "enrolment.imports.worker",
    "enrolment.matching.matcher",
    "enrolment.messages.http",
    "enrolment.messages.sender",
    "certificates.main",
    "certificates.api.app",
    "certificates.consumers",
    "certificates.signing",
    "reporting.main",
    "reporting.app",
    "reporting.consumers",
    "reporting.webhooks.sender",
)
"""What the processes import, once for all of them. What is left out is imported by each process alone."""

LOOPBACK: Final = "127.0.0.0/8,::1/128"


@dataclass(frozen=True)
class StackPlan:
    """How large a stack, and where."""

    home: Path = DEFAULT_HOME
    enrolment_apis: int = 1
    enrolment_relays: int = 1
    enrolment_messages: int = 1
    enrolment_imports: int = 1
    enrolment_matchers: int = 1
    certificates_apis: int = 1
    certificates_consumers: int = 1
    certificates_signers: int = 1
    certificates_relays: int = 1
    reporting_apis: int = 1
    reporting_consumers: int = 1
    reporting_webhooks: int = 1
    public_url: str | None = None
    """Of the certificates api, as the public has it; None: the address on this machine."""
    people_url: str | None = None
    """Of the enrolment api, as people have it; None: the address on this machine."""
    webhook_allow: str = LOOPBACK
    """Networks inside that webhooks may go to."""
    redis_memory: str = "2gb"
    """Of the embedded one."""
    postgres_url: str | None = None
    """A server to use in place of the embedded one, for an account that may create roles and databases."""
    redis_url: str | None = None
    """A server to use in place of the embedded one, for an account that may create accounts."""
    log_level: str = "info"

    def replicas(self) -> list[tuple[str, str, int]]:
        """(service, kind, how many), in the order of start."""
        return [
            ("enrolment", "api", self.enrolment_apis),
            ("enrolment", "relay", self.enrolment_relays),
            ("enrolment", "messages", self.enrolment_messages),
            ("enrolment", "imports", self.enrolment_imports),
            ("enrolment", "matcher", self.enrolment_matchers),
            ("certificates", "api", self.certificates_apis),
            ("certificates", "consumer", self.certificates_consumers),
            ("certificates", "signer", self.certificates_signers),
            ("certificates", "relay", self.certificates_relays),
            ("reporting", "api", self.reporting_apis),
            ("reporting", "consumer", self.reporting_consumers),
            ("reporting", "webhooks", self.reporting_webhooks),
        ]


def service_plans(plan: StackPlan, secrets: SecretFolder) -> list[ServicePlan]:
    """Every process of the services, with a free port each."""
    next_port = API_PORTS | {"": INNER_PORTS}
    places: list[tuple[str, str, int, int]] = []
    for service, kind, count in plan.replicas():
        row = service if kind == "api" else ""
        for number in range(1, count + 1):
            port = process.free_port(next_port[row])
            next_port[row] = port + 1
            places.append((service, kind, number, port))
    apis = {
        f"{service}_url": f"http://127.0.0.1:{port}"
        for service, kind, number, port in places
        if kind == "api" and number == 1
    }
    public_url = plan.public_url or apis["certificates_url"]
    people_url = plan.people_url or apis["enrolment_url"]
    return [
        ServicePlan(
            service,
            kind,
            number,
            port,
            environment(
                secrets_dir=str(secrets.of_service(service)),
                host="127.0.0.1",
                port=str(port),
                log_level=plan.log_level,
                public_url=public_url,
                people_url=people_url,
                # The field app of the one service asks the other, from the browser.
                field_certificates_url=_origin(public_url),
                cors_origins=_origin(people_url) if service == "certificates" else "",
                webhook_allow=plan.webhook_allow,
                sheets_dir=str(plan.home.absolute() / "work" / "sheets"),
                work_dir=str(plan.home.absolute() / "work" / f"{service}-{kind}-{number}"),
                **apis,
            ),
        )
        for service, kind, number, port in places
    ]


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
