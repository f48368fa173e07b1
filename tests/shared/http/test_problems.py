import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.shared.http.small_api import OPERATOR, Marked, bearer

GOOD = {"name": "Asha Devi", "phone": "+91 98123 45678"}
BOTH = pytest.mark.parametrize("path", ["/v1/people", "/v1/enrolments"])


def problem(answer: httpx.Response, status: int, slug: str) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert (answer.status_code, document["status"]) == (status, status)
    assert document["type"] == f"urn:mitra:problem:{slug}"
    assert document["title"]
    assert document["detail"]
    return document


@BOTH
async def test_a_good_request_is_answered(client: httpx.AsyncClient, marked: Marked, path: str) -> None:
    assert (await client.post(path, json=GOOD)).is_success
    assert marked.handled == 1


@BOTH
@pytest.mark.parametrize(
    ("body", "line", "column"),
    [
        (b'{"name": "Asha Devi",\n "phone" 9}', 2, 10),
        (b"{", 1, None),
        (b"", None, None),
        (b"nonsense", 1, None),
    ],
)
async def test_broken_json_is_refused_with_its_place(
    client: httpx.AsyncClient, marked: Marked, path: str, body: Any, line: int | None, column: int | None
) -> None:
    answer = await client.post(path, content=body, headers={"Content-Type": "application/json"})
    if path == "/v1/people" and not body:
        problem(answer, 422, "invalid-request")
    else:
        document = problem(answer, 400, "broken-json")
        if line:
            assert document["line"] == line
        if column:
            assert document["column"] == column
        assert "Asha" not in answer.text
    assert marked.handled == 0


@BOTH
@pytest.mark.parametrize(
    "body", [b'{"name": "\xff"}', b"[" * 100_000, b'{"name": "\\ud800", "phone": "+919812345678"}']
)
async def test_text_that_no_json_reader_takes_is_refused(
    client: httpx.AsyncClient, marked: Marked, path: str, body: Any
) -> None:
    answer = await client.post(path, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"
    assert marked.handled == 0


@BOTH
@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", None]
)
async def test_another_content_type_is_refused_with_the_right_one(
    client: httpx.AsyncClient, path: str, kind: str | None
) -> None:
    headers = {"Content-Type": kind} if kind else {}
    answer = await client.post(path, content=json.dumps(GOOD), headers=headers)
    assert problem(answer, 415, "content-type")["accepted"] == ["application/json"]
    assert answer.headers["accept"] == "application/json"


@BOTH
async def test_a_charset_and_capitals_in_the_content_type_are_fine(
    client: httpx.AsyncClient, path: str
) -> None:
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert (await client.post(path, content=json.dumps(GOOD), headers=headers)).is_success


@BOTH
@pytest.mark.parametrize(
    ("change", "field", "message", "expected"),
    [
        ({"name": ""}, "name", "is too short", "at least 1 characters"),
        ({"name": "A" * 121}, "name", "is too long", "at most 120 characters"),
        ({"name": 9812345678}, "name", "is not text", "text"),
        ({"name": None}, "name", "is not text", "text"),
        ({"phone": "call me"}, "phone", "does not have the right form", "text matching ^[+0-9 -]{8,20}$"),
        ({"basis": "paid"}, "basis", "is not one of the choices", "'beneficiary' or 'admirer'"),
        ({"schemes": ["a", "b", "c", "d"]}, "schemes", "has too many entries", "at most 3 entries"),
        ({"schemes": ["a", 4]}, "schemes[1]", "is not text", "text"),
        ({"schemes": "a"}, "schemes", "is not a list", "a list"),
        ({"caste": "x"}, "caste", "is not a field of this request", "only the documented fields"),
    ],
)
async def test_a_wrong_field_is_named_with_what_would_be_right(
    client: httpx.AsyncClient, path: str, change: dict[str, Any], field: str, message: str, expected: str
) -> None:
    answer = await client.post(path, json={**GOOD, **change})
    document = problem(answer, 422, "invalid-request")
    assert document["errors"] == [{"field": field, "message": message, "expected": expected}]
    assert field in document["detail"]


@BOTH
async def test_a_missing_field_and_a_body_of_another_shape_are_named(
    client: httpx.AsyncClient, path: str
) -> None:
    document = problem(await client.post(path, json={"name": "Asha"}), 422, "invalid-request")
    assert document["errors"] == [{"field": "phone", "message": "is missing", "expected": "a value"}]
    document = problem(await client.post(path, json=["Asha"]), 422, "invalid-request")
    assert document["errors"] == [{"field": "", "message": "is not an object", "expected": "a JSON object"}]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(
    body=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["name", "phone", "basis", "schemes"]) | st.text(max_size=4),
                inner,
                max_size=5,
            )
        ),
        max_leaves=8,
    )
)
async def test_no_json_at_all_makes_a_route_fail_and_both_kinds_of_route_agree(
    client: httpx.AsyncClient, body: Any
) -> None:
    content = json.dumps(body)
    answers = [
        await client.post(path, content=content, headers={"Content-Type": "application/json"})
        for path in ("/v1/people", "/v1/enrolments")
    ]
    assert {answer.status_code for answer in answers} <= {200, 201, 400, 422}
    statuses = {answer.is_success for answer in answers}
    assert len(statuses) == 1


@BOTH
async def test_a_wrong_value_is_never_repeated(client: httpx.AsyncClient, path: str) -> None:
    secret = "Zebunnisa"
    wrong = {
        "name": {"first": secret},
        "phone": f"{secret} 9812345678",
        "basis": secret,
        "schemes": [[secret]],
    }
    answer = await client.post(path, json=wrong)
    assert problem(answer, 422, "invalid-request")
    assert secret not in answer.text
    assert "9812345678" not in answer.text


async def test_parameters_of_path_and_query_are_explained_too(client: httpx.AsyncClient) -> None:
    document = problem(await client.get("/v1/people/ravi?limit=1000"), 422, "invalid-request")
    assert document["errors"] == [
        {"field": "number", "message": "is not a whole number", "expected": "a whole number"},
        {"field": "limit", "message": "is too large", "expected": "at most 100"},
    ]


async def test_an_unknown_path_and_a_wrong_method_are_problems(client: httpx.AsyncClient) -> None:
    problem(await client.get("/v1/nothing/98123"), 404, "not-found")
    answer = await client.delete("/v1/people")
    assert "POST" in problem(answer, 405, "method-not-allowed")["detail"]
    assert "POST" in answer.headers["allow"]
    answer = await client.get("/v1/enrolments")
    assert "POST" in problem(answer, 405, "method-not-allowed")["detail"]


@BOTH
async def test_no_token_and_a_refused_one_are_401_with_a_challenge(
    client: httpx.AsyncClient, path: str
) -> None:
    answer = await client.post(path, json=GOOD, headers={"Authorization": ""})
    problem(answer, 401, "token-missing")
    assert answer.headers["www-authenticate"] == 'Bearer realm="mitra"'
    for value in ("Basic YTpi", "Bearer", "bearer"):
        assert (await client.post(path, json=GOOD, headers={"Authorization": value})).status_code == 401
    answer = await client.post(path, json=GOOD, headers=bearer(lifetime=timedelta(seconds=-60)))
    assert problem(answer, 401, "token-refused")["reason"] == "expired"
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert "expired" in answer.headers["www-authenticate"]


@BOTH
async def test_a_caller_in_another_role_is_refused_with_the_roles_that_may(
    client: httpx.AsyncClient, path: str
) -> None:
    answer = await client.post(path, json=GOOD, headers=bearer(OPERATOR))
    assert problem(answer, 403, "forbidden")["roles"] == ["in_charge"]


@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/bug"), ("POST", "/v1/lean-bug")])
async def test_a_bug_is_a_500_without_details_and_is_logged_without_data(
    client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str], method: str, path: str
) -> None:
    answer = await client.request(method, path, headers={"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"})
    document = problem(answer, 500, "internal")
    assert document["trace_id"] == "a" * 32
    logged = capsys.readouterr().out
    assert "RuntimeError" in logged
    for text in (answer.text, logged):
        assert "Ravi" not in text
        assert "9812345678" not in text


async def test_a_database_that_is_down_is_a_503_with_retry_after(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/database-down")
    assert problem(answer, 503, "unavailable")["retry_after"] == int(answer.headers["retry-after"]) > 0
    assert "Ravi" not in answer.text


@BOTH
async def test_nul_characters_are_refused_before_a_database_sees_them(
    client: httpx.AsyncClient, path: str
) -> None:
    problem(await client.get("/v1/people/4%00"), 400, "bad-request")
    problem(await client.get("/v1/people/4?a=%00"), 400, "bad-request")
    if path == "/v1/enrolments":
        problem(await client.post(path, json={**GOOD, "name": "a\x00"}), 400, "bad-request")
