"""The tables of the certificates database; the migrations create them, with the triggers that guard quotas.

Every row carries the partition of the enrolment log that it follows from, so that one partition can be
forgotten and replayed alone.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from mitra_shared.consume.tables import consumer_tables
from mitra_shared.contracts.topics import CERTIFICATES
from mitra_shared.log.tables import log_tables

metadata: Final = MetaData()

log: Final = log_tables(metadata, CERTIFICATES)
consumer: Final = consumer_tables(metadata)

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
)
"""`taken` is written by triggers on `certificate` only. `ceiling` is the quota, or what was taken when the
quota was lowered below it and has not come back since; a check refuses more."""

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
