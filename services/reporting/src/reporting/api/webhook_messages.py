"""What receivers are sent, for the section `webhooks` of the OpenAPI document; nothing here is called."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Header

from reporting.webhook_schemas import ChangedMessage, ReleasedMessage, SnapshotMessage, TestMessage

messages = APIRouter()

MessageId = Annotated[
    str,
    Header(alias="webhook-id", description="The same however often the message is sent: drop repeats by it"),
]
Timestamp = Annotated[
    int, Header(alias="webhook-timestamp", description="Of this attempt, in seconds since 1970")
]
Signature = Annotated[
    str,
    Header(
        alias="webhook-signature",
        description="`v1,` and base64 of HMAC-SHA256 over `{webhook-id}.{webhook-timestamp}.{body}`; one for "
        "each secret that signs, separated by blanks",
    ),
]

_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    "2XX": {"description": "Taken. Answer within 15 s; the body is not read."},
    410: {"description": "No more messages are wanted: the endpoint is disabled at once."},
    429: {"description": "Later, after `Retry-After` (at most 6 hours); 503 likewise."},
    "default": {"description": "Not taken: sent again, with growing pauses. Redirects are not followed."},
}
_AREA: Final[dict[str, Any]] = {
    "area": "S11-PC04",
    "level": "constituency",
    "parent": "S11",
    "name": {"en": "Wayanad", "hi": "वयनाड", "ur": None},
    "evidence": "named",
    "enrolled": 1438,
    "certificates_issued": 1420,
    "certificates_waitlisted": 0,
    "opinions": 310,
    "certificates_printed": 1000,
    "certificates_dispatched": 1000,
    "certificates_handed_over": 640,
    "programmes_held": 3,
    "programmes_presented": 640,
    "programmes_beneficiaries": 55,
    "programmes_attendance": 310,
    "meetings_held": 41,
    "people_met": 1260,
    "contacts_round": "round-1",
    "contacts_attempted": 1105,
    "contacts_reached": 874,
    "contacts_due": 1438,
    "target": {"number": 5000, "level": "constituency", "source": "announced", "parts": 1},
    "quota": {"number": 5250, "level": "segment", "source": "reported", "parts": 7},
    "version": 1796000000123,
}
_AREAS: Final[dict[str, Any]] = {
    "campaign": "modi-mitra",
    "version": 1796000000123,
    "as_of": "2026-11-30T09:30:00.456Z",
    "areas": [_AREA],
    "more": False,
}


def _example(kind: str, data: dict[str, Any]) -> Any:
    return Body(examples=[{"type": kind, "timestamp": "2026-11-30T09:30:00.500Z", "data": data}])


@messages.post("rollups.changed", responses=_RESPONSES, summary="Areas changed", tags=["webhooks"])
async def rollups_changed(
    message: Annotated[ChangedMessage, _example("rollups.changed", _AREAS)],
    message_id: MessageId,
    timestamp: Timestamp,
    signature: Signature,
) -> None:
    """Newest counts of areas that changed; what lay between is left out. At most one message a second."""


@messages.post("rollups.snapshot", responses=_RESPONSES, summary="All areas", tags=["webhooks"])
async def rollups_snapshot(
    message: Annotated[SnapshotMessage, _example("rollups.snapshot", {**_AREAS, "begins": True})],
    message_id: MessageId,
    timestamp: Timestamp,
    signature: Signature,
) -> None:
    """In as many messages as it takes, until `more` is false. Forget what you had when one `begins`."""


@messages.post("opinions.released", responses=_RESPONSES, summary="Opinions were released", tags=["webhooks"])
async def opinions_released(
    message: Annotated[
        ReleasedMessage,
        _example(
            "opinions.released",
            {
                "campaign": "modi-mitra",
                "round": "round-1",
                "number": 3,
                "made_at": "2026-11-30T00:00:04.100Z",
                "closing": False,
            },
        ),
    ],
    message_id: MessageId,
    timestamp: Timestamp,
    signature: Signature,
) -> None:
    """Which release of which round; the answers are read from the API."""


@messages.post("webhook.test", responses=_RESPONSES, summary="A test", tags=["webhooks"])
async def webhook_test(
    message: Annotated[
        TestMessage,
        _example(
            "webhook.test", {"campaign": "modi-mitra", "webhook": "wh_0193e2f06d3c7c419a6b1c2d3e4f5a6b"}
        ),
    ],
    message_id: MessageId,
    timestamp: Timestamp,
    signature: Signature,
) -> None:
    """Somebody asked for it; it tells nothing."""
