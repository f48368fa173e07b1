"""Check of former staff: nothing personal is left of those who were erased, and nobody waits too long."""

import json
from typing import Final

from mitra_shared.ops.audit.report import Check, counted
from mitra_shared.ops.audit.scene import Scene
from mitra_shared.ops.audit.sources import LISTENS, POSITIONS

LATE_AFTER: Final = "1 day"
"""How late an erasure may be: upkeep may have been down."""
UNFINISHED_AFTER: Final = "1 hour"

_LEFT: Final = """
    select 'somebody of former staff was erased and has personal fields' as what, id as place
    from staff where erased_at is not null
      and num_nonnulls(name, shown_name, phone, email, login_hash, password, totp) > 0
    union all
    select 'a session or a recovery code of erased staff tells of devices or opens something', staff.id
    from staff where erased_at is not null
      and (exists (select from staff_recovery_code as code where code.staff = staff.id)
           or exists (select from staff_session as session where session.staff = staff.id
                      and (session.ended_at is null or session.device_name <> ''
                           or octet_length(session.token_hash) > 0)))
    union all
    select 'the log of staff holds the name of somebody who was erased',
           format('%s, partition %s at %s', staff.id, log.partition, log.position)
    from staff join staff_log as log on log.key = staff.id
    where staff.erased_at is not null and log.payload ->> 'name' is not null
"""

_LATE: Final = f"""
    select 'former staff should have been erased by now' as what, staff.id as place
    from staff join campaign on campaign.id = staff.campaign and campaign.current
    cross join lateral (
        select max(until) as until, count(*) filter (where until is null) as held
        from staff_grant where staff_grant.staff = staff.id) as posts
    where staff.erased_at is null and num_nonnulls(name, shown_name, phone, email, login_hash) > 0
      and least(case when state = 'suspended' then suspended_at end,
                case when posts.held = 0 then coalesce(posts.until, created_at) end)
          < now() - interval '{LATE_AFTER}' - make_interval(days => coalesce(
                (campaign.definition -> 'retention' ->> 'days_after_withdrawal')::integer, 30))
    union all
    select 'a stream or a file may still hold the name of erased staff', id
    from staff where erasure_completed_at is null and erased_at < now() - interval '{UNFINISHED_AFTER}'
"""  # noqa: S608 - constants of ours

_ERASED: Final = """
    select staff.id, log.partition, max(log.position) as position
    from staff join staff_log as log on log.key = staff.id
    where staff.erased_at is not null group by 1, 2
"""
_LETTERS: Final = """select id, payload from dead_letter where topic = 'staff' and "group" = $1"""


async def check_former_staff(scene: Scene, check: Check) -> None:
    """Accounts, sessions, log and dead letters know nothing personal of those who were erased."""
    for query in (_LEFT, _LATE):
        check.wrong_rows(await scene.enrolment.rows(counted(query)))
    erased = await scene.enrolment.rows(_ERASED)
    check.numbers["erased"] = len(erased)
    for group, topics in LISTENS.items():
        if topics == ("staff",):
            reached = {
                row["id"]
                for row in erased
                if row["position"] <= scene.position(group, ("staff", row["partition"]))
            }
            for letter in await scene.databases[POSITIONS[group]].rows(_LETTERS, group):
                if _names(letter["payload"]) in reached:
                    check.wrong("a dead letter holds the name of erased staff", f"{group}/{letter['id']}")


def _names(payload: str) -> str | None:
    """Whose name a letter holds; None: nobody's."""
    try:
        told = json.loads(payload)
    except ValueError:
        return None
    return told.get("staff") if isinstance(told, dict) and told.get("name") is not None else None
