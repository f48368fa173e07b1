"""Table of the photos of signed papers."""

from sqlalchemy import Column, Date, DateTime, ForeignKey, LargeBinary, MetaData, Table, Text, Uuid


def add_paper_photo_tables(metadata: MetaData) -> None:
    """Declare it in the metadata of the service."""
    Table(
        "paper_photo",
        metadata,
        Column("mitra", Uuid, ForeignKey("mitra.id"), primary_key=True),
        Column("sealed", LargeBinary, nullable=False, comment="a JPEG, context 'paper-photo:' and the id"),
        Column("digest", LargeBinary, nullable=False, comment="keyed hash of the bytes that were sent"),
        Column("taken_on", Date, nullable=False),
        Column("kept_by", Text, nullable=False),
        Column("kept_at", DateTime(timezone=True), nullable=False),
        comment="photos of papers that people signed, deleted once they are erased",
    )
