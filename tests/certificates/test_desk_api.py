"""The desk over HTTP: who may decide what, what comes of it, and how refusals look."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from certificates.wire import certificate_id_of
from mitra_shared.person_names import seal_context
from mitra_shared.security.tokens import Role
from tests.certificates.certificates_api import api_client, bearer
from tests.certificates.conftest import Look
from tests.certificates.enrolment_log import KEY, EnrolmentLog, mitra, quotas
from tests.certificates.issuing import NAMES, issuer_in
from tests.certificates.test_api import HEADQUARTERS, slug

OPERATOR = bearer(Role.OPERATOR, None, None)
IN_CHARGE = bearer()
SEGMENT = "S11-AC017"
PROGRAMME = UUID(int=7)

RAISE = ("/v1/desk/raises", {"area": SEGMENT, "places": 2, "reason": "many_wait"})
RESERVE = (
    "/v1/desk/reservations",
    {"area": SEGMENT, "programme": str(PROGRAMME), "places": 1, "reason": "guests"},
)
RELEASE = (f"/v1/desk/reservations/{PROGRAMME}/release", {"area": SEGMENT, "reason": "programme_over"})
GRANT = (
    "/v1/desk/grants",
    {
        "certificate_id": str(certificate_id_of(mitra(3), KEY)),
        "programme": str(PROGRAMME),
        "reason": "guest_of_honour",
    },
)
REISSUE = ("/v1/desk/reissues", {"number": f"{SEGMENT}-0001", "reason": "torn"})
CORRECT = (
    "/v1/desk/corrections",
    {"number": f"{SEGMENT}-0001", "holder_name": "आशा देवी", "reason": "misspelt"},
)

Request = tuple[str, dict[str, Any]]


@pytest_asyncio.fixture
async def api(certificates_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with api_client(certificates_engine, issuer_in(tmp_path), tmp_path) as client:
        yield client


@pytest_asyncio.fixture
async def filled(log: EnrolmentLog, certificates_engine: AsyncEngine, api: httpx.AsyncClient) -> EnrolmentLog:
    """Three places in the segment, two issued and one kept for the programme; 3 and 4 wait."""
    log.defined(goals=quotas(3))
    log.enrolled(1)
    log.enrolled(2)
    await log.deliver(certificates_engine)
    assert (await ask(api, RESERVE, HEADQUARTERS)).status_code == 200
    log.enrolled(3)
    log.enrolled(4)
    await log.deliver(certificates_engine)
    return log


async def ask(
    api: httpx.AsyncClient, request: Request, caller: Any, *, key: UUID | None = None, **changes: Any
) -> httpx.Response:
    path, body = request
    headers = caller | {"Idempotency-Key": str(key or uuid4())}
    return await api.post(path, json=body | changes, headers=headers)


async def states(look: Look) -> list[tuple[Any, ...]]:
    return await look("select state, serial, revision from certificate order by enrolled_position")


@pytest.mark.usefixtures("filled")
async def test_raised_places_are_given_to_those_who_wait(api: httpx.AsyncClient, look: Look) -> None:
    answer = await ask(api, RAISE, HEADQUARTERS, places=1)
    assert answer.status_code == 200
    told = answer.json()
    assert (told["kind"], told["area"], told["places"], told["issued"]) == ("raise", SEGMENT, 1, 1)
    assert (told["decided_role"], told["reason"], told["number"]) == ("headquarters", "many_wait", None)
    assert await states(look) == [
        ("issued", 1, 1), ("issued", 2, 1), ("issued", 3, 1), ("waitlisted", None, 1),
    ]  # fmt: skip
    quota = (await api.get(f"/v1/segments/{SEGMENT}/quota", headers=IN_CHARGE)).json()
    assert (quota["quota"], quota["taken"], quota["reserved"], quota["waitlisted"]) == (4, 3, 1, 1)


@pytest.mark.usefixtures("filled")
async def test_a_reserved_place_is_granted_out_of_turn(api: httpx.AsyncClient, look: Look) -> None:
    chosen = str(certificate_id_of(mitra(4), KEY))
    answer = await ask(api, GRANT, IN_CHARGE, certificate_id=chosen)
    assert answer.json()["number"] == f"{SEGMENT}-0003"
    assert [state for state, _, _ in await states(look)] == ["issued", "issued", "waitlisted", "issued"]
    again = await ask(api, GRANT, IN_CHARGE)
    assert (again.status_code, slug(again)) == (409, "nothing-reserved")


@pytest.mark.usefixtures("filled")
async def test_what_is_left_of_a_reservation_is_released_to_those_who_wait(
    api: httpx.AsyncClient, look: Look
) -> None:
    assert (await ask(api, RELEASE, OPERATOR)).json()["issued"] == 1
    assert [state for state, _, _ in await states(look)] == ["issued", "issued", "issued", "waitlisted"]
    assert slug(await ask(api, RELEASE, OPERATOR)) == "nothing-reserved"


@pytest.mark.usefixtures("filled")
async def test_a_spoiled_certificate_gets_the_next_number_and_the_old_one_is_void(
    api: httpx.AsyncClient, look: Look
) -> None:
    told = (await ask(api, REISSUE, IN_CHARGE)).json()
    assert (told["number"], told["void_number"], told["revision"]) == (
        f"{SEGMENT}-0003", f"{SEGMENT}-0001", 2,
    )  # fmt: skip
    assert (await states(look))[0] == ("issued", 3, 2)
    assert await look("select segment, serial from void_number") == [(SEGMENT, 1)]
    assert await look("select taken, quota from pool where area = :a", a=SEGMENT) == [(2, 3)]
    for request in (REISSUE, CORRECT):
        void = await ask(api, request, IN_CHARGE)
        assert (void.status_code, slug(void)) == (409, "number-void")
        assert f"{SEGMENT}-0003" in void.json()["detail"]


async def test_a_number_is_void_once_its_holder_withdrew(
    api: httpx.AsyncClient, filled: EnrolmentLog, certificates_engine: AsyncEngine
) -> None:
    filled.withdrew(1)
    await filled.deliver(certificates_engine)
    void = await ask(api, REISSUE, IN_CHARGE)
    assert (void.status_code, slug(void)) == (409, "number-void")
    assert "withdrew" in void.json()["detail"]


async def test_a_corrected_name_is_sealed_told_to_nobody_and_forgotten_with_its_holder(
    api: httpx.AsyncClient, filled: EnrolmentLog, look: Look, certificates_engine: AsyncEngine
) -> None:
    key = uuid4()
    answer = await ask(api, CORRECT, IN_CHARGE, key=key, holder_name="  आशा देवी ")
    assert (answer.json()["number"], answer.json()["revision"]) == (f"{SEGMENT}-0001", 2)
    assert "आशा" not in answer.text
    names = """
        select c.holder_name, e.holder_name
        from certificate as c join desk_entry as e on c.id = e.certificate_id
    """
    ((stored, kept),) = await look(names)
    assert stored == kept
    opened = NAMES.open(stored, context=seal_context(mitra(1)))
    assert opened == "आशा देवी"
    filled.withdrew(1)
    await filled.deliver(certificates_engine)
    assert await look(names) == [(None, None)]
    assert await look("select request from desk_entry where kind = 'correct'") == [(None,)]
    again = await ask(api, CORRECT, IN_CHARGE, key=key, holder_name="  आशा देवी ")
    assert (again.status_code, slug(again)) == (422, "idempotency-key-reused")


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("request_", [RAISE, REISSUE, CORRECT, GRANT, RELEASE], ids=lambda r: r[0])
async def test_the_same_key_with_the_same_request_decides_once_and_answers_alike(
    api: httpx.AsyncClient, look: Look, request_: Request
) -> None:
    caller = HEADQUARTERS if request_ in (RAISE, RELEASE) else IN_CHARGE
    key = uuid4()
    first = await ask(api, request_, caller, key=key)
    before = await states(look)
    second = await ask(api, request_, caller, key=key)
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json() == second.json()
    assert await states(look) == before
    other = await ask(api, request_, caller, key=key, reason="other")
    assert (other.status_code, slug(other)) == (422, "idempotency-key-reused")


ROLES = {
    "headquarters": HEADQUARTERS,
    "operator": OPERATOR,
    "in-charge": IN_CHARGE,
    "co-in-charge": bearer(Role.CO_IN_CHARGE),
    "coordinator": bearer(Role.STATE_COORDINATOR, "S11"),
    "elsewhere": bearer(area="S11-PC06"),
    "other campaign": bearer(campaign="another"),
}
MAY = {
    "/v1/desk/raises": {"headquarters", "operator"},
    "/v1/desk/reservations": {"headquarters", "operator", "in-charge"},
    RELEASE[0]: {"headquarters", "operator"},
    "/v1/desk/grants": {"in-charge"},
    "/v1/desk/reissues": {"in-charge"},
    "/v1/desk/corrections": {"in-charge"},
}


@pytest.mark.parametrize("role", ROLES)
async def test_each_decision_is_open_to_those_whose_it_is(
    api: httpx.AsyncClient, filled: EnrolmentLog, certificates_engine: AsyncEngine, role: str
) -> None:
    filled.defined(2, goals=quotas(8))
    await filled.deliver(certificates_engine)
    for request in (RAISE, RESERVE, RELEASE, GRANT, REISSUE, CORRECT):
        answer = await ask(api, request, ROLES[role])
        allowed = role in MAY[request[0]]
        assert (answer.status_code not in {403, 404}) is allowed, (request[0], answer.text)


async def test_nobody_decides_without_a_token(api: httpx.AsyncClient) -> None:
    assert slug(await ask(api, RAISE, {})) == "token-missing"
    assert (await api.get("/v1/desk/entries")).status_code == 401


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    ("request_", "caller", "changes", "status", "problem"),
    [
        (RESERVE, HEADQUARTERS, {}, 409, "not-enough-places"),
        (RESERVE, IN_CHARGE, {"area": "S11-AC033"}, 403, "forbidden"),
        (RAISE, HEADQUARTERS, {"area": "S11-PC04"}, 409, "area-without-quota"),
        (RAISE, HEADQUARTERS, {"area": "S11-AC999"}, 404, "area-unknown"),
        (RAISE, HEADQUARTERS, {"campaign": "another"}, 404, "area-unknown"),
        (RAISE, HEADQUARTERS, {"places": 0}, 422, "invalid-request"),
        (RAISE, HEADQUARTERS, {"places": 10_001}, 422, "invalid-request"),
        (RAISE, HEADQUARTERS, {"reason": "guest_of_honour"}, 422, "invalid-request"),
        (RAISE, HEADQUARTERS, {"area": "everywhere"}, 422, "invalid-request"),
        (GRANT, IN_CHARGE, {"programme": str(UUID(int=8))}, 409, "nothing-reserved"),
        (GRANT, IN_CHARGE, {"certificate_id": str(uuid4())}, 404, "certificate-unknown"),
        (
            GRANT,
            IN_CHARGE,
            {"certificate_id": str(certificate_id_of(mitra(1), KEY))},
            409,
            "certificate-not-waiting",
        ),
        (REISSUE, IN_CHARGE, {"number": "S11-AC017-0009"}, 404, "certificate-unknown"),
        (REISSUE, IN_CHARGE, {"number": "S11-AC017-00001"}, 404, "certificate-unknown"),
        (REISSUE, IN_CHARGE, {"number": "S11-AC033-0001"}, 404, "certificate-unknown"),
        (REISSUE, IN_CHARGE, {"number": "seven"}, 422, "invalid-request"),
        (CORRECT, IN_CHARGE, {"holder_name": " "}, 422, "invalid-request"),
        (CORRECT, IN_CHARGE, {"holder_name": "1234"}, 422, "invalid-request"),
        (CORRECT, IN_CHARGE, {"holder_name": "a\u202eb"}, 422, "invalid-request"),
        (CORRECT, IN_CHARGE, {"holder_name": "अ" * 121}, 422, "invalid-request"),
        (CORRECT, IN_CHARGE, {"holder_name": "अ " * 9}, 422, "invalid-request"),
        (CORRECT, IN_CHARGE, {"phone": "9876543210"}, 422, "invalid-request"),
    ],
)
async def test_what_cannot_be_decided_is_refused_in_plain_words_and_changes_nothing(
    api: httpx.AsyncClient,
    look: Look,
    request_: Request,
    caller: Any,
    changes: dict[str, Any],
    status: int,
    problem: str,
) -> None:
    before = await states(look), await look("select count(*) from certificates_log")
    answer = await ask(api, request_, caller, **changes)
    assert (answer.status_code, slug(answer)) == (status, problem)
    assert answer.json()["detail"]
    assert (await states(look), await look("select count(*) from certificates_log")) == before
    assert await look("select count(*) from desk_entry") == [(1,)]


@pytest.mark.usefixtures("filled")
async def test_a_refused_name_is_not_repeated(api: httpx.AsyncClient) -> None:
    answer = await ask(api, CORRECT, IN_CHARGE, holder_name="Asha\u202e Devi")
    (error,) = answer.json()["errors"]
    assert error["field"] == "holder_name"
    assert "control or format characters" in error["message"]
    assert "Asha" not in answer.text


@pytest.mark.usefixtures("filled")
async def test_a_reason_is_one_of_the_list_of_its_decision_and_other_words_are_not_repeated(
    api: httpx.AsyncClient, look: Look
) -> None:
    for request in (RAISE, RESERVE, RELEASE, GRANT, REISSUE, CORRECT):
        caller = HEADQUARTERS if request in (RAISE, RELEASE) else IN_CHARGE
        answer = await ask(api, request, caller, reason="a Brahmin, and votes for them")
        assert (answer.status_code, slug(answer)) == (422, "invalid-request")
        (error,) = answer.json()["errors"]
        assert error["field"] == "reason"
        assert "other" in error["expected"]
        assert "Brahmin" not in answer.text
    assert await look("select count(*) from desk_entry") == [(1,)]


@pytest.mark.usefixtures("filled")
async def test_words_from_before_there_were_lists_are_other_to_those_who_see_no_certificate(
    api: httpx.AsyncClient, certificates_engine: AsyncEngine
) -> None:
    await ask(api, CORRECT, IN_CHARGE)
    await ask(api, REISSUE, IN_CHARGE)
    async with certificates_engine.begin() as connection:
        await connection.execute(
            text("update desk_entry set reason = 'Asha, not Usha' where kind = 'correct'")
        )
        await connection.execute(
            text("update desk_entry set reason = 'launch of May' where kind = 'reserve'")
        )
    shown = {}
    for caller in (IN_CHARGE, HEADQUARTERS, OPERATOR):
        entries = (await api.get("/v1/desk/entries", headers=caller)).json()["entries"]
        shown[caller["Authorization"]] = [entry["reason"] for entry in entries]
    assert list(shown.values()) == [
        ["launch of May", "Asha, not Usha", "torn"],
        ["launch of May", "other", "torn"],
        ["launch of May", "other", "torn"],
    ]


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("key", [None, "", "seven"])
async def test_a_decision_needs_a_key_of_its_own(api: httpx.AsyncClient, key: str | None) -> None:
    path, body = RAISE
    headers = HEADQUARTERS | ({} if key is None else {"Idempotency-Key": key})
    answer = await api.post(path, json=body, headers=headers)
    assert (answer.status_code, slug(answer)) == (422, "invalid-request")
    assert answer.json()["errors"][0]["field"] == "Idempotency-Key"


async def test_while_issuing_is_frozen_places_move_and_no_certificate_does(
    api: httpx.AsyncClient, filled: EnrolmentLog, look: Look, certificates_engine: AsyncEngine
) -> None:
    filled.defined(2, goals=quotas(3), issuing={"frozen": True})
    await filled.deliver(certificates_engine)
    before = await states(look)
    assert (await ask(api, RAISE, HEADQUARTERS, places=2)).json()["issued"] == 0
    assert (await ask(api, RESERVE, HEADQUARTERS, places=1)).status_code == 200
    for request in (GRANT, REISSUE):
        answer = await ask(api, request, IN_CHARGE)
        assert (answer.status_code, slug(answer)) == (409, "issuing-frozen")
    assert await states(look) == before
    filled.defined(3, goals=quotas(3))
    await filled.deliver(certificates_engine)
    assert [state for state, _, _ in await states(look)] == ["issued", "issued", "issued", "waitlisted"]


@pytest.mark.usefixtures("filled")
async def test_the_record_says_who_and_why_and_only_the_constituency_sees_certificates(
    api: httpx.AsyncClient,
) -> None:
    await ask(api, REISSUE, IN_CHARGE)
    await ask(api, RAISE, OPERATOR, area="S24-AC036")
    own = (await api.get("/v1/desk/entries", headers=IN_CHARGE)).json()["entries"]
    every = (await api.get("/v1/desk/entries", headers=HEADQUARTERS)).json()["entries"]
    assert [entry["kind"] for entry in own] == ["reserve", "reissue"]
    assert [entry["kind"] for entry in every] == ["reserve", "reissue", "raise"]
    assert (own[1]["void_number"], every[1]["void_number"]) == (f"{SEGMENT}-0001", None)
    assert own[1]["certificate_id"] == str(certificate_id_of(mitra(1), KEY))
    hidden = ("certificate_id", "number", "void_number")
    assert all(entry[field] is None for entry in every for field in hidden)
    assert {entry["decided_by"] for entry in every} == {"somebody"}
    assert own[1]["reason"] == "torn"
    one = (await api.get("/v1/desk/entries?limit=1", headers=HEADQUARTERS)).json()
    rest = (await api.get(f"/v1/desk/entries?after={one['after']}", headers=HEADQUARTERS)).json()
    assert one["entries"] + rest["entries"] == every
    assert rest["after"] is None
    of_one = (await api.get("/v1/desk/entries?constituency=S24-PC07", headers=OPERATOR)).json()["entries"]
    assert of_one == every[2:]
    assert (await api.get("/v1/desk/entries?constituency=S24-PC07", headers=IN_CHARGE)).status_code == 403


@pytest.mark.usefixtures("filled")
async def test_while_a_constituency_is_rebuilt_nothing_is_decided(
    api: httpx.AsyncClient, certificates_engine: AsyncEngine
) -> None:
    async with certificates_engine.begin() as connection:
        await connection.execute(text("update consumer_position set rebuild_requested_at = now()"))
    answer = await ask(api, RAISE, HEADQUARTERS)
    assert (answer.status_code, slug(answer)) == (503, "unavailable")
    assert answer.headers["retry-after"] == "5"
