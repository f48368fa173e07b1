"""What an audit looks at: three databases through a role that only reads, and Redis."""

from dataclasses import dataclass, field
from typing import Final, Self

from mitra_shared.ops.stack_state import StackState
from mitra_shared.ops.trouble import Trouble

EXIT_CANNOT_AUDIT: Final = 2

DATABASES: Final = ("enrolment", "certificates", "reporting")

LOGS: Final = {
    "enrolment": "enrolment",
    "opinions": "enrolment",
    "staff": "enrolment",
    "certificates": "certificates",
    "custody": "certificates",
}
"""Database that keeps the log of each topic."""

LISTENS: Final = {
    "certificates": ("enrolment",),
    "credentials": ("certificates",),
    "reporting": ("enrolment", "opinions", "certificates", "custody"),
    "certificates-staff": ("staff",),
    "reporting-staff": ("staff",),
}
"""Topics of each consumer group."""

POSITIONS: Final = {
    "certificates": "certificates",
    "credentials": "certificates",
    "reporting": "reporting",
    "certificates-staff": "certificates",
    "reporting-staff": "reporting",
}
"""Database that keeps the positions of each consumer group."""


class CannotAudit(Trouble):
    """Something that must be looked at cannot be reached or read: neither clean nor not."""

    exit_code = EXIT_CANNOT_AUDIT


@dataclass(frozen=True, slots=True)
class AuditSources:
    """Addresses, as `postgresql://` and `redis://` URLs."""

    enrolment: str = field(repr=False)
    certificates: str = field(repr=False)
    reporting: str = field(repr=False)
    redis: str = field(repr=False)

    @classmethod
    def of_stack(cls, state: StackState) -> Self:
        """Those of a running stack, for the accounts that only read."""
        return cls(**state.audit_databases, redis=state.redis_urls["audit"])

    def database(self, name: str) -> str:
        """URL of one of `DATABASES`."""
        urls = {
            "enrolment": self.enrolment,
            "certificates": self.certificates,
            "reporting": self.reporting,
        }
        return urls[name]
