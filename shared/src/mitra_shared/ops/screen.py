"""What the commands show: progress on stderr, results on stdout, both in the same few shapes."""

from collections.abc import Mapping

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mitra_shared.ops.stack_state import StackState

results = Console(highlight=False, soft_wrap=True)
progress = Console(stderr=True, highlight=False)


def tell(line: str) -> None:
    """One line about what is going on."""
    progress.print(f"[dim]·[/dim] {escape(line)}", soft_wrap=True)


def show_stack(state: StackState, *, reader_token: str = "") -> None:
    """The addresses of a running stack; with a reader's token, the live page opens signed in."""
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for service in ("enrolment", "certificates", "reporting"):
        for url in state.api_urls(service):
            table.add_row(f"[bold]{service}[/bold] api", url)
    table.add_row("Postgres", state.postgres.address)
    table.add_row("Redis", state.redis.address)
    table.add_row("logs", str(state.home / "logs"))
    table.add_row("state, passwords", str(state.home / "stack.json"))
    results.print(table)
    for url in state.api_urls("reporting")[:1]:
        # Not in the table, which would cut the token off.
        signed_in = f"#token={reader_token}" if reader_token else ""
        results.print(f"[bold]live page[/bold]  {url}/{signed_in}")


def show_tokens(tokens: Mapping[str, str]) -> None:
    """Bearer tokens by what they are for, each on one line to copy."""
    for purpose, token in tokens.items():
        results.print(f"\nToken of {purpose}, or of anyone with [bold]mitra token[/bold]:")
        results.print(token, markup=False)
