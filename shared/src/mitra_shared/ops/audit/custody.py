"""Check of the custody: sheets, papers and programmes are what their log tells, and the other way round.

Tables and log lie in one database and are written together, so they are compared in one snapshot.
"""

from typing import Final

from mitra_shared.ops.audit.report import Check, counted
from mitra_shared.ops.audit.scene import Scene

_MARKS: Final = """
    with told as (
        select log.type, log.partition, log.position, log.occurred_at, log.key, said.*
        from custody_log as log
        cross join lateral json_to_record(log.payload) as said(
            campaign text, segment text, sheet uuid, count integer)
        where log.type in ('CertificatesPrintedV1', 'CertificatesDispatchedV1')
    ), marked as (
        select 'CertificatesPrintedV1' as type, id as sheet, partition, campaign, constituency, segment,
               printed as count, printed_at as at
        from print_sheet where printed > 0
        union all
        select 'CertificatesDispatchedV1', id, partition, campaign, constituency, segment, dispatched,
               dispatched_at
        from print_sheet where dispatched > 0
    )
    select case when marked.sheet is null then 'the log tells of a sheet that is not marked so'
                when told.sheet is null then 'a marked sheet is not in the log'
                else 'a sheet is marked otherwise than its log tells' end as what,
           format('%s of sheet %s', type, sheet) as place
    from told full join marked using (type, sheet)
    where (told.partition, told.campaign, told.key, told.segment, told.count, told.occurred_at)
          is distinct from
          (marked.partition, marked.campaign, marked.constituency, marked.segment, marked.count, marked.at)
"""

_PAPERS: Final = """
    with papers as (
        select printed_sheet as sheet, 'printed' as mark, printed_at as at, credential from custody
        union all
        select dispatched_sheet, 'dispatched', dispatched_at, credential
        from custody where dispatched_at is not null
    ), counts as (
        select sheet, mark, min(at) as first_at, max(at) as last_at, count(*)::integer as papers
        from papers group by sheet, mark
    ), sheets as (
        select id as sheet, 'printed' as mark, printed_at as at, printed as count from print_sheet
        where printed > 0
        union all
        select id, 'dispatched', dispatched_at, dispatched from print_sheet where dispatched > 0
    )
    select 'a sheet does not count the papers that it was the first for' as what,
           format('%s: %s %s, there are %s', sheet, coalesce(sheets.count, 0), mark,
                  coalesce(counts.papers, 0)) as place
    from sheets full join counts using (sheet, mark)
    where (sheets.count, sheets.at, sheets.at)
          is distinct from (counts.papers, counts.first_at, counts.last_at)
    union all
    select 'a paper was not on the sheet that it is said to be of',
           format('credential %s, sheet %s', papers.credential, papers.sheet)
    from papers left join sheet_member as m on m.sheet = papers.sheet and m.credential = papers.credential
    where m.rendered is not true
"""

_SHEETS: Final = """
    select 'a certificate is on two sheets without a reason' as what,
           format('credential %s, on %s', m.credential, count(*)) as place
    from sheet_member as m join print_sheet as s on s.id = m.sheet
    where s.reason is null and m.failed is null
    group by m.credential having count(*) > 1
    union all
    select 'a page contradicts whether its sheet is a reprint', format('%s of sheet %s', m.place, m.sheet)
    from sheet_member as m join print_sheet as s on s.id = m.sheet
    where m.reprint <> (s.reason is not null)
    union all
    select 'a sheet has other pages than it counts',
           format('%s: %s, there are %s up to %s', s.id, s.count, count(m.place), max(m.place))
    from print_sheet as s left join sheet_member as m on m.sheet = s.id
    group by s.id having count(m.place) <> s.count or max(m.place) <> s.count
    union all
    select 'a certificate is on a sheet of another segment', format('credential %s, sheet %s', c.id, s.id)
    from sheet_member as m
    join print_sheet as s on s.id = m.sheet
    join credential as c on c.id = m.credential
    where (c.partition, c.campaign, c.constituency, c.segment)
          <> (s.partition, s.campaign, s.constituency, s.segment)
"""

_HANDED: Final = """
    with told as (
        select log.partition, said.campaign, log.key as constituency, said.segment,
               coalesce(said.programme, '') as programme, log.occurred_at as at, count(*) as times
        from custody_log as log
        cross join lateral json_to_record(log.payload) as said(campaign text, segment text, programme text)
        where log.type = 'CertificateHandedOverV1' group by 1, 2, 3, 4, 5, 6
    ), handed as (
        select h.partition, h.campaign, c.constituency, h.segment,
               coalesce(h.programme::text, '') as programme, h.recorded_at as at, count(*) as times
        from hand_over as h join credential as c on c.id = h.credential group by 1, 2, 3, 4, 5, 6
    )
    select 'hand-overs and their log differ' as what,
           format('%s at %s: %s recorded, %s told', segment, at, coalesce(handed.times, 0),
                  coalesce(told.times, 0)) as place
    from told full join handed using (partition, campaign, constituency, segment, programme, at)
    where told.times is distinct from handed.times
    union all
    select 'a paper stands in another segment than its certificate', format('credential %s', c.id)
    from (select credential, partition, campaign, segment from custody
          union all select credential, partition, campaign, segment from hand_over) as paper
    join credential as c on c.id = paper.credential
    where (c.partition, c.campaign, c.segment) <> (paper.partition, paper.campaign, paper.segment)
    union all
    select 'a certificate was handed over at a programme of others', format('record %s', h.record)
    from hand_over as h
    join credential as c on c.id = h.credential
    join programme as p on p.id = h.programme
    where (p.campaign, p.constituency) <> (c.campaign, c.constituency)
"""

_PROGRAMMES: Final = """
    with told as (
        select log.partition, log.position, log.occurred_at, log.key, said.*,
               lag(said.figures) over chain as figures_before,
               row_number() over chain as number, count(*) over (partition by said.programme) as reports
        from custody_log as log
        cross join lateral json_to_record(log.payload) as said(
            campaign text, programme uuid, kind text, held_on date, figures jsonb, previous jsonb)
        where log.type = 'ProgrammeReportedV1'
        window chain as (partition by said.programme order by log.partition, log.position)
    ), kept as (
        select *, jsonb_build_object('presented', presented, 'beneficiaries', beneficiaries) as figures
        from programme where reports > 0
    )
    select 'a report does not replace the one before it' as what,
           format('programme %s, report %s', programme, number) as place
    from told where coalesce(previous, 'null') <> coalesce(figures_before, 'null')
    union all
    select case when kept.id is null then 'the log tells of a programme that was not reported'
                when told.programme is null then 'a reported programme is not in the log'
                else 'a programme differs from the last report of it' end,
           format('programme %s', coalesce(kept.id, told.programme))
    from (select * from told where number = reports) as told full join kept on kept.id = told.programme
    where (told.partition, told.campaign, told.key, told.kind, told.held_on, told.figures, told.reports,
           told.occurred_at)
          is distinct from
          (kept.partition, kept.campaign, kept.constituency, kept.kind, kept.held_on, kept.figures,
           kept.reports, kept.reported_at)
"""

_DISCUSSIONS: Final = """
    with told as (
        select log.partition, log.occurred_at, log.key, said.*,
               lag(said.figures) over chain as figures_before,
               row_number() over chain as number, count(*) over (partition by said.programme) as times
        from custody_log as log
        cross join lateral json_to_record(log.payload) as said(
            campaign text, programme uuid, held_on date, figures jsonb, previous jsonb)
        where log.type = 'ProgrammeDiscussedV1'
        window chain as (partition by said.programme order by log.partition, log.position)
    ), kept as (
        select *, jsonb_build_object('attendance', attendance, 'topics', topics) as figures
        from programme where discussions > 0
    )
    select 'what was told of a discussion does not replace what was told before' as what,
           format('programme %s, told the %s. time', programme, number) as place
    from told where coalesce(previous, 'null') <> coalesce(figures_before, 'null')
    union all
    select case when kept.id is null then 'the log tells of a discussion that was not reported'
                when told.programme is null then 'a discussion that was reported is not in the log'
                else 'a discussion differs from what was told of it last' end,
           format('programme %s', coalesce(kept.id, told.programme))
    from (select * from told where number = times) as told full join kept on kept.id = told.programme
    where (told.partition, told.campaign, told.key, told.held_on, told.figures, told.times,
           told.occurred_at)
          is distinct from
          (kept.partition, kept.campaign, kept.constituency, kept.held_on, kept.figures, kept.discussions,
           kept.discussed_at)
    union all
    select 'more joined a discussion, or spoke about a topic, than there were',
           format('programme %s: %s came, %s joined, topics %s', id, attendance, beneficiaries, topics)
    from programme
    where discussions > 0
      and (attendance < beneficiaries
           or exists (select from jsonb_each_text(topics) as topic where topic.value::bigint > beneficiaries))
"""

_NUMBERS: Final = """
    select (select count(*) from print_sheet) as sheets,
           (select count(*) from custody) as printed,
           (select count(dispatched_at) from custody) as dispatched,
           (select count(*) from hand_over) as handed_over,
           (select count(*) from hand_over where not was_printed) as never_marked_as_printed,
           (select count(*) from programme) as programmes,
           (select count(*) from programme where discussions > 0) as discussed
"""


async def check_custody(scene: Scene, check: Check) -> None:
    """Marks, papers, hand-overs and reports against the log; and no certificate on two sheets by mistake."""
    for query in (_MARKS, _PAPERS, _SHEETS, _HANDED, _PROGRAMMES, _DISCUSSIONS):
        check.wrong_rows(await scene.certificates.rows(counted(query)))
    (row,) = await scene.certificates.rows(_NUMBERS)
    check.numbers.update({name.replace("_", " "): count for name, count in row.items()})
