"""`mitra demo`: the embedded stack with the Modi Mitra campaign in force, and what to try with it."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final

import typer

from mitra_shared.campaign.check import CampaignMistakes, UnreadableCampaign, load_definition
from mitra_shared.campaign.definition import CampaignDefinition, Level
from mitra_shared.ids import AreaCode, StaffId
from mitra_shared.ops import screen
from mitra_shared.ops.campaign_sending import Enrolment, send_definition
from mitra_shared.ops.interrupting import run_until_interrupted
from mitra_shared.ops.stack import Stack, running_stack
from mitra_shared.ops.stack_plan import StackPlan
from mitra_shared.ops.stack_state import DEFAULT_HOME
from mitra_shared.ops.token import default_subject, signing_key
from mitra_shared.ops.trouble import Trouble
from mitra_shared.security.tokens import Caller, Role, mint

CAMPAIGN: Final = Path("campaigns/modi-mitra/campaign.toml")
TOKEN_LIFETIME: Final = timedelta(hours=12)

demo_app = typer.Typer(add_completion=False)


@demo_app.command()
def demo(
    home: Annotated[Path, typer.Option(help="Directory of data, logs and secrets.")] = DEFAULT_HOME,
    campaign: Annotated[Path, typer.Option(help="The campaign to play.")] = CAMPAIGN,
) -> None:
    """Start everything, put the campaign in force, print what to try, and stay up until Ctrl-C."""
    definition = _definition(campaign)
    work = _play(StackPlan(home=home), definition)
    run_until_interrupted(work, lambda: screen.tell("Stopping"))


async def _play(plan: StackPlan, definition: CampaignDefinition) -> None:
    async with running_stack(plan, screen.tell) as stack:
        await _put_in_force(stack, definition)
        screen.show_stack(stack.state())
        screen.show_tokens(_tokens(stack, definition))
        screen.tell("Everything runs. Ctrl-C stops it and keeps the data.")
        await asyncio.Event().wait()


def _definition(path: Path) -> CampaignDefinition:
    try:
        return load_definition(path)
    except UnreadableCampaign as error:
        raise Trouble(f"{error}; the demo is started in the checkout, or with --campaign FILE") from None
    except CampaignMistakes as error:
        raise Trouble(
            f"{path} has {len(error.mistakes)} mistakes; see: mitra campaign check {path}"
        ) from None


async def _put_in_force(stack: Stack, definition: CampaignDefinition) -> None:
    screen.tell(f"Loading the campaign {definition.name.en}")
    service = Enrolment(stack.state().api_urls("enrolment")[0], _token(stack, Role.OPERATOR))
    await asyncio.to_thread(send_definition, service, definition)


def _tokens(stack: Stack, definition: CampaignDefinition) -> dict[str, str]:
    """A token of each kind that is fun to try, by what it is for."""
    constituency = definition.at_level(Level.CONSTITUENCY)[0]
    return {
        f"co-in-charge of {constituency.name.en} ({constituency.code})": _token(
            stack, Role.CO_IN_CHARGE, constituency.code
        ),
        "headquarters": _token(stack, Role.HEADQUARTERS),
    }


def _token(stack: Stack, role: Role, area: AreaCode | None = None) -> str:
    caller = Caller(StaffId(default_subject(role, area)), role, area=area)
    return mint(signing_key(home=stack.home), caller, lifetime=TOKEN_LIFETIME)
