"""Tables of contact and outreach: what each of the staff did, each round in total, and which one is open."""

from typing import NamedTuple

from sqlalchemy import BigInteger, Column, Date, MetaData, SmallInteger, Table, Text


class FieldworkTables(NamedTuple):
    """The tables by name."""

    rollup_fieldwork: Table
    """Contacts and outreach by member of staff and day (see `domain.cells.FieldworkCell`)."""
    rollup_round: Table
    """Contacts by segment and round."""
    round_open: Table
    """The round that is open in each campaign, if one is: the only thing here that the clock decides.

    It is a row, and its change a version, so that feeds and `rollups` bring every area when a round begins.
    """


def add_fieldwork_tables(metadata: MetaData) -> FieldworkTables:
    """Declare them in `metadata`."""
    return FieldworkTables(
        Table(
            "rollup_fieldwork",
            metadata,
            Column("campaign", Text, primary_key=True),
            Column("area", Text, primary_key=True),
            Column("staff", Text, primary_key=True),
            Column("day", Date, primary_key=True),
            Column("metric", Text, primary_key=True),
            Column("partition", SmallInteger, primary_key=True, autoincrement=False),
            Column("count", BigInteger, nullable=False),
        ),
        Table(
            "rollup_round",
            metadata,
            Column("partition", SmallInteger, primary_key=True, autoincrement=False),
            Column("campaign", Text, primary_key=True),
            Column("area", Text, primary_key=True),
            Column("round", Text, primary_key=True),
            Column("attempted", BigInteger, nullable=False),
            Column("reached", BigInteger, nullable=False),
            Column("version", BigInteger, nullable=False, index=True),
        ),
        Table(
            "round_open",
            metadata,
            Column("campaign", Text, primary_key=True),
            Column("round", Text),
            Column("version", BigInteger, nullable=False),
        ),
    )
