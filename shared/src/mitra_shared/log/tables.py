"""Tables of one log. `create_log_v1` is their frozen DDL for migrations; a test holds both together."""

from dataclasses import dataclass
from functools import cache

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
)

from mitra_shared.contracts.topics import PARTITIONS, Topic


@dataclass(frozen=True, slots=True)
class LogTables:
    """`entries` are the events, `heads` one row a partition, `groups` the consumers' committed positions."""

    entries: Table
    heads: Table
    groups: Table


def log_tables(metadata: MetaData, topic: Topic) -> LogTables:
    """Declare the tables of `topic`'s log in `metadata`."""
    return LogTables(
        entries=Table(
            f"{topic.name}_log",
            metadata,
            Column("partition", SmallInteger, primary_key=True, autoincrement=False),
            Column("position", BigInteger, primary_key=True, autoincrement=False),
            Column("epoch", Integer, nullable=False),
            Column("event_id", Uuid, nullable=False),
            Column("type", Text, nullable=False),
            Column("key", Text),
            Column("subject", Uuid),
            Column("occurred_at", DateTime(timezone=True), nullable=False),
            Column("traceparent", Text),
            Column("payload", JSON, nullable=False),
        ),
        heads=Table(
            f"{topic.name}_head",
            metadata,
            Column("partition", SmallInteger, primary_key=True, autoincrement=False),
            Column("position", BigInteger, nullable=False),
            Column("epoch", Integer, nullable=False),
            Column("floor", BigInteger, nullable=False),
            Column("rewrite", Uuid),
        ),
        groups=Table(
            f"{topic.name}_group",
            metadata,
            Column("group", Text, primary_key=True),
            Column("partition", SmallInteger, primary_key=True, autoincrement=False),
            Column("epoch", Integer, nullable=False),
            Column("position", BigInteger, nullable=False),
            Column("seen_at", DateTime(timezone=True), nullable=False),
        ),
    )


@cache
def of(topic: Topic) -> LogTables:
    """The tables of a log for statements that need no shared metadata."""
    return log_tables(MetaData(), topic)


def add_rewrite_v2(topic: Topic) -> list[str]:
    """Statements that let a partition ask for its stream to be written anew: frozen.

    `rewrite` is null until what stands in the log was changed, which only an erasure does.
    """
    return [f"alter table {topic.name}_head add column rewrite uuid"]


def create_log_v1(topic: Topic) -> list[str]:
    """Statements that create the log of `topic`: frozen, a later shape is a later function."""
    name = topic.name
    return [
        f"""
        create table {name}_log (
            partition smallint not null check (partition between 0 and {PARTITIONS - 1}),
            position bigint not null check (position > 0),
            epoch integer not null check (epoch > 0),
            event_id uuid not null,
            type text not null,
            key text,
            subject uuid,
            occurred_at timestamptz not null,
            traceparent text,
            payload json not null,
            primary key (partition, position)
        )
        """,
        f"""
        create table {name}_head (
            partition smallint primary key check (partition between 0 and {PARTITIONS - 1}),
            position bigint not null check (position >= 0),
            epoch integer not null check (epoch > 0),
            floor bigint not null check (floor between 0 and position)
        ) with (fillfactor = 50)
        """,
        f"""
        insert into {name}_head (partition, position, epoch, floor)
        select n, 0, 1, 0 from generate_series(0, {PARTITIONS - 1}) as n
        """,  # noqa: S608 - a topic's name is ours
        f"""
        create table {name}_group (
            "group" text not null,
            partition smallint not null,
            epoch integer not null,
            position bigint not null,
            seen_at timestamptz not null,
            primary key ("group", partition)
        )
        """,
    ]
