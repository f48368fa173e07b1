"""Checks of the standing of staff: the log tells what the accounts say, other services keep what it tells."""

import json
from typing import Any, Final

from mitra_shared.ops.audit.report import Check, counted
from mitra_shared.ops.audit.scene import Scene
from mitra_shared.ops.audit.sources import LISTENS, POSITIONS

KEEPS_NAMES: Final = frozenset({"reporting-staff"})

_ACCOUNTS: Final = """
    with told as (
        select distinct on (key) key as staff, payload::jsonb as said from staff_log
        order by key, position desc
    ), accounts as (
        select id as staff, campaign, state, shown_name as name,
               (select jsonb_build_object('role', role, 'area', area) from staff_grant
                where staff_grant.staff = staff.id and until is null) as post,
               (select coalesce(jsonb_agg(post order by post), '[]') from (
                    select jsonb_build_object('role', role, 'area', area) as post from staff_grant
                    where staff_grant.staff = staff.id and until is not null
                    except
                    select jsonb_build_object('role', role, 'area', area) from staff_grant
                    where staff_grant.staff = staff.id and until is null) as gone) as former
        from staff
    )
    select case when accounts.staff is null then 'the log tells of somebody who has no account'
                when told.staff is null then 'the log does not tell of somebody who has an account'
                else 'the log tells otherwise of somebody than the account' end as what,
           concat_ws(': ', coalesce(accounts.staff, told.staff),
               case when accounts.staff is not null and told.staff is not null then concat_ws(', ',
                   case when said ->> 'campaign' is distinct from campaign then 'campaign' end,
                   case when said ->> 'state' is distinct from state then 'state' end,
                   case when nullif(said -> 'post', 'null') is distinct from post then 'post' end,
                   case when gone is distinct from former then 'former posts' end,
                   case when said ->> 'name' is distinct from name then 'name' end) end) as place
    from accounts full join (
        select told.*, (select coalesce(jsonb_agg(post order by post), '[]')
                        from jsonb_array_elements(said -> 'former') as posts(post)) as gone from told
    ) as told using (staff)
    where accounts.staff is null or told.staff is null
       or (said ->> 'campaign', said ->> 'state', nullif(said -> 'post', 'null'), gone, said ->> 'name')
          is distinct from (campaign, state, post, former, name)
"""

_SESSIONS: Final = """
    select 'a session that has ended is not told of' as what, format('%s of %s', id, staff) as place
    from staff_session where ended_at > now() - interval '10 minutes'
    and not exists (
        select from staff_log, jsonb_array_elements(payload::jsonb -> 'ended') as ended
        where key = staff_session.staff and ended ->> 'session' = staff_session.id::text)
"""

_TOLD: Final = """
    select partition, position, key, payload::text as payload from staff_log order by partition, position
"""
_KEPT: Final = """
    select staff, campaign, state, post::text as post, former::text as former, ended::text as ended, name
    from staff_standing where replayed
"""

Standing = dict[str, Any]
_FIELDS: Final = ("campaign", "state", "post", "former", "ended", "name")


async def check_standing(scene: Scene, check: Check) -> None:
    """The last of each person in the log is what the accounts say, and what the other services keep."""
    check.wrong_rows(await scene.enrolment.rows(counted(_ACCOUNTS)))
    check.wrong_rows(await scene.enrolment.rows(counted(_SESSIONS)))
    entries = [
        (row["partition"], row["position"], row["key"], json.loads(row["payload"]))
        for row in await scene.enrolment.rows(_TOLD)
    ]
    check.numbers["staff"] = len({key for _, _, key, _ in entries})
    for group, topics in LISTENS.items():
        if topics == ("staff",):
            await _compare(scene, check, group, entries)


async def _compare(
    scene: Scene, check: Check, group: str, entries: list[tuple[int, int, str, Standing]]
) -> None:
    missing = {(letter.partition, letter.position) for letter in scene.put_away(group, "staff")}
    told: dict[str, Standing] = {}
    for partition, position, key, said in entries:
        if position <= scene.position(group, ("staff", partition)) and (partition, position) not in missing:
            told[key] = {field: said.get(field) for field in _FIELDS}
            if group not in KEEPS_NAMES:
                told[key]["name"] = None
    rows = await scene.databases[POSITIONS[group]].rows(_KEPT)
    kept = {row["staff"]: _kept(row) for row in rows}
    for person in sorted(told.keys() | kept.keys()):
        if person not in kept:
            check.wrong("a service does not know of somebody it was told of", f"{group}: {person}")
        elif person not in told:
            check.wrong("a service knows of somebody it was not told of", f"{group}: {person}")
        elif told[person] != kept[person]:
            wrong = ", ".join(field for field in _FIELDS if told[person][field] != kept[person][field])
            check.wrong("a service keeps another standing than it was told", f"{group}: {person}: {wrong}")


def _kept(row: Any) -> Standing:
    texts = {field: row[field] for field in _FIELDS}
    return {
        field: json.loads(text) if field in {"post", "former", "ended"} and text is not None else text
        for field, text in texts.items()
    }
