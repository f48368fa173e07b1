"""Check of the erasures: nothing sealed is left of those who were erased, and nobody waits beyond their time.

Whoever was erased has one `MitraErased` in the log, after the withdrawal; the ledger agrees with it for as
long as it is kept. Names can be looked for without keys: a sealed field is there or it is not.
"""

from typing import Final

from mitra_shared.ops.audit.report import Check, counted
from mitra_shared.ops.audit.scene import Scene

GRACE: Final = "1 hour"
"""How late an erasure may be, and how long streams and files may take to follow."""

LEDGER_KEPT: Final = "365 days"

_LEFT: Final = """
    select 'an erased person has personal fields' as what, format('Mitra %s', id) as place
    from mitra
    where erased_at is not null and num_nonnulls(name, phone, phone_hash, slot, messages_off_at) > 0
    union all
    select 'the photo of a paper is kept of an erased person', format('Mitra %s', mitra.id)
    from paper_photo join mitra on mitra.id = paper_photo.mitra where mitra.erased_at is not null
    union all
    select 'a message in bulk names an erased person', format('message %s, Mitra %s', message.id, mitra.id)
    from message join mitra on mitra.id = message.recipient
    where message.broadcast is not null and mitra.erased_at is not null
    union all
    select 'the log holds a sealed name of an erased person',
           format('Mitra %s, partition %s at %s', log.subject, log.partition, log.position)
    from enrolment_log as log join mitra on mitra.id = log.subject
    where mitra.erased_at is not null and log.payload ->> 'holder_name' is not null
    union all
    select 'a name is gone from the log, of a person who is not erased',
           format('Mitra %s, partition %s at %s', log.subject, log.partition, log.position)
    from enrolment_log as log join mitra on mitra.id = log.subject
    where mitra.erased_at is null and log.payload ->> 'holder_name' is null
      and (log.type = 'MitraEnrolledV1'
           or (log.type = 'MitraCorrectedV1' and (log.payload ->> 'name_changed')::boolean))
    union all
    select 'an answer leads to an erased person', format('Mitra %s', mitra.id)
    from mitra join outcome on outcome.caller = mitra.recruiter and outcome.status = 201
        and outcome.body ->> 'mitra_id' = mitra.id::text
    where mitra.erased_at is not null
"""

_TOLD: Final = """
    select case when kept.id is null then 'a MitraErased in the log is of nobody'
                when kept.erased_at is null then 'a MitraErased in the log does not show at the person'
                when told.subject is null then 'an erased person has no MitraErased in the log'
                else 'an erased person differs from the MitraErased in the log' end as what,
           format('Mitra %s, partition %s at %s', coalesce(kept.id, told.subject),
                  coalesce(told.partition, kept.partition), coalesce(told.position::text, 'no position'))
               as place
    from (select * from enrolment_log where type = 'MitraErasedV1') as told
    full join (select * from mitra where erased_at is not null
               or exists (select from enrolment_log as log
                          where log.partition = mitra.partition and log.subject = mitra.id
                            and log.type = 'MitraErasedV1')) as kept
        on kept.id = told.subject
    where kept.id is null or told.subject is null or kept.erased_at is distinct from told.occurred_at
       or kept.withdrawal_position is null or kept.withdrawal_position > told.position
"""

_LEDGER: Final = f"""
    select case when entry.mitra is null then 'an erasure is not in the ledger'
                when told.subject is null then 'the ledger holds an erasure that the log does not tell'
                else 'the ledger differs from the log' end as what,
           format('Mitra %s', coalesce(entry.mitra, told.subject)) as place
    from (select * from enrolment_log where type = 'MitraErasedV1') as told
    full join erasure as entry on entry.mitra = told.subject
    where told.subject is null
       or (entry.mitra is null and told.occurred_at > now() - interval '{LEDGER_KEPT}')
       or (entry.event_id, entry.erased_at, entry.partition) is distinct from
          (told.event_id, told.occurred_at, told.partition) and entry.mitra is not null
"""  # noqa: S608 - constants of ours

_LATE: Final = f"""
    select 'somebody should have been erased by now' as what, format('Mitra %s', id) as place
    from mitra where erased_at is null and erase_at < now() - interval '{GRACE}'
    union all
    select 'a stream or a file may still hold the name of somebody who was erased', format('Mitra %s', mitra)
    from erasure where completed_at is null and erased_at < now() - interval '{GRACE}'
"""  # noqa: S608 - constants of ours

_UNPLANNED: Final = """
    select 'somebody withdrew and is not going to be erased' as what, format('Mitra %s', id) as place
    from mitra where withdrawn_at is not null and erase_at is null and erased_at is null
"""

_COUNTS: Final = """
    select count(*) filter (where erased_at is not null) as erased,
           count(*) filter (where erased_at is null and erase_at is not null) as planned from mitra
"""

_ERASED_BY: Final = """
    select subject from enrolment_log
    where type = 'MitraErasedV1' and partition = $1 and position <= $2
"""

_HOLDERS: Final = """
    select 'a certificate holds the name of an erased person' as what, format('Mitra %s', mitra_id) as place
    from certificate where mitra_id = any($1::uuid[]) and num_nonnulls(holder_name, recruiter) > 0
    union all
    select 'what was signed for an erased person is not revoked', format('Mitra %s', c.mitra_id)
    from certificate as c join credential as k on k.certificate_id = c.id
    where c.mitra_id = any($1::uuid[]) and k.revoked_for is distinct from 'withdrawn'
    union all
    select 'a decision of the desk holds words about an erased person', format('Mitra %s', c.mitra_id)
    from certificate as c join desk_entry as e on e.certificate_id = c.id
    where c.mitra_id = any($1::uuid[])
      and (num_nonnulls(e.holder_name, e.request) > 0 or e.reason <> 'erased')
"""

_LETTERS: Final = """
    select 'a dead letter holds the name of an erased person' as what, format('letter %s', id) as place
    from dead_letter where subject = any($1::uuid[]) and payload like '%holder_name%'
"""

_CONSUMERS: Final = {"certificates": (_HOLDERS, _LETTERS), "reporting": (_LETTERS,)}


async def check_erasures(scene: Scene, check: Check) -> None:
    """Rows, log, ledger and consumers know nothing personal of the erased, and everybody's time is kept."""
    (counts,) = await scene.enrolment.rows(_COUNTS)
    check.numbers.update(dict(counts))
    for query in (_LEFT, _TOLD, _LEDGER, _LATE, _UNPLANNED):
        check.wrong_rows(await scene.enrolment.rows(counted(query)))
    for group, queries in _CONSUMERS.items():
        erased = [
            row["subject"]
            for (topic, partition), standing in scene.standings[group].items()
            if topic == "enrolment"
            for row in await scene.enrolment.rows(_ERASED_BY, partition, standing.position)
        ]
        for query in queries if erased else ():
            check.wrong_rows(await scene.databases[group].rows(counted(query), erased))
