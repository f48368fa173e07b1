"""`mitra audit`: the command line of the audit."""

import asyncio
import json
from collections.abc import Mapping
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from mitra_shared.campaign.numerals import indian
from mitra_shared.ops.addresses import Addresses, AsJson, HomeOption
from mitra_shared.ops.audit.report import AuditReport, CheckReport
from mitra_shared.ops.audit.run import PATIENCE_SECONDS, audit
from mitra_shared.ops.audit.sources import AuditSources, CannotAudit
from mitra_shared.ops.bar import progress_bar
from mitra_shared.ops.screen import results
from mitra_shared.ops.stack_state import DEFAULT_HOME, NoStack
from mitra_shared.ops.trouble import EXIT_TROUBLE

audit_app = typer.Typer(add_completion=False)


@audit_app.command("audit")
def audit_command(
    home: HomeOption = DEFAULT_HOME,
    enrolment_database: Annotated[
        str | None, typer.Option(help="URL of the enrolment database; the stack's by default.")
    ] = None,
    certificates_database: Annotated[
        str | None, typer.Option(help="URL of the certificates database.")
    ] = None,
    reporting_database: Annotated[str | None, typer.Option(help="URL of the reporting database.")] = None,
    redis: Annotated[str | None, typer.Option(help="URL of Redis.")] = None,
    patience: Annotated[
        float, typer.Option(min=0, help="Seconds that relays have to carry what was logged before the start.")
    ] = PATIENCE_SECONDS,
    *,
    deep: Annotated[bool, typer.Option("--deep", help="Compare every entry of the streams.")] = False,
    as_json: AsJson = False,
) -> None:
    """Prove that nothing was lost, doubled or miscounted. Runs under load and changes nothing.

    Exit codes: 0 clean, 1 something was found, 2 it could not be audited.
    """
    try:
        databases = {
            "enrolment": enrolment_database,
            "certificates": certificates_database,
            "reporting": reporting_database,
        }
        sources = _sources(Addresses(home), databases, redis)
        report = _run(sources, deep=deep, patience=patience, quiet=as_json)
    except CannotAudit as error:
        if as_json:
            typer.echo(json.dumps({"clean": None, "cannot_audit": str(error)}))
            raise typer.Exit(error.exit_code) from None
        raise
    if as_json:
        typer.echo(report.model_dump_json())
    else:
        show_report(report)
    if not report.clean:
        raise typer.Exit(EXIT_TROUBLE)


def _sources(addresses: Addresses, databases: Mapping[str, str | None], redis: str | None) -> AuditSources:
    try:
        urls = {name: addresses.reading(name, given) for name, given in databases.items()}
        return AuditSources(**urls, redis=addresses.redis(redis))
    except NoStack as error:
        raise CannotAudit(str(error)) from None


def _run(sources: AuditSources, *, deep: bool, patience: float, quiet: bool) -> AuditReport:
    with progress_bar(quiet=quiet) as show:
        return asyncio.run(audit(sources, deep=deep, patience=patience, progress=show))


def show_report(report: AuditReport) -> None:
    """The report for people: a line for each check, then what was found and what is worth knowing."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("", "check", "claim", "numbers"):
        table.add_column(heading, overflow="fold")
    for check in report.checks:
        mark = "[red]✗[/red]" if check.findings else "[green]✓[/green]"
        table.add_row(mark, f"[bold]{check.name}[/bold]", check.claim, _numbers(check))
    results.print(table)
    for check in report.checks:
        _show_findings(check)
    for check in report.checks:
        for note in check.notes:
            results.print(f"[yellow]note[/yellow] {escape(note)}")
    if report.clean:
        results.print(f"\n[green]Clean[/green]: every claim holds. {report.seconds:.1f} s")
    else:
        kinds = sum(len(check.findings) for check in report.checks)
        results.print(f"\n[red]Not clean[/red]: {kinds} kinds of mistakes. {report.seconds:.1f} s")


def _show_findings(check: CheckReport) -> None:
    for finding in check.findings:
        results.print(f"\n[red]{check.name}[/red]: {escape(finding.what)} ({indian(finding.count)})")
        for example in finding.examples:
            results.print(f"    {escape(example)}")
        if finding.count > len(finding.examples):
            results.print("    ...")


def _numbers(check: CheckReport) -> str:
    return ", ".join(f"{indian(number)} {escape(name)}" for name, number in check.numbers.items())
