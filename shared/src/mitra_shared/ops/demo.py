"""`mitra demo`: the embedded stack, a field day of the Modi Mitra campaign, and what to try with it."""

import asyncio
import json
import secrets
from pathlib import Path
from typing import Annotated, Final

import typer

from mitra_shared.campaign.check import CampaignMistakes, UnreadableCampaign, load_definition
from mitra_shared.campaign.definition import CampaignDefinition, Level
from mitra_shared.ops import screen
from mitra_shared.ops.audit.command import show_report
from mitra_shared.ops.audit.run import audit
from mitra_shared.ops.audit.sources import AuditSources
from mitra_shared.ops.bar import progress_bar
from mitra_shared.ops.demo_recruiter import demo_recruiter
from mitra_shared.ops.field_day import FieldDay, Result
from mitra_shared.ops.field_day_screen import day_bar, result_as_json, show_recruiter, show_result
from mitra_shared.ops.interrupting import run_until_interrupted
from mitra_shared.ops.simulate.plan import Plan
from mitra_shared.ops.stack import Stack, running_stack
from mitra_shared.ops.stack_plan import StackPlan
from mitra_shared.ops.stack_state import DEFAULT_HOME
from mitra_shared.ops.token import signing_key
from mitra_shared.ops.trouble import EXIT_TROUBLE, Trouble
from mitra_shared.ops.up import PostgresOption, RedisOption
from mitra_shared.security.tokens import Role

CAMPAIGN: Final = Path("campaigns/modi-mitra/campaign.toml")
PEOPLE: Final = 3_000
PEOPLE_A_SECOND: Final = 40.0
"""A pace at which one can watch the figures move."""
EXIT_INTERRUPTED: Final = 130

demo_app = typer.Typer(add_completion=False)


@demo_app.command()
def demo(
    people: Annotated[
        int, typer.Option(min=1, help="People to enrol; targets and quotas are scaled to it.")
    ] = PEOPLE,
    pace: Annotated[
        float | None,
        typer.Option(
            min=0.1, help=f"People a second; {PEOPLE_A_SECOND:.0f}, or as fast as it goes with --exit."
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="The same seed plays the same people; a fresh one if not given.")
    ] = None,
    home: Annotated[Path, typer.Option(help="Directory of data, logs and secrets.")] = DEFAULT_HOME,
    campaign: Annotated[Path, typer.Option(help="The campaign to play.")] = CAMPAIGN,
    postgres: PostgresOption = None,
    redis: RedisOption = None,
    *,
    exit_: Annotated[
        bool, typer.Option("--exit", help="Stop when all is settled and audited: code 0 if clean, 1 if not.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --exit: summary and audit as JSON.")] = False,
) -> None:
    """Start everything, put the campaign in force, play a field day; without --exit, stay up until Ctrl-C."""
    definition = _definition(campaign)
    chosen = secrets.randbelow(2**32) if seed is None else seed
    stack_plan = StackPlan(home=home, postgres_url=postgres, redis_url=redis)
    if exit_:
        plan = Plan(people=people, seed=chosen, pace=pace)
        work = _play_and_audit(stack_plan, definition, plan, as_json=as_json)
        clean = run_until_interrupted(work, _stopping)
        if not clean:
            raise typer.Exit(EXIT_INTERRUPTED if clean is None else EXIT_TROUBLE)
    else:
        plan = Plan(people=people, seed=chosen, pace=pace or PEOPLE_A_SECOND)
        run_until_interrupted(_play_and_stay(stack_plan, definition, plan), _stopping)


def _stopping() -> None:
    screen.tell("Stopping")


async def _play_and_stay(stack_plan: StackPlan, definition: CampaignDefinition, plan: Plan) -> None:
    async with running_stack(stack_plan, screen.tell) as stack:
        day = await _begin(stack, definition, plan)
        screen.show_stack(stack.state(), reader_token=day.token(Role.HEADQUARTERS))
        enrolment = stack.state().api_urls("enrolment")[0]
        show_recruiter(await demo_recruiter(day, enrolment, stack.home), enrolment)
        screen.show_tokens(_tokens(day))
        show_result(await _played(day, plan))
        screen.tell("Everything runs. Ctrl-C stops it and keeps the data.")
        await asyncio.Event().wait()


async def _play_and_audit(
    stack_plan: StackPlan, definition: CampaignDefinition, plan: Plan, *, as_json: bool
) -> bool:
    """Whether every answer was as it should be and the audit found nothing."""
    async with running_stack(stack_plan, screen.tell) as stack:
        day = await _begin(stack, definition, plan)
        result = await _played(day, plan)
        if not as_json:
            show_result(result)
        screen.tell("Auditing")
        with progress_bar(quiet=as_json) as show:
            report = await audit(AuditSources.of_stack(stack.state()), deep=True, progress=show)
    if as_json:
        typer.echo(json.dumps({"day": result_as_json(result), "audit": report.model_dump(mode="json")}))
    else:
        show_report(report)
    return report.clean and result.summary.is_sound


async def _begin(stack: Stack, definition: CampaignDefinition, plan: Plan) -> FieldDay:
    day = FieldDay(stack.state(), signing_key(home=stack.home), definition)
    screen.tell(f"Loading the campaign {definition.name.en}, scaled to {plan.people} people")
    await day.put_in_force(plan.people)
    return day


async def _played(day: FieldDay, plan: Plan) -> Result:
    screen.tell(f"Playing a field day (seed {plan.seed})")
    with day_bar(plan.people) as watch:
        return await day.play(plan, watch)


def _definition(path: Path) -> CampaignDefinition:
    try:
        return load_definition(path)
    except UnreadableCampaign as error:
        raise Trouble(f"{error}; the demo is started in the checkout, or with --campaign FILE") from None
    except CampaignMistakes as error:
        raise Trouble(
            f"{path} has {len(error.mistakes)} mistakes; see: mitra campaign check {path}"
        ) from None


def _tokens(day: FieldDay) -> dict[str, str]:
    """A token of each kind that is fun to try, by what it is for."""
    constituency = day.definition.at_level(Level.CONSTITUENCY)[0]
    return {
        f"a co-in-charge of {constituency.name.en} ({constituency.code})": day.token(
            Role.CO_IN_CHARGE, constituency.code
        ),
        "headquarters": day.token(Role.HEADQUARTERS),
    }
