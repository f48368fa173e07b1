"""`mitra keys`: the command line of the keys that sign certificates."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from mitra_shared.credential.keys import (
    ALGORITHMS,
    DELAY_SECONDS,
    IssuerKey,
    IssuerKeys,
    NoActiveKey,
    publish,
    retire,
    rotate,
)
from mitra_shared.ops.addresses import AsJson
from mitra_shared.ops.issuer_keys import change_issuer_keys, read_issuer_keys
from mitra_shared.ops.secrets import SecretFolder
from mitra_shared.ops.stack_state import DEFAULT_HOME
from mitra_shared.ops.trouble import Trouble

keys_app = typer.Typer(name="keys", help="The keys that sign certificates.", no_args_is_help=True)

FolderArgument = Annotated[
    Path,
    typer.Argument(metavar="[DIR]", help="The directory of the secrets; of the stack here if not given."),
]
_OF_THE_STACK = DEFAULT_HOME / "secrets"


@keys_app.command("list")
def list_keys(folder: FolderArgument = _OF_THE_STACK, *, as_json: AsJson = False) -> None:
    """Show every key: its id, from when it signs, and where its private half is."""
    keys = read_issuer_keys(_file(folder))
    rows = _rows(keys)
    if as_json:
        typer.echo(json.dumps(rows))
        return
    for row in rows:
        typer.echo(f"{row['kid']:<20} {row['algorithm']:<6} from {row['active_from']}  {row['state']}")


@keys_app.command("rotate")
def rotate_keys(folder: FolderArgument = _OF_THE_STACK) -> None:
    """Publish new keys now and sign with them in a minute. What older keys signed stays valid for ever."""
    before, after = change_issuer_keys(_file(folder), rotate)
    known = {key.kid for key in before.all}
    fresh = ", ".join(f"{key.kid} ({key.algorithm})" for key in after.all if key.kid not in known)
    typer.echo(f"Published {fresh}. Certificates are signed with it in {DELAY_SECONDS} s; restart nothing.")
    _tell_retired(before, after)


@keys_app.command("retire")
def retire_keys(folder: FolderArgument = _OF_THE_STACK) -> None:
    """Remove private halves whose successor has been signing for a minute; public halves stay."""
    before, after = change_issuer_keys(_file(folder), retire)
    if not _tell_retired(before, after):
        typer.echo("Every private half that is here is still needed.")


@keys_app.command("publish")
def publish_key(
    jwk: Annotated[Path, typer.Argument(help="File of the public key (JWK with a kid).")],
    folder: FolderArgument = _OF_THE_STACK,
) -> None:
    """Publish the public half of a key that signs elsewhere, and sign with it in a minute (docs/keys.md)."""
    try:
        text = jwk.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise Trouble(f"{jwk} cannot be read: {error}") from None
    _, after = change_issuer_keys(_file(folder), lambda keys, now: publish(keys, text, now))
    typer.echo(
        f"Published {after.all[-1].kid}. It signs in {DELAY_SECONDS} s: until then, "
        "name its signer in MITRA_ISSUER_SIGNER of the signing process."
    )


def _file(folder: Path) -> Path:
    return SecretFolder(folder).issuer_keys


def _tell_retired(before: IssuerKeys, after: IssuerKeys) -> bool:
    remaining = {key.kid for key in after.all if key.private is not None}
    gone = [key.kid for key in before.all if key.private is not None and key.kid not in remaining]
    if gone:
        typer.echo(f"No longer able to sign: {', '.join(gone)}.")
    return bool(gone)


def _rows(keys: IssuerKeys) -> list[dict[str, Any]]:
    now = time.time()
    signing = set[str]()
    for algorithm in ALGORITHMS:
        try:
            signing.add(keys.current(algorithm, now).kid)
        except NoActiveKey:
            continue
    return [
        {
            "kid": key.kid,
            "algorithm": key.algorithm,
            "active_from": datetime.fromtimestamp(key.active_from, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "state": _state(key, signs=key.kid in signing, waits=key.active_from > now),
        }
        for key in keys.all
    ]


def _state(key: IssuerKey, *, signs: bool, waits: bool) -> str:
    if waits:
        return "published, signs later"
    if signs:
        return "signs" if key.private is not None else "signs elsewhere"
    return "verifies" if key.private is None else "verifies; its private half can be retired"
