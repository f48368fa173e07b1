"""`mitra certificate`: how certificates look, shown by the certificates service itself."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Final

import typer

from mitra_shared.campaign.definition import Language
from mitra_shared.ops.trouble import Trouble, WrongUsage

PREVIEW_SECONDS: Final = 120.0

certificate_app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="How certificates look: previews of a template."
)


@certificate_app.callback()
def certificate() -> None:
    """How certificates look."""


@certificate_app.command()
def preview(
    out: Annotated[Path, typer.Argument(help="Where to write it: OUT.pdf or OUT.png.", show_default=False)],
    template: Annotated[
        Path | None, typer.Option(help="Directory of changed templates; those of the service by default.")
    ] = None,
    language: Annotated[Language, typer.Option(help="Of the words around the name.")] = "en",
    name: Annotated[str | None, typer.Option(help="Instead of that of the sample.")] = None,
) -> None:
    """Write a sample certificate; a mistake in a template is told with file, line and column.

    Exit codes: 0 done, 1 the templates cannot be used, 2 wrong usage.
    """
    if out.suffix not in {".pdf", ".png"}:
        raise WrongUsage(f"{out} ends neither in .pdf nor in .png")
    if find_spec("certificates") is None:
        raise Trouble(
            "the certificates service is not installed here; its image has the same command: "
            "python -m certificates preview"
        )
    options = [f"--language={language}"]
    options += [f"--template={template}"] if template else []
    options += [f"--name={name}"] if name else []
    try:
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", "certificates.rendering.preview", *options, "--", str(out)],
            check=False,
            capture_output=True,
            text=True,
            timeout=PREVIEW_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise Trouble(f"the preview was not done within {PREVIEW_SECONDS:.0f} s") from None
    if done.returncode != 0:
        raise Trouble(done.stderr.strip())
    typer.echo(done.stderr, err=True, nl=False)
    typer.echo(f"Wrote {out}")
