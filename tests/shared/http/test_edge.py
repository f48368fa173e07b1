import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from prometheus_client import generate_latest
from starlette.types import Message

from mitra_shared.http.app import Api
from mitra_shared.http.edge import Edge, EdgeSettings, Upload
from mitra_shared.telemetry.access import AccessLog
from mitra_shared.telemetry.metrics import ProcessMetrics
from mitra_shared.telemetry.trace import current_traceparent
from tests.shared.http.small_api import Marked, bearer, make_api

GOOD = {"name": "Asha Devi", "phone": "+91 98123 45678"}
JSON = {"Content-Type": "application/json"}
BOTH = pytest.mark.parametrize("path", ["/v1/people", "/v1/enrolments"])


def client_of(app: Api) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test", headers=bearer())


def access_lines(api: Api, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    assert isinstance(api.front, Edge)
    api.front.settings.access.flush()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [line for line in lines if line["event"] == "request"]


class CountedBody:
    """A body in parts that counts how many were taken."""

    def __init__(self, parts: int, size: int) -> None:
        self.parts, self.size, self.taken = parts, size, 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(self.parts):
            self.taken += 1
            yield b" " * self.size


@BOTH
async def test_a_body_announced_as_too_large_is_refused_unread(
    client: httpx.AsyncClient, marked: Marked, path: str
) -> None:
    body = CountedBody(2_000, 1_000)
    answer = await client.post(path, content=body, headers={**JSON, "Content-Length": "2000000"})
    assert answer.status_code == 413
    assert answer.json()["type"] == "urn:mitra:problem:body-too-large"
    assert marked.handled == 0


@BOTH
async def test_a_chunked_body_is_refused_as_soon_as_it_is_too_large(
    client: httpx.AsyncClient, path: str
) -> None:
    answer = await client.post(path, content=CountedBody(20, 100_000), headers=JSON)
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


@BOTH
async def test_a_body_just_within_the_bound_is_read(client: httpx.AsyncClient, path: str) -> None:
    padded = json.dumps(GOOD).ljust(1_000_000).encode()
    assert (await client.post(path, content=padded, headers=JSON)).is_success
    assert (await client.post(path, content=padded + b" ", headers=JSON)).status_code == 413


async def test_a_request_that_takes_too_long_is_given_up(api: Api, marked: Marked) -> None:
    edge = Edge(
        api.inner,
        EdgeSettings(ProcessMetrics().http, AccessLog(service="t", process="t"), longest_request=0.2),
    )
    api.front = edge
    async with client_of(api) as client:
        answer = await client.get("/v1/slow")
    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:mitra:problem:timed-out"
    assert answer.headers["retry-after"]
    assert marked.cancelled == 1


async def test_a_path_that_takes_files_has_bounds_of_its_own(api: Api) -> None:
    uploads = {"/v1/people": Upload(1_500_000, 5.0)}
    settings = EdgeSettings(ProcessMetrics().http, AccessLog(service="t", process="t"), uploads=uploads)
    api.front = Edge(api.inner, settings)
    padded = json.dumps(GOOD).ljust(1_500_000).encode()
    async with client_of(api) as client:
        assert (await client.post("/v1/people", content=padded, headers=JSON)).is_success
        assert (await client.post("/v1/people", content=padded + b" ", headers=JSON)).status_code == 413
        assert (await client.post("/v1/enrolments", content=padded, headers=JSON)).status_code == 413


async def test_a_path_with_an_id_in_it_has_bounds_of_its_own_too(api: Api) -> None:
    uploads = {"/v1/people/{number}/photo": Upload(10, 5.0, "PUT")}
    settings = EdgeSettings(ProcessMetrics().http, AccessLog(service="t", process="t"), uploads=uploads)
    api.front = Edge(api.inner, settings)
    async with client_of(api) as client:
        refused = await client.put("/v1/people/4/photo", content=b"eleven byte")
        assert (refused.status_code, refused.json()["limit"]) == (413, 10)
        for elsewhere in ("/v1/people/4/photo/more", "/v1/people/photo", "/v1/people/4/5/photo"):
            assert (await client.put(elsewhere, content=b"eleven byte")).status_code in {404, 405}
        assert (await client.post("/v1/people/4/photo", content=b"eleven byte")).status_code == 404


async def test_a_streamed_answer_may_go_on_beyond_the_bound(api: Api) -> None:
    settings = EdgeSettings(ProcessMetrics().http, AccessLog(service="t", process="t"), longest_request=0.7)
    api.front = Edge(api.inner, settings)
    async with client_of(api) as client:
        assert (await client.get("/v1/stream")).text == "0\n1\n2\n3\n"


async def test_a_caller_that_cancels_is_not_answered(api: Api, marked: Marked) -> None:
    async with client_of(api) as client:
        asking = asyncio.create_task(client.get("/v1/slow"))
        async with asyncio.timeout(60):
            while not marked.handled:  # noqa: ASYNC110 - it is not told
                await asyncio.sleep(0.01)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
    assert marked.cancelled == 1


async def test_the_last_answers_are_logged_when_the_application_ends(
    client: httpx.AsyncClient, api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    await client.get("/v1/people/4")
    said: list[str] = []
    life = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

    async def receive() -> Message:
        return next(life)

    async def send(message: Message) -> None:
        said.append(message["type"])

    await api({"type": "lifespan", "asgi": {"version": "3.0"}}, receive, send)
    assert said == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["route"] for line in lines if line["event"] == "request"] == ["/v1/people/{number}"]


async def test_the_trace_of_a_request_ends_with_it(client: httpx.AsyncClient) -> None:
    await client.get("/v1/people/4", headers={"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"})
    assert current_traceparent() is None


async def test_an_answer_is_logged_by_template_without_query_or_path(
    client: httpx.AsyncClient, api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    await client.get("/v1/people/4?phone=9812345678", headers={"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"})
    await client.get("/v1/nothing/9812345678")
    await client.get("/health")
    found, unknown = access_lines(api, capsys)
    assert (found["method"], found["route"], found["status"]) == ("GET", "/v1/people/{number}", 200)
    assert found["trace_id"] == "a" * 32
    assert found["ms"] >= 0
    assert (unknown["route"], unknown["status"]) == ("(none)", 404)
    assert "9812345678" not in json.dumps([found, unknown])


async def test_an_opinion_leaves_its_status_and_nothing_else(
    client: httpx.AsyncClient, api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    await client.post("/v1/opinions", json=GOOD, headers={"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"})
    await client.post("/v1/opinions", json={})
    assert access_lines(api, capsys) == [
        {"event": "request", "status": 202},
        {"event": "request", "status": 422},
    ]


async def test_requests_are_counted_by_template(client: httpx.AsyncClient, metrics: ProcessMetrics) -> None:
    await client.post("/v1/enrolments", json=GOOD)
    await client.get("/v1/people/4")
    await client.get("/v1/nothing/9812345678")
    text = generate_latest(metrics.registry).decode()
    assert 'mitra_http_requests_total{method="POST",route="/v1/enrolments",status="201"} 1.0' in text
    assert 'mitra_http_requests_total{method="GET",route="/v1/people/{number}",status="200"} 1.0' in text
    assert 'mitra_http_requests_total{method="GET",route="(none)",status="404"} 1.0' in text
    assert "9812345678" not in text


async def test_only_allowed_sites_may_call_from_a_browser() -> None:
    api = make_api(Marked(), cors_origins=("https://campaign.example",))
    preflight = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "idempotency-key"}
    async with client_of(api) as client:
        allowed = await client.options(
            "/v1/enrolments", headers={"Origin": "https://campaign.example", **preflight}
        )
        other = await client.options(
            "/v1/enrolments", headers={"Origin": "https://other.example", **preflight}
        )
        refused = await client.post(
            "/v1/enrolments", json={}, headers={"Origin": "https://campaign.example", "Authorization": ""}
        )
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == "https://campaign.example"
    assert "access-control-allow-origin" not in other.headers
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (
        401,
        "https://campaign.example",
    )


async def test_nothing_of_the_edge_is_left_behind_by_many_requests(
    client: httpx.AsyncClient, api: Api
) -> None:
    await asyncio.gather(*(client.post("/v1/enrolments", json=GOOD) for _ in range(50)))
    assert isinstance(api.front, Edge)
    assert not api.front.deadlines._open
