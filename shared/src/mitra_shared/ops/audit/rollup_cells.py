"""Check of the finer counts of reporting: enrolments by recruiter and hour, field work by staff, answers.

All are counted again by the databases that keep the logs, up to where reporting stands in them.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from mitra_shared.ops.audit.bounds import PLAYED, REACHED, bounds
from mitra_shared.ops.audit.report import Check
from mitra_shared.ops.audit.scene import Scene


class _Cells(NamedTuple):
    """A table of counts: the topic it is counted from, the same counts made from the log, and its cells."""

    topic: str
    recount: str
    kept: str
    wrong: str


_RECRUITERS: Final = _Cells(
    topic="enrolment",
    recount="""
        select log.partition, said.campaign, said.segment, said.recruiter,
               (log.occurred_at at time zone 'UTC' + interval '5 hours 30 minutes')::date::text,
               extract(hour from log.occurred_at at time zone 'UTC' + interval '5 hours 30 minutes')::integer,
               count(*)
        from {reached}
        cross join lateral json_to_record(log.payload) as said(campaign text, segment text, recruiter text)
        where log.type = 'MitraEnrolledV1' and {played}
        group by 1, 2, 3, 4, 5, 6
    """,
    kept="select partition, campaign, area, recruiter, day::text, hour::integer, count from rollup_recruiter",
    wrong="enrolments of a recruiter are not those of the log",
)

_FIELDWORK: Final = _Cells(
    topic="enrolment",
    recount="""
        select log.partition, said.campaign, said.segment, said.staff, said.day, told.metric,
               sum(told.times)::bigint
        from {reached}
        cross join lateral json_to_record(log.payload) as said(
            campaign text, segment text, staff text, day text, attempts integer, reached integer,
            figures json, previous json)
        cross join lateral (values
            ('contacts:attempted', said.attempts), ('contacts:reached', said.reached),
            ('outreach:meetings', (said.figures ->> 'meetings')::integer
                - coalesce((said.previous ->> 'meetings')::integer, 0)),
            ('outreach:people_met', (said.figures ->> 'people_met')::integer
                - coalesce((said.previous ->> 'people_met')::integer, 0))
        ) as told(metric, times)
        where log.type in ('ContactsCountedV1', 'OutreachReportedV1') and {played}
        group by 1, 2, 3, 4, 5, 6
        having sum(told.times) <> 0
    """,
    kept="select partition, campaign, area, staff, day::text, metric, count from rollup_fieldwork",
    wrong="field work of a member of staff is not that of the log",
)

_ROUNDS: Final = _Cells(
    topic="enrolment",
    recount="""
        select log.partition, said.campaign, said.round, said.segment, told.figure, sum(told.times)::bigint
        from {reached}
        cross join lateral json_to_record(log.payload) as said(
            campaign text, round text, segment text, attempts integer, reached integer)
        cross join lateral (values ('attempted', said.attempts), ('reached', said.reached))
            as told(figure, times)
        where log.type = 'ContactsCountedV1' and {played}
        group by 1, 2, 3, 4, 5
    """,
    kept="""
        select partition, campaign, round, area, told.figure, told.count from rollup_round
        cross join lateral (values ('attempted', attempted), ('reached', reached)) as told(figure, count)
    """,
    wrong="contacts of a round are not those of the log",
)

_ANSWERS: Final = _Cells(
    topic="opinions",
    recount="""
        select log.partition, said.campaign, said.round, said.area, given.key,
               coalesce(told.answer, ''), count(*)
        from {reached}
        cross join lateral json_to_record(log.payload) as said(
            campaign text, round text, area text, answers json)
        cross join lateral json_each(said.answers) as given
        cross join lateral (
            select null as answer
            union all
            select distinct one from json_array_elements_text(
                case json_typeof(given.value) when 'array' then given.value
                else json_build_array(given.value) end) as one
        ) as told
        where {played}
        group by 1, 2, 3, 4, 5, 6
    """,
    kept="select partition, campaign, round, area, question, answer, count from rollup_answer",
    wrong="answers are not those of the log",
)


async def check_rollup_cells(scene: Scene, check: Check) -> None:
    """Every cell of these tables."""
    for name, cells in (
        ("recruiters by hour", _RECRUITERS),
        ("field work by staff", _FIELDWORK),
        ("contacts by round", _ROUNDS),
        ("answers", _ANSWERS),
    ):
        expected = await _counts(
            scene,
            cells.topic,
            cells.recount.format(reached=REACHED.format(topic=cells.topic), played=PLAYED),
        )
        found: dict[tuple[object, ...], int] = {}
        async for page in scene.reporting.pages(cells.kept):
            found.update({tuple(row)[:-1]: row[-1] for row in page if row[-1]})
        check.numbers[name] += len(found)
        for cell in expected.keys() | found.keys():
            if expected.get(cell, 0) != found.get(cell, 0):
                where = " ".join(map(str, cell[1:]))
                check.wrong(
                    cells.wrong,
                    f"{where} (partition {cell[0]}): {found.get(cell, 0)}, not {expected.get(cell, 0)}",
                )


async def _counts(scene: Scene, topic: str, query: str) -> Mapping[tuple[object, ...], int]:
    counts: dict[tuple[object, ...], int] = {}
    async for page in scene.keeper(topic).pages(query, *bounds(scene, topic)):
        counts.update({tuple(row)[:-1]: row[-1] for row in page})
    return counts
