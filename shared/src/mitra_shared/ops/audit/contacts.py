"""Check of the contacts: what is counted is what the log tells, and nothing tells an hour.

Contacts of people who were erased, and of rounds that closed a year ago, are gone, while their counts stay in
the log: where nobody of a segment was erased both are the same for a year, elsewhere the log tells of as many
or more.
"""

from typing import Final

from mitra_shared.ops.audit.report import Check, counted
from mitra_shared.ops.audit.scene import Scene

ALLOWED: Final = {
    "contact": {
        "id", "mitra", "campaign", "constituency", "segment", "round", "staff", "role", "day", "recorded_on",
        "outcome", "call_on", "preferred_time", "counted_as",
    },
    "person_care": {"mitra", "campaign", "constituency", "staff"},
    "reached_elsewhere": {"mitra", "round", "campaign", "constituency"},
}  # fmt: skip
"""Columns that hold no hour. Any other is a finding until it is known."""

_COLUMNS: Final = """
    select table_name, column_name, data_type in ('uuid', 'text', 'date') as is_coarse
    from information_schema.columns
    where table_schema = current_schema() and table_name = any($1)
"""

_COUNTED: Final = """
    with told as (
        select said.campaign, log.key as constituency, said.segment, said.round, said.staff, said.day,
               sum(said.attempts) as attempts, sum(said.reached) as reached
        from enrolment_log as log
        cross join lateral json_to_record(log.payload) as said(
            campaign text, segment text, round text, staff text, day date, attempts bigint, reached bigint)
        where log.type = 'ContactsCountedV1' group by 1, 2, 3, 4, 5, 6
    ), kept as (
        select campaign, constituency, segment, round, staff, day, count(*) as attempts,
               count(*) filter (where counted_as = 'reached') as reached
        from contact where counted_as is not null group by 1, 2, 3, 4, 5, 6
    ), beside as (
        select campaign, constituency, segment, round, staff, day,
               coalesce(told.attempts, 0) as told_attempts, coalesce(told.reached, 0) as told_reached,
               coalesce(kept.attempts, 0) as kept_attempts, coalesce(kept.reached, 0) as kept_reached
        from told full join kept using (campaign, constituency, segment, round, staff, day)
    )
    select case when kept_attempts > told_attempts or kept_reached > told_reached
                then 'more contacts are counted than the log tells of'
                else 'the log tells of more contacts than are counted' end as what,
           format('%s, round %s, %s, %s: %s attempts and %s reached, the log tells of %s and %s', segment,
                  round, staff, day, kept_attempts, kept_reached, told_attempts, told_reached) as place
    from beside
    where kept_attempts > told_attempts or kept_reached > told_reached
       or ((kept_attempts, kept_reached) <> (told_attempts, told_reached)
           and day >= (now() at time zone 'UTC' + interval '5 hours 30 minutes')::date - 366
           and not exists (
               select from mitra where mitra.campaign = beside.campaign and mitra.segment = beside.segment
                   and mitra.erased_at is not null))
"""

_ONCE: Final = """
    select 'somebody who was reached is not counted as reached once' as what,
           format('Mitra %s, round %s', mitra, round) as place
    from contact where counted_as is not null group by mitra, round
    having bool_or(outcome in ('reached', 'asked_to_stop'))
       and count(*) filter (where counted_as = 'reached') <> 1
"""

_PEOPLE: Final = """
    select case when person.id is null then 'a contact is with nobody'
                when person.erased_at is not null then 'a contact of an erased person is kept'
                else 'a contact differs from its person' end as what,
           format('contact %s, Mitra %s', contact.id, contact.mitra) as place
    from contact left join mitra as person on person.id = contact.mitra
    where person.id is null or person.erased_at is not null
       or (contact.campaign, contact.constituency, contact.segment)
          <> (person.campaign, person.constituency, person.segment)
       or contact.day < (person.enrolled_at at time zone 'UTC' + interval '5 hours 30 minutes')::date
    union all
    select 'somebody who asked to stop was not withdrawn',
           format('contact %s, Mitra %s', contact.id, person.id)
    from contact join mitra as person on person.id = contact.mitra
    where contact.outcome = 'asked_to_stop' and person.withdrawn_at is null
    union all
    select 'an erased person is kept in care', format('Mitra %s', care.mitra)
    from person_care as care join mitra as person on person.id = care.mitra
    where person.erased_at is not null
    union all
    select 'an erased person is kept as reached elsewhere', format('Mitra %s', kept.mitra)
    from reached_elsewhere as kept join mitra as person on person.id = kept.mitra
    where person.erased_at is not null
"""

_LATE: Final = """
    select 'a contact was not counted in its night' as what, format('contact %s', id) as place
    from contact
    where counted_as is null and greatest(day, recorded_on)
          < (now() at time zone 'UTC' + interval '5 hours 30 minutes')::date - 1
"""
"""A relay that was away at midnight has a day to catch up."""

_COUNTS: Final = """
    select count(*) as contacts, count(counted_as) as counted,
           count(*) filter (where counted_as = 'reached') as reached,
           (select count(*) from person_care) as handed_over
    from contact
"""


async def check_contacts(scene: Scene, check: Check) -> None:
    """Columns, people, and counts of contacts against the log."""
    for table, column, is_coarse in await scene.enrolment.rows(_COLUMNS, list(ALLOWED)):
        if column not in ALLOWED[table] or not is_coarse:
            check.wrong("a table of contacts has a column that may tell an hour", f"{table}.{column}")
    (counts,) = await scene.enrolment.rows(_COUNTS)
    check.numbers.update(dict(counts))
    for query in (_COUNTED, _ONCE, _PEOPLE, _LATE):
        check.wrong_rows(await scene.enrolment.rows(counted(query)))
