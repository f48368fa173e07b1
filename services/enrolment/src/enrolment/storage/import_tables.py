"""Tables of imports: each import, its file while that is needed, its rows; and consent that was on paper."""

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB


def add_import_tables(metadata: MetaData) -> None:
    """Describe them in `metadata`."""
    nothing = text("'{}'")
    none = text("0")
    Table(
        "sheet_import",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("campaign", Text, nullable=False),
        Column("constituency", Text, nullable=False),
        Column("staff", Text, nullable=False),
        Column("role", Text, nullable=False),
        Column("session", Text),
        Column("state", Text, nullable=False),
        Column("why", Text),
        Column("digest", LargeBinary, comment="keyed hash of the file"),
        Column("bytes", BigInteger, nullable=False, server_default=none),
        Column("sheet", Integer),
        Column("layout", Text, comment="names of sheets and headings, sealed"),
        Column("mapping", JSONB),
        Column("preview", Integer, nullable=False, server_default=none),
        Column("rows", Integer, nullable=False, server_default=none),
        Column("faulty", Integer, nullable=False, server_default=none),
        Column("complaints", JSONB, nullable=False, server_default=nothing),
        Column("outcomes", JSONB, nullable=False, server_default=nothing),
        Column("uploaded_at", DateTime(timezone=True), nullable=False),
        Column("accepted_at", DateTime(timezone=True)),
        Column("continues_at", DateTime(timezone=True)),
        Column("finished_at", DateTime(timezone=True)),
        Column("leased_by", Uuid),
        Column("leased_until", DateTime(timezone=True)),
        Index("sheet_import_of_staff", "staff", "uploaded_at"),
        Index("sheet_import_waiting", "uploaded_at", postgresql_where=text("finished_at is null")),
        Index("sheet_import_of_file", "digest", postgresql_where=text("digest is not null")),
    )
    Table(
        "sheet_import_file",
        metadata,
        Column("import", Uuid, ForeignKey("sheet_import.id", ondelete="CASCADE"), primary_key=True),
        Column("part", Integer, primary_key=True, autoincrement=False),
        Column("sealed", LargeBinary, nullable=False),
    )
    Table(
        "sheet_import_row",
        metadata,
        Column("import", Uuid, ForeignKey("sheet_import.id", ondelete="CASCADE"), primary_key=True),
        Column("row", Integer, primary_key=True, autoincrement=False),
        Column("sealed", Text, comment="the cells; null once enrolled, erased or forgotten"),
        Column("phone_hash", LargeBinary, comment="keyed hash of campaign and phone"),
        Column("complaints", JSONB),
        Column("outcome", Text),
        Index(
            "sheet_import_row_of_phone",
            "phone_hash",
            postgresql_where=text("phone_hash is not null"),
        ),
    )
    Table(
        "paper_consent",
        metadata,
        Column("mitra", Uuid, primary_key=True),
        Column("import", Uuid, nullable=False),
        Column("collected_on", Date, nullable=False),
        Column("collected_by", Text, nullable=False),
        comment="of people enrolled from paper; collected_by is sealed",
    )
