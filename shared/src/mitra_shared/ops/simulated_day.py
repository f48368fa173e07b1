"""`mitra simulate`: a field day on a stack that runs already, in the campaign that is in force there."""

import asyncio
import json
import secrets
from pathlib import Path
from typing import Annotated

import typer

from mitra_shared.campaign.check import load_definition
from mitra_shared.ops.field_day import FieldDay, Result
from mitra_shared.ops.field_day_screen import day_bar, result_as_json, show_result
from mitra_shared.ops.simulate.plan import Plan
from mitra_shared.ops.stack_state import DEFAULT_HOME, StackState
from mitra_shared.ops.token import signing_key
from mitra_shared.ops.trouble import EXIT_TROUBLE

simulate_app = typer.Typer(add_completion=False)


@simulate_app.command("simulate")
def simulate_command(
    people: Annotated[int, typer.Option(min=1, help="People to enrol; quotas are scaled to it.")],
    campaign: Annotated[Path, typer.Option(help="The campaign to play.")] = Path("campaigns/modi-mitra"),
    pace: Annotated[float | None, typer.Option(min=0.1, help="People a second; as fast as it goes.")] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed plays the same people.")] = None,
    home: Annotated[Path, typer.Option(help="Directory of the stack.")] = DEFAULT_HOME,
    *,
    one_by_one: Annotated[bool, typer.Option("--one-by-one", help="One POST each instead of syncs.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
) -> None:
    """Play a field day, wait until everything is settled, and say what came of it.

    Exit codes: 0 every answer was as it should be, 1 some were not.
    """
    chosen = secrets.randbelow(2**32) if seed is None else seed
    plan = Plan(people=people, seed=chosen, pace=pace, way="single" if one_by_one else "batch")
    day = FieldDay(StackState.read(home), signing_key(home=home), load_definition(campaign))
    result = asyncio.run(_play(day, plan))
    if as_json:
        typer.echo(json.dumps(result_as_json(result)))
    else:
        show_result(result)
    if not result.summary.is_sound:
        raise typer.Exit(EXIT_TROUBLE)


async def _play(day: FieldDay, plan: Plan) -> Result:
    await day.put_in_force(plan.people)
    with day_bar(plan.people) as watch:
        return await day.play(plan, watch)
