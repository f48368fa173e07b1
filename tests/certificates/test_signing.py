"""Signing on a real database: what was issued can be opened and verifies, what was withdrawn is gone."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from certificates.commands.publish_status_lists import RENEW_AFTER, publish_status_list
from certificates.commands.sign_credentials import CampaignNotKnown
from certificates.issuer import Issuer, Opened, SigningUnavailable
from certificates.storage import credentials, status_lists
from mitra_shared.credential.status_list import read_status_list
from mitra_shared.credential.verify import Outcome, verify
from mitra_shared.database import is_infrastructure
from mitra_shared.log import unit_of_work
from mitra_shared.security.sealing import SealError
from tests.certificates.conftest import Look
from tests.certificates.enrolment_log import EnrolmentLog, quotas
from tests.certificates.issuing import enrol, issuer_in, rename, sign, told

NAMES = ["Reshma Khatun", "रेशमा ख़ातून", "ریشما خاتون"]


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    return issuer_in(tmp_path)


async def opened(engine: AsyncEngine, issuer: Issuer) -> list[Opened]:
    """Every valid credential, by number."""
    async with engine.connect() as connection:
        ids = (await connection.execute(text("select id from credential order by segment, serial"))).scalars()
        stored = {each.id: each for each in await credentials.find(connection, ids.all())}
    valid = [each for each in stored.values() if each.revoked_at is None]
    return sorted(map(issuer.open, valid), key=lambda each: each.facts.number)


async def publish(engine: AsyncEngine, issuer: Issuer, now: datetime) -> bool:
    async with unit_of_work(engine) as unit:
        return await publish_status_list(unit, issuer, now)


async def issue_three(log: EnrolmentLog, engine: AsyncEngine) -> None:
    log.defined()
    for number, name in enumerate(NAMES, 1):
        enrol(log, number, name)
    await log.deliver(engine)


async def test_every_issued_certificate_is_signed_in_two_ways_that_verify(
    log: EnrolmentLog, certificates_engine: AsyncEngine, issuer: Issuer
) -> None:
    await issue_three(log, certificates_engine)
    enrol(log, 4, "Waits for a place")
    await log.deliver(certificates_engine)
    await sign(certificates_engine, issuer)
    found = await opened(certificates_engine, issuer)
    assert [each.facts.holder_name for each in found] == NAMES
    assert [each.facts.number for each in found] == [f"S11-AC017-000{n}" for n in (1, 2, 3)]
    for each in found:
        for form in (each.jwt, each.cose, each.qr):
            verdict = verify(form, issuer.trusted())
            assert verdict.outcome is Outcome.VALID
            assert verdict.says is not None
            assert verdict.says.holder_name == each.facts.holder_name
        proven = await issuer.with_proof(each.facts, datetime.now(UTC))
        assert verify(proven, issuer.trusted()).outcome is Outcome.VALID


async def test_names_are_sealed_at_rest_and_ids_are_not_those_of_events(
    log: EnrolmentLog, certificates_engine: AsyncEngine, issuer: Issuer, look: Look
) -> None:
    await issue_three(log, certificates_engine)
    await sign(certificates_engine, issuer)
    rows = await look("select cast(credential as text) from credential")
    assert len(rows) == 3
    assert not [name for name in NAMES for row in rows if name in row[0] or name.encode().hex() in row[0]]
    assert (
        await look("select k.id from credential as k join certificate as c on k.id in (c.id, c.mitra_id)")
        == []
    )


async def test_signing_the_same_log_again_changes_nothing(
    log: EnrolmentLog, certificates_engine: AsyncEngine, issuer: Issuer, look: Look
) -> None:
    await issue_three(log, certificates_engine)
    await sign(certificates_engine, issuer)
    before = await look("select * from credential order by id")
    await sign(certificates_engine, issuer)
    assert await look("select * from credential order by id") == before


async def test_a_withdrawal_empties_the_credential_and_shows_in_the_list(
    log: EnrolmentLog, certificates_engine: AsyncEngine, issuer: Issuer, look: Look
) -> None:
    await issue_three(log, certificates_engine)
    await sign(certificates_engine, issuer)
    now = datetime.now(UTC)
    assert await publish(certificates_engine, issuer, now)
    assert not await publish(certificates_engine, issuer, now)
    first = (await opened(certificates_engine, issuer))[0]
    log.withdrew(1)
    await log.deliver(certificates_engine)
    await sign(certificates_engine, issuer)
    assert await publish(certificates_engine, issuer, now + timedelta(seconds=1))
    assert await look(
        "select facts, jwt_signature, cose_signature from credential where revoked_at is not null"
    ) == [(None, None, None)]
    place = first.facts.status
    async with certificates_engine.connect() as connection:
        published = await status_lists.find_list(connection, place.number)
    assert published is not None
    newest = read_status_list(published.token, issuer.trusted())
    assert newest.revoked(place.index)
    assert sum(byte.bit_count() for byte in newest.bits) == 1
    assert verify(first.qr, issuer.trusted(), newest).outcome is Outcome.REVOKED
    others = (await opened(certificates_engine, issuer))[:2]
    assert {verify(each.qr, issuer.trusted(), newest).outcome for each in others} == {Outcome.VALID}


async def test_a_withdrawal_in_the_same_batch_leaves_nothing_to_sign(
    log: EnrolmentLog, certificates_engine: AsyncEngine, issuer: Issuer, look: Look
) -> None:
    await issue_three(log, certificates_engine)
    log.withdrew(2)
    await log.deliver(certificates_engine)
    await sign(certificates_engine, issuer)
    assert await look("select serial from credential order by serial") == [(1,), (3,)]


async def test_a_replay_from_the_start_never_signs_again_for_who_withdrew(
    log: EnrolmentLog, certificates_engine: AsyncEngine, issuer: Issuer, look: Look
) -> None:
    await issue_three(log, certificates_engine)
    issued = await told(certificates_engine)
    await sign(certificates_engine, issuer)
    log.withdrew(2)
    await log.deliver(certificates_engine)
    await sign(certificates_engine, issuer)
    # A rebuild in progress: the certificate stands as issued again, its withdrawal is still to come.
    async with certificates_engine.begin() as connection:
        await connection.execute(
            text(
                "update certificate set state = 'issued', revoked_at = null, holder_name = 'x'"
                " where serial = 2"
            )
        )
    await sign(certificates_engine, issuer, issued)
    assert await look("select revoked_for from credential where serial = 2") == [("withdrawn",)]


async def test_a_name_put_right_before_issuing_is_signed_and_one_put_right_later_replaces_what_was(
    log: EnrolmentLog, certificates_engine: AsyncEngine, issuer: Issuer, look: Look
) -> None:
    signed = "select serial, revision, revoked_for from credential order by serial, revision"

    async def shown() -> list[tuple[str, str]]:
        return [
            (each.facts.holder_name, each.facts.language)
            for each in await opened(certificates_engine, issuer)
        ]

    log.defined(goals=quotas(1))
    enrol(log, 1, "Mira Nayar")
    enrol(log, 2, "Asha Devvi")
    rename(log, 2, "Asha Devi", "ur")
    await log.deliver(certificates_engine)
    await sign(certificates_engine, issuer)
    rename(log, 1, "Meera Nair", "en")
    await log.deliver(certificates_engine)
    await sign(certificates_engine, issuer)
    assert await look(signed) == [(1, 1, "superseded"), (1, 2, None)]
    assert await shown() == [("Meera Nair", "en")]
    log.withdrew(1)
    rename(log, 1, "Nobody")
    await log.deliver(certificates_engine)
    await sign(certificates_engine, issuer)
    assert await look(signed) == [(1, 1, "withdrawn"), (1, 2, "withdrawn"), (2, 1, None)]
    assert await shown() == [("Asha Devi", "ur")]
    assert await look("select revision, holder_name from certificate where serial = 1") == [(2, None)]


async def test_another_language_alone_leaves_what_was_signed(
    log: EnrolmentLog, certificates_engine: AsyncEngine, issuer: Issuer, look: Look
) -> None:
    await issue_three(log, certificates_engine)
    await sign(certificates_engine, issuer)
    log.corrected(1, language="ur")
    await log.deliver(certificates_engine)
    await sign(certificates_engine, issuer)
    assert [each.facts.language for each in await opened(certificates_engine, issuer)] == ["hi"] * 3
    assert await look("select distinct language, revision from certificate") == [("hi", 1)]


async def test_in_a_replay_nothing_is_signed_for_who_is_erased_and_whose_withdrawal_comes_later(
    log: EnrolmentLog, certificates_engine: AsyncEngine, issuer: Issuer, look: Look
) -> None:
    log.defined(goals=quotas(3))
    log.enrolled(1, holder_name=None)
    enrol(log, 2, "Meera Nair")
    await log.deliver(certificates_engine)
    await sign(certificates_engine, issuer)
    assert await look("select serial from certificate where state = 'issued' order by serial") == [(1,), (2,)]
    assert await look("select serial from credential") == [(2,)]


async def test_a_number_given_otherwise_on_a_restored_branch_revokes_the_paper_and_comes_back_with_it(
    log: EnrolmentLog, certificates_engine: AsyncEngine, issuer: Issuer, look: Look
) -> None:
    await issue_three(log, certificates_engine)
    await sign(certificates_engine, issuer)
    await publish(certificates_engine, issuer, datetime.now(UTC))
    for serial in (9, 3):
        async with certificates_engine.begin() as connection:
            await connection.execute(
                text("update certificate set serial = :serial where serial in (3, 9)"), {"serial": serial}
            )
        events = [
            event.model_copy(update={"serial": serial}) if getattr(event, "serial", None) == 3 else event
            for event in await told(certificates_engine)
        ]
        await sign(certificates_engine, issuer, events)
        assert await publish(certificates_engine, issuer, datetime.now(UTC))
        valid = await look("select serial from credential where revoked_at is null order by serial")
        assert valid == [(1,), (2,), (serial,)]


async def test_places_in_the_list_differ_and_do_not_follow_the_order_of_issue(
    log: EnrolmentLog, certificates_engine: AsyncEngine, issuer: Issuer, look: Look
) -> None:
    log.defined(goals=[{"level": "segment", "metric": "certificates", "number": 50, "source": "a test"}])
    for number in range(40):
        enrol(log, number, "Somebody")
    await log.deliver(certificates_engine)
    await sign(certificates_engine, issuer)
    places = [row[0] for row in await look("select status_index from credential order by serial")]
    assert len(set(places)) == 40
    assert places != sorted(places)
    assert max(places) > 1_000


async def test_lists_are_signed_again_before_they_grow_old(
    log: EnrolmentLog, certificates_engine: AsyncEngine, issuer: Issuer
) -> None:
    await issue_three(log, certificates_engine)
    await sign(certificates_engine, issuer)
    now = datetime.now(UTC)
    assert await publish(certificates_engine, issuer, now)
    assert not await publish(certificates_engine, issuer, now + RENEW_AFTER)
    assert await publish(certificates_engine, issuer, now + RENEW_AFTER + timedelta(seconds=1))


async def test_a_key_that_cannot_be_used_is_no_fault_of_the_certificate(
    log: EnrolmentLog, certificates_engine: AsyncEngine, tmp_path: Path, look: Look
) -> None:
    issuer = issuer_in(tmp_path)
    path = tmp_path / "keys.json"
    written = json.loads(path.read_text())
    for key in written["keys"]:
        key["active_from"] += 3_600
    path.write_text(json.dumps(written))
    later = Issuer(issuer.public_url, keys=type(issuer._keys)(path), names=issuer._names, ids=issuer._ids)
    await issue_three(log, certificates_engine)
    with pytest.raises(SigningUnavailable) as refused:
        await sign(certificates_engine, later)
    assert is_infrastructure(refused.value)
    assert await look("select count(*) from credential") == [(0,)]


async def test_a_name_that_does_not_open_and_a_campaign_without_words_are_data_errors(
    log: EnrolmentLog, certificates_engine: AsyncEngine, issuer: Issuer
) -> None:
    log.defined()
    log.enrolled(1)
    await log.deliver(certificates_engine)
    with pytest.raises(SealError) as damaged:
        await sign(certificates_engine, issuer)
    async with certificates_engine.begin() as connection:
        await connection.execute(text("delete from campaign_words"))
    with pytest.raises(CampaignNotKnown) as unknown:
        await sign(certificates_engine, issuer)
    assert not is_infrastructure(damaged.value)
    assert not is_infrastructure(unknown.value)


async def test_ids_follow_from_the_certificate_and_its_version(
    log: EnrolmentLog, certificates_engine: AsyncEngine, issuer: Issuer, look: Look
) -> None:
    await issue_three(log, certificates_engine)
    await sign(certificates_engine, issuer)
    before = await look("select id from credential order by serial")
    async with certificates_engine.begin() as connection:
        await connection.execute(text("delete from credential"))
    await sign(certificates_engine, issuer)
    assert await look("select id from credential order by serial") == before
    assert all(isinstance(row[0], UUID) for row in before)
