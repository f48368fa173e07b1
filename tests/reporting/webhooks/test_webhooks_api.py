"""Administering webhooks over HTTP: who may, what is refused and how it says so."""

import socket
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.security.tokens import Role
from reporting.domain.receivers import networks
from reporting.webhook_schemas import ChangedMessage, ReleasedMessage, SnapshotMessage, TestMessage
from reporting.webhooks.resolving import Doorway
from tests.reporting.field import Field
from tests.reporting.reporting_api import ReportingApi, bearer, running_api, token
from tests.reporting.webhooks.receiver import Receiver
from tests.reporting.webhooks.sending import Sending

NAMES = {
    "hooks.example.org": ["93.184.215.14"],
    "inside.example.org": ["93.184.215.14", "10.1.2.3"],
    "allowed.example.org": ["10.9.0.1"],
}
URL = "https://hooks.example.org/mitra"


async def resolve(host: str) -> list[str]:
    if host == "busy.example.org":
        raise socket.gaierror(socket.EAI_AGAIN, "later")
    if host not in NAMES:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")
    return NAMES[host]


@pytest_asyncio.fixture
async def desk(field: Field, reporting_engine: AsyncEngine, redis: Redis) -> AsyncIterator[ReportingApi]:
    await field.apply(field.defined())
    doorway = Doorway(networks("10.9.0.0/16"), resolve)
    async with running_api(reporting_engine, redis, doorway=doorway) as api:
        yield api


async def send(
    api: ReportingApi, method: str, path: str, body: object = None, *, key: str | None = None,
    as_token: str | None = None,
) -> httpx.Response:  # fmt: skip
    headers = bearer(as_token) | ({"Idempotency-Key": key} if key else {})
    return await api.client.request(method, path, headers=headers, json=body)


async def create(api: ReportingApi, key: str | None = None, **wanted: object) -> httpx.Response:
    return await send(api, "POST", "/v1/webhooks", {"url": URL, **wanted}, key=key or uuid4().hex)


async def test_an_endpoint_is_created_with_a_secret_that_is_shown_once(desk: ReportingApi) -> None:
    made = await create(desk, area="S11-PC04", levels=["constituency"], description="an office")
    assert made.status_code == 201, made.text
    told = made.json()
    assert told["secret"].startswith("whsec_")
    assert made.headers["location"] == f"/v1/webhooks/{told['id']}"
    assert made.headers["cache-control"] == "private, no-store"
    assert (told["state"], told["told_until"], told["area"], told["levels"]) == (
        "active",
        None,
        "S11-PC04",
        ["constituency"],
    )
    one = await desk.get(made.headers["location"])
    every = await desk.get("/v1/webhooks")
    assert one.json() == {k: v for k, v in told.items() if k != "secret"} | {"attempts": []}
    assert [each["id"] for each in every.json()["webhooks"]] == [told["id"]]
    assert told["secret"] not in one.text + every.text


async def test_the_same_request_under_the_same_key_makes_one_endpoint(desk: ReportingApi) -> None:
    first, again = [await create(desk, "the-same-key") for _ in range(2)]
    assert again.json() == first.json()
    other = await create(desk, "the-same-key", description="another")
    assert other.json()["type"] == "urn:mitra:problem:idempotency-key-reused"
    async with desk.reading.engine.begin() as connection:
        await connection.execute(text("update webhook set created_at = created_at - interval '2 hours'"))
    late = (await create(desk, "the-same-key")).json()
    assert (late["id"], late["secret"]) == (first.json()["id"], None)
    assert len((await desk.get("/v1/webhooks")).json()["webhooks"]) == 1


async def test_a_campaign_has_a_bounded_number_of_endpoints(desk: ReportingApi) -> None:
    made = [await create(desk) for _ in range(20)]
    assert {each.status_code for each in made} == {201}
    full = await create(desk)
    assert (full.status_code, full.json()["type"]) == (409, "urn:mitra:problem:webhooks-full")
    gone = await send(desk, "DELETE", made[0].headers["location"])
    assert gone.status_code == 204
    assert (await create(desk)).status_code == 201


@pytest.mark.parametrize(
    ("wanted", "place", "words"),
    [
        ({"url": "https://169.254.169.254/latest"}, "url", "link-local"),
        ({"url": "https://127.0.0.1/"}, "url", "this machine"),
        ({"url": "https://[::ffff:10.0.0.1]/"}, "url", "private"),
        ({"url": "https://inside.example.org/"}, "url", "10.1.2.3, which is private"),
        ({"url": "http://hooks.example.org/"}, "url", "only https"),
        ({"url": "https://hooks.example.org:22/"}, "url", "port 22"),
        ({"url": "https://unknown.example.org/"}, "url", "does not resolve"),
        ({"url": "https://user:pass@hooks.example.org/"}, "url", "password"),
        ({"url": "not a url"}, "url", "characters"),
        ({"url": ""}, "url", "characters"),
        ({"url": 7}, "url", "not text"),
        ({"levels": ["village"]}, "levels[0]", "choices"),
        ({"levels": []}, "levels", "too few"),
        ({"levels": ["state", "state"]}, "levels", "twice"),
        ({"events": ["everything"]}, "events[0]", "choices"),
        ({"description": "x" * 201}, "description", "too long"),
        ({"secret": "whsec_mine"}, "secret", "not a field"),
    ],
)
async def test_what_is_wrong_is_named_with_what_would_be_right(
    desk: ReportingApi, wanted: dict[str, Any], place: str, words: str
) -> None:
    refused = await create(desk, **wanted)
    assert (refused.status_code, refused.headers["content-type"]) == (422, "application/problem+json")
    [error] = refused.json()["errors"]
    assert error["field"] == place
    assert words in error["message"]
    assert error["expected"]
    assert (await desk.get("/v1/webhooks")).json()["webhooks"] == []


async def test_unknown_areas_keys_and_endpoints_are_told_so(desk: ReportingApi) -> None:
    unknown = await create(desk, area="S99")
    assert (unknown.status_code, unknown.json()["type"]) == (404, "urn:mitra:problem:area-unknown")
    busy = await create(desk, url="https://busy.example.org/")
    assert (busy.status_code, busy.headers["retry-after"]) == (503, "2")
    for key, kind in ((None, "missing"), ("short", "invalid")):
        refused = await send(desk, "POST", "/v1/webhooks", {"url": URL}, key=key)
        assert (refused.status_code, refused.json()["type"]) == (
            400,
            f"urn:mitra:problem:idempotency-key-{kind}",
        )
    for method, end in (
        ("GET", ""),
        ("DELETE", ""),
        *(("POST", f"/{end}") for end in ("pause", "resume", "secret", "test")),
    ):
        answer = await send(desk, method, f"/v1/webhooks/wh_none{end}")
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:mitra:problem:webhook-unknown")


async def test_an_inside_receiver_is_taken_where_its_network_is_allowed(desk: ReportingApi) -> None:
    assert (await create(desk, url="http://allowed.example.org:9000/in")).status_code == 201


async def test_an_operator_looks_after_endpoints_and_has_nothing_sent_to_itself(desk: ReportingApi) -> None:
    made = (await create(desk)).json()
    operator = token(Role.OPERATOR)
    refused = await send(desk, "POST", "/v1/webhooks", {"url": URL}, key=uuid4().hex, as_token=operator)
    assert refused.status_code == 403
    assert "aggregates" in refused.json()["detail"]
    path = f"/v1/webhooks/{made['id']}"
    states = [(await send(desk, "POST", f"{path}/{what}", as_token=operator)).json()["state"] for what in
              ("pause", "pause", "resume", "resume")]  # fmt: skip
    assert states == ["paused", "paused", "active", "active"]


async def test_an_endpoint_of_another_campaign_is_not_found(desk: ReportingApi) -> None:
    made = (await create(desk)).json()
    async with desk.reading.engine.begin() as connection:
        await connection.execute(text("update webhook set campaign = 'another'"))
    assert (await desk.get(f"/v1/webhooks/{made['id']}")).status_code == 404
    assert (await desk.get("/v1/webhooks")).json()["webhooks"] == []


async def test_secrets_are_rotated_until_too_many_sign(desk: ReportingApi) -> None:
    path = f"{(await create(desk)).headers['location']}/secret"
    given = [await send(desk, "POST", path) for _ in range(4)]
    assert [each.status_code for each in given] == [200, 200, 200, 409]
    assert len({each.json()["secret"] for each in given[:3]}) == 3
    assert given[3].json()["type"] == "urn:mitra:problem:webhook-secrets-full"


@pytest.mark.parametrize(
    ("wanted", "place"),
    [
        ({"version": -1}, "version"),
        ({"version": 10**14}, "version"),
        ({"version": "soon"}, "version"),
        ({"since": "2099-01-01T00:00:00Z"}, "since"),
        ({"since": "2026-01-01T00:00:00"}, "since"),
        ({"since": "2026-11-01T00:00:00Z", "version": 1}, ""),
        ({"from": 1}, "from"),
    ],
)
async def test_a_replay_from_nowhere_sensible_is_refused(
    desk: ReportingApi, wanted: dict[str, object], place: str
) -> None:
    path = f"{(await create(desk)).headers['location']}/replay"
    refused = await send(desk, "POST", path, wanted)
    assert refused.status_code == 422, refused.text
    assert refused.json()["errors"][0]["field"] == place


async def test_test_and_replay_arrive_and_stand_among_the_attempts(
    api: ReportingApi, sending: Sending, receiver: Receiver, field: Field
) -> None:
    await api.caught_up()
    sending.later(60)
    made = (await create(api, url=receiver.url, events=["rollups.changed"])).json()
    path = f"/v1/webhooks/{made['id']}"
    await sending.rest()
    await field.apply([field.enrolled("S11-AC017")])
    await sending.rest()
    asked = await send(api, "POST", f"{path}/test")
    assert asked.status_code == 202
    await sending.rest()
    receiver.received[-1].verified_by(made["secret"])
    shown = (await api.get(path)).json()
    assert shown["attempts"][0] | {"at": "", "milliseconds": 0} == {
        "message": asked.json()["message"],
        "type": "webhook.test",
        "at": "",
        "milliseconds": 0,
        "status": 204,
        "error": None,
    }
    assert shown["told_until"] == receiver.received[-2].message["data"]["version"]
    for since in ({}, {"since": "2026-01-01T00:00:00+05:30"}, {"version": 0}):
        receiver.received.clear()
        assert (await send(api, "POST", f"{path}/replay", since)).status_code == 202
        await sending.rest()
        assert [message.type for message in receiver.received] == ["rollups.snapshot"]


async def test_messages_are_what_the_document_says(
    sending: Sending, receiver: Receiver, field: Field
) -> None:
    await sending.subscribe(receiver.url)
    await sending.run("insert into opinion_release values ('small', 'round-1', 1, now(), true)")
    await sending.run("update webhook set test_id = 'msg_test'")
    await sending.rest()
    await field.apply([field.enrolled("S11-AC017")])
    await sending.rest()
    kinds = {
        "rollups.changed": ChangedMessage,
        "rollups.snapshot": SnapshotMessage,
        "opinions.released": ReleasedMessage,
        "webhook.test": TestMessage,
    }
    for message in receiver.received:
        kinds[message.type].model_validate_json(message.body)
    assert {message.type for message in receiver.received} == set(kinds)


async def test_the_document_describes_every_message_with_an_example(api: ReportingApi) -> None:
    document = (await api.client.get("/openapi.json")).json()
    assert set(document["webhooks"]) == {
        "rollups.changed", "rollups.snapshot", "opinions.released", "webhook.test",
    }  # fmt: skip
    models = {
        "rollups.changed": ChangedMessage,
        "rollups.snapshot": SnapshotMessage,
        "opinions.released": ReleasedMessage,
        "webhook.test": TestMessage,
    }
    for name, described in document["webhooks"].items():
        content = described["post"]["requestBody"]["content"]["application/json"]
        models[name].model_validate(content["schema"].get("examples", content.get("examples"))[0])
        assert {each["name"] for each in described["post"]["parameters"]} == {
            "webhook-id", "webhook-timestamp", "webhook-signature",
        }  # fmt: skip
