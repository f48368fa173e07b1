"""A Redis that is there already: it must never evict, and our accounts are made on it."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Final
from urllib.parse import quote, urlsplit

from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError, ResponseError

from mitra_shared.ops.embedded.accounts import REDIS_ADMIN, REDIS_RIGHTS
from mitra_shared.ops.stack_state import RunningServer
from mitra_shared.ops.trouble import Trouble
from mitra_shared.relay.trim import memory_policy
from mitra_shared.streams import connect

DEFAULT_PORT: Final = 6379
ACCOUNTS: Final = {account: rights for account, rights in REDIS_RIGHTS.items() if account != REDIS_ADMIN}
"""The administrator is the account of the URL."""


class GivenRedis:
    """The server behind a URL whose account may create accounts, or on which they are there already."""

    def __init__(self, url: str) -> None:
        """Take the server at `url`.

        Raises:
            Trouble: it is no URL that the services can use.
        """
        parts = urlsplit(url)
        if parts.scheme != "redis" or not parts.hostname:
            raise Trouble("REDIS_URL is no redis://host:port URL; TLS and sockets are not supported here")
        if parts.path not in ("", "/", "/0"):
            raise Trouble("REDIS_URL names another database than 0, where the services are")
        self.url = url
        self.state = RunningServer(host=parts.hostname, port=parts.port or DEFAULT_PORT, pid=None, log=None)

    async def prepare(self, passwords: Mapping[str, str]) -> None:
        """Check that it never evicts, and create the accounts. It can be done again.

        Raises:
            Trouble: it may evict, the account may not, or the accounts are somebody else's.
        """
        redis = connect(self.url, connections=1)
        try:
            eviction = (await memory_policy(redis)).eviction
            if eviction != "noeviction":
                raise Trouble(
                    f"the Redis of REDIS_URL may evict keys ({eviction}): set maxmemory-policy noeviction, "
                    "or streams lose entries"
                )
            await self._accounts(redis, passwords)
        except (RedisError, OSError) as error:
            raise Trouble(f"the Redis of REDIS_URL cannot be used: {error}") from None
        finally:
            await redis.aclose()

    async def _accounts(self, redis: Redis, passwords: Mapping[str, str]) -> None:
        lacking = [account for account in ACCOUNTS if not await self._opens(account, passwords[account])]
        try:
            known = await redis.execute_command("ACL", "USERS")  # type: ignore[no-untyped-call]
            theirs = [account for account in lacking if account.encode() in known]
            if theirs:
                raise Trouble(
                    f"the Redis of REDIS_URL has accounts of these names with other passwords: "
                    f"{', '.join(theirs)}. Another stack may use it: give this one a server of its own"
                )
            for account, rights in ACCOUNTS.items():
                digest = sha256(passwords[account].encode()).hexdigest()
                rules = ("reset", "on", f"#{digest}", *rights.split())
                await redis.execute_command("ACL", "SETUSER", account, *rules)  # type: ignore[no-untyped-call]
        except NoPermissionError:
            if lacking:
                raise Trouble(
                    f"the account of REDIS_URL may not create accounts (ACL SETUSER), and these are missing: "
                    f"{', '.join(lacking)}. Give one that may, or have them created as in "
                    "secrets/redis/users.acl of the stack's directory"
                ) from None
            return
        await _save(redis)

    async def _opens(self, account: str, password: str) -> bool:
        url = f"redis://{account}:{quote(password, safe='')}@{self.state.address}/0"
        redis = connect(url, connections=1)
        try:
            await redis.ping()
        except AuthenticationError:
            return False
        finally:
            await redis.aclose()
        return True


async def _save(redis: Redis) -> None:
    """Keep the accounts for the server's next start, where it has a file for them."""
    try:
        await redis.execute_command("ACL", "SAVE")  # type: ignore[no-untyped-call]
    except NoPermissionError:
        return
    except ResponseError as error:
        if "not configured" not in str(error):
            raise
