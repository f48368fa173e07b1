"""Field work counted again from the logs, day by day: contacts, outreach, attendance and topics.

What a corrected report replaces is taken away. The checks of daily counts hold rollups against it.
"""

from collections import Counter
from typing import Final

from mitra_shared.ops.audit.bounds import PLAYED, REACHED, bounds
from mitra_shared.ops.audit.scene import Scene

Cell = tuple[int, str, str, str, str]
"""Partition, campaign, area, day (ISO), metric."""

_SAID: Final = """
    from {reached}
    cross join lateral json_to_record(log.payload) as said(
        campaign text, segment text, day date, held_on date, attempts integer, reached integer,
        figures json, previous json)
"""
_OF_ENROLMENT: Final = f"""
    select log.partition, said.campaign, said.segment, said.day::text, told.metric, sum(told.times)::bigint
    {_SAID}
    cross join lateral (values
        ('contacts:attempted', case log.type when 'ContactsCountedV1' then said.attempts end),
        ('contacts:reached', case log.type when 'ContactsCountedV1' then said.reached end),
        ('outreach:meetings', (said.figures ->> 'meetings')::integer),
        ('outreach:meetings', - (said.previous ->> 'meetings')::integer),
        ('outreach:people_met', (said.figures ->> 'people_met')::integer),
        ('outreach:people_met', - (said.previous ->> 'people_met')::integer)
    ) as told(metric, times)
    where log.type in ('ContactsCountedV1', 'OutreachReportedV1') and told.times is not null and {{played}}
    group by 1, 2, 3, 4, 5
"""
_OF_CUSTODY: Final = f"""
    select log.partition, said.campaign, log.key, said.held_on::text, told.metric, sum(told.times)::bigint
    {_SAID}
    cross join lateral (
        select 'programmes:attendance' as metric, (said.figures ->> 'attendance')::integer as times
        union all
        select 'programmes:attendance', - (said.previous ->> 'attendance')::integer
        union all
        select 'topic:' || topic, people::integer
        from json_each_text(said.figures -> 'topics') as each(topic, people)
        union all
        select 'topic:' || topic, - people::integer
        from json_each_text(said.previous -> 'topics') as each(topic, people)
    ) as told
    where log.type = 'ProgrammeDiscussedV1' and told.times is not null and {{played}}
    group by 1, 2, 3, 4, 5
"""  # noqa: S608 - texts of ours


async def recount_fieldwork(scene: Scene) -> Counter[Cell]:
    """Daily counts of field work, from both logs that tell of it."""
    days: Counter[Cell] = Counter()
    for topic, query in (("enrolment", _OF_ENROLMENT), ("custody", _OF_CUSTODY)):
        recount = query.format(reached=REACHED.format(topic=topic), played=PLAYED)
        async for page in scene.keeper(topic).pages(recount, *bounds(scene, topic)):
            for *cell, times in page:
                days[tuple(cell)] += times
    return days
