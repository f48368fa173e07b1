"""What can be asked, by whom, and how refusals look."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from certificates.wire import certificate_id_of
from mitra_shared.database import create_engine
from mitra_shared.security.tokens import Role
from tests.certificates.certificates_api import api_client, bearer
from tests.certificates.enrolment_log import KEY, EnrolmentLog, mitra, quotas
from tests.certificates.issuing import issuer_in

SEGMENT = "/v1/segments/S11-AC017"
HEADQUARTERS = bearer(Role.HEADQUARTERS, None, None)


@pytest_asyncio.fixture
async def api(certificates_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with api_client(certificates_engine, issuer_in(tmp_path), tmp_path) as client:
        yield client


@pytest_asyncio.fixture
async def filled(log: EnrolmentLog, certificates_engine: AsyncEngine) -> EnrolmentLog:
    """Segment S11-AC017 with two places: 2 and 3 issued, 1 revoked, 4 to 7 waiting."""
    log.defined(goals=quotas(2))
    for number in range(1, 8):
        log.enrolled(number)
    log.withdrew(1)
    await log.deliver(certificates_engine)
    return log


def path_of(number: int) -> str:
    return f"/v1/certificates/{certificate_id_of(mitra(number), KEY)}"


def slug(answer: httpx.Response) -> str:
    assert answer.headers["content-type"] == "application/problem+json"
    return str(answer.json()["type"]).removeprefix("urn:mitra:problem:")


@pytest.mark.usefixtures("filled")
async def test_a_certificate_tells_number_state_and_dates_and_no_name(api: httpx.AsyncClient) -> None:
    answer = await api.get(path_of(2), headers=bearer())
    assert answer.json() == {
        "id": str(certificate_id_of(mitra(2), KEY)),
        "campaign": "small",
        "mitra_id": str(mitra(2)),
        "constituency": "S11-PC04",
        "segment": "S11-AC017",
        "state": "issued",
        "number": "S11-AC017-0002",
        "revision": 1,
        "credential_id": None,
        "ahead": None,
        "enrolled_at": "2026-11-23T04:00:17Z",
        "issued_at": "2026-11-23T04:00:17Z",
        "revoked_at": None,
    }
    assert "sealed name" not in answer.text


@pytest.mark.usefixtures("filled")
async def test_a_revoked_certificate_keeps_its_number_and_a_waiting_one_tells_its_place(
    api: httpx.AsyncClient,
) -> None:
    revoked = (await api.get(path_of(1), headers=bearer(Role.CO_IN_CHARGE))).json()
    assert (revoked["state"], revoked["number"]) == ("revoked", "S11-AC017-0001")
    assert revoked["revoked_at"] is not None
    waiting = (await api.get(path_of(6), headers=bearer())).json()
    assert (waiting["state"], waiting["number"], waiting["ahead"]) == ("waitlisted", None, 2)


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    "caller",
    [bearer(area="S11-PC06"), bearer(campaign="another"), bearer(area=None)],
    ids=["another constituency", "another campaign", "no area"],
)
async def test_a_certificate_of_others_looks_like_none(api: httpx.AsyncClient, caller: Any) -> None:
    there, nowhere = [
        await api.get(path, headers=caller) for path in (path_of(2), f"/v1/certificates/{uuid4()}")
    ]
    assert there.status_code == nowhere.status_code == 404
    assert slug(there) == "certificate-unknown"
    assert there.json() == nowhere.json()


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    "role", [Role.HEADQUARTERS, Role.STATE_COORDINATOR, Role.OPERATOR, Role.SERVICE], ids=str
)
async def test_whoever_sees_aggregates_sees_no_certificate_and_no_waitlist(
    api: httpx.AsyncClient, role: Role
) -> None:
    for path in (path_of(2), f"{SEGMENT}/waitlist"):
        answer = await api.get(path, headers=bearer(role, "S11"))
        assert (answer.status_code, slug(answer)) == (403, "forbidden")


@pytest.mark.usefixtures("filled")
async def test_the_places_of_a_segment(api: httpx.AsyncClient) -> None:
    answer = await api.get(f"{SEGMENT}/quota", headers=bearer())
    assert answer.json() == {
        "campaign": "small",
        "segment": "S11-AC017",
        "pool": "S11-AC017",
        "quota": 2,
        "reserved": 0,
        "taken": 2,
        "waitlisted": 4,
        "frozen": False,
        "next_number": "S11-AC017-0004",
    }


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    "caller", [HEADQUARTERS, bearer(Role.STATE_COORDINATOR, "S11")], ids=["headquarters", "state"]
)
async def test_aggregates_do_not_tell_how_many_were_revoked(api: httpx.AsyncClient, caller: Any) -> None:
    answer = (await api.get(f"{SEGMENT}/quota", headers=caller)).json()
    assert (answer["taken"], answer["waitlisted"], answer["next_number"]) == (2, 4, None)


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    ("caller", "path", "problem"),
    [
        (bearer(area="S11-PC06"), "/quota", "forbidden"),
        (bearer(area="S11-PC06"), "/waitlist", "forbidden"),
        (bearer(Role.STATE_COORDINATOR, "S24"), "/quota", "forbidden"),
        (bearer(campaign="another"), "/quota", "segment-unknown"),
        (bearer(), "/quota?campaign=another", "forbidden"),
        (bearer(), "/quota?campaign=No", "invalid-request"),
        (HEADQUARTERS, "/quota?campaign=another", "segment-unknown"),
        ({}, "/quota", "token-missing"),
        ({"Authorization": "Bearer x"}, "/waitlist", "token-refused"),
        (bearer(), "/waitlist?limit=501", "invalid-request"),
        (bearer(), "/waitlist?after=x", "invalid-request"),
        (bearer(), "/waitlist?after=9999999999999999999-1", "invalid-request"),
    ],
)
async def test_refusals(api: httpx.AsyncClient, caller: Any, path: str, problem: str) -> None:
    answer = await api.get(f"{SEGMENT}{path}", headers=caller)
    assert slug(answer) == problem


@pytest.mark.parametrize(
    "code", ["S11-AC999", "S11", "x", "S11-AC017%00", "S11-AC0170000000000000000000000000"]
)
@pytest.mark.usefixtures("filled")
async def test_unknown_and_malformed_segments(api: httpx.AsyncClient, code: str) -> None:
    answer = await api.get(f"/v1/segments/{code}/quota", headers=bearer())
    assert slug(answer) in {"segment-unknown", "invalid-request", "bad-request"}


async def test_malformed_certificate_ids_are_named(api: httpx.AsyncClient) -> None:
    answer = await api.get("/v1/certificates/S11-AC017-0001", headers=bearer())
    assert slug(answer) == "invalid-request"
    assert answer.json()["errors"][0]["field"] == "certificate_id"


@pytest.mark.usefixtures("filled")
async def test_the_waitlist_is_paged_in_the_order_of_the_log(api: httpx.AsyncClient) -> None:
    first = (await api.get(f"{SEGMENT}/waitlist?limit=3", headers=bearer())).json()
    then = (await api.get(f"{SEGMENT}/waitlist?limit=3&after={first['after']}", headers=bearer())).json()
    assert then["after"] is None
    assert [w["certificate_id"] for w in first["waiting"] + then["waiting"]] == [
        str(certificate_id_of(mitra(number), KEY)) for number in (4, 5, 6, 7)
    ]
    assert first["waiting"][0] == {
        "certificate_id": str(certificate_id_of(mitra(4), KEY)),
        "segment": "S11-AC017",
        "enrolled_at": "2026-11-23T04:00:19Z",
    }


async def test_segments_of_a_constituency_with_one_quota_stand_in_one_queue(
    api: httpx.AsyncClient, log: EnrolmentLog, certificates_engine: AsyncEngine
) -> None:
    log.defined(goals=quotas(1, "constituency"), issuing={"frozen": False})
    for number, segment in enumerate(["S11-AC017", "S11-AC018", "S11-AC017"]):
        log.enrolled(number, segment)
    await log.deliver(certificates_engine)
    answer = (await api.get("/v1/segments/S11-AC018/waitlist", headers=bearer())).json()
    assert answer["pool"] == "S11-PC04"
    assert [w["segment"] for w in answer["waiting"]] == ["S11-AC018", "S11-AC017"]
    quota = (await api.get("/v1/segments/S11-AC018/quota", headers=bearer())).json()
    assert (quota["pool"], quota["quota"], quota["taken"], quota["waitlisted"]) == ("S11-PC04", 1, 1, 2)
    assert quota["next_number"] == "S11-AC018-0001"


async def test_where_several_campaigns_have_the_segment_one_must_be_named(
    api: httpx.AsyncClient, log: EnrolmentLog, certificates_engine: AsyncEngine
) -> None:
    log.defined(goals=quotas(1))
    log.defined(goals=quotas(9), id="other", issuing={"frozen": True})
    await log.deliver(certificates_engine)
    unnamed = await api.get(f"{SEGMENT}/quota", headers=HEADQUARTERS)
    assert slug(unnamed) == "invalid-request"
    assert unnamed.json()["errors"] == [
        {"field": "campaign", "message": "is needed: there are several", "expected": "one of other, small"}
    ]
    named = (await api.get(f"{SEGMENT}/quota?campaign=other", headers=HEADQUARTERS)).json()
    assert (named["quota"], named["frozen"]) == (9, True)


@pytest.mark.usefixtures("filled")
async def test_only_services_read_the_log(api: httpx.AsyncClient) -> None:
    refused = await api.get("/v1/log/certificates/10", headers=bearer())
    assert slug(refused) == "forbidden"
    service = bearer(Role.SERVICE, None, None)
    answer = (await api.get("/v1/log/certificates/10", headers=service)).json()
    assert answer["position"] == len(answer["entries"]) == 9
    assert slug(await api.get("/v1/log/enrolment/10", headers=service)) == "unknown-log"


async def test_without_a_database_the_answer_is_to_come_back_later(
    certificates_engine: AsyncEngine, tmp_path: Path
) -> None:
    gone = create_engine("postgresql://nobody:x@127.0.0.1:1/nothing", application="tests")
    issuer = issuer_in(tmp_path)
    async with api_client(gone, issuer, tmp_path, standing_from=certificates_engine) as client:
        answer = await client.get(f"{SEGMENT}/quota", headers=bearer())
    assert (answer.status_code, slug(answer)) == (503, "unavailable")
    assert answer.headers["retry-after"] == "2"
