"""`mitra campaign`: check a definition, and put it in force.

check: files -> `mitra_shared.campaign.check` -> the list of mistakes, or what the campaign holds
load:  the same, then `PUT {enrolment}/v1/campaigns/{id}`, which puts `CampaignDefined` on the log
"""

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.markup import escape

from mitra_shared.campaign.check import CampaignMistakes, UnreadableCampaign, load_definition
from mitra_shared.campaign.definition import CampaignDefinition
from mitra_shared.ids import StaffId
from mitra_shared.ops.campaign_screen import mistakes_as_json, show_mistakes, show_summary, summary_as_json
from mitra_shared.ops.campaign_sending import DEFAULT_SECONDS, Enrolment, send_definition
from mitra_shared.ops.screen import results
from mitra_shared.ops.stack_state import DEFAULT_HOME, StackState
from mitra_shared.ops.token import signing_key
from mitra_shared.ops.trouble import EXIT_TROUBLE, EXIT_USAGE, Trouble, WrongUsage
from mitra_shared.security.token_keys import BadTokenKeys
from mitra_shared.security.tokens import Caller, Role, mint

MAIN_FILE: Final = "campaign.toml"
_TOKEN_LIFETIME: Final = timedelta(minutes=10)

campaign_app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Check a campaign definition, or put it in force."
)

File = Annotated[Path, typer.Argument(help="campaign.toml, or the folder that holds it.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")]


@campaign_app.command()
def check(file: File, *, as_json: AsJson = False) -> None:
    """List every mistake in a definition, or what it holds. Exit codes: 0 fine, 1 mistakes, 2 unreadable."""
    definition = _read(file, as_json=as_json)
    if as_json:
        typer.echo(json.dumps(summary_as_json(definition), ensure_ascii=False))
    else:
        show_summary(definition)


@campaign_app.command()
def load(
    file: File,
    url: Annotated[
        str | None,
        typer.Option(envvar="MITRA_ENROLMENT_URL", help="Enrolment service; the stack's by default."),
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(envvar="MITRA_TOKEN", help="Operator's token; minted by the stack's key by default."),
    ] = None,
    home: Annotated[Path, typer.Option(help="Directory of the running stack.")] = DEFAULT_HOME,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds to wait for an answer.")] = DEFAULT_SECONDS,
    *,
    as_json: AsJson = False,
) -> None:
    """Check a definition and put it in force. Exit codes: 0 in force, 1 mistakes or refused, 2 unreadable."""
    definition = _read(file, as_json=as_json)
    service = Enrolment(url or _stack_url(home), token or _operator_token(home), timeout)
    answer = send_definition(service, definition)
    if as_json:
        typer.echo(
            json.dumps(
                {"ok": True, "campaign": definition.id, "version": definition.version, "answer": answer}
            )
        )
    else:
        is_old = isinstance(answer, Mapping) and answer.get("changed") is False
        state = "was in force already" if is_old else "is in force"
        results.print(
            f"{escape(definition.name.en)} ({definition.id}), version {definition.version}, {state}"
        )


def _read(file: Path, *, as_json: bool) -> CampaignDefinition:
    path = file / MAIN_FILE if file.is_dir() else file
    try:
        return load_definition(path)
    except UnreadableCampaign as error:
        if as_json:
            typer.echo(
                json.dumps({"ok": False, "file": str(path), "unreadable": str(error)}, ensure_ascii=False)
            )
            raise typer.Exit(EXIT_USAGE) from None
        raise WrongUsage(str(error)) from None
    except CampaignMistakes as error:
        if as_json:
            typer.echo(json.dumps(mistakes_as_json(path, error.mistakes), ensure_ascii=False))
        else:
            show_mistakes(path, error.mistakes)
        raise typer.Exit(EXIT_TROUBLE) from None


def _stack_url(home: Path) -> str:
    urls = StackState.read(home).api_urls("enrolment")
    if not urls:
        raise Trouble(f"the stack on {home} has no enrolment api; name one with --url")
    return urls[0]


def _operator_token(home: Path) -> str:
    try:
        caller = Caller(StaffId("operator"), Role.OPERATOR, None, None)
        return mint(signing_key(None, home), caller, lifetime=_TOKEN_LIFETIME)
    except BadTokenKeys as error:
        raise Trouble(f"the signing key cannot be used: {error}") from None
