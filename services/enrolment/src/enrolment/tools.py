"""`python -m enrolment erasures export FILE | apply FILE`: the ledger of erasures, for backups and restores.

`-` is the standard output or input.
"""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from enrolment.clock import system_clock
from enrolment.commands.apply_ledger import Applied, apply_ledger, apply_to_staff
from enrolment.ledger_file import Ledger, lines_of, of_row, of_staff, read_ledger
from enrolment.storage import erasures, former_staff
from mitra_shared.database import create_engine
from mitra_shared.settings import DatabaseSettings, settings_or_exit

_USAGE = (
    "usage: python -m enrolment erasures export FILE | apply FILE   (- is the standard output or input)\n"
)
_EXIT_FOUND = 1
_EXIT_USAGE = 2


def erasures_tool(arguments: Sequence[str]) -> None:
    """Write the ledger of the database to a file, or erase again whom a file tells of.

    Exits with 1 if lines of the file cannot be read; all others are applied.
    """
    match arguments:
        case ["export", file]:
            text = asyncio.run(_export())
            if file == "-":
                sys.stdout.write(text)
            else:
                Path(file).write_text(text, encoding="utf-8")
        case ["apply", file]:
            try:
                text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                sys.stderr.write(f"{file} cannot be read: {error}\n")
                raise SystemExit(_EXIT_USAGE) from None
            _tell(file, *asyncio.run(_apply(text)))
        case _:
            sys.stderr.write(_USAGE)
            raise SystemExit(_EXIT_USAGE)


async def _export() -> str:
    engine = create_engine(_database_url(), application="enrolment erasures", pool_size=1)
    try:
        async with engine.connect() as connection:
            people = [of_row(entry) for entry in await erasures.whole_ledger(connection)]
            staff = [of_staff(entry) for entry in await former_staff.whole_ledger(connection)]
            return lines_of([*people, *staff])
    finally:
        await engine.dispose()


async def _apply(text: str) -> tuple[Ledger, Applied, Applied]:
    ledger = read_ledger(text)
    engine = create_engine(_database_url(), application="enrolment erasures", pool_size=1)
    try:
        now = system_clock()
        people = await apply_ledger(engine, ledger.erasures, now)
        return ledger, people, await apply_to_staff(engine, ledger.staff, now)
    finally:
        await engine.dispose()


def _database_url() -> str:
    return settings_or_exit(DatabaseSettings).database_url.get_secret_value()


def _tell(file: str, ledger: Ledger, people: Applied, staff: Applied) -> None:
    for who, entries, applied in (("people", ledger.erasures, people), ("former staff", ledger.staff, staff)):
        before = len(entries) - applied.erased - applied.unknown
        sys.stdout.write(
            f"{len(entries)} {who} in the ledger: {applied.erased} erased now, {before} erased before,"
            f" {applied.unknown} not in this database\n"
        )
    if ledger.unreadable:
        lines = ", ".join(map(str, ledger.unreadable))
        sys.stderr.write(f"{file}: no erasure can be read in line {lines}; all others were applied\n")
        raise SystemExit(_EXIT_FOUND)
