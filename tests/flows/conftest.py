"""Fixtures of the flows: real stacks, and the seeds of chaos.

town            a stack with replicas that the stories of a file share; each has a campaign of its own
chaos_seed      a schedule's seed: fresh ones (`--seeds N`), a fixed one in `make soak`, or that of `--seed N`
"""

import os
import random
import re
import secrets
from collections.abc import AsyncIterator, Generator

import pytest
import pytest_asyncio

from tests.flows.real_stack import REPLICAS, RealStack, real_stack
from tests.flows.settling import come_to_agree
from tests.flows.story import Story, story

FIXED_SEED = 325_000


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "chaos_seed" in metafunc.fixturenames:
        given = metafunc.config.getoption("--seed")
        # Several processes that share the tests must see the same ones.
        run = random.Random(os.environ.get("PYTEST_XDIST_TESTRUNUID") or secrets.token_hex())  # noqa: S311
        fresh = [run.getrandbits(32) for _ in range(metafunc.config.getoption("--seeds"))]
        fixed = pytest.param(FIXED_SEED, marks=pytest.mark.soak)
        metafunc.parametrize("chaos_seed", [fixed, *fresh] if given is None else [given])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What the processes said goes with the report of a story that failed."""
    report = yield
    told = getattr(item, "funcargs", {}).get("tale")
    if report.failed and told is not None:
        report.sections.append(("Processes", told.stack.last_words()))
    return report


# Not for the whole session: a stack at rest still takes a third of a core from the tests that follow.
@pytest_asyncio.fixture(scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RealStack]:
    async with real_stack(REPLICAS, tmp_path_factory.mktemp("town")) as stack:
        yield stack
        # Whatever the stories did to it, at the end of the day everything adds up.
        await come_to_agree(stack)


@pytest_asyncio.fixture
async def tale(town: RealStack, request: pytest.FixtureRequest) -> AsyncIterator[Story]:
    """A campaign of its own in the town, where everybody is ready."""
    await town.ready()
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower())[:40].strip("-")
    async with story(town, f"{name}-{secrets.token_hex(3)}") as told:
        yield told
