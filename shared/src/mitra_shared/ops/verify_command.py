"""`mitra verify`: whether a certificate is genuine and not revoked, from whatever form one has it in.

Exit code 0: valid. 1: not. 2: it cannot be told, for lack of keys, of a list or of a readable code.
"""

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from mitra_shared.credential.verify import Outcome, StatusCheck, Verdict, verify
from mitra_shared.ops.addresses import AsJson, HomeOption
from mitra_shared.ops.certificate_reading import EXIT_CANNOT_TELL, CannotTell, certificates_in
from mitra_shared.ops.stack_state import DEFAULT_HOME
from mitra_shared.ops.trouble import EXIT_TROUBLE
from mitra_shared.ops.verification_sources import Sources, sources

verify_app = typer.Typer(add_completion=False)

_NOT_VALID: Final = {Outcome.REVOKED, Outcome.ALTERED, Outcome.OTHER_ISSUER, Outcome.UNREADABLE}
_JOINERS: Final = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
_LARGEST_INPUT: Final = 65_537


@verify_app.command()
def verify_certificate(
    given: Annotated[
        str,
        typer.Argument(
            metavar="FILE|TEXT",
            help="A picture, a PDF, a token, a document or a code, as file or text; - is standard input.",
        ),
    ],
    keys: Annotated[
        str | None,
        typer.Option(
            metavar="URL|FILE|DIR",
            help="Whose signatures are believed: address of the service, DID document, JWKS, or secrets. "
            "The running stack's if not given.",
        ),
    ] = None,
    status: Annotated[
        Path | None,
        typer.Option(help="A signed status list, to look up revocation without a network."),
    ] = None,
    issuer: Annotated[
        str | None,
        typer.Option(
            envvar="MITRA_PUBLIC_URL", help="Address of the issuer, where keys do not say whose they are."
        ),
    ] = None,
    home: HomeOption = DEFAULT_HOME,
    *,
    as_json: AsJson = False,
) -> None:
    """Verify a certificate: signature, issuer and revocation."""
    certificates = [sys.stdin.read(_LARGEST_INPUT)] if given == "-" else certificates_in(given)
    trust = sources(keys, issuer, status, home)
    worst = 0
    for number, certificate in enumerate(certificates):
        verdict, doubt = _judged(certificate, trust)
        if number and not as_json:
            typer.echo()
        typer.echo(_json(verdict, doubt) if as_json else _words(verdict, doubt))
        worst = max(worst, _exit_code(verdict, doubt), key=_GRAVITY.index)
    raise typer.Exit(worst)


_GRAVITY: Final = (0, EXIT_CANNOT_TELL, EXIT_TROUBLE)


def _judged(certificate: str | bytes, trust: Sources) -> tuple[Verdict, str | None]:
    """The verdict, and why revocation could not be looked up although it should have been."""
    verdict = verify(certificate, trust.trusted)
    if verdict.says is None:
        return verdict, None
    try:
        status_list = trust.status_list(verdict.says.list_number)
    except CannotTell as error:
        return verdict, str(error)
    if status_list is None:
        return verdict, None
    if status_list.number != verdict.says.list_number:
        return verdict, f"its place is in status list {verdict.says.list_number}, not {status_list.number}"
    return verify(certificate, trust.trusted, status_list), None


def _exit_code(verdict: Verdict, doubt: str | None) -> int:
    if verdict.outcome in _NOT_VALID:
        return EXIT_TROUBLE
    known = verdict.outcome is Outcome.VALID and verdict.status.check is not StatusCheck.LIST_EXPIRED
    return 0 if known and doubt is None else EXIT_CANNOT_TELL


def _words(verdict: Verdict, doubt: str | None) -> str:
    lines = [f"{verdict.outcome.replace('_', ' ').upper()}: {_shown(verdict.reason)}"]
    lines += [f"  {name:<13} {text}" for name, text in _rows(verdict)]
    if doubt is not None:
        lines.append(f"Whether it was revoked cannot be told: {_shown(doubt)}")
    return "\n".join(lines)


def _rows(verdict: Verdict) -> list[tuple[str, str]]:
    says, status = verdict.says, verdict.status
    if says is None:
        return []
    rows = [
        ("name", _shown(says.holder_name)),
        ("number", says.number),
        ("campaign", says.campaign),
        ("constituency", says.constituency),
        ("segment", says.segment),
        ("issued", _instant(says.issued_at)),
        ("issuer", says.issuer),
        ("credential", str(says.credential_id)),
    ]
    if status.as_of is not None:
        rows.append(("list of", _instant(status.as_of)))
    return rows


def _json(verdict: Verdict, doubt: str | None) -> str:
    found: dict[str, Any] = asdict(verdict) | {"doubt": doubt}
    return json.dumps(found, ensure_ascii=False, default=str)


def _instant(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%d-%m-%Y %H:%M UTC")


def _shown(text: str) -> str:
    """A text without what could steer the terminal; joiners of Indic and Arabic script stay."""
    return "".join(
        letter if letter.isprintable() or letter in _JOINERS else "\N{REPLACEMENT CHARACTER}"
        for letter in text
    )
