-- The rows and statements of one enrolment of ours, as one transaction: person, head, log, outcome.
\set p random(0, 15)
\set r random(1, 1000000000)
begin;
select pg_advisory_xact_lock_shared(1), status, body from (select 1) one
    left join outcome on caller = 'pgbench' and idempotency_key = md5(:r::text || :client_id) limit 1;
insert into mitra (id, campaign, constituency, segment, partition, recruiter, basis, schemes, language, name, phone,
                   phone_hash, slot, notice_version, notice_language, enrolled_at)
values (gen_random_uuid(), 'pgbench', 'S11-PC04', 'S11-AC032', :p, 'S11-PC04/co-in-charge-07', 'beneficiary',
        '{PMAY-G,PMUY}', 'hi', repeat('n', 72), repeat('p', 64), sha256((:r::text || ':' || random())::bytea), 0,
        '2026-11', 'hi', now())
on conflict do nothing;
select position, epoch from enrolment_head where partition = :p for update;
insert into enrolment_log (partition, position, epoch, event_id, type, key, subject, occurred_at, traceparent, payload)
select partition, position + 1, epoch, gen_random_uuid(), 'MitraEnrolledV1', 'S11-PC04', gen_random_uuid(), now(),
       repeat('t', 55), cast('{"payload": "' || repeat('x', 380) || '"}' as json)
from enrolment_head where partition = :p;
update enrolment_head set position = position + 1 where partition = :p;
insert into outcome (caller, idempotency_key, digest, status, body, created_at)
values ('pgbench', gen_random_uuid()::text, repeat('d', 32)::bytea, 201, cast('{"b": "' || repeat('x', 150) || '"}' as json), now())
on conflict do nothing;
commit;
