"""Check of the opinions: nothing leads from a sheet to a person, and no sheet is lost or made up."""

from datetime import date, timedelta
from typing import Final

from mitra_shared.ops.audit.report import Check, counted
from mitra_shared.ops.audit.scene import Scene

ALLOWED: Final = {
    "opinion_pool": {"id", "campaign", "round", "constituency", "segment", "day", "answers"},
    "opinion_submission": {"id", "day"},
    "opinion_dropped": {"campaign", "round", "constituency", "sheets"},
}
"""Columns that say nothing of a person, a recruiter or an hour. Any other is a finding until it is known."""

KEPT: Final = timedelta(days=60)
"""How long submissions are remembered."""

_COLUMNS: Final = """
    select table_name, column_name from information_schema.columns
    where table_schema = current_schema() and table_name = any($1)
"""

_LINKS: Final = """
    select 'a released sheet carries more than it may' as what,
           format('opinions.{%s} at %s: %s', partition, position,
                  concat_ws(', ', subject, trace, hour, id, more)) as place
    from (
        select log.partition, log.position,
               case when log.subject is not null then 'a subject' end as subject,
               case when log.traceparent is not null then 'a trace' end as trace,
               case when (log.occurred_at at time zone 'UTC')::time <> '00:00' then 'an hour' end as hour,
               case when substr(log.event_id::text, 15, 1) <> '4' then 'an id that is not random' end as id,
               (select string_agg(key, ', ') from json_object_keys(log.payload) as key
                where key not in ('type', 'event_id', 'campaign', 'constituency', 'area', 'round', 'day',
                                  'answers')) as more
        from opinions_log as log
    ) as sheet
    where num_nonnulls(subject, trace, hour, id, more) > 0
    union all
    select 'a sheet has the id of its submission', format('submission %s', submission.id)
    from opinion_submission as submission
    where exists (select from opinion_pool as pooled where pooled.id = submission.id)
       or exists (select from opinions_log as log where log.event_id = submission.id)
    union all
    select 'sheets went out in a company of fewer than 10',
           format('%s of round %s for %s on %s', count(*), said.round, said.area, said.day)
    from opinions_log as log
    cross join lateral json_to_record(log.payload) as said(campaign text, round text, area text, day date)
    group by said.campaign, said.round, said.area, said.day having count(*) < 10
"""

_COUNTS: Final = """
    select (select count(*) from opinion_submission) as submitted,
           (select count(*) from opinion_pool) as pooled,
           (select count(*) from opinions_log) as released,
           (select coalesce(sum(sheets), 0) from opinion_dropped) as dropped,
           (now() at time zone 'UTC' + interval '5 hours 30 minutes')::date as today,
           (select min((defined_at at time zone 'UTC')::date) from campaign) as begun
"""


async def check_opinions(scene: Scene, check: Check) -> None:
    """Columns, ids and hours of the sheets; and pooled + released + dropped = submitted, while countable."""
    for table, column in await scene.enrolment.rows(_COLUMNS, list(ALLOWED)):
        if column not in ALLOWED[table]:
            check.wrong("a table of opinions has a column that may lead to a person", f"{table}.{column}")
    check.wrong_rows(await scene.enrolment.rows(counted(_LINKS)))
    (row,) = await scene.enrolment.rows(_COUNTS)
    submitted, pooled, released, dropped, today, begun = row
    check.numbers.update(submitted=submitted, pooled=pooled, released=released, dropped=dropped)
    accounted = pooled + released + dropped
    where = f"{pooled} pooled + {released} released + {dropped} dropped, {submitted} submitted"
    if accounted < submitted:
        check.wrong("submitted sheets are lost", where, times=submitted - accounted)
    elif accounted > submitted and _is_countable(begun, today):
        check.wrong("there are sheets that nobody submitted", where, times=accounted - submitted)


def _is_countable(begun: date | None, today: date) -> bool:
    """Whether no submission can have been forgotten yet: `begun` is when the first campaign came in force."""
    return begun is None or begun >= today - KEPT
