"""Tables of reporting. Only leaves are stored; sums upwards are made on read.

A leaf is a segment, or a constituency for opinions that went up, for schemes and for programmes. Every count
belongs to one topic (see `domain.cells.METRICS_OF`) and every row to one partition.
"""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from mitra_shared.consume.tables import consumer_tables
from mitra_shared.staff_standing.tables import standing_tables
from reporting.domain.cells import Counted
from reporting.storage.fieldwork_tables import add_fieldwork_tables

metadata = MetaData()

TOTAL_COLUMNS: Final[Mapping[Counted, str]] = {
    Counted.ENROLLED: "enrolled",
    Counted.WITHDRAWN: "withdrawn",
    Counted.BENEFICIARIES: "beneficiaries",
    Counted.ADMIRERS: "admirers",
    Counted.DECIDED: "certificates_decided",
    Counted.NEVER_DECIDED: "certificates_never_decided",
    Counted.PROMOTED: "certificates_promoted",
    Counted.REVOKED: "certificates_revoked",
    Counted.OPINIONS: "opinions",
    Counted.PRINTED: "certificates_printed",
    Counted.DISPATCHED: "certificates_dispatched",
    Counted.HANDED_OVER: "certificates_handed_over",
    Counted.PROGRAMMES: "programmes_held",
    Counted.PRESENTED: "programmes_presented",
    Counted.JOINED: "programmes_beneficiaries",
    Counted.ATTENDANCE: "programmes_attendance",
    Counted.MEETINGS: "meetings_held",
    Counted.MET: "people_met",
}
"""Column of `rollup_total` that holds each count."""

consumers = consumer_tables(metadata)
rollup_fieldwork, rollup_round, round_open = add_fieldwork_tables(metadata)
standing = standing_tables(metadata)

rollup_total = Table(
    "rollup_total",
    metadata,
    Column("campaign", Text, primary_key=True),
    Column("area", Text, primary_key=True),
    Column("partition", SmallInteger, primary_key=True, autoincrement=False),
    *(Column(column, BigInteger, nullable=False, server_default="0") for column in TOTAL_COLUMNS.values()),
    Column("version", BigInteger, nullable=False, index=True),
)

rollup_day = Table(
    "rollup_day",
    metadata,
    Column("campaign", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("area", Text, primary_key=True),
    Column("metric", Text, primary_key=True),
    Column("partition", SmallInteger, primary_key=True, autoincrement=False),
    Column("topic", Text, nullable=False),
    Column("count", BigInteger, nullable=False),
)

rollup_recruiter = Table(
    "rollup_recruiter",
    metadata,
    Column("campaign", Text, primary_key=True),
    Column("area", Text, primary_key=True),
    Column("recruiter", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("hour", SmallInteger, primary_key=True, autoincrement=False),
    Column("partition", SmallInteger, primary_key=True, autoincrement=False),
    Column("count", BigInteger, nullable=False),
)
"""Enrolments; never more rows than people."""

rollup_answer = Table(
    "rollup_answer",
    metadata,
    Column("campaign", Text, primary_key=True),
    Column("round", Text, primary_key=True),
    Column("area", Text, primary_key=True),
    Column("question", Text, primary_key=True),
    Column("answer", Text, primary_key=True),
    Column("partition", SmallInteger, primary_key=True, autoincrement=False),
    Column("count", BigInteger, nullable=False),
)
"""Answers of released sheets, never shown as they are (see `domain.releases`)."""

opinion_release = Table(
    "opinion_release",
    metadata,
    Column("campaign", Text, primary_key=True),
    Column("round", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Column("closing", Boolean, nullable=False),
)

opinion_block = Table(
    "opinion_block",
    metadata,
    Column("campaign", Text, primary_key=True),
    Column("round", Text, primary_key=True),
    Column("area", Text, primary_key=True),
    Column("question", Text, primary_key=True),
    Column("release", Integer, primary_key=True, autoincrement=False),
    Column("answer", Text, primary_key=True),
    Column("counted", BigInteger, nullable=False),
    Column("shown", BigInteger, nullable=False),
    ForeignKeyConstraint(
        ["campaign", "round", "release"],
        ["opinion_release.campaign", "opinion_release.round", "opinion_release.number"],
    ),
)
"""What was released, for good: with the webhooks all that the logs cannot give back."""

rollup_version = Table(
    "rollup_version",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", BigInteger, nullable=False),
    Column("whole_since", BigInteger, nullable=False),
    Column("incarnation", Text, nullable=False),
)

places_beside = Table(
    "places_beside",
    metadata,
    Column("partition", SmallInteger, primary_key=True, autoincrement=False),
    Column("campaign", Text, primary_key=True),
    Column("area", Text, primary_key=True),
    Column("raised", BigInteger, nullable=False),
    Column("reserved", BigInteger, nullable=False),
    Column("version", BigInteger, nullable=False, index=True),
)
"""What the quota desk gave to areas beside their quotas, and keeps of them for programmes."""

campaign_known = Table(
    "campaign_known",
    metadata,
    Column("partition", SmallInteger, primary_key=True, autoincrement=False),
    Column("campaign", Text, primary_key=True),
    Column("definition_version", Integer, nullable=False),
    Column("definition", Text, nullable=False),
    Column("version", BigInteger, nullable=False, index=True),
)

webhook = Table(
    "webhook",
    metadata,
    Column("id", Text, primary_key=True),
    Column("campaign", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("within", Text, nullable=False),
    Column("levels", ARRAY(Text), nullable=False),
    Column("events", ARRAY(Text), nullable=False),
    Column("description", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("idempotency_key", Text, nullable=False),
    Column("request_digest", Text, nullable=False),
    Column("revision", BigInteger, nullable=False, server_default="0"),
    Column("paused", Boolean, nullable=False, server_default="false"),
    Column("next_at", DateTime(timezone=True), nullable=False),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("failing_since", DateTime(timezone=True)),
    Column("disabled_at", DateTime(timezone=True)),
    Column("disabled_why", Text),
    Column("told_version", BigInteger, nullable=False),
    Column("told_area", Text),
    Column("snapshot_from", BigInteger),
    Column("told_releases", JSONB, nullable=False, server_default="{}"),
    Column("told_at", DateTime(timezone=True)),
    Column("test_id", Text),
    Column("lease", Text),
    Column("lease_until", DateTime(timezone=True)),
    Column("message_id", Text),
    Column("message_type", Text),
    Column("message", Text),
    Column("message_then", JSONB),
    UniqueConstraint("campaign", "created_by", "idempotency_key"),
)
"""Endpoints, how far each has been told, and the message that each waits for, if it does.

`revision` moves with every change, so that what was decided on an older reading takes no effect.
"""

webhook_secret = Table(
    "webhook_secret",
    metadata,
    Column("webhook", Text, ForeignKey("webhook.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("sealed", Text, nullable=False),
    Column("expires_at", DateTime(timezone=True)),
)

webhook_attempt = Table(
    "webhook_attempt",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("webhook", Text, ForeignKey("webhook.id", ondelete="CASCADE"), nullable=False),
    Column("message_id", Text, nullable=False),
    Column("message_type", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("milliseconds", Integer, nullable=False),
    Column("status", SmallInteger),
    Column("error", Text),
    Index("ix_webhook_attempt_webhook", "webhook", "id"),
)
