"""What the gateways send, and what they make of answers; against a real server that may lie."""

import io
import json
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio

from enrolment.messages.console import ConsoleGateway
from enrolment.messages.gateway import GatewayFailed, MessageRefused, OutgoingMessage
from enrolment.messages.http import GatewayLimits, HttpGateway
from enrolment.messages.kinds import MessageId, MessageKind
from enrolment.settings import MessagesSettings
from mitra_shared.security.lookup import new_lookup_key
from mitra_shared.security.sealing import new_key_ring
from mitra_shared.settings import BadSettings, load_settings
from tests.enrolment.messages.gateway_server import GatewayServer, answer, endless, gateway_server, silence

SECRET = "gateway-secret"
MESSAGE = OutgoingMessage(MessageId(uuid4()), MessageKind.CODE, "hi", "+919876543210", "आपका कोड 123456 है।")


@pytest_asyncio.fixture
async def server() -> AsyncIterator[GatewayServer]:
    async with gateway_server() as running:
        yield running


@pytest_asyncio.fixture
async def gateway(server: GatewayServer) -> AsyncIterator[HttpGateway]:
    async with HttpGateway(server.url, SECRET, GatewayLimits(connect=60, total=60, body=1.0)) as made:
        yield made


async def test_a_message_is_posted_under_its_id_with_the_secret(
    server: GatewayServer, gateway: HttpGateway
) -> None:
    receipt = await gateway.send(MESSAGE)
    (posted,) = server.posted
    assert posted.headers["authorization"] == f"Bearer {SECRET}"
    assert posted.headers["idempotency-key"] == str(MESSAGE.id)
    assert posted.body == {
        "id": str(MESSAGE.id),
        "to": "+919876543210",
        "text": "आपका कोड 123456 है।",
        "language": "hi",
        "kind": "code",
    }
    assert receipt.reference == "sms-1"


@pytest.mark.parametrize("status", [400, 410, 422])
async def test_a_refusal_of_the_message_is_final(
    server: GatewayServer, gateway: HttpGateway, status: int
) -> None:
    server.usual = answer(status, "no")
    with pytest.raises(MessageRefused, match=str(status)):
        await gateway.send(MESSAGE)


@pytest.mark.parametrize("status", [301, 401, 403, 404, 408, 429, 500, 503])
async def test_what_is_not_about_the_message_is_tried_again(
    server: GatewayServer, gateway: HttpGateway, status: int
) -> None:
    server.usual = answer(status, Location="http://127.0.0.1:1/", Retry_After="7")
    with pytest.raises(GatewayFailed, match=str(status)) as failed:
        await gateway.send(MESSAGE)
    assert failed.value.retry_after == 7
    assert len(server.posted) == 1


@pytest.mark.parametrize("asked", ["", "soon", "-5", "99999999999999"])
async def test_a_pause_that_makes_no_sense_is_bounded(
    server: GatewayServer, gateway: HttpGateway, asked: str
) -> None:
    server.usual = answer(503, Retry_After=asked)
    with pytest.raises(GatewayFailed) as failed:
        await gateway.send(MESSAGE)
    assert failed.value.retry_after in {None, 3_600.0}


async def test_a_gateway_that_never_answers_is_left(server: GatewayServer) -> None:
    server.usual = silence
    async with HttpGateway(server.url, SECRET, GatewayLimits(total=0.3)) as impatient:
        with pytest.raises(GatewayFailed):
            await impatient.send(MESSAGE)


async def test_a_gateway_that_is_not_there_fails() -> None:
    async with HttpGateway("http://127.0.0.1:1/sms", SECRET) as nowhere:
        with pytest.raises(GatewayFailed, match="no answer"):
            await nowhere.send(MESSAGE)


@pytest.mark.parametrize(
    "lie",
    [
        answer(200, "<html>"),
        answer(200, '{"id": "आयशा +919876543210"}'),
        answer(200, "[" * 4_000),
        answer(200, '{"id": {"x": 1}}'),
        endless,
    ],
)
async def test_of_an_answer_that_lies_only_the_status_counts(
    server: GatewayServer, gateway: HttpGateway, lie: object
) -> None:
    server.usual = lie  # type: ignore[assignment] # mixed list
    assert (await gateway.send(MESSAGE)).reference is None


async def test_what_is_no_http_fails(server: GatewayServer, gateway: HttpGateway) -> None:
    server.usual = b"OK sent\r\n\r\n"
    with pytest.raises(GatewayFailed):
        await gateway.send(MESSAGE)


async def test_the_console_prints_one_line_for_each_message() -> None:
    stream = io.StringIO()
    await ConsoleGateway(stream).send(MESSAGE)
    (line,) = stream.getvalue().splitlines()
    assert json.loads(line) == {
        "message": str(MESSAGE.id),
        "kind": "code",
        "to": "*********3210",
        "text": MESSAGE.text,
    }


def test_a_message_that_is_shown_by_mistake_tells_nothing() -> None:
    assert "9876543210" not in repr(MESSAGE)
    assert "123456" not in repr(MESSAGE)


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in {
        "DATABASE_URL": "postgresql://nowhere",
        "PHONE_KEYS": new_key_ring("test"),
        "LOOKUP_KEY": new_lookup_key(),
        "PEOPLE_URL": "https://mitra.example.org/",
    }.items():
        monkeypatch.setenv(f"MITRA_{name}", value)
    monkeypatch.delenv("MITRA_SECRETS_DIR", raising=False)
    return monkeypatch


def test_the_console_refuses_production_and_says_what_to_set(settings: pytest.MonkeyPatch) -> None:
    assert load_settings(MessagesSettings).message_gateway == "console"
    settings.setenv("MITRA_PRODUCTION", "true")
    with pytest.raises(BadSettings) as refused:
        load_settings(MessagesSettings)
    for name in ("MITRA_MESSAGE_GATEWAY=http", "MITRA_MESSAGE_GATEWAY_URL", "MITRA_MESSAGE_GATEWAY_SECRET"):
        assert name in str(refused.value)


def test_a_gateway_over_http_needs_address_and_secret(settings: pytest.MonkeyPatch) -> None:
    settings.setenv("MITRA_MESSAGE_GATEWAY", "http")
    settings.setenv("MITRA_MESSAGE_GATEWAY_URL", "http://sms.example.org/send")
    with pytest.raises(BadSettings, match="MITRA_MESSAGE_GATEWAY_SECRET"):
        load_settings(MessagesSettings)
    settings.setenv("MITRA_MESSAGE_GATEWAY_SECRET", SECRET)
    assert load_settings(MessagesSettings).message_gateway == "http"
    settings.setenv("MITRA_PRODUCTION", "true")
    with pytest.raises(BadSettings, match="https"):
        load_settings(MessagesSettings)
    settings.setenv("MITRA_MESSAGE_GATEWAY_URL", "https://sms.example.org/send")
    assert load_settings(MessagesSettings).production


@pytest.mark.parametrize(
    "url", ["mitra.example.org", "ftp://mitra.example.org", "https://", "https://x/?a=1"]
)
def test_an_address_that_is_none_is_refused(settings: pytest.MonkeyPatch, url: str) -> None:
    settings.setenv("MITRA_PEOPLE_URL", url)
    with pytest.raises(BadSettings, match="MITRA_PEOPLE_URL is wrong"):
        load_settings(MessagesSettings)
