"""The tables of the certificates database; the migrations create them, with the triggers that guard quotas.

Every row carries the partition of the enrolment log that it follows from, so that one partition can be
forgotten and replayed alone.
"""

from typing import Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Sequence,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from mitra_shared.access_record.tables import access_record_tables
from mitra_shared.consume.tables import consumer_tables
from mitra_shared.contracts.topics import CERTIFICATES, CUSTODY
from mitra_shared.log.tables import log_tables
from mitra_shared.staff_standing.tables import standing_tables

metadata: Final = MetaData()

GROUP: Final = "certificates"
"""The consumer group that issues: its rows of `consumer_position` say how far."""

log: Final = log_tables(metadata, CERTIFICATES)
custody_log: Final = log_tables(metadata, CUSTODY)
standing: Final = standing_tables(metadata)
"""Whose tokens count no longer."""
consumer: Final = consumer_tables(metadata)
access_record_tables(metadata)

campaign: Final = Table(
    "campaign",
    metadata,
    Column("partition", SmallInteger, primary_key=True, autoincrement=False),
    Column("campaign", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("issue_on", Text, nullable=False),
    Column("frozen", Boolean, nullable=False),
    Column("level", Text, nullable=False),
)
"""Terms in force, at the place in the log up to which the partition is folded."""

segment: Final = Table(
    "segment",
    metadata,
    Column("partition", SmallInteger, primary_key=True, autoincrement=False),
    Column("campaign", Text, primary_key=True),
    Column("segment", Text, primary_key=True),
    Column("constituency", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("pool", Text, nullable=False),
    Column("last_serial", Integer, nullable=False),
)
"""A segment, and the area whose pool it draws on. `last_serial` is written by triggers on `certificate`."""

pool: Final = Table(
    "pool",
    metadata,
    Column("partition", SmallInteger, primary_key=True, autoincrement=False),
    Column("campaign", Text, primary_key=True),
    Column("area", Text, primary_key=True),
    Column("quota", Integer, nullable=False),
    Column("taken", Integer, nullable=False),
    Column("ceiling", Integer, nullable=False),
    Column("raised", Integer, nullable=False, server_default="0"),
    Column("reserved", Integer, nullable=False, server_default="0"),
)
"""`taken` is written by triggers on `certificate` only. `ceiling` is the quota, or what was taken when the
quota was lowered below it and has not come back since; a check refuses more. The quota is in force: that of
the campaign and what the desk `raised`; `reserved` places of it are kept for programmes."""

reservation: Final = Table(
    "reservation",
    metadata,
    Column("partition", SmallInteger, primary_key=True, autoincrement=False),
    Column("campaign", Text, primary_key=True),
    Column("area", Text, primary_key=True),
    Column("programme", Uuid, primary_key=True),
    Column("places", Integer, nullable=False),
)
"""What is left of the places that a pool keeps for a programme; `pool.reserved` is their sum."""

certificate: Final = Table(
    "certificate",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("partition", SmallInteger, nullable=False),
    Column("campaign", Text, nullable=False),
    Column("constituency", Text, nullable=False),
    Column("segment", Text, nullable=False),
    Column("pool", Text, nullable=False),
    Column("mitra_id", Uuid, nullable=False),
    Column("holder_name", Text),
    Column("enrolled_at", DateTime(timezone=True), nullable=False),
    Column("enrolled_position", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("queue_position", BigInteger),
    Column("serial", Integer),
    Column("issued_at", DateTime(timezone=True)),
    Column("revoked_at", DateTime(timezone=True)),
    Column("language", Text, nullable=False, server_default="en"),
    Column("revision", Integer, nullable=False, server_default="1"),
    Column("recruiter", Text),
    UniqueConstraint("mitra_id", name="certificate_of_mitra"),
    UniqueConstraint("campaign", "segment", "serial", name="certificate_number"),
    Index(
        "certificate_queue",
        "partition",
        "campaign",
        "pool",
        "queue_position",
        "enrolled_position",
        postgresql_where=text("state in ('held', 'waitlisted')"),
    ),
)

lost_branch: Final = Table(
    "lost_branch",
    metadata,
    Column("certificate_id", Uuid, primary_key=True),
    Column("campaign", Text, primary_key=True),
    Column("segment", Text, primary_key=True),
    Column("serial", Integer, primary_key=True, autoincrement=False),
    Column("partition", SmallInteger, nullable=False),
    Column("issued_at", DateTime(timezone=True), nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
)
"""Numbers that had been given when a partition was forgotten; see `certificates.queries.unconfirmed`."""

campaign_words: Final = Table(
    "campaign_words",
    metadata,
    Column("campaign", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("definition", JSON, nullable=False),
)
"""The newest campaign definition, whose names credentials are made of."""

desk_entry: Final = Table(
    "desk_entry",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("number", BigInteger, Identity(always=True), unique=True, nullable=False),
    Column("partition", SmallInteger, nullable=False),
    Column("campaign", Text, nullable=False),
    Column("constituency", Text, nullable=False),
    Column("after_epoch", Integer, nullable=False),
    Column("after_position", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("area", Text),
    Column("certificate_id", Uuid),
    Column("programme", Uuid),
    Column("serial", Integer),
    Column("places", Integer),
    Column("holder_name", Text),
    Column("request", LargeBinary),
    Column("reason", Text, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("decided_role", Text, nullable=False),
    Column("decided_at", DateTime(timezone=True), nullable=False),
    Column("applied_at", DateTime(timezone=True)),
    Column("lapsed", Text),
    Column("outcome", JSON),
    Index("desk_entry_to_apply", "partition", postgresql_where=text("applied_at is null")),
    Index(
        "desk_entry_of_certificate",
        "certificate_id",
        postgresql_where=text("certificate_id is not null"),
    ),
)
"""What the quota desk decided, who and why. It is an input like the enrolment log, and survives a rebuild: a
replay applies each entry right after the entry of the enrolment log that it was decided after. Until then it
has no `applied_at`; `lapsed` says why one could not be applied again. The id is the idempotency key of the
request and `request` a keyed digest of it."""

void_number: Final = Table(
    "void_number",
    metadata,
    Column("campaign", Text, primary_key=True),
    Column("segment", Text, primary_key=True),
    Column("serial", Integer, primary_key=True, autoincrement=False),
    Column("partition", SmallInteger, nullable=False),
    Column("certificate_id", Uuid, nullable=False),
    Column("voided_at", DateTime(timezone=True), nullable=False),
)
"""Numbers of spoiled certificates, which were issued anew under another one."""

credential: Final = Table(
    "credential",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("certificate_id", Uuid, nullable=False),
    Column("partition", SmallInteger, nullable=False),
    Column("campaign", Text, nullable=False),
    Column("constituency", Text, nullable=False),
    Column("segment", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("serial", Integer, nullable=False),
    Column("format", SmallInteger, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("facts", Text),
    Column("jwt_signature", LargeBinary),
    Column("cose_signature", LargeBinary),
    Column("status_list", Integer, nullable=False),
    Column("status_index", Integer, nullable=False),
    Column("signed_at", DateTime(timezone=True), nullable=False),
    Column("revoked_at", DateTime(timezone=True)),
    Column("revoked_for", Text),
    UniqueConstraint("certificate_id", "revision", "serial", name="credential_of_certificate"),
    UniqueConstraint("status_list", "status_index", name="credential_place"),
    Index(
        "credential_revoked",
        "status_list",
        "status_index",
        postgresql_where=text("revoked_at is not null"),
    ),
    Index("credential_revoked_at", "revoked_at", postgresql_where=text("revoked_at is not null")),
)
"""What was signed. `facts` are sealed (see `mitra_shared.credential.facts`); a revoked one keeps none, and no
signature. One that was superseded may come back if a log is restored; one that was withdrawn never does. It
survives a rebuild, since it is on paper."""

status_number: Final = Sequence("status_number", minvalue=0, start=0, metadata=metadata)

status_list: Final = Table(
    "status_list",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("changes", BigInteger, nullable=False, server_default="1"),
    Column("published", BigInteger, nullable=False, server_default="0"),
    Column("published_at", DateTime(timezone=True)),
    Column("revoked", Integer),
    Column("token", Text),
)
"""The status lists. `changes` counts revocations, `published` is the count that `token` shows."""
