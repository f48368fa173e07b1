"""Whatever is sent, the API answers as its document says, and never with a server error of its own."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from enrolment.openapi import openapi_text
from mitra_shared.database import create_engine
from mitra_shared.security.tokens import Role
from tests.enrolment.intake_api import load, operator, person, token
from tests.enrolment.live_process import live_process
from tests.factories import ROUND, small_campaign
from tests.servers import Databases

DOCUMENT = json.loads(openapi_text())
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
AnyCase = schemathesis.Case[Any]
CLIENT = httpx.Client(timeout=30)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
BOUNDED = settings(
    deadline=None,
    database=None,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.filter_too_much,
        HealthCheck.data_too_large,
        HealthCheck.function_scoped_fixture,
    ],
)


@pytest.fixture(scope="module", autouse=True)
def closed_client() -> Iterator[None]:
    yield
    CLIENT.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def live_url(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    database = await databases.make("enrolment")
    engine = create_engine(database.url, application="tests")
    await load(engine, small_campaign())
    await engine.dispose()
    place: Path = tmp_path_factory.mktemp("live")
    with live_process("api", place, database_url=database.url) as api:
        yield api.url
        assert api.stop() == 0
    await databases.drop(database)


def bearer_for(case: AnyCase) -> str:
    match case.method.upper(), case.path:
        case (
            "PUT",
            "/v1/account/password" | "/v1/mitras/{mitra_id}/paper" | "/v1/outreach/{day}/{segment}",
        ):
            return token()
        case "PUT", _:
            return operator()
        case _, path if path.startswith("/v1/staff"):
            return token("headquarters", Role.HEADQUARTERS, None)
        case _, path if path.startswith("/v1/broadcasts"):
            return token("headquarters", Role.HEADQUARTERS, None)
        case _, "/v1/log/{topic}/{partition}":
            return token("service", Role.SERVICE, None, None)
        case _:
            return token()


STAFF = r"^/v1/(staff|sessions|account)"


@SCHEMA.exclude(path_regex=STAFF).parametrize()
@settings(BOUNDED, max_examples=25)
def test_generated_requests_are_answered_as_documented(case: AnyCase, live_url: str) -> None:
    case.headers["Authorization"] = f"Bearer {bearer_for(case)}"
    case.call_and_validate(base_url=live_url, checks=CHECKS)


@SCHEMA.include(path_regex=STAFF).parametrize()
@settings(BOUNDED, max_examples=6)
def test_generated_requests_about_staff_are_answered_as_documented(case: AnyCase, live_url: str) -> None:
    case.headers["Authorization"] = f"Bearer {bearer_for(case)}"
    case.call_and_validate(base_url=live_url, checks=CHECKS)


FOR_EVERYBODY = {
    ("get", "/.well-known/jwks.json"),
    ("post", "/v1/staff/invitations/accept"),
    ("post", "/v1/sessions"),
    ("post", "/v1/sessions/refresh"),
}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        (method, path)
        for path, methods in DOCUMENT["paths"].items()
        for method in methods
        if (method, path) not in FOR_EVERYBODY
    ],
)
def test_without_a_token_nothing_is_answered(live_url: str, method: str, path: str) -> None:
    given = {
        "mitra_id": uuid4(),
        "invitation_id": uuid4(),
        "session_id": uuid4(),
        "request_id": uuid4(),
        "device_id": uuid4(),
        "import_id": uuid4(),
        "pair_id": uuid4(),
        "broadcast_id": uuid4(),
    }
    named = {
        "campaign_id": "small",
        "topic": "enrolment",
        "staff_id": "somebody",
        "receipt": "7K3MQ0XW9ZT4",
        "round": ROUND,
        "day": "2026-11-23",
        "segment": "S11-AC019",
    }
    address = path.format(partition=0, **given, **named)
    answer = CLIENT.request(method, f"{live_url}{address}", json={} if method in {"post", "put"} else None)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


def altered(body: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """`body` with some fields replaced, removed, or added."""
    change = st.dictionaries(st.sampled_from(sorted(body)) | st.text(), JSON, max_size=3)
    return st.builds(
        lambda changes, gone: {k: v for k, v in (body | changes).items() if k not in gone},
        change,
        st.sets(st.sampled_from(sorted(body)), max_size=1),
    )


SHEET = {"submission_id": str(uuid4()), "round": ROUND, "segment": "S11-AC019", "answers": {"office-help": 3}}


def post(url: str, path: str, body: Any) -> httpx.Response:
    # Python's JSON knows NaN and lone surrogates, which are worth sending too.
    return CLIENT.post(
        f"{url}{path}",
        content=json.dumps(body).encode(),
        headers={
            "Authorization": f"Bearer {token()}",
            "Idempotency-Key": str(uuid4()),
            "Content-Type": "application/json",
        },
    )


def is_no_fault_of_the_server(answer: httpx.Response) -> bool:
    return answer.status_code < 500 and (
        answer.status_code < 300 or answer.headers["content-type"] == "application/problem+json"
    )


@given(altered(person()))
@settings(BOUNDED, max_examples=150)
def test_an_altered_enrolment_is_never_a_server_error(live_url: str, body: dict[str, Any]) -> None:
    assert is_no_fault_of_the_server(post(live_url, "/v1/enrolments", body))


@given(altered(SHEET))
@settings(BOUNDED, max_examples=100)
def test_an_altered_opinion_is_never_a_server_error(live_url: str, body: dict[str, Any]) -> None:
    assert is_no_fault_of_the_server(post(live_url, "/v1/opinions", body))


@given(st.lists(altered({"idempotency_key": "a-key-of-an-entry", "enrolment": person()}) | JSON, max_size=5))
@settings(BOUNDED, max_examples=60)
def test_an_altered_batch_is_never_a_server_error(live_url: str, entries: list[Any]) -> None:
    answer = post(live_url, "/v1/enrolments/batch", {"enrolments": entries})
    assert is_no_fault_of_the_server(answer)
    if answer.status_code == 200:
        assert len(answer.json()["outcomes"]) == len(entries)
        assert all(outcome["status"] < 500 for outcome in answer.json()["outcomes"])


CONTACT = {
    "contact_id": str(uuid4()),
    "mitra_id": str(uuid4()),
    "round": ROUND,
    "day": "2026-11-28",
    "outcome": "call_later",
    "call_on": "2026-12-02",
}


@given(st.lists(altered(CONTACT) | JSON, max_size=5))
@settings(BOUNDED, max_examples=60)
def test_altered_contacts_are_never_a_server_error(live_url: str, told: list[Any]) -> None:
    answer = post(live_url, "/v1/contacts", {"contacts": told})
    assert is_no_fault_of_the_server(answer)
    if answer.status_code == 200:
        assert [each["status"] for each in answer.json()["contacts"]] == ["refused"] * len(told)


@given(st.binary(max_size=300))
@settings(BOUNDED, max_examples=60)
def test_bytes_of_any_kind_are_never_a_server_error(live_url: str, content: bytes) -> None:
    answer = CLIENT.post(
        f"{live_url}/v1/enrolments",
        content=content,
        headers={
            "Authorization": f"Bearer {token()}",
            "Idempotency-Key": str(uuid4()),
            "Content-Type": "application/json",
        },
    )
    assert answer.status_code in {400, 422}
