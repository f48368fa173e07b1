"""`mitra rebuild`: certificates, reporting or the standing of staff from the logs, or the streams.

Nothing is lost by any of them: logs are the truth. Certificates and streams lag behind until they are done;
reporting is counted beside what shows, and nobody who reads it notices.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Annotated, Any, Final

import typer
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.campaign.numerals import indian
from mitra_shared.contracts.topics import PARTITIONS, STAFF, TOPICS, Topic, all_partitions
from mitra_shared.database import create_engine
from mitra_shared.ids import Partition
from mitra_shared.ops.addresses import Addresses, AsJson, HomeOption
from mitra_shared.ops.bar import Show, progress_bar
from mitra_shared.ops.interrupting import run_until_interrupted
from mitra_shared.ops.rebuild_reporting import rebuild_reporting
from mitra_shared.ops.rebuilding import (
    GROUPS,
    KEEPERS,
    GroupRebuild,
    Rebuild,
    StreamRebuild,
    heads_of,
    sources_of,
)
from mitra_shared.ops.screen import results, tell
from mitra_shared.ops.stack_state import DEFAULT_HOME
from mitra_shared.ops.trouble import EXIT_TROUBLE, Trouble, WrongUsage
from mitra_shared.streams import connect

LOOK_SECONDS: Final = 0.2
EXIT_INTERRUPTED: Final = 130
DEFAULT_TIMEOUT: Final = 600.0
FOLLOWERS: Final = {"credentials": "certificates", "reporting": "reporting"}
"""Groups that replay the certificates log once it begins again, and the service that keeps their places."""
STAFF_GROUPS: Final = {"certificates-staff": "certificates", "reporting-staff": "reporting"}
"""Groups that read the log `staff`, and the service that keeps their places."""

rebuild_app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Certificates, reporting, staff, streams: from the logs.",
)

Partitions = Annotated[
    list[int] | None,
    typer.Option("--partition", min=0, max=PARTITIONS - 1, help="Only this one; may be repeated."),
]
Timeout = Annotated[float, typer.Option(min=1, help="Seconds to follow it.")]
Database = Annotated[
    str | None, typer.Option(help="URL of the service's database for its owner; the stack's by default.")
]


class NotFinished(Trouble):
    """The time is over and it is not done; it goes on without the command."""

    def __init__(self, sentence: str, lacking: Iterable[str]) -> None:
        self.lacking = list(lacking)
        super().__init__(f"{sentence}; not there yet: {', '.join(self.lacking)}")


@rebuild_app.command()
def certificates(
    partition: Partitions = None,
    home: HomeOption = DEFAULT_HOME,
    database: Database = None,
    timeout: Timeout = DEFAULT_TIMEOUT,
    *,
    as_json: AsJson = False,
) -> None:
    """Forget certificates and issue the same again from the enrolment log; reporting follows by itself.

    Exit codes: 0 done, 1 trouble, or not done within --timeout: it then goes on without this command.
    """
    work = Work(Addresses(home), _partitions(partition), timeout)
    _run(lambda show: _rebuild_group(work, "certificates", database, show), as_json=as_json)


@rebuild_app.command()
def reporting(
    partition: Partitions = None,
    home: HomeOption = DEFAULT_HOME,
    database: Database = None,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds, then it is given up.")] = DEFAULT_TIMEOUT,
    *,
    verify: Annotated[bool, typer.Option("--verify", help="Compare only; nothing is changed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Count everything again from the logs beside the live figures, and put right at once what differs.

    Exit codes: 0 live figures are what the logs give, 1 --verify found a difference or it was refused, 2 it
    cannot be done.
    """
    options = [f"--partition={number}" for number in partition or ()]
    options += [option for option, wanted in (("--verify", verify), ("--json", as_json)) if wanted]
    with progress_bar(quiet=as_json) as show:
        work = rebuild_reporting(Addresses(home), database, options, timeout, show)
        ended = run_until_interrupted(work, lambda: tell("Stopping; the live figures stay as they are"))
    if ended is None:
        raise typer.Exit(EXIT_INTERRUPTED)
    code, told, complaints = ended
    typer.echo(told, nl=False)
    if complaints:
        sys.stderr.write(f"mitra: {complaints}")
    raise typer.Exit(code)


@rebuild_app.command()
def staff(
    partition: Partitions = None,
    home: HomeOption = DEFAULT_HOME,
    timeout: Timeout = DEFAULT_TIMEOUT,
    *,
    as_json: AsJson = False,
) -> None:
    """Learn again, in certificates and reporting, whose tokens count; what was known counts meanwhile.

    Exit codes: 0 done, 1 trouble, or not done within --timeout: it then goes on without this command.
    """
    work = Work(Addresses(home), _partitions(partition), timeout)
    _run(lambda show: _rebuild_staff(work, show), as_json=as_json)


@rebuild_app.command()
def streams(
    topic: Annotated[
        list[str] | None, typer.Option(help=f"Only this one of {', '.join(TOPICS)}; may be repeated.")
    ] = None,
    partition: Partitions = None,
    home: HomeOption = DEFAULT_HOME,
    redis: Annotated[
        str | None, typer.Option(help="URL of Redis for an account that may delete; the stack's by default.")
    ] = None,
    timeout: Timeout = DEFAULT_TIMEOUT,
    *,
    as_json: AsJson = False,
) -> None:
    """Delete Redis streams, and wait until the relays have built them again.

    Exit codes: 0 done, 1 trouble, or not done within --timeout: it then goes on without this command.
    """
    unknown = [name for name in topic or () if name not in TOPICS]
    if unknown:
        raise WrongUsage(f"there is no topic {unknown[0]}; topics are {', '.join(TOPICS)}")
    wanted = [TOPICS[name] for name in dict.fromkeys(topic or TOPICS)]
    work = Work(Addresses(home), _partitions(partition), timeout)
    _run(lambda show: _rebuild_streams(work, wanted, redis, show), as_json=as_json)


@dataclass(frozen=True)
class Work:
    """What every rebuild is told."""

    addresses: Addresses
    partitions: tuple[Partition, ...]
    timeout: float

    def outcome(self, what: str, entries: int, began: float) -> dict[str, Any]:
        """What a finished rebuild tells."""
        return {
            "finished": True,
            "rebuilt": what,
            "partitions": list(self.partitions),
            "entries": entries,
            "seconds": round(monotonic() - began, 1),
        }


def _partitions(given: list[int] | None) -> tuple[Partition, ...]:
    return tuple(sorted({Partition(number) for number in given})) if given else tuple(all_partitions())


def _run(
    work: Callable[[Show], Coroutine[Any, Any, dict[str, Any]]],
    *,
    as_json: bool,
) -> None:
    try:
        with progress_bar(quiet=as_json) as show:
            outcome = run_until_interrupted(
                work(show), lambda: tell("What was asked for goes on without this command")
            )
    except NotFinished as error:
        if not as_json:
            raise
        typer.echo(json.dumps({"finished": False, "why": str(error), "lacking": error.lacking}))
        raise typer.Exit(EXIT_TROUBLE) from None
    except (SQLAlchemyError, RedisError, OSError) as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise Trouble(f"the rebuild cannot be followed: {reason}") from None
    if outcome is None:
        raise typer.Exit(EXIT_INTERRUPTED)
    if as_json:
        typer.echo(json.dumps(outcome))
    else:
        results.print(
            f"Rebuilt {outcome['rebuilt']}: {indian(outcome['entries'])} entries in {outcome['seconds']} s"
        )


async def _rebuild_group(work: Work, group: str, database: str | None, show: Show) -> dict[str, Any]:
    began = monotonic()
    async with _engines(work.addresses) as logs, AsyncExitStack() as stack:
        own = _engine(work.addresses.owning(group, database), stack)
        rebuild = GroupRebuild(group, own, await heads_of(logs, sources_of(GROUPS[group], work.partitions)))
        await rebuild.request()
        entries = await _follow(rebuild, group, began + work.timeout, show)
        if group == "certificates":
            for follows, keeper in FOLLOWERS.items():
                reader = _engine(work.addresses.reading(keeper), stack)
                targets = await heads_of(logs, sources_of(GROUPS[follows], work.partitions))
                follower = GroupRebuild(follows, reader, targets)
                if not await follower.has_run():
                    continue
                try:
                    await _follow(follower, follows, began + work.timeout, show)
                except NotFinished as error:
                    sentence = f"certificates are rebuilt, but {follows} has not followed: is it running?"
                    raise NotFinished(f"{sentence} It goes on by itself", error.lacking) from None
    return work.outcome(group, entries, began)


async def _rebuild_staff(work: Work, show: Show) -> dict[str, Any]:
    began, entries = monotonic(), 0
    async with _engines(work.addresses) as logs, AsyncExitStack() as stack:
        targets = await heads_of(logs, sources_of([STAFF], work.partitions))
        rebuilds = {
            group: GroupRebuild(group, _engine(work.addresses.owning(service), stack), targets)
            for group, service in STAFF_GROUPS.items()
        }
        for rebuild in rebuilds.values():
            await rebuild.request()
        for group, rebuild in rebuilds.items():
            entries += await _follow(rebuild, group, began + work.timeout, show)
    return work.outcome("the standing of staff", entries, began)


async def _rebuild_streams(
    work: Work, topics: Iterable[Topic], given: str | None, show: Show
) -> dict[str, Any]:
    began = monotonic()
    async with _engines(work.addresses) as logs, AsyncExitStack() as stack:
        clients: dict[Topic, Redis] = {}
        for topic in topics:
            clients[topic] = connect(work.addresses.redis_of(KEEPERS[topic], given), connections=1)
            stack.push_async_callback(clients[topic].aclose)
        rebuild = StreamRebuild(logs, clients, await heads_of(logs, sources_of(clients, work.partitions)))
        await rebuild.request()
        entries = await _follow(rebuild, "streams", began + work.timeout, show)
    return work.outcome("streams", entries, began)


async def _follow(rebuild: Rebuild, name: str, deadline: float, show: Show) -> int:
    """Wait until nothing lacks; the number of entries."""
    while True:
        progress = await rebuild.progress()
        show(name, progress.done, progress.total)
        if not progress.lacking:
            return progress.total
        if monotonic() > deadline:
            raise NotFinished(await rebuild.excuse(), progress.lacking)
        await asyncio.sleep(LOOK_SECONDS)


def _engine(url: str, stack: AsyncExitStack) -> AsyncEngine:
    engine = create_engine(url, application="mitra rebuild", pool_size=1)
    stack.push_async_callback(engine.dispose)
    return engine


@asynccontextmanager
async def _engines(addresses: Addresses) -> AsyncIterator[dict[str, AsyncEngine]]:
    """The databases that keep logs, for reading heads."""
    async with AsyncExitStack() as stack:
        services = dict.fromkeys(KEEPERS.values())
        yield {service: _engine(addresses.reading(service), stack) for service in services}
