"""`mitra dead-letters`: what could not be applied, and what to do about it."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from typing import Annotated, Any, Final, TypeVar

import typer
from rich.markup import escape

from mitra_shared.ops.addresses import Addresses, AsJson, HomeOption
from mitra_shared.ops.letters import OPEN, DeadLetter, LetterBox, letter_box
from mitra_shared.ops.screen import results
from mitra_shared.ops.stack_state import DEFAULT_HOME
from mitra_shared.ops.trouble import EXIT_TROUBLE, Trouble, WrongUsage

Result = TypeVar("Result")

EVERY_STATE: Final = (*OPEN, "discarded", "done")


class Group(StrEnum):
    """Groups that consume."""

    CERTIFICATES = "certificates"
    CREDENTIALS = "credentials"
    REPORTING = "reporting"
    CERTIFICATES_STAFF = "certificates-staff"
    REPORTING_STAFF = "reporting-staff"

    @property
    def service(self) -> str:
        """The service in whose database its letters lie."""
        return "certificates" if self is Group.CREDENTIALS else self.value.removesuffix("-staff")


dead_letters_app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Events that could not be applied."
)

References = Annotated[
    list[str], typer.Argument(metavar="LETTER...", help="As in the list: certificates/12", show_default=False)
]
DatabaseOption = Annotated[
    str | None, typer.Option("--database", help="URL of the service's database; the stack's by default.")
]
WaitOption = Annotated[
    float, typer.Option("--wait", min=0, help="Seconds to wait for what becomes of it; 0 does not wait.")
]


@dead_letters_app.command("list")
def list_letters(
    group: Annotated[
        Group | None, typer.Option("--service", "--group", help="Only of this consumer group.")
    ] = None,
    home: HomeOption = DEFAULT_HOME,
    database: DatabaseOption = None,
    *,
    with_history: Annotated[bool, typer.Option("--all", help="Also what is discarded or done.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the events that failed, and those that wait behind them."""
    if database is not None and group is None:
        raise WrongUsage("--database needs --group, to say whose it is")
    addresses = Addresses(home)
    states = EVERY_STATE if with_history else OPEN
    found = [
        letter
        for each in ([group] if group else Group)
        for letter in _do(each, addresses.reading(each.service, database), lambda box: box.letters(states))
    ]
    if as_json:
        typer.echo(json.dumps({"letters": [_plain(letter) for letter in found]}))
    elif found:
        _show_list(found)
    else:
        results.print("No dead letters.")


@dead_letters_app.command()
def show(
    letter: Annotated[str, typer.Argument(help="As in the list: certificates/12", show_default=False)],
    home: HomeOption = DEFAULT_HOME,
    database: DatabaseOption = None,
    wait: WaitOption = 0.0,
    *,
    with_payload: Annotated[
        bool, typer.Option("--payload", help="Also the event itself, which may hold a sealed name.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show one letter. Exit codes: 0 done or discarded, 1 it still waits or failed."""
    group, number = _parsed(letter)

    async def look(box: LetterBox) -> tuple[DeadLetter, str | None]:
        found = await box.outcome(number, wait)
        return found, await box.payload(number) if with_payload else None

    found, payload = _do(group, Addresses(home).reading(group.service, database), look)
    if as_json:
        told = _plain(found) | ({"payload": payload} if with_payload else {})
        typer.echo(json.dumps(told))
    else:
        _show_one(found, payload)
    if found.state in OPEN:
        raise typer.Exit(EXIT_TROUBLE)


@dead_letters_app.command()
def redrive(
    letters: References,
    home: HomeOption = DEFAULT_HOME,
    database: DatabaseOption = None,
    wait: WaitOption = 0.0,
    *,
    as_json: AsJson = False,
) -> None:
    """Have failed events played again, each with what waits behind it, in order.

    Exit codes: 0 asked for (with --wait: played), 1 refused (with --wait: failed again, or nobody played it).
    """
    _act(letters, LetterBox.redrive, addresses=Addresses(home), database=database, wait=wait, as_json=as_json)


@dead_letters_app.command()
def discard(
    letters: References,
    home: HomeOption = DEFAULT_HOME,
    database: DatabaseOption = None,
    wait: WaitOption = 0.0,
    *,
    as_json: AsJson = False,
) -> None:
    """Give failed events up for good; what waits behind them is played.

    Exit codes: 0 discarded, 1 refused.
    """
    _act(letters, LetterBox.discard, addresses=Addresses(home), database=database, wait=wait, as_json=as_json)


def _act(
    references: Sequence[str],
    action: Callable[[LetterBox, int], Awaitable[None]],
    *,
    addresses: Addresses,
    database: str | None,
    wait: float,
    as_json: bool,
) -> None:
    outcomes: list[dict[str, Any]] = []
    for reference, (group, number) in [(each, _parsed(each)) for each in references]:

        async def act(box: LetterBox, number: int = number) -> DeadLetter:
            await action(box, number)
            return await box.outcome(number, wait)

        try:
            outcomes.append(_plain(_do(group, addresses.owning(group.service, database), act)))
        except Trouble as trouble:
            outcomes.append({"letter": reference, "refused": str(trouble)})
    if as_json:
        typer.echo(json.dumps({"letters": outcomes}))
    else:
        for outcome in outcomes:
            results.print(_sentence(outcome), markup=False)
    failed = ("poison", "redrive") if wait else ()
    if any("refused" in outcome or outcome["state"] in failed for outcome in outcomes):
        raise typer.Exit(EXIT_TROUBLE)


def _sentence(outcome: dict[str, Any]) -> str:
    if "refused" in outcome:
        return f"{outcome['letter']}: {outcome['refused']}"
    match outcome["state"]:
        case "poison":
            return f"{outcome['letter']} failed again: {outcome['error']}"
        case "redrive":
            return f"{outcome['letter']} will be played by the consumer that owns its partition"
        case state:
            return f"{outcome['letter']} is {state}"


def _do(group: Group, url: str, work: Callable[[LetterBox], Awaitable[Result]]) -> Result:
    async def done() -> Result:
        async with letter_box(group, url) as box:
            return await work(box)

    return asyncio.run(done())


def _parsed(reference: str) -> tuple[Group, int]:
    group, _, number = reference.partition("/")
    if group not in list(Group) or not number.isdecimal():
        raise WrongUsage(
            f"{reference!r} names no letter; e.g. certificates/12, as in: mitra dead-letters list"
        )
    return Group(group), int(number)


def _plain(letter: DeadLetter) -> dict[str, Any]:
    return {"letter": letter.reference, **letter.model_dump(mode="json")}


def _show_list(letters: Sequence[DeadLetter]) -> None:
    """Two lines for each, which stay whole in a pipe as well."""
    for letter in letters:
        whose = "" if letter.subject is None else f"  Mitra {letter.subject}"
        results.print(
            f"[bold]{letter.reference}[/bold]  {letter.state}  {escape(letter.type)}, "
            f"{escape(letter.place)}{whose}"
        )
        results.print(f"    {escape(letter.error)}; tried {letter.attempts} times")


def _show_one(letter: DeadLetter, payload: str | None) -> None:
    told = {name: value for name, value in _plain(letter).items() if name not in ("service", "id")}
    if payload is not None:
        told["payload"] = payload
    for name, value in told.items():
        results.print(f"[bold]{name:12}[/bold] {'' if value is None else escape(str(value))}")
