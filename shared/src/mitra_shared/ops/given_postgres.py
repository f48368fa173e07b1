"""A Postgres that is there already: our roles and databases are made on it, and nothing else is touched."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from mitra_shared.ops.audit.snapshots import in_words
from mitra_shared.ops.embedded.accounts import AUDIT, DATABASE_ROLES, SERVICES
from mitra_shared.ops.stack_state import RunningServer
from mitra_shared.ops.trouble import Trouble

OLDEST: Final = 17
"""Earlier servers have no order of text of their own."""
DEFAULT_PORT: Final = 5432
CONNECT_SECONDS: Final = 10

_ONLY_ITS_OWN: Final = (
    "revoke connect, temporary on database {service} from public",
    f"grant connect on database {{service}} to {AUDIT}",
    f"grant select on all tables in schema public to {AUDIT}",
    f"alter default privileges grant select on tables to {AUDIT}",
)
"""As the service, in its database: no other service opens it, and `audit` reads what is and will be there."""


class GivenPostgres:
    """The server behind a URL whose account may create roles and databases."""

    def __init__(self, url: str) -> None:
        """Take the server at `url`.

        Raises:
            Trouble: it is no URL of a Postgres server.
        """
        try:
            self._url: URL = make_url(url).set(drivername="postgresql")
        except ArgumentError:
            raise Trouble("DATABASE_URL is no postgresql:// URL") from None
        if not self._url.host:
            raise Trouble("DATABASE_URL names no host: the services connect over TCP")
        self.state = RunningServer(
            host=self._url.host, port=self._url.port or DEFAULT_PORT, pid=None, log=None
        )

    async def prepare(self, passwords: Mapping[str, str]) -> None:
        """Create the roles and databases that are missing. It can be done again.

        Raises:
            Trouble: the account may not, or the roles are somebody else's; then nothing of theirs changed.
        """
        try:
            async with self._connected(self._url) as admin:
                await self._roles(admin, passwords)
                for service in SERVICES:
                    await self._database(admin, service, passwords[service])
        except asyncpg.InsufficientPrivilegeError as error:
            raise Trouble(
                f"the account of DATABASE_URL may not create roles and databases: {in_words(error)}"
            ) from None
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
            raise Trouble(f"the Postgres of DATABASE_URL cannot be used: {in_words(error)}") from None

    async def _roles(self, admin: Any, passwords: Mapping[str, str]) -> None:
        version = admin.get_server_version().major
        if version < OLDEST:
            raise Trouble(f"the Postgres of DATABASE_URL is version {version}; {OLDEST} is needed")
        known = {row[0] for row in await admin.fetch("select rolname from pg_roles")}
        theirs = [
            role
            for role in DATABASE_ROLES
            if role in known and not await self._is_ours(role, passwords[role])
        ]
        if theirs:
            raise Trouble(
                f"the Postgres of DATABASE_URL has roles of these names with other passwords: "
                f"{', '.join(theirs)}. Another stack may use it: give this one a server of its own"
            )
        for role in DATABASE_ROLES:
            if role not in known:
                await _execute(admin, f"create role {role} login password", passwords[role])
        await admin.execute(f"alter role {AUDIT} set default_transaction_read_only = on")

    async def _is_ours(self, role: str, password: str) -> bool:
        database = SERVICES[0] if role == AUDIT else role
        try:
            async with self._connected(self._of_service(role, password, database)):
                return True
        except asyncpg.InvalidPasswordError:
            return False
        except (asyncpg.InvalidCatalogNameError, asyncpg.InsufficientPrivilegeError):
            # The password was right, and the database is yet to be made.
            return True

    async def _database(self, admin: Any, service: str, password: str) -> None:
        if not await admin.fetchval("select 1 from pg_database where datname = $1", service):
            if not await admin.fetchval("select rolsuper from pg_roles where rolname = current_user"):
                await admin.execute(f"grant {service} to current_user")
            await admin.execute(
                f"create database {service} owner {service} template template0 encoding 'UTF8'"
                " locale_provider builtin builtin_locale 'C.UTF-8' locale 'C'"
            )
        async with self._connected(self._of_service(service, password, service)) as owner:
            for statement in _ONLY_ITS_OWN:
                await owner.execute(statement.format(service=service))

    def _of_service(self, role: str, password: str, database: str) -> URL:
        return self._url.set(username=role, password=password, database=database)

    @asynccontextmanager
    async def _connected(self, url: URL) -> AsyncIterator[Any]:
        connection = await asyncpg.connect(url.render_as_string(hide_password=False), timeout=CONNECT_SECONDS)
        try:
            yield connection
        finally:
            await connection.close()


async def _execute(connection: Any, statement: str, text: str) -> None:
    """A statement that ends with a text, which cannot be a parameter there."""
    quoted = await connection.fetchval("select quote_literal($1::text)", text)
    await connection.execute(f"{statement} {quoted}")
