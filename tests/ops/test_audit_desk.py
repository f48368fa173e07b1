"""The auditor follows the desk by rules of its own, agrees with the service, and sees what was altered."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings

from certificates.consumers import happening, redefinition
from certificates.domain.certificate import Cause, State
from certificates.domain.desk import (
    CorrectName,
    Decision,
    DeskRefusal,
    GrantPlace,
    RaiseQuota,
    ReissueCertificate,
    ReleasePlaces,
    ReservePlaces,
    decide,
)
from certificates.domain.events import Change
from certificates.domain.register import Register
from certificates.storage.desk_entries import kind_of
from mitra_shared.contracts.events import CampaignDefinedV1
from mitra_shared.contracts.topics import partition_of
from mitra_shared.ids import AreaCode, EventId, MitraId, Partition
from mitra_shared.ops.audit.desk import Decided, carry_out, refusal
from mitra_shared.ops.audit.issuing import Ledger, Told
from mitra_shared.person_names import seal_context
from tests.certificates.desk_stories import DESK_STORIES, DeskStory, Teller, ask, told
from tests.certificates.enrolment_log import BEGIN, CAMPAIGN, KEY, mitra
from tests.certificates.naive import NaiveOffice
from tests.certificates.stories import PARTITIONS
from tests.enrolment.intake_api import SEALS, running_api
from tests.ops.broken import notes_of
from tests.ops.campaign_world import FieldDay, World
from tests.ops.test_audit_issuing import take

PROGRAMME = UUID(int=7)


def as_told(change: Change) -> Told:
    previous = getattr(change, "previous", None)
    return Told(
        f"{type(change).__name__}V1",
        getattr(change, "mitra_id", None),
        change.constituency,
        str(getattr(change, "segment", None) or getattr(change, "area", None)),
        change.cause.occurred_at,
        getattr(change, "serial", None),
        previous.value if previous else None,
        getattr(change, "void_serial", None),
        getattr(change, "revision", None),
        getattr(change, "programme", None),
        getattr(change, "by", None) or getattr(change, "places", None),
    )


class Both:
    """The service's register and the auditor's ledger of one partition, which hear the same."""

    def __init__(self, partition: Partition) -> None:
        self.register, self.ledger = Register(CAMPAIGN), Ledger(partition)

    def hear(self, event: Any, place: Any) -> None:
        if isinstance(event, CampaignDefinedV1):
            command = redefinition(event, place)
            for segment in self.register.segments.values():
                segment.issued = sum(
                    c.state is State.ISSUED and c.segment == segment.code
                    for c in self.register.certificates.values()
                )
            changes: list[Change] = self.register.redefine(command.plan, command.cause)
        else:
            changes = [*self.register.fold(happening(event, place, KEY))]
        assert take(self.ledger, event, place) == [as_told(change) for change in changes]

    def decide(self, decision: Decision, number: int, position: Any) -> bool:
        cause = Cause(EventId(mitra(number)), position, BEGIN)
        mitra_of: dict[Any, Any] = {c.id: c.mitra_id for c in self.register.certificates.values()}
        about = decision._asdict()
        decided = Decided(
            number, CAMPAIGN, 1, position, kind_of(decision), about.get("area"),
            mitra_of.get(about.get("certificate_id")), about.get("programme"), about.get("serial"),
            about.get("places"), BEGIN, BEGIN, None, about.get("holder_name"),
        )  # fmt: skip
        why = refusal(self.ledger, decided)
        try:
            changes = decide(self.register, decision, cause)
        except DeskRefusal:
            assert why is not None
            return False
        assert why is None
        assert carry_out(self.ledger, decided) == [as_told(change) for change in changes]
        return True


@given(DESK_STORIES)
@settings(max_examples=100, deadline=None)
def test_auditor_service_and_naive_office_agree_on_every_story_of_the_desk(story: DeskStory) -> None:
    log = told(story)
    both = {partition: Both(partition) for partition in PARTITIONS}
    teller = Teller({partition: NaiveOffice(partition) for partition in PARTITIONS})
    positions: dict[Any, Any] = {}
    decisions = sorted(story[2], key=lambda each: each[0])
    for index, (event, place) in enumerate(log.entries, start=1):
        both[place.partition].hear(event, place)
        teller.offices[place.partition].hear(event, place.position)
        positions[place.partition] = place.position
        for number, (after, about) in enumerate(decisions):
            asked = teller.tell(about, positions) if after == index else None
            if asked is not None and partition_of(asked.constituency) in positions:
                partition = partition_of(asked.constituency)
                done = both[partition].decide(asked.decision, number, positions[partition])
                assert done is asked.possible
    for partition, each in both.items():
        ledger, naive = each.ledger, teller.offices[partition]
        assert {
            p.mitra: (p.state, p.serial, p.revision, p.name, p.language) for p in ledger.papers.values()
        } == {p.mitra: (p.state, p.serial, p.revision, p.name, p.language) for p in naive.people}
        assert {
            area: (pool.quota, pool.taken, pool.raised, pool.reserved)
            for area, pool in each.register.pools.items()
        } == {
            area: (ledger.in_force(area), ledger.taken[area], ledger.raised[area], ledger.kept(area))
            for area in ledger.pools
        }


HOME = AreaCode("S11-AC017")
IDS = """
    select id, state, serial, mitra_id from certificate
    where segment = 'S11-AC017' order by enrolled_position
"""


async def every_kind_of_decision(world: World) -> None:
    """Raise, reserve, grant, release, reissue and correct, between enrolments and a withdrawal."""
    engine = world.certificates
    rows = await world.rows("certificates", IDS)
    waiting = sum(row.state == "waitlisted" for row in rows)
    issued = [row for row in rows if row.state == "issued"]
    await ask(engine, RaiseQuota(HOME, waiting + 3))
    await ask(engine, ReservePlaces(HOME, PROGRAMME, 2))
    await ask(engine, ReissueCertificate(issued[0].id, issued[0].serial))
    corrected = SEALS.names.seal("Asha Devi", context=seal_context(MitraId(issued[1].mitra_id)))
    await ask(engine, CorrectName(issued[1].id, corrected))
    async with running_api(world.enrolment) as api, world.living():
        people = await FieldDay(api, first=5000).enrol(HOME, 3)
        await world.settled()
        (last,) = await world.rows(
            "certificates", "select id, state from certificate where mitra_id = :m", m=people[-1]
        )
        assert last.state == "waitlisted"
        await ask(engine, GrantPlace(last.id, PROGRAMME))
        await FieldDay(api).withdraw(people[0], HOME)
        await world.settled()
        await ask(engine, ReleasePlaces(HOME, PROGRAMME))
        await world.settled()


async def test_a_campaign_with_a_desk_is_clean_and_stays_so_when_it_is_replayed(world: World) -> None:
    await every_kind_of_decision(world)
    report = await world.audit(deep=True)
    assert report.clean, report.findings
    numbers = next(check.numbers for check in report.checks if check.name == "certificates")
    assert numbers["decisions of the desk followed"] == 6
    before = await world.rows("certificates", "select * from certificate order by id")
    await world.run("certificates", "update consumer_position set rebuild_requested_at = now()")
    async with world.living():
        await world.settled_after_rebuild()
    report = await world.audit(deep=True)
    assert report.clean, report.findings
    assert await world.rows("certificates", "select * from certificate order by id") == before


async def test_a_decision_that_lapsed_is_noted_and_one_without_reason_is_found(world: World) -> None:
    await every_kind_of_decision(world)
    # As if the replay had found no such reservation, and nobody the worse for it.
    await world.run(
        "certificates",
        """
        insert into desk_entry (id, partition, campaign, constituency, after_epoch, after_position, kind,
                                area, programme, reason, decided_by, decided_role, decided_at, applied_at,
                                lapsed)
        select gen_random_uuid(), partition, campaign, constituency, after_epoch, after_position, 'release',
               'S11-AC018', gen_random_uuid(), 'why', 'x', 'operator', now(), now(), 'nothing was kept'
        from desk_entry order by number desc limit 1
        """,
    )
    report = await world.audit()
    assert report.clean, report.findings
    notes = notes_of(report)
    assert any("lapsed: nothing was kept" in note for note in notes)
    await world.run("certificates", "update desk_entry set lapsed = 'so it is said' where kind = 'correct'")
    found = (await world.audit()).findings["certificates"]
    assert "a decision lapsed that can be carried out" in {finding.what for finding in found}


LACKS = "the certificates log lacks an event"
EXTRA = "the certificates log tells what does not follow from the enrolments"


@pytest.mark.parametrize(
    ("statement", "check", "what"),
    [
        (
            "update certificates_log set type = 'PlacesReservedV1' where type = 'PlacesRaisedV1'",
            "certificates",
            LACKS,
        ),
        ("update desk_entry set places = places + 1 where kind = 'raise'", "certificates", LACKS),
        ("update desk_entry set decided_at = decided_at + interval '1 s'", "certificates", LACKS),
        ("update desk_entry set area = 'S11-AC018' where kind = 'raise'", "certificates", LACKS),
        ("delete from desk_entry where kind = 'reissue'", "certificates", EXTRA),
        ("update desk_entry set applied_at = null where kind = 'correct'", "certificates", EXTRA),
        (
            "update desk_entry set serial = serial + 1 where kind = 'reissue'",
            "certificates",
            "a decision was carried out that cannot be",
        ),
        (
            "update desk_entry set after_position = after_position + 1000 where kind = 'grant'",
            "certificates",
            "a decision of the desk stands after what was not applied yet",
        ),
        (
            "update certificate set revision = 7 where revision = 2",
            "certificates",
            "a certificate is not what follows from the log",
        ),
        ("delete from void_number", "certificate rows", "the serial numbers of a segment have gaps"),
        (
            "update void_number set serial = serial + 1",
            "certificates",
            "the void numbers are not those that the desk replaced",
        ),
        (
            "update pool set raised = raised + 1 where area = 'S11-AC017'",
            "quotas",
            "a pool has other places than the desk gave it",
        ),
        (
            "update pool set quota = quota + 1, ceiling = ceiling + 1 where area = 'S11-AC017'",
            "quotas",
            "a pool has another quota than the log says",
        ),
        (
            "insert into reservation select partition, campaign, area, id, 1 from desk_entry limit 1",
            "quotas",
            "a programme has other places than the desk keeps for it",
        ),
    ],
)
async def test_what_was_altered_at_the_desk_is_found(
    world: World, statement: str, check: str, what: str
) -> None:
    await every_kind_of_decision(world)
    assert await world.run("certificates", statement) > 0
    findings = (await world.audit()).findings
    assert what in {finding.what for finding in findings.get(check, ())}, findings
