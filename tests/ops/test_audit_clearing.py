"""The rows of the matcher are broken in every way the audit claims to see, and it says which."""

import pytest

from tests.ops.broken import Breakable, Broken, assert_found, sql

_LIVING = "from mitra where withdrawn_at is null and segment = 'S11-AC017' order by id"
_EXAMINED = (
    "insert into examined (mitra, campaign, constituency, segment, examined_at, cleared_at)"
    " select id, campaign, constituency, segment, now() - interval '1 day', {cleared} " + _LIVING + " limit 1"
)
_TOLD = (
    "insert into enrolment_log"
    " (partition, position, epoch, event_id, type, key, subject, occurred_at, payload)"
    " select partition, 99999, epoch, gen_random_uuid(), 'MitraClearedV1', key, subject, occurred_at, payload"
    " from enrolment_log where subject = (select mitra from examined limit 1) limit 1"
)
_PAIR = (
    "insert into likely_duplicate (id, campaign, earlier, later, constituency, other_constituency,"
    " evidence, opened_at)"
    " select gen_random_uuid(), campaign, mitra, cast('ffffffff-ffff-ffff-ffff-ffffffffffff' as uuid),"
    " constituency, constituency, 'phone_and_name', now() - interval '2 days' from examined"
)
_DEFINED = (
    "update campaign set defined_at = now() - interval '1 day', definition = cast(jsonb_set("
    "cast(definition as jsonb), '{issuing,issue_on}', '\"cleared\"') as json)"
)

BROKEN = [
    Broken(
        "cleared, and nobody was told",
        sql("enrolment", _EXAMINED, cleared="now()"),
        "clearing",
        "somebody counts as cleared whom no MitraCleared tells of",
    ),
    Broken(
        "told, and not cleared",
        sql("enrolment", _EXAMINED, _TOLD, cleared="null"),
        "clearing",
        "a MitraCleared in the log does not show at the person",
    ),
    Broken(
        "cleared too soon",
        sql("enrolment", _EXAMINED, _PAIR, cleared="now() - interval '1 day'"),
        "clearing",
        "somebody was cleared while a likely duplicate was open",
    ),
    Broken(
        "forgotten",
        sql("enrolment", _DEFINED, _EXAMINED, cleared="null"),
        "clearing",
        "somebody was examined and is not cleared, with no likely duplicate open",
    ),
    Broken(
        "passed by",
        sql("enrolment", "update matching_position set position = 999"),
        "clearing",
        "the matcher has passed somebody by",
    ),
    Broken(
        "a key that is left",
        sql(
            "enrolment",
            "update matching_position set position = 99999",
            "insert into matching_key (key, mitra, is_word)"
            " select decode('00', 'hex'), id, false from mitra where withdrawn_at is not null limit 1",
        ),
        "clearing",
        "somebody who withdrew can still be found by the matcher",
    ),
]


@pytest.mark.parametrize("broken", BROKEN, ids=str)
async def test_what_is_wrong_with_the_clearing_is_found(breakable: Breakable, broken: Broken) -> None:
    await assert_found(breakable, broken)
