"""`mitra secrets`: the command line of the folder of secrets."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from mitra_shared.ops.secrets import SERVICE_TOKEN_LIFETIME, SecretFolder, Servers
from mitra_shared.ops.trouble import Trouble

secrets_app = typer.Typer(
    name="secrets", help="Keys, passwords and addresses of the services.", no_args_is_help=True
)
rotate_app = typer.Typer(
    name="rotate", help="Put a new key in the place of an old one.", no_args_is_help=True
)
secrets_app.add_typer(rotate_app)

PostgresOption = Annotated[
    str, typer.Option("--postgres", help="host:port of Postgres, as the services see it.")
]
RedisOption = Annotated[str, typer.Option("--redis", help="host:port of Redis, as the services see it.")]
ForgetOption = Annotated[
    bool,
    typer.Option("--forget-old", help="Refuse all tokens of earlier keys: one of them is known to others."),
]
FolderArgument = Annotated[Path, typer.Argument(metavar="DIR", help="The directory of the secrets.")]


@secrets_app.command()
def init(
    folder: FolderArgument, postgres: PostgresOption = "postgres:5432", redis: RedisOption = "redis:6379"
) -> None:
    """Make all secrets of a deployment, once. The directory must not exist yet."""
    SecretFolder(folder).create(Servers(postgres, redis))
    typer.echo(f"Secrets are in {folder}. Keep a copy apart: without its keys, sealed names cannot be read.")


@secrets_app.command()
def renew(
    folder: FolderArgument, postgres: PostgresOption = "postgres:5432", redis: RedisOption = "redis:6379"
) -> None:
    """Write fresh service tokens (valid for a year) and the addresses; keys and passwords stay."""
    _existing(folder).renew(Servers(postgres, redis))
    typer.echo(
        f"Service tokens in {folder} are valid until {datetime.now(UTC) + SERVICE_TOKEN_LIFETIME:%d-%m-%Y}."
    )


@rotate_app.command("token-signing")
def rotate_token_signing(folder: FolderArgument, *, forget_old: ForgetOption = False) -> None:
    """Sign tokens that are minted, and those of services, with a new key.

    The old public key stays published until its tokens have run out.
    """
    _existing(folder).rotate_token_signing(datetime.now(UTC).date(), forget_old=forget_old)
    accepted = "only its tokens" if forget_old else "old tokens, too,"
    typer.echo(
        f"Tokens are signed with a new key; {accepted} are accepted. "
        "Start all services again now: they know it from their next start."
    )


@rotate_app.command("access-tokens")
def rotate_access_tokens(folder: FolderArgument, *, forget_old: ForgetOption = False) -> None:
    """Sign the access tokens of staff who sign in with a new key. Nobody has to sign in again."""
    _existing(folder).rotate_access_tokens(datetime.now(UTC).date(), forget_old=forget_old)
    typer.echo(
        "Access tokens of staff are signed with a new key. Start all services again now: they know it from "
        "their next start."
    )


def _existing(folder: Path) -> SecretFolder:
    secrets = SecretFolder(folder)
    if not secrets.exists:
        raise Trouble(f"{folder} does not exist; make it with: mitra secrets init {folder}")
    return secrets
