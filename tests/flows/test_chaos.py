"""Chaos: a field day on real processes while everything is killed, stopped, flushed, filled and cut off.

The seed fixes the faults; it is in the name of the test. Play one again with `--seed N`.
"""

import asyncio
from collections import Counter
from functools import partial
from pathlib import Path
from time import monotonic

import pytest

from mitra_shared.campaign.definition import CampaignDefinition
from tests.flows.faults import play, schedule
from tests.flows.field_work import (
    FieldWork,
    Ledger,
    known_everywhere,
    put_in_force,
    whole_campaign,
    with_more_places,
)
from tests.flows.logs import logs_of
from tests.flows.real_stack import REPLICAS, RealStack, real_stack
from tests.flows.recount import (
    assert_applied,
    assert_audit_is_clean,
    assert_certificates,
    assert_dense,
    assert_kept,
    assert_no_restarts,
    assert_opinions,
    assert_rollups,
)
from tests.flows.settling import come_to_hold, until_settled

SECONDS = 60.0
RATE = 200.0
PEOPLE = int(SECONDS * RATE)


@pytest.mark.chaos
@pytest.mark.timeout(480)
async def test_nothing_is_lost_or_doubled_whatever_is_killed(
    chaos_seed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    campaign = whole_campaign(PEOPLE)
    async with real_stack(REPLICAS, tmp_path) as stack:
        await put_in_force(stack, campaign)
        await known_everywhere(stack, campaign)
        field = FieldWork(stack, campaign, chaos_seed, rate=RATE)
        working = asyncio.create_task(field.run())
        raising = asyncio.create_task(raise_quotas(stack, campaign))
        played = await play(stack, schedule(chaos_seed, SECONDS))
        field.finish()
        over = monotonic()
        ledger = await working
        await raising
        await until_settled(stack)
        settling = monotonic() - over
        states = await recount(stack, ledger)
    with capsys.disabled():
        print(  # noqa: T201 - what a reader of the build wants to see
            f"\nchaos, seed {chaos_seed}: {played.total()} faults, {len(ledger.enrolled):,} enrolled, "
            f"{len(ledger.withdrawn):,} withdrawn, {ledger.opinions.total():,} opinions, "
            f"{ledger.retried:,} requests retried, {settling:.1f} s to settle; certificates: "
            + ", ".join(f"{count:,} {state}" for state, count in sorted(states.items()))
        )


async def raise_quotas(stack: RealStack, campaign: CampaignDefinition) -> None:
    """Twice during the day a newer version of the campaign has more places."""
    for _ in range(2):
        await asyncio.sleep(SECONDS / 3)
        campaign = with_more_places(campaign)
        await put_in_force(stack, campaign)


async def recount(stack: RealStack, ledger: Ledger) -> Counter[str]:
    logs = await logs_of(stack)
    for log in logs.values():
        assert_dense(log)
    assert_kept(ledger, logs["enrolment"])
    await assert_applied(stack, logs)
    await assert_no_restarts(stack, logs)
    states = await assert_certificates(stack, logs)
    await assert_opinions(stack, ledger, logs["opinions"])
    await come_to_hold(partial(assert_rollups, stack, logs))
    await assert_audit_is_clean(stack)
    return states
