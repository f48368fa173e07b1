"""A stack of its own for each benchmark, in a directory that is gone afterwards."""

import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.campaign.check import load_definition
from mitra_shared.campaign.definition import CampaignDefinition
from mitra_shared.database import create_engine
from mitra_shared.ids import StaffId
from mitra_shared.ops.campaign_sending import Enrolment, send_definition
from mitra_shared.ops.simulate.day import SimulationTarget
from mitra_shared.ops.stack import Stack, running_stack
from mitra_shared.ops.stack_plan import StackPlan
from mitra_shared.ops.token import signing_key
from mitra_shared.security.tokens import Caller, Role, mint

CAMPAIGN = Path(__file__).parent.parent / "campaigns/modi-mitra/campaign.toml"

ONLY_INTAKE = StackPlan(
    enrolment_relays=0,
    enrolment_messages=0,
    enrolment_imports=0,
    enrolment_matchers=0,
    certificates_consumers=0,
    certificates_signers=0,
    certificates_relays=0,
    reporting_consumers=0,
    reporting_webhooks=0,
    reporting_apis=0,
)


def definition() -> CampaignDefinition:
    """The Modi Mitra campaign, as it is."""
    return load_definition(CAMPAIGN)


def token(stack: Stack, role: Role) -> str:
    """A token for a caller without an area."""
    return mint(signing_key(home=stack.home), Caller(StaffId("bench"), role), lifetime=timedelta(hours=2))


def _home() -> Path:
    home = Path(tempfile.mkdtemp(prefix="mitra-bench-"))
    home.chmod(0o755)
    return home


@asynccontextmanager
async def stack(plan: StackPlan | None = None) -> AsyncIterator[Stack]:
    """A stack with the campaign in force."""
    home = _home()
    try:
        async with running_stack(
            replace(plan or StackPlan(), home=home, log_level="warning"), lambda _: None
        ) as made:
            send_definition(
                Enrolment(made.state().api_urls("enrolment")[0], token(made, Role.OPERATOR)), definition()
            )
            yield made
    finally:
        shutil.rmtree(home, ignore_errors=True)


def target(made: Stack) -> SimulationTarget:
    """The stack as the simulator sees it."""
    return SimulationTarget(made.state().api_urls("enrolment"), signing_key(home=made.home), definition())


def readers(made: Stack) -> dict[str, AsyncEngine]:
    """Engines on the three databases for the role that only reads."""
    return {
        service: create_engine(url, application="bench", pool_size=2)
        for service, url in made.state().audit_databases.items()
    }
