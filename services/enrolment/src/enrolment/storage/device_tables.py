"""Tables of devices: each device of the field app, and its numbered records."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Index,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)


def add_device_tables(metadata: MetaData) -> None:
    """Describe them in `metadata`."""
    Table(
        "device",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("campaign", Text, nullable=False),
        Column("constituency", Text, nullable=False),
        Column("staff", Text, nullable=False),
        Column("registered_at", DateTime(timezone=True), nullable=False),
        Column("synced_at", DateTime(timezone=True), nullable=False),
        Column(
            "highest", BigInteger, nullable=False, comment="highest number that the device says it ever gave"
        ),
        Column(
            "gapless",
            BigInteger,
            nullable=False,
            server_default=text("0"),
            comment="up to here every number has an outcome",
        ),
        Column(
            "received",
            BigInteger,
            nullable=False,
            server_default=text("0"),
            comment="how many numbers have an outcome",
        ),
        Index("device_of_constituency", "campaign", "constituency"),
        Index("device_of_staff", "staff"),
    )

    Table(
        "device_record",
        metadata,
        Column("device", Uuid, primary_key=True),
        Column("number", BigInteger, primary_key=True, autoincrement=False),
        Column("idempotency_key", Text, nullable=False),
        Column("status", SmallInteger, comment="of the outcome, once that is durable; null before"),
        Column("answered_at", DateTime(timezone=True)),
    )
