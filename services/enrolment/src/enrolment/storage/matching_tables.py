"""Tables of the matcher: keyed hashes, who was examined, pairs and decisions."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)


def add_matching_tables(metadata: MetaData) -> None:
    """Declare them in the metadata of the service."""
    Table(
        "matching_key",
        metadata,
        Column(
            "key",
            LargeBinary,
            primary_key=True,
            comment="keyed hash of an area and how words of a name sound",
        ),
        Column("mitra", Uuid, primary_key=True),
        Column(
            "is_word",
            Boolean,
            nullable=False,
            comment="counted, to know how common a word is; not looked up",
        ),
        Index("matching_key_of_mitra", "mitra"),
    )
    Table(
        "examined",
        metadata,
        Column("mitra", Uuid, primary_key=True),
        Column("campaign", Text, nullable=False),
        Column("constituency", Text, nullable=False),
        Column("segment", Text, nullable=False),
        Column(
            "examined_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")
        ),
        Column("cleared_at", DateTime(timezone=True)),
        Index("examined_of_constituency", "campaign", "constituency", "mitra"),
        Index("examined_uncleared", "campaign", "mitra", postgresql_where=text("cleared_at is null")),
        comment="living people that the matcher has looked at",
    )
    Table(
        "likely_duplicate",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("campaign", Text, nullable=False),
        Column("earlier", Uuid, nullable=False),
        Column("later", Uuid, nullable=False),
        Column("constituency", Text, nullable=False, comment="of the later one: its in-charge decides"),
        Column("other_constituency", Text, nullable=False),
        Column("evidence", Text, nullable=False),
        Column("state", Text, nullable=False, server_default=text("'open'")),
        Column(
            "opened_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")
        ),
        Column("ended_at", DateTime(timezone=True)),
        UniqueConstraint("earlier", "later", name="likely_duplicate_once"),
        Index("likely_duplicate_of_later", "later"),
        Index("likely_duplicate_of_constituency", "campaign", "constituency", "state"),
    )
    Table(
        "duplicate_decision",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("pair", Uuid, ForeignKey("likely_duplicate.id", ondelete="CASCADE"), nullable=False),
        Column("decision", Text, nullable=False),
        Column("reason", Text),
        Column("kept", Uuid),
        Column("decided_by", Text, nullable=False),
        Column("decided_at", DateTime(timezone=True), nullable=False),
        Index("duplicate_decision_of_pair", "pair", "decided_at"),
    )
    Table(
        "matching_position",
        metadata,
        Column("partition", SmallInteger, primary_key=True, autoincrement=False),
        Column("position", BigInteger, nullable=False),
    )
    Table(
        "matching_method",
        metadata,
        Column("only_one", Boolean, primary_key=True, server_default=text("true")),
        Column(
            "digest",
            LargeBinary,
            nullable=False,
            comment="of key, method and thresholds the keys were made with",
        ),
    )
