"""Tables of broadcasts: what is sent to whom and how far it is, and the pace of each campaign.

The messages stand in `message`, as all others do.
"""

from sqlalchemy import (
    Column,
    DateTime,
    Double,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB


def add_broadcast_tables(metadata: MetaData) -> None:
    """Describe them in `metadata`."""
    Table(
        "broadcast",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("campaign", Text, nullable=False),
        Column("author", Text, nullable=False),
        Column("idempotency_key", Text, nullable=False),
        Column("constituency", Text, comment="whose in-charge it belongs to; null: of headquarters"),
        Column("area", Text, nullable=False),
        Column("constituencies", ARRAY(Text), comment="of the audience; null: all"),
        Column("segment", Text, comment="of the audience; null: all"),
        Column("language", Text, comment="of the audience; null: all"),
        Column("texts", JSONB, nullable=False),
        Column("digest", Text, nullable=False, comment="SHA-256 of what is sent to whom"),
        Column("ever_enrolled", JSONB, nullable=False, comment="in the audience, by language, at the draft"),
        Column("not_before", DateTime(timezone=True)),
        Column("state", Text, nullable=False, server_default=text("'draft'")),
        Column("created_at", DateTime(timezone=True), nullable=False),
        Column("approved_at", DateTime(timezone=True)),
        Column("approved_by", Text),
        Column("expires_at", DateTime(timezone=True)),
        Column("cancelled_at", DateTime(timezone=True)),
        Column("cancelled_by", Text),
        Column("prepared_to", Uuid, comment="the last person looked at"),
        Column("prepared", Integer, nullable=False, server_default=text("0")),
        Column("finished_at", DateTime(timezone=True)),
        Column("outcome", JSONB, comment="of its messages, once finished"),
        UniqueConstraint("campaign", "author", "idempotency_key", name="broadcast_once"),
        Index("broadcast_of_campaign", "campaign", "created_at"),
        Index("broadcast_unfinished", "approved_at", postgresql_where=text("finished_at is null")),
    )
    Table(
        "broadcast_pace",
        metadata,
        Column("campaign", Text, primary_key=True),
        Column("tokens", Double, nullable=False),
        Column("filled_at", DateTime(timezone=True), nullable=False),
        comment="a token bucket for all processes that send",
    )
