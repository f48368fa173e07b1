"""Checks of the people: each row has its one enrolment in the log, corrections and withdrawal, in order."""

from typing import Final

from mitra_shared.ops.audit.report import Check, counted
from mitra_shared.ops.audit.scene import Scene

_ENROLLED: Final = """
    with corrected as (
        select subject, max(position) as position,
               (array_agg(occurred_at order by position desc))[1] as at,
               (array_agg(payload #>> '{language,language}' order by position desc)
                   filter (where payload ->> 'language' is not null))[1] as language,
               (array_agg(payload #> '{schemes,schemes}' order by position desc)
                   filter (where payload ->> 'schemes' is not null))[1] as schemes,
               (array_agg(payload ->> 'holder_name' order by position desc)
                   filter (where (payload ->> 'name_changed')::boolean))[1] as name,
               bool_or((payload ->> 'name_changed')::boolean) as renamed
        from enrolment_log where type = 'MitraCorrectedV1' group by subject
    )
    select case when kept.id is null then 'a MitraEnrolled in the log has no person'
                when told.subject is null then 'a person has no MitraEnrolled in the log'
                when kept.corrected_at is not null or put.subject is not null
                    then 'a person differs from what the log told and corrected'
                else 'a person differs from the MitraEnrolled in the log' end as what,
           format('Mitra %s, partition %s at %s', coalesce(kept.id, told.subject),
                  coalesce(told.partition, kept.partition),
                  coalesce(told.position::text, 'no position')) as place
    from (
        select log.subject, log.partition, log.position, log.key, log.occurred_at, said.*
        from enrolment_log as log
        cross join lateral json_to_record(log.payload) as said(
            campaign text, segment text, recruiter text, basis text, language text, schemes json,
            holder_name text)
        where log.type = 'MitraEnrolledV1'
    ) as told
    full join mitra as kept on kept.id = told.subject
    left join corrected as put on put.subject = told.subject
    where kept.id is null or told.subject is null
       or (kept.campaign, kept.constituency, kept.segment, kept.partition, kept.recruiter, kept.basis,
           kept.enrolled_at, kept.corrected_at, kept.language, kept.schemes, kept.name) is distinct from
          (told.campaign, told.key, told.segment, told.partition, told.recruiter, told.basis,
           told.occurred_at, put.at, coalesce(put.language, told.language),
           array(select json_array_elements_text(coalesce(put.schemes, told.schemes))),
           case when put.renamed then put.name else told.holder_name end)
"""

_WITHDRAWN: Final = """
    select case when kept.id is null then 'a MitraWithdrawn in the log is of nobody'
                when kept.withdrawn_at is null then 'a MitraWithdrawn in the log does not show at the person'
                when told.subject is null then 'a withdrawn person has no MitraWithdrawn in the log'
                else 'a withdrawn person differs from the MitraWithdrawn in the log' end as what,
           format('Mitra %s, partition %s at %s', coalesce(kept.id, told.subject),
                  coalesce(told.partition, kept.partition),
                  coalesce(told.position, kept.withdrawal_position)) as place
    from (
        select log.subject, log.partition, log.position, log.epoch, log.occurred_at, said.*
        from enrolment_log as log
        cross join lateral json_to_record(log.payload) as said(campaign text, segment text, basis text)
        where log.type = 'MitraWithdrawnV1'
    ) as told
    full join mitra as kept on kept.id = told.subject
    where (told.subject is not null or kept.withdrawn_at is not null)
      and ((kept.campaign, kept.segment, kept.basis, kept.partition, kept.withdrawal_position,
            kept.withdrawn_at) is distinct from
           (told.campaign, told.segment, told.basis, told.partition, told.position, told.occurred_at)
           -- After a fork, entries may have moved to a later epoch than the one that was answered.
           or kept.withdrawal_epoch > told.epoch)
"""

_REPLACED: Final = """
    with corrected as materialized (
        select distinct subject from enrolment_log where type = 'MitraCorrectedV1'
    ), step as materialized (
        select * from enrolment_log join corrected using (subject)
        where type in ('MitraEnrolledV1', 'MitraCorrectedV1')
    ), part as (
        select subject, partition, position, type, what, replaces::jsonb as replaces,
               cast(case type when 'MitraEnrolledV1' then payload -> what
                        else payload #> array[what, what] end as jsonb) as told
        from step cross join lateral (
            values ('language', payload #> '{language,previous}'),
                   ('schemes', payload #> '{schemes,previous}')
        ) as about(what, replaces)
        where payload ->> what is not null
    ), beside as (
        select part.*, lag(told) over (partition by subject, what order by position) as before from part
    )
    select 'a MitraCorrected replaces what did not stand there' as what,
           format('Mitra %s, partition %s at %s: %s', subject, partition, position, what) as place
    from beside where type = 'MitraCorrectedV1' and replaces is distinct from before
"""

_REPEATED: Final = """
    select format('%s stands in the log more than once for one person', type) as what,
           format('Mitra %s, %s times', subject, count(*)) as place
    from enrolment_log where subject is not null and type <> 'MitraCorrectedV1'
    group by subject, type having count(*) > 1
"""

_MISPLACED: Final = """
    select case when first.position is null then 'a step of a person stands in the log with no enrolment'
                when first.partition <> step.partition then 'steps of one person stand in several partitions'
                else 'a step of a person stands in the log before the enrolment' end as what,
           format('Mitra %s, partition %s at %s: %s', step.subject, step.partition, step.position, step.type)
               as place
    from enrolment_log as step
    left join enrolment_log as first on first.subject = step.subject and first.type = 'MitraEnrolledV1'
    where step.subject is not null and step.type <> 'MitraEnrolledV1'
      and (first.position is null or first.partition <> step.partition or first.position > step.position)
"""

_TOO_LATE: Final = """
    select 'a person was corrected after the withdrawal' as what,
           format('Mitra %s, partition %s at %s', late.subject, late.partition, late.position) as place
    from enrolment_log as late
    join enrolment_log as gone on gone.partition = late.partition and gone.subject = late.subject
        and gone.type = 'MitraWithdrawnV1' and gone.position < late.position
    where late.type = 'MitraCorrectedV1'
"""

_PAPERS: Final = """
    select 'the photo of a paper is kept of somebody who signed none' as what,
           format('Mitra %s, agreed in the manner %s', mitra.id, mitra.consent_manner) as place
    from paper_photo join mitra on mitra.id = paper_photo.mitra
    where mitra.consent_manner <> 'signed_paper'
"""

_COUNTS: Final = "select count(*) as people, count(withdrawn_at) as withdrawn from mitra"


async def check_people(scene: Scene, check: Check) -> None:
    """Rows and log know the same people, with the same words; photos are of papers that were signed."""
    (counts,) = await scene.enrolment.rows(_COUNTS)
    check.numbers.update(dict(counts))
    for query in (_ENROLLED, _WITHDRAWN, _REPLACED, _PAPERS):
        check.wrong_rows(await scene.enrolment.rows(counted(query)))


async def check_order(scene: Scene, check: Check) -> None:
    """What is told of one person stands in one partition, in order, each step once."""
    for query in (_REPEATED, _MISPLACED, _TOO_LATE):
        check.wrong_rows(await scene.enrolment.rows(counted(query)))
