"""What rows leave behind when an erasure deletes or changes them: freed space, and the planner's statistics.

Statistics hold values of columns, sealed names and keyed hashes among them. `ANALYZE` puts others in their
place, but does nothing about a table that has run empty: there they are dropped.
"""

from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.storage.row_security import Work, work_as

TABLES: Final = (
    "mitra", "enrolment_log", "outcome", "duplicate_record", "sheet_import", "sheet_import_file",
    "sheet_import_row", "paper_consent", "paper_photo", "matching_key", "examined", "likely_duplicate",
    "duplicate_decision", "contact", "person_care", "reached_elsewhere", "person_request", "nominee",
    "person_session", "message", "staff", "staff_log", "staff_session", "staff_recovery_code",
    "sign_in_failure",
)  # fmt: skip
"""Every table from which an erasure deletes, or in which it changes anything that is personal."""

_VACUUM_MS: Final = 15 * 60 * 1000

_SECRET: Final = text(
    """
    select whole.relname as table, string_agg(
               format('alter column %I type %s', part.attname, format_type(part.atttypid, part.atttypmod)),
               ', ' order by part.attnum) as changes
    from pg_class as whole join pg_attribute as part on part.attrelid = whole.oid
    where whole.relnamespace = cast(current_schema() as regnamespace) and whole.relname = any(:tables)
        and part.atttypid in (cast('text' as regtype), cast('bytea' as regtype))
        and (whole.relrowsecurity or exists (
            select from pg_stats as kept where kept.schemaname = current_schema()
                and (kept.tablename, kept.attname) = (whole.relname, part.attname)))
        and not exists (
            select from pg_constraint
            where contype = 'f' and conrelid = whole.oid and part.attnum = any(conkey))
        and not exists (
            select from pg_depend
            where classid = cast('pg_policy' as regclass)
                and (refobjid, refobjsubid) = (whole.oid, cast(part.attnum as integer)))
    group by whole.relname order by whole.relname
    """
)
"""Columns that can hold something sealed or hashed, and of which there may be statistics: those of tables
with row security are shown to nobody. Ids of staff and areas, which rules and references name, are none."""


async def clear_leftovers(engine: AsyncEngine) -> None:
    """Free the space of what was deleted, and have the planner forget it.

    Raises:
        sqlalchemy.exc.DBAPIError: the database is away, or a table was busy for too long; ask again.
    """
    await _vacuum(engine)
    async with engine.connect() as connection:
        secret = (await connection.execute(_SECRET, {"tables": list(TABLES)})).all()
    for row in secret:
        await _forget_if_empty(engine, row.table, row.changes)


async def _vacuum(engine: AsyncEngine) -> None:
    """Vacuum takes no transaction, and longer than a statement of ours may otherwise."""
    async with engine.connect() as plain:
        connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text(f"set statement_timeout = {_VACUUM_MS}"))
        try:
            await connection.execute(text(f"vacuum (index_cleanup on, analyze) {', '.join(TABLES)}"))
        finally:
            # With its setting the connection is of no use to others.
            await connection.invalidate()


async def _forget_if_empty(engine: AsyncEngine, table: str, changes: str) -> None:
    """A column that is given the type it has loses its statistics; nothing is written anew."""
    is_empty = text(f"select not exists (select from {table})")  # noqa: S608 - a table of ours
    async with engine.connect() as connection:
        await work_as(connection, Work.UPKEEP)
        if not (await connection.execute(is_empty)).scalar_one():
            return
    async with engine.begin() as connection:
        await work_as(connection, Work.UPKEEP)
        await connection.execute(text(f"lock table {table} in access exclusive mode"))
        if (await connection.execute(is_empty)).scalar_one():
            await connection.execute(text(f"alter table {table} {changes}"))
