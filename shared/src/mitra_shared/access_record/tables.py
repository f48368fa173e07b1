"""The tables of the record, as SQLAlchemy sees them, and the frozen DDL that migrations create them by.

`floor` is the last entry that was deleted because its year was over. A trigger refuses to change an entry, or
to delete one above the floor.
"""

from typing import Final

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    text,
)

CREATE_V1: Final = (
    """
    create table access_record (
        seq bigint primary key check (seq > 0),
        at timestamptz not null,
        actor text not null,
        role text not null,
        purpose text not null,
        subject uuid not null,
        fields text[] not null,
        digest bytea not null
    )
    """,
    "create index access_record_actor on access_record (actor, at)",
    """
    create table access_record_head (
        only_one boolean primary key default true check (only_one),
        seq bigint not null,
        digest bytea not null,
        floor_seq bigint not null,
        floor_digest bytea not null,
        floor_at timestamptz
    )
    """,
    """
    insert into access_record_head (seq, digest, floor_seq, floor_digest)
    values (0, decode(repeat('00', 32), 'hex'), 0, decode(repeat('00', 32), 'hex'))
    """,
    """
    create function access_record_is_kept() returns trigger language plpgsql as $$
    begin
        if tg_op = 'DELETE' and old.seq <= (select floor_seq from access_record_head) then
            return old;
        end if;
        raise exception 'the access record is append-only'
            using hint = 'entries leave it after a year, oldest first, by the upkeep';
    end $$
    """,
    """
    create trigger access_record_is_kept before update or delete on access_record
        for each row execute function access_record_is_kept()
    """,
    """
    create trigger access_record_is_not_emptied before truncate on access_record
        for each statement execute function access_record_is_kept()
    """,
)


def access_record_tables(metadata: MetaData) -> None:
    """Declare both tables in the metadata of a service."""
    Table(
        "access_record",
        metadata,
        Column("seq", BigInteger, primary_key=True, autoincrement=False),
        Column("at", DateTime(timezone=True), nullable=False),
        Column("actor", Text, nullable=False),
        Column("role", Text, nullable=False),
        Column("purpose", Text, nullable=False),
        Column("subject", Uuid, nullable=False),
        Column("fields", ARRAY(Text), nullable=False),
        Column("digest", LargeBinary, nullable=False),
        Index("access_record_actor", "actor", "at"),
    )
    Table(
        "access_record_head",
        metadata,
        Column("only_one", Boolean, primary_key=True, server_default=text("true")),
        Column("seq", BigInteger, nullable=False),
        Column("digest", LargeBinary, nullable=False),
        Column("floor_seq", BigInteger, nullable=False),
        Column("floor_digest", LargeBinary, nullable=False),
        Column("floor_at", DateTime(timezone=True)),
    )
