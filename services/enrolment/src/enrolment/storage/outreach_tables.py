"""The table of outreach: what each member of staff reports of a day and a segment, in the newest version."""

from sqlalchemy import Column, Date, DateTime, Index, Integer, MetaData, SmallInteger, Table, Text


def add_outreach_tables(metadata: MetaData) -> None:
    """Describe it in `metadata`."""
    Table(
        "outreach_report",
        metadata,
        Column("campaign", Text, primary_key=True),
        Column("staff", Text, primary_key=True),
        Column("segment", Text, primary_key=True),
        Column("day", Date, primary_key=True),
        Column("constituency", Text, nullable=False),
        Column("meetings", SmallInteger, nullable=False),
        Column("people_met", Integer, nullable=False),
        Column("reports", Integer, nullable=False, comment="how often the figures were told"),
        Column("reported_at", DateTime(timezone=True), nullable=False),
        Index("outreach_report_of_constituency", "campaign", "constituency", "day", "segment", "staff"),
    )
