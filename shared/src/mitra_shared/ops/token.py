"""`mitra token`: bearer tokens, signed with the key of the stack or of a deployment.

curl -H "Authorization: Bearer $(mitra token co_in_charge --area S11-PC04)" ...
"""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import typer

from mitra_shared.ids import AreaCode, CampaignId, StaffId
from mitra_shared.ops.secrets import LONGEST_TOKEN_LIFETIME, SecretFolder
from mitra_shared.ops.stack_state import DEFAULT_HOME
from mitra_shared.ops.trouble import Trouble, WrongUsage
from mitra_shared.security.secret_files import UnsafeSecretFile, read_secret
from mitra_shared.security.token_keys import BadTokenKeys
from mitra_shared.security.tokens import RECRUITERS, Caller, Role, mint
from mitra_shared.settings import SECRETS_DIR_VARIABLE

LONGEST_HOURS: Final = LONGEST_TOKEN_LIFETIME / timedelta(hours=1)
SIGNING_KEY_VARIABLE: Final = "MITRA_SIGNING_KEY"
_AREA_OF: Final = {
    Role.IN_CHARGE: "a constituency, e.g. S11-PC04",
    Role.CO_IN_CHARGE: "a constituency, e.g. S11-PC04",
    Role.STATE_COORDINATOR: "a state, e.g. S11",
}

token_app = typer.Typer(add_completion=False)


def signing_key(file: Path | None = None, home: Path = DEFAULT_HOME) -> str:
    """The private key that signs tokens.

    From `file`, else MITRA_SIGNING_KEY, else `mitra_signing_key` in MITRA_SECRETS_DIR, else the stack's.

    Raises:
        Trouble: there is none, or the file is open to others.
    """
    if file is None and (text := os.environ.get(SIGNING_KEY_VARIABLE)):
        return text
    directory = os.environ.get(SECRETS_DIR_VARIABLE)
    path = file or (
        Path(directory) / SIGNING_KEY_VARIABLE.lower()
        if directory
        else SecretFolder(home / "secrets").signing_key
    )
    try:
        return read_secret(path)
    except FileNotFoundError:
        raise Trouble(
            f"there is no signing key at {path}; start a stack (mitra up) or name a key (--signing-key FILE)"
        ) from None
    except (OSError, UnicodeDecodeError, UnsafeSecretFile) as error:
        raise Trouble(f"the signing key cannot be used: {error}") from None


def default_subject(role: Role, area: str | None) -> str:
    """A staff id that fits the role, for trying things out."""
    name = role.value.replace("_", "-")
    if role is Role.CO_IN_CHARGE:
        name += "-01"
    return f"{area}/{name}" if area else name


@token_app.command()
def token(
    role: Annotated[Role, typer.Argument(help="Who the caller is.", show_default=False)],
    area: Annotated[
        str | None, typer.Option(help="Area code: constituency of recruiters, state of coordinators.")
    ] = None,
    campaign: Annotated[str | None, typer.Option(help="Only for this campaign; any if not given.")] = None,
    subject: Annotated[
        str | None, typer.Option(help="Staff id; made from role and area if not given.")
    ] = None,
    hours: Annotated[
        float, typer.Option(min=0.01, max=LONGEST_HOURS, help="How long the token is valid.")
    ] = 12,
    signing_key_file: Annotated[
        Path | None, typer.Option("--signing-key", help="File of the private key (JWK).")
    ] = None,
    home: Annotated[Path, typer.Option(help="Directory of the stack whose key signs.")] = DEFAULT_HOME,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print claims and token as JSON.")] = False,
) -> None:
    """Mint a bearer token and print it."""
    if role in _AREA_OF and area is None:
        raise WrongUsage(f"a token of role {role.value} needs --area with {_AREA_OF[role]}")
    if role in RECRUITERS and area is not None and "-PC" not in area:
        raise WrongUsage(f"{area} is no constituency; a token of role {role.value} needs {_AREA_OF[role]}")
    lifetime = timedelta(hours=hours)
    caller = Caller(
        StaffId(subject or default_subject(role, area)),
        role,
        None if campaign is None else CampaignId(campaign),
        None if area is None else AreaCode(area),
    )
    try:
        minted = mint(signing_key(signing_key_file, home), caller, lifetime=lifetime)
    except BadTokenKeys as error:
        raise Trouble(f"the signing key cannot be used: {error}") from None
    if not as_json:
        typer.echo(minted)
        return
    typer.echo(
        json.dumps(
            {
                "token": minted,
                "subject": caller.subject,
                "role": role.value,
                "campaign": campaign,
                "area": area,
                "expires_at": (datetime.now(UTC) + lifetime).isoformat(timespec="seconds"),
            }
        )
    )
