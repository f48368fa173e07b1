"""Erasing people from a running stack, and what has to be the same afterwards."""

from typing import Any
from uuid import UUID

import httpx

from mitra_shared.ops.audit import AuditSources, audit
from mitra_shared.ops.embedded.accounts import AUDIT
from tests.flows.logs import rows
from tests.flows.real_stack import RealStack
from tests.flows.settling import until_settled
from tests.flows.story import Story, until
from tests.flows.traces import ELSEWHERE, admin


async def ask_to_erase(tale: Story, segment: str, *people: UUID) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        for mitra in people:
            answer = await client.post(
                f"{tale.enrolment}/v1/mitras/{mitra}/erasure", headers=tale.staff_of(segment)
            )
            assert (answer.status_code, answer.json()["state"]) == (202, "noticed"), answer.text


async def let_two_days_pass(tale: Story, *people: UUID) -> None:
    """The notice of these people was 48 hours ago."""
    await admin(
        tale.stack,
        "enrolment",
        "update mitra set erase_at = now(), erasure_noticed_at = now() - interval '48 hours'"
        " where id = any($1)",
        list(people),
    )


async def until_complete(tale: Story, *people: UUID) -> None:
    async def complete() -> int:
        found = await admin(
            tale.stack,
            "enrolment",
            "select count(*) from erasure where completed_at is not null and mitra = any($1)",
            list(people),
        )
        return int(found[0][0])

    await until(complete, lambda done: done == len(people), within=120)


async def assert_sound(stack: RealStack) -> None:
    await until_settled(stack)
    report = await audit(
        AuditSources(
            **{service: stack.database_url(service, AUDIT) for service in stack.engines},
            redis=stack.redis_url(AUDIT),
        ),
        deep=True,
        patience=20,
    )
    assert report.clean, report.findings


async def certificates(tale: Story) -> list[tuple[Any, ...]]:
    """What the register says, without what is personal."""
    found = await rows(
        tale.stack.engines["certificates"],
        "select id, mitra_id, segment, state, serial, enrolled_position, issued_at, revoked_at, revision"
        " from certificate where campaign = :campaign order by enrolled_position, id",
        campaign=tale.campaign,
    )
    return [tuple(row) for row in found]


async def figures(tale: Story) -> list[Any]:
    """Every count that reporting keeps of the campaign, day by day and hour by hour."""
    by_day = await rows(
        tale.stack.engines["reporting"],
        "select metric, area, day, sum(count) as count from rollup_day where campaign = :campaign"
        " group by 1, 2, 3 having sum(count) <> 0 order by 1, 2, 3",
        campaign=tale.campaign,
    )
    by_hour = await rows(
        tale.stack.engines["reporting"],
        "select recruiter, area, day, hour, sum(count) as count from rollup_recruiter"
        " where campaign = :campaign group by 1, 2, 3, 4 order by 1, 2, 3, 4",
        campaign=tale.campaign,
    )
    return [tuple(row) for row in (*by_day, *by_hour)]


async def live(tale: Story) -> dict[str, Any]:
    """What everybody may see at once of the whole country."""
    shown = await tale.rollup("IN")
    return {name: value for name, value in shown.items() if name not in {"version", "as_of"}}


def of_the_enrolled(counts: list[Any]) -> list[Any]:
    """Those that tell of enrolments, and not of what came of them."""
    return [each for each in counts if not each[0].startswith(("withdrawn", "certificates:"))]


async def replay(stack: RealStack) -> None:
    """Have certificates and reporting forget everything and read it from the logs again."""
    for service in ("certificates", "reporting"):
        await admin(
            stack,
            service,
            'update consumer_position set rebuild_requested_at = now() where "group" = $1',
            service,
        )

    async def waiting() -> int:
        left = 0
        for service in ("certificates", "reporting"):
            found = await admin(
                stack,
                service,
                "select count(*) from consumer_position where rebuild_requested_at is not null",
            )
            left += int(found[0][0])
        return left

    await until(waiting, lambda left: left == 0, within=120)


async def poison(stack: RealStack) -> None:
    """Let the certificates of one segment not be made."""
    await admin(
        stack,
        "certificates",
        """
        create or replace function refuse() returns trigger language plpgsql as $$
        begin raise exception 'refused by the test' using errcode = '23514'; end $$;
        """,
    )
    await admin(
        stack,
        "certificates",
        f"create trigger refuse before insert on certificate for each row"
        f" when (new.segment = '{ELSEWHERE}') execute function refuse()",
    )


async def until_settled_but_for(stack: RealStack) -> None:
    """Everything is carried and applied, and one event is put away."""
    await until(lambda: letters(stack, None), lambda found: "poison" in found)
    await until_settled(stack)


async def letters(stack: RealStack, mitra: UUID | None) -> list[str]:
    found = await rows(
        stack.engines["certificates"],
        "select state from dead_letter where subject = coalesce(cast(:mitra as uuid), subject)"
        " order by state",
        mitra=mitra,
    )
    return [row.state for row in found]
