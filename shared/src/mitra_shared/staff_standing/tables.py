"""What a service keeps of the log `staff`: a row for each person, and a counter that tells of changes.

`create_staff_standing_v1` is the frozen DDL for migrations; tests of the services hold both together.
"""

from typing import NamedTuple

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    text,
)


class StandingTables(NamedTuple):
    """`people` is the last that the log told of each; `change` has one row."""

    people: Table
    change: Table


def standing_tables(metadata: MetaData) -> StandingTables:
    """Declare them in `metadata`."""
    return StandingTables(
        people=Table(
            "staff_standing",
            metadata,
            Column("staff", Text, primary_key=True),
            Column("campaign", Text, nullable=False),
            Column("state", Text, nullable=False),
            Column("post", JSON),
            Column("former", JSON, nullable=False),
            Column("ended", JSON, nullable=False),
            Column("name", Text, comment="sealed, context 'staff-shown:' and the id"),
            Column("partition", SmallInteger, nullable=False),
            Column("epoch", Integer, nullable=False),
            Column("position", BigInteger, nullable=False),
            Column("replayed", Boolean, nullable=False, comment="told since the partition last began again"),
            Index(
                "staff_standing_refused",
                "staff",
                postgresql_where=text(
                    "state = 'suspended' or cast(former as text) <> '[]' or cast(ended as text) <> '[]'"
                ),
            ),
        ),
        change=Table(
            "staff_standing_change",
            metadata,
            Column("id", SmallInteger, primary_key=True, autoincrement=False),
            Column("version", BigInteger, nullable=False),
        ),
    )


def create_staff_standing_v1() -> list[str]:
    """Statements that create both: frozen, a later shape is a later function."""
    return [
        """
        create table staff_standing (
            staff text primary key,
            campaign text not null,
            state text not null check (state in ('active', 'suspended')),
            post json,
            former json not null,
            ended json not null,
            name text,
            partition smallint not null,
            epoch integer not null,
            position bigint not null,
            replayed boolean not null
        )
        """,
        """
        create index staff_standing_refused on staff_standing (staff)
        where state = 'suspended' or cast(former as text) <> '[]' or cast(ended as text) <> '[]'
        """,
        "comment on column staff_standing.name is 'sealed, context ''staff-shown:'' and the id'",
        "comment on column staff_standing.replayed is 'told since the partition last began again'",
        """
        create table staff_standing_change (
            id smallint primary key check (id = 1),
            version bigint not null
        )
        """,
        "insert into staff_standing_change (id, version) values (1, 0)",
    ]
