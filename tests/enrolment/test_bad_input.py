"""Bad input: a clear problem with a stable type, the field and what would be right; nothing is enrolled."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.ids import AreaCode, CampaignId, StaffId
from mitra_shared.security.tokens import Caller, Role, mint, new_signing_key
from tests.enrolment.intake_api import (
    CONSTITUENCY,
    ELSEWHERE,
    SIGNING_KEY,
    IntakeApi,
    api_of_a_file,
    count,
    load,
    person,
    rows,
    running_api,
    token,
)
from tests.factories import small_campaign
from tests.servers import Databases

PROBLEM = "urn:mitra:problem:"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def api(databases: Databases) -> AsyncIterator[IntakeApi]:
    """One for the whole file: whatever these tests send, nobody is enrolled."""
    async with api_of_a_file(databases) as api:
        yield api


def problem(answer: httpx.Response, status: int, slug: str) -> dict[str, Any]:
    """The problem document, after checking that it is the expected one."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    document: dict[str, Any] = answer.json()
    assert (answer.status_code, document["type"]) == (status, PROBLEM + slug), document
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    return document


async def nobody_is_enrolled(api: IntakeApi) -> bool:
    (heads,) = await rows(
        api.engine,
        "select sum(position) as positions, max(position) as longest from enrolment_head",
    )
    # The campaign itself stands once in each of the 16 partitions.
    return await count(api.engine, "mitra") == 0 and (heads.positions, heads.longest) == (16, 1)


def consent(**changes: Any) -> dict[str, Any]:
    return {"consent": {"given": True, "notice_version": "2026-11", "language": "hi"} | changes}


RULES = [
    ({"segment": "S11-AC999"}, 422, "unknown-segment", "segment"),
    ({"segment": ""}, 422, "unknown-segment", "segment"),
    ({"segment": CONSTITUENCY}, 422, "unknown-segment", "segment"),
    ({"segment": ELSEWHERE}, 403, "segment-outside-area", "segment"),
    ({"phone": "12345"}, 422, "invalid-phone", "phone"),
    ({"phone": "+911123456789"}, 422, "invalid-phone", "phone"),
    ({"phone": "a landline"}, 422, "invalid-phone", "phone"),
    ({"phone": "9" * 5_000}, 422, "invalid-phone", "phone"),
    ({"name": ""}, 422, "invalid-name", "name"),
    ({"name": " \t "}, 422, "invalid-name", "name"),
    ({"name": "क" * 121}, 422, "invalid-name", "name"),
    ({"name": "Asha is a Hindu and votes for the party"}, 422, "invalid-name", "name"),
    ({"name": "Asha\nBegum"}, 422, "invalid-name", "name"),
    ({"name": "Asha\u202eBegum"}, 422, "invalid-name", "name"),
    ({"name": "\u200d\u200c"}, 422, "invalid-name", "name"),
    ({"name": "..."}, 422, "invalid-name", "name"),
    ({"name": "Asha 2"}, 422, "invalid-name", "name"),
    ({"name": "Asha, OBC"}, 422, "invalid-name", "name"),
    ({"name": "Asha (voter AB/12)"}, 422, "invalid-name", "name"),
    ({"name": "आशा १२"}, 422, "invalid-name", "name"),
    ({"consent": None}, 422, "consent-missing", "consent"),
    (consent(given=False), 422, "consent-missing", "consent.given"),
    (consent(notice_version="2025-01"), 422, "outdated-notice", "consent.notice_version"),
    (consent(language="ml"), 422, "unknown-language", "consent.language"),
    ({"adult": False}, 422, "minor", "adult"),
    ({"party_member": True}, 422, "party-member", "party_member"),
    ({"schemes": ["PMAY-G", "NO-SUCH"]}, 422, "unknown-scheme", "schemes"),
]


@pytest.mark.parametrize(("changes", "status", "slug", "field"), RULES)
async def test_a_rule_objects_with_the_field_and_what_would_be_right(
    api: IntakeApi, changes: dict[str, Any], status: int, slug: str, field: str
) -> None:
    document = problem(await api.enrol(person(**changes)), status, slug)
    (error,) = document["errors"]
    assert error["field"] == field
    assert error["message"]
    assert error["expected"]
    assert await nobody_is_enrolled(api)


SHAPES = [
    ({"basis": "voter"}, "basis"),
    ({"adult": "yes"}, "adult"),
    ({"party_member": 0}, "party_member"),
    ({"name": None}, "name"),
    ({"phone": 9_876_543_210}, "phone"),
    ({"schemes": "PMAY-G"}, "schemes"),
    ({"schemes": ["PMAY-G"] * 65}, "schemes"),
    ({"language": "fr"}, "language"),
    ({"consent": True}, "consent"),
    ({"religion": "any"}, "religion"),
]


@pytest.mark.parametrize(("changes", "field"), SHAPES)
async def test_a_body_of_another_shape_is_refused_with_the_field(
    api: IntakeApi, changes: dict[str, Any], field: str
) -> None:
    before = await count(api.engine, "outcome")
    document = problem(await api.enrol(person(**changes)), 422, "invalid-request")
    assert [error["field"] for error in document["errors"]] == [field]
    assert document["errors"][0]["expected"]
    assert await nobody_is_enrolled(api)
    assert await count(api.engine, "outcome") == before


@pytest.mark.parametrize("missing", ["name", "phone", "segment", "basis", "adult", "party_member"])
async def test_a_missing_field_is_named(api: IntakeApi, missing: str) -> None:
    body = person()
    del body[missing]
    document = problem(await api.enrol(body), 422, "invalid-request")
    assert [error["field"] for error in document["errors"]] == [missing]


async def test_all_objections_are_told_at_once(api: IntakeApi) -> None:
    document = problem(await api.enrol(person(name="", phone="1", adult=False, schemes=["X"])), 422, "minor")
    assert {error["field"] for error in document["errors"]} == {"name", "phone", "adult", "schemes"}


async def test_a_refusal_repeats_nothing_of_what_was_sent(api: IntakeApi) -> None:
    before = {row.idempotency_key for row in await rows(api.engine, "select idempotency_key from outcome")}
    answer = await api.enrol(
        person(name="Secret\u202eName", phone="+91 77887788", segment="SECRET", schemes=["SECRET"])
    )
    assert "ecret" not in answer.text.lower()
    assert "77887788" not in answer.text
    (outcome,) = [
        row for row in await rows(api.engine, "select * from outcome") if row.idempotency_key not in before
    ]
    assert "ecret" not in str(outcome).lower()
    assert "77887788" not in str(outcome)


async def test_a_notice_is_outdated_from_the_day_the_next_is_in_force_in_india(
    enrolment_engine: AsyncEngine,
) -> None:
    definition = small_campaign()
    newer = [
        notice.model_dump() | {"version": "2027-01", "in_force_from": date(2027, 1, 1)}
        for notice in definition.notices
    ]
    await load(
        enrolment_engine, small_campaign(notices=[*(n.model_dump() for n in definition.notices), *newer])
    )
    new_year_in_india = datetime(2026, 12, 31, 18, 30, tzinfo=UTC)
    async with running_api(enrolment_engine, clock=lambda: new_year_in_india - timedelta(seconds=1)) as api:
        assert (await api.enrol(person(1))).status_code == 201
        problem(await api.enrol(person(2, **consent(notice_version="2027-01"))), 422, "outdated-notice")
    async with running_api(enrolment_engine, clock=lambda: new_year_in_india) as api:
        document = problem(await api.enrol(person(3)), 422, "outdated-notice")
        assert document["errors"][0]["expected"] == "2027-01"
        assert (await api.enrol(person(4, **consent(notice_version="2027-01")))).status_code == 201


def headers(**changes: str | None) -> dict[str, str]:
    given = {
        "Authorization": f"Bearer {token()}",
        "Idempotency_Key": "a-key-for-this-test",
        "Content_Type": "application/json",
    } | changes
    return {name.replace("_", "-"): value for name, value in given.items() if value is not None}


async def send(api: IntakeApi, content: bytes | None = None, **changes: str | None) -> httpx.Response:
    body = json.dumps(person()).encode() if content is None else content
    return await api.client.post("/v1/enrolments", content=body, headers=headers(**changes))


@pytest.mark.parametrize(
    "content", [b"", b"{", b'{"name": "A",}', b"\xff\xfe", b'{"name":"\\ud800"}', b"[" * 5_000]
)
async def test_broken_json_is_told_apart(api: IntakeApi, content: bytes) -> None:
    problem(await send(api, content), 400, "broken-json")
    assert await nobody_is_enrolled(api)


async def test_json_that_is_no_object_is_refused(api: IntakeApi) -> None:
    problem(await send(api, b'["a list"]'), 422, "invalid-request")


async def test_a_nul_character_is_refused(api: IntakeApi) -> None:
    problem(await send(api, json.dumps(person(name="A\0B")).encode()), 400, "bad-request")
    assert await nobody_is_enrolled(api)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", None])
async def test_another_content_type_is_refused(api: IntakeApi, content_type: str | None) -> None:
    problem(await send(api, Content_Type=content_type), 415, "content-type")
    assert await nobody_is_enrolled(api)


async def test_a_body_over_1_mb_is_refused(api: IntakeApi) -> None:
    problem(await send(api, json.dumps(person(name="x" * 1_000_001)).encode()), 413, "body-too-large")
    assert await nobody_is_enrolled(api)


async def test_an_idempotency_key_is_needed(api: IntakeApi) -> None:
    problem(await send(api, Idempotency_Key=None), 400, "idempotency-key-missing")
    assert await nobody_is_enrolled(api)


@pytest.mark.parametrize(
    "key", ["short", "x" * 129, "with a blank in it", "tab\tinside-it", "k\u00e9y-latin-1"]
)
async def test_an_idempotency_key_has_a_form(api: IntakeApi, key: str) -> None:
    given = {name.encode(): value.encode("latin-1") for name, value in headers(Idempotency_Key=key).items()}
    answer = await api.client.post("/v1/enrolments", json=person(), headers=given)
    problem(answer, 400, "idempotency-key-invalid")
    assert await nobody_is_enrolled(api)


def minted(key: str = SIGNING_KEY, hours: int = 1) -> str:
    caller = Caller(StaffId("somebody"), Role.CO_IN_CHARGE, CampaignId("small"), AreaCode(CONSTITUENCY))
    return mint(key, caller, lifetime=timedelta(hours=hours))


def unsigned() -> str:
    _, claims, _ = minted().split(".")
    return f"eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}."


@pytest.mark.parametrize(
    ("authorization", "slug"),
    [
        (lambda: None, "token-missing"),
        (lambda: "Basic c29tZTpib2R5", "token-missing"),
        (lambda: "Bearer nonsense", "token-refused"),
        (lambda: f"Bearer {minted(hours=-1)}", "token-refused"),
        (lambda: f"Bearer {minted(new_signing_key())}", "token-refused"),
        (lambda: f"Bearer {unsigned()}", "token-refused"),
        (lambda: f"Bearer {minted()[:-4]}AAAA", "token-refused"),
    ],
    ids=["none", "basic", "nonsense", "expired", "another key", "no algorithm", "forged"],
)
async def test_only_a_valid_token_opens(api: IntakeApi, authorization: Any, slug: str) -> None:
    answer = await send(api, Authorization=authorization())
    problem(answer, 401, slug)
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert await nobody_is_enrolled(api)


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.HEADQUARTERS, Role.STATE_COORDINATOR, Role.SERVICE])
async def test_only_recruiters_enrol(api: IntakeApi, role: Role) -> None:
    answer = await api.enrol(bearer=token("somebody", role, None))
    problem(answer, 403, "forbidden")
    assert await nobody_is_enrolled(api)


async def test_an_unknown_mitra_id_is_no_server_error(api: IntakeApi) -> None:
    problem(await api.get("/v1/mitras/not-an-id"), 422, "invalid-request")
    problem(await api.get("/v1/mitras/0193e2f0-6d3c-7c41-9a6b-1c2d3e4f5a6b"), 404, "not-found")


async def test_without_a_campaign_enrolling_says_so(enrolment_engine: AsyncEngine) -> None:
    async with running_api(enrolment_engine) as api:
        problem(await api.enrol(), 409, "no-campaign")
    await load(enrolment_engine, small_campaign())
    async with running_api(enrolment_engine) as api:
        problem(await api.enrol(bearer=token(campaign="another")), 409, "no-campaign")
        assert (await api.enrol(bearer=token(campaign=None))).status_code == 201


async def test_a_browser_of_a_listed_origin_may_call_and_no_other(api: IntakeApi) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "idempotency-key"}
    allowed = await api.client.options("/v1/enrolments", headers={"Origin": "https://front.example", **asked})
    assert allowed.headers["access-control-allow-origin"] == "https://front.example"
    refused = await api.client.options("/v1/enrolments", headers={"Origin": "https://other.example", **asked})
    assert "access-control-allow-origin" not in refused.headers


@pytest.mark.parametrize(
    "forbidden",
    ["religion", "caste", "voter_id", "votes_for", "party", "score", "remarks", "notes", "tags", "photo"],
)
async def test_what_must_not_be_known_has_no_field_to_be_written_in(api: IntakeApi, forbidden: str) -> None:
    document = problem(await api.enrol(person() | {forbidden: "x"}), 422, "invalid-request")
    assert [error["field"] for error in document["errors"]] == [forbidden]
