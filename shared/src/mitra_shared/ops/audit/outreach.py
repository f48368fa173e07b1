"""Check of outreach: what staff reported of each day is what the events add up to."""

from typing import Final

from mitra_shared.ops.audit.report import Check, counted
from mitra_shared.ops.audit.scene import Scene

_TOLD: Final = """
    select log.key as constituency, log.occurred_at, said.*,
           lag(said.figures) over chain as stood, row_number() over chain as number,
           count(*) over (partition by said.campaign, said.staff, said.segment, said.day) as reports
    from enrolment_log as log
    cross join lateral json_to_record(log.payload) as said(
        campaign text, staff text, segment text, day date, figures jsonb, previous jsonb)
    where log.type = 'OutreachReportedV1'
    window chain as (partition by said.campaign, said.staff, said.segment, said.day
                     order by log.partition, log.position)
"""

_CHAIN: Final = f"""
    select case when coalesce(previous, 'null') <> coalesce(stood, 'null')
                then 'a report of outreach does not replace the one before it'
                else 'a report of outreach changes nothing' end as what,
           format('%s in %s by %s, report %s', day, segment, staff, number) as place
    from ({_TOLD}) as told
    where coalesce(previous, 'null') <> coalesce(stood, 'null') or figures = previous
"""  # noqa: S608 - a constant of ours

_ROWS: Final = f"""
    with last as (select * from ({_TOLD}) as told where number = reports),
    kept as (
        select *, jsonb_build_object('meetings', meetings, 'people_met', people_met) as figures
        from outreach_report
    )
    select case when kept.staff is null then 'the log tells of outreach that nobody reported'
                when last.staff is null then 'outreach that was reported is not in the log'
                else 'outreach differs from the last report of it' end as what,
           format('%s in %s by %s', day, segment, staff) as place
    from last full join kept using (campaign, staff, segment, day)
    where (last.constituency, last.figures, last.reports, last.occurred_at)
          is distinct from (kept.constituency, kept.figures, kept.reports, kept.reported_at)
"""  # noqa: S608 - a constant of ours

_NUMBERS: Final = """
    select count(*) as reports, coalesce(sum(meetings), 0) as meetings,
           coalesce(sum(people_met), 0) as people_met
    from outreach_report
"""


async def check_outreach(scene: Scene, check: Check) -> None:
    """Rows and log agree: each event replaces the one before, and the last one is what stands."""
    for query in (_CHAIN, _ROWS):
        check.wrong_rows(await scene.enrolment.rows(counted(query)))
    (row,) = await scene.enrolment.rows(_NUMBERS)
    check.numbers.update({name.replace("_", " "): int(count) for name, count in row.items()})
