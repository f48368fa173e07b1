"""What the signer listens to: the service's own log. Events in, one command out; and status lists in time."""

from collections.abc import Sequence
from datetime import UTC, datetime
from time import monotonic
from typing import Final

from faststream.redis import RedisBroker
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog import get_logger

from certificates.commands.publish_status_lists import publish_status_list
from certificates.commands.sign_credentials import SignCredentials, sign_credentials
from certificates.issuer import Issuer
from certificates.storage.credentials import Version
from certificates.storage.words import Words
from mitra_shared.consume.feeding import Delivery, subscriber
from mitra_shared.consume.group import ConsumerGroup
from mitra_shared.contracts.events import (
    CertificateCorrectedV1,
    CertificateIssuedV1,
    CertificateLogEvent,
    CertificateReissuedV1,
    CertificateRevokedV1,
)
from mitra_shared.contracts.topics import CERTIFICATES, Topic
from mitra_shared.database import is_infrastructure
from mitra_shared.ids import CertificateId, Partition
from mitra_shared.log import UnitOfWork, unit_of_work
from mitra_shared.process import ShutdownSignal
from mitra_shared.telemetry.logs import describe_error

GROUP: Final = "credentials"
LOOK_SECONDS: Final = 0.5
"""Between looks at the status lists: revocations of that time share one signature."""
SILENT_SECONDS: Final = 10.0

log = get_logger(__name__)


def signing_group(broker: RedisBroker, issuer: Issuer) -> ConsumerGroup:
    """Declare on `broker` what the signer listens to; `issuer` signs."""
    words = Words()

    @subscriber(broker, CERTIFICATES)
    async def on_certificates(events: list[CertificateLogEvent], delivery: Delivery) -> None:
        """Certificates that were issued are signed; what was signed for others is revoked."""
        await sign_credentials(delivery.unit, due_after(events, datetime.now(UTC)), issuer, words)

    return ConsumerGroup(name=GROUP, broker=broker, topics=(CERTIFICATES,), forget=keep_what_was_signed)


def due_after(events: Sequence[CertificateLogEvent], now: datetime) -> SignCredentials:
    """What `events`, in their order, leave to be done: the last word on each certificate counts."""
    due: dict[CertificateId, Version] = {}
    withdrawn: dict[CertificateId, None] = {}
    for event in events:
        match event:
            case CertificateIssuedV1():
                due[event.certificate_id] = Version(1, event.serial)
            case CertificateReissuedV1() | CertificateCorrectedV1():
                due[event.certificate_id] = Version(event.revision, event.serial)
            case CertificateRevokedV1():
                due.pop(event.certificate_id, None)
                withdrawn[event.certificate_id] = None
            case _:
                pass
    return SignCredentials(due, list(withdrawn), now)


async def keep_what_was_signed(_unit: UnitOfWork, _topic: Topic, _partition: Partition) -> None:
    """Forget nothing: it is on paper. The log that is read again says which of it is still right."""


class StatusListPublisher:
    """Publishes status lists for as long as the process lives; several processes share them."""

    def __init__(self, engine: AsyncEngine, issuer: Issuer) -> None:
        self._engine = engine
        self._issuer = issuer
        self._looked: float | None = None
        self._trouble: str | None = None

    async def check(self) -> str | None:
        """Why lists are not published, or None."""
        if self._looked is None:
            return self._trouble or "status lists have not been looked at yet"
        silent = monotonic() - self._looked
        return self._trouble or (
            f"no look at the lists for {silent:.0f} s" if silent > SILENT_SECONDS else None
        )

    async def run(self, shutdown: ShutdownSignal) -> None:
        """Look twice a second until `shutdown`; trouble with database or keys is told and tried again."""
        while not shutdown.requested:
            try:
                await self.publish_due()
            except Exception as error:
                if not is_infrastructure(error):
                    raise
                if self._trouble is None:
                    log.warning("status lists cannot be published", error=describe_error(error))
                self._trouble = "status lists cannot be published"
            else:
                self._looked, self._trouble = monotonic(), None
            await shutdown.sleep(LOOK_SECONDS)

    async def publish_due(self) -> None:
        """Publish every list that is due now."""
        more = True
        while more:
            async with unit_of_work(self._engine) as unit:
                more = await publish_status_list(unit, self._issuer, datetime.now(UTC))
