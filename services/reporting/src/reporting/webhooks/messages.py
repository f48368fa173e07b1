"""Messages as receivers read them: `{type, timestamp, data}`, and the signatures that go with them."""

from base64 import b64encode
from collections.abc import Iterable
from datetime import datetime
from secrets import token_bytes
from typing import Any
from uuid import uuid4

from pydantic_core import to_json
from standardwebhooks import Webhook as Signer

from mitra_shared.security.sealing import KeyRing
from reporting.domain.telling import Portion
from reporting.domain.webhooks import EventType, MessageId, Subscription, WebhookId
from reporting.queries import rollup_document
from reporting.storage.opinions import Released

SECRET_BYTES = 32
"""The specification asks for 24 to 64."""


def new_message_id() -> MessageId:
    """An id that no other message has."""
    return MessageId(f"msg_{uuid4().hex}")


def new_secret() -> str:
    """A secret as receivers are given it: `whsec_` and base64."""
    return f"whsec_{b64encode(token_bytes(SECRET_BYTES)).decode()}"


def sealed_secret(ring: KeyRing, webhook: WebhookId, secret: str) -> str:
    """The secret as it is kept; it opens for this endpoint only."""
    return ring.seal(secret, context=_context(webhook))


def opened_secret(ring: KeyRing, webhook: WebhookId, sealed: str) -> str:
    """The secret behind what is kept.

    Raises:
        SealError: the ring lacks its key, or it is of another endpoint.
    """
    return ring.open(sealed, context=_context(webhook))


def _context(webhook: WebhookId) -> bytes:
    return f"webhook secret {webhook}".encode()


def rollups_body(
    subscription: Subscription, portion: Portion, *, version: int, as_of: datetime, now: datetime
) -> tuple[EventType, str]:
    """`webhook_schemas.SnapshotMessage` or `ChangedMessage`."""
    kind = EventType.SNAPSHOT if portion.is_snapshot else EventType.CHANGED
    data: dict[str, Any] = {
        "campaign": subscription.campaign,
        "version": version,
        "as_of": as_of,
        "areas": [rollup_document(rollup) for rollup in portion.rollups],
        "more": portion.more,
    }
    if portion.is_snapshot:
        data["begins"] = portion.begins
    return kind, _body(kind, now, data)


def release_body(subscription: Subscription, release: Released, now: datetime) -> str:
    """`webhook_schemas.ReleasedMessage`."""
    data = {"campaign": subscription.campaign, **release._asdict()}
    return _body(EventType.RELEASED, now, data)


def body_of_test(subscription: Subscription, webhook: WebhookId, now: datetime) -> str:
    """`webhook_schemas.TestMessage`."""
    return _body(EventType.TEST, now, {"campaign": subscription.campaign, "webhook": webhook})


def _body(kind: EventType, now: datetime, data: dict[str, Any]) -> str:
    return to_json({"type": kind, "timestamp": now, "data": data}).decode()


def headers(message: MessageId, body: str, secrets: Iterable[str], now: datetime) -> dict[str, str]:
    """The headers of one attempt, with a signature by each of the secrets."""
    return {
        "Content-Type": "application/json",
        "User-Agent": "Mitra-Webhooks/1",
        "webhook-id": message,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(Signer(secret).sign(message, now, body) for secret in secrets),
    }
