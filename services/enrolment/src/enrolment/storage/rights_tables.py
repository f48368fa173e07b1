"""Tables of consent and rights: messages, one-time codes, sessions of people, requests, nominees."""

from typing import Final

from sqlalchemy import Boolean, Column, DateTime, Index, LargeBinary, SmallInteger, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from enrolment.storage import tables

METADATA: Final = tables.METADATA

MESSAGE = Table(
    "message",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("recipient", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("facts", JSONB, nullable=False),
    Column("send_after", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True)),
    Column("state", Text, nullable=False, server_default=text("'waiting'")),
    Column("next_at", DateTime(timezone=True), nullable=False),
    Column("attempts", SmallInteger, nullable=False, server_default=text("0")),
    Column("lease", Uuid),
    Column("lease_until", DateTime(timezone=True)),
    Column("ended_at", DateTime(timezone=True)),
    Column("why", Text),
    Column("broadcast", Uuid),
    Column(
        "of_many",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="one of many made at once: goes after those that are not",
    ),
    Index(
        "message_due",
        "expires_at",
        "of_many",
        "next_at",
        postgresql_where=text("state = 'waiting' and broadcast is null"),
    ),
    Index(
        "message_of_broadcast_due",
        "broadcast",
        "next_at",
        postgresql_where=text("state = 'waiting' and broadcast is not null"),
    ),
    Index(
        "message_of_broadcast_count",
        "broadcast",
        "state",
        postgresql_where=text("broadcast is not null"),
    ),
    Index(
        "message_once_in_broadcast",
        "recipient",
        "broadcast",
        unique=True,
        postgresql_where=text("broadcast is not null"),
    ),
    Index("message_ended", "ended_at", postgresql_where=text("state <> 'waiting'")),
)

ONE_TIME_CODE = Table(
    "one_time_code",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("receipt_hash", LargeBinary, nullable=False),
    Column("asked_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("tries", SmallInteger, nullable=False, server_default=text("0")),
    Column("used_at", DateTime(timezone=True)),
    Index("one_time_code_of", "receipt_hash", "asked_at"),
    Index("one_time_code_asked_at", "asked_at", postgresql_using="brin"),
)

PERSON_SESSION = Table(
    "person_session",
    METADATA,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("mitra", Uuid, nullable=False),
    Column("receipt_hash", LargeBinary, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Index("person_session_mitra", "mitra"),
)

PERSON_REQUEST = Table(
    "person_request",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("mitra", Uuid, nullable=False),
    Column("campaign", Text, nullable=False),
    Column("constituency", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("asked_at", DateTime(timezone=True), nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("asked_through", Text, nullable=False),
    Column(
        "details", Text,
        comment="JSON sealed with the ring of names, context 'request:' and the id; null once erased",
    ),
    Column("state", Text, nullable=False, server_default=text("'open'")),
    Column("answered_at", DateTime(timezone=True)),
    Column("answered_by", Text),
    Column("reason", Text),
    Index("person_request_mitra", "mitra"),
    Index(
        "person_request_open", "campaign", "constituency", "due_at", postgresql_where=text("state = 'open'")
    ),
    Index("person_request_settled", "answered_at", postgresql_where=text("state <> 'open'")),
)  # fmt: skip

NOMINEE = Table(
    "nominee",
    METADATA,
    Column("mitra", Uuid, primary_key=True),
    Column("name", Text, nullable=False, comment="sealed, context 'nominee-name:' and the id of the Mitra"),
    Column("phone", Text, nullable=False, comment="sealed, context 'nominee-phone:' and the id of the Mitra"),
    Column("nominated_at", DateTime(timezone=True), nullable=False),
)
