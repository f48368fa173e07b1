"""Check of the clearing: who is examined is cleared once, and never while a likely duplicate is open."""

from typing import Final

from mitra_shared.ops.audit.report import Check, counted
from mitra_shared.ops.audit.scene import Scene

GRACE: Final = "10 minutes"
"""How long the matcher may take to clear somebody it has examined."""

_TOLD: Final = """
    select case when told.subject is null then 'somebody counts as cleared whom no MitraCleared tells of'
                else 'a MitraCleared in the log does not show at the person' end as what,
           format('Mitra %s', kept.mitra) as place
    from examined as kept
    left join enrolment_log as told on told.subject = kept.mitra and told.type = 'MitraClearedV1'
    where (told.subject is null) <> (kept.cleared_at is null)
"""

_WHILE_OPEN: Final = """
    select 'somebody was cleared while a likely duplicate was open' as what,
           format('Mitra %s', kept.mitra) as place
    from examined as kept join likely_duplicate as pair on kept.mitra in (pair.earlier, pair.later)
    where pair.opened_at <= kept.cleared_at and (pair.ended_at is null or pair.ended_at > kept.cleared_at)
"""

_LEFT: Final = f"""
    select 'somebody was examined and is not cleared, with no likely duplicate open' as what,
           format('Mitra %s', kept.mitra) as place
    from examined as kept join campaign on campaign.id = kept.campaign and campaign.current
    where campaign.definition -> 'issuing' ->> 'issue_on' = 'cleared'
      and kept.cleared_at is null and kept.examined_at < now() - interval '{GRACE}'
      and campaign.defined_at < now() - interval '{GRACE}'
      and not exists (
          select from likely_duplicate as pair where kept.mitra in (pair.earlier, pair.later)
            and (pair.ended_at is null or pair.ended_at > now() - interval '{GRACE}'))
"""  # noqa: S608 - a constant of ours

_PASSED: Final = """
    select 'the matcher has passed somebody by' as what, format('Mitra %s', person.id) as place
    from enrolment_log as told
    join matching_position as at on at.partition = told.partition and at.position >= told.position
    join mitra as person on person.id = told.subject
    where told.type = 'MitraEnrolledV1' and person.withdrawn_at is null
      and not exists (select from examined where examined.mitra = person.id)
"""

_LEFT_BEHIND: Final = """
    select 'somebody who withdrew can still be found by the matcher' as what,
           format('Mitra %s', person.id) as place
    from mitra as person join matching_position as at on at.partition = person.partition
    where person.withdrawn_at is not null and at.position >= person.withdrawal_position
      and exists (select from matching_key where matching_key.mitra = person.id)
    union all
    select 'a pair of somebody who was erased is kept', format('Mitra %s', person.id)
    from likely_duplicate as pair join mitra as person on person.id in (pair.earlier, pair.later)
    where person.erased_at is not null
"""

_COUNTS: Final = """
    select (select count(*) from examined) as examined,
           (select count(cleared_at) from examined) as cleared,
           (select count(*) from likely_duplicate where state = 'open') as open_pairs
"""


async def check_clearing(scene: Scene, check: Check) -> None:
    """Rows of the matcher, pairs and log agree."""
    (counts,) = await scene.enrolment.rows(_COUNTS)
    check.numbers.update(dict(counts))
    for query in (_TOLD, _WHILE_OPEN, _LEFT, _PASSED, _LEFT_BEHIND):
        check.wrong_rows(await scene.enrolment.rows(counted(query)))
