"""The command line `mitra`: one command, one module, imported when it is called."""

import sys
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

from mitra_shared.ops.trouble import Trouble


@dataclass(frozen=True)
class Command:
    """Where a command lives; `app` is the `typer.Typer` of its module, with one command or several."""

    module: str
    app: str
    help: str


COMMANDS: Final = {
    "demo": Command("demo", "demo_app", "A field day of the Modi Mitra campaign on an embedded stack."),
    "up": Command("up", "up_app", "The embedded stack: Postgres, Redis and all services, until Ctrl-C."),
    "simulate": Command("simulated_day", "simulate_app", "A field day on the stack that runs."),
    "campaign": Command("campaign", "campaign_app", "Check a campaign definition, or put it in force."),
    "certificate": Command(
        "certificate", "certificate_app", "How certificates look: previews of a template."
    ),
    "audit": Command("audit.command", "audit_app", "Prove that nothing was lost, doubled or miscounted."),
    "dead-letters": Command(
        "dead_letters", "dead_letters_app", "Events that could not be applied, and what to do about them."
    ),
    "rebuild": Command("rebuild", "rebuild_app", "Certificates, reporting or streams, again from the logs."),
    "token": Command("token", "token_app", "Mint a bearer token."),
    "keys": Command("keys_command", "keys_app", "The keys that sign certificates: list, rotate, retire."),
    "verify": Command("verify_command", "verify_app", "Whether a certificate is genuine and not revoked."),
    "secrets": Command("secrets_command", "secrets_app", "Keys, passwords and addresses of a deployment."),
}


class LazyGroup(TyperGroup):
    """Lists all commands from `COMMANDS`, and imports only the one that is called."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, command in COMMANDS.items():
            self.add_command(TyperCommand(name, help=command.help), name)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Put the real command in the place of its listing, then go on as usual."""
        command = COMMANDS.get(args[0]) if args else None
        if command is not None:
            app = getattr(import_module(f"mitra_shared.ops.{command.module}"), command.app)
            self.add_command(typer.main.get_command(app), args[0])
        return super().resolve_command(ctx, args)


app = typer.Typer(
    name="mitra",
    cls=LazyGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)


@app.callback()
def mitra() -> None:
    """Mitra: enrolment, certificates and live figures of a campaign, on three services."""


def main() -> None:
    """Run a command; expected trouble is one sentence on stderr and an exit code."""
    try:
        app(prog_name="mitra")
    except Trouble as trouble:
        sys.stderr.write(f"mitra: {trouble}\n")
        raise SystemExit(trouble.exit_code) from None


if __name__ == "__main__":
    main()
