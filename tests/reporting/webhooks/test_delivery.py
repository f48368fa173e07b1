"""One attempt, against receivers that are slow, gone or lying, and names that change their minds."""

import asyncio
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from reporting.domain.receivers import networks
from reporting.domain.webhooks import Outcome
from reporting.webhooks.delivery import Delivery
from reporting.webhooks.resolving import Doorway, Resolve
from tests.reporting.webhooks.receiver import Receiver, answer, never
from tests.reporting.webhooks.sending import IMPATIENT, LOOPBACK, PATIENT

HEADERS = {"webhook-id": "msg_1"}


async def post(url: str, doorway: Doorway = LOOPBACK, *, patient: bool = True) -> Outcome:
    return await Delivery(doorway, PATIENT if patient else IMPATIENT).post(url, HEADERS, b"{}")


def resolving(*answers: list[str]) -> Resolve:
    left: Iterator[list[str]] = iter(answers)

    async def resolve(_host: str) -> list[str]:
        return next(left)

    return resolve


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_any_2xx_is_success(receiver: Receiver, status: int) -> None:
    receiver.usual = answer(status)
    outcome = await post(receiver.url)
    assert (outcome.delivered, outcome.status) == (True, status)
    assert receiver.received[0].head == "POST /hook HTTP/1.1"
    assert receiver.received[0].headers["host"] == f"127.0.0.1:{receiver.port}"


@pytest.mark.parametrize("status", [300, 400, 401, 404, 410, 429, 500, 503])
async def test_everything_else_is_failure(receiver: Receiver, status: int) -> None:
    receiver.usual = answer(status, "why", Location=f"http://127.0.0.1:{receiver.port}/elsewhere")
    outcome = await post(receiver.url)
    assert (outcome.delivered, outcome.status) == (False, status)
    assert len(receiver.received) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(receiver: Receiver, status: int) -> None:
    receiver.usual = answer(status, Location=f"{receiver.url}/inside")
    outcome = await post(receiver.url)
    assert outcome.error == f"answered {status}: redirects are not followed"
    assert len(receiver.received) == 1


async def test_the_status_decides_whatever_the_body_is(receiver: Receiver) -> None:
    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"1000\r\n" + b"x" * 0x1000 + b"\r\n")
            await writer.drain()

    async def dripping(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    lies = (
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno chunk",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
    )
    receiver.answers = [*lies, endless, dripping]
    for _ in range(5):
        assert (await post(receiver.url)).delivered


async def test_what_is_no_answer_is_failure(receiver: Receiver) -> None:
    async def heads_without_end(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"X-More: " + b"x" * 1000 + b"\r\n")
            await writer.drain()

    async def drips_its_head(writer: asyncio.StreamWriter) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 10_000:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.01)

    receiver.answers = [
        b"",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 999999 No\r\n\r\n",
        heads_without_end,
        drips_its_head,
        never,
    ]
    said = [(await post(receiver.url, patient=number < 4)).error for number in range(6)]
    assert said == [*["the answer is no HTTP"] * 4, *["no answer within 0.3 s"] * 2]


async def test_nothing_listens() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        outcome = await post(f"http://127.0.0.1:{unused.getsockname()[1]}/")
    assert (outcome.status, outcome.error) == (None, "the connection was refused")


async def test_a_receiver_without_tls_behind_https_is_failure(receiver: Receiver) -> None:
    outcome = await post(receiver.url.replace("http:", "https:"), patient=False)
    assert not outcome.delivered
    assert receiver.received == []
    # The connection is hung up on, although TLS was never agreed on.
    async with asyncio.timeout(60):
        await asyncio.gather(*receiver.serving)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("7", 7.0), (" 7 ", 7.0), ("99999999999999", 999999999.0), ("-7", None), ("soon", None), ("", None)],
)
async def test_retry_after_is_read_where_it_can_be(
    receiver: Receiver, said: str, seconds: float | None
) -> None:
    receiver.usual = answer(429, Retry_After=said)
    assert (await post(receiver.url)).retry_after == seconds


async def test_retry_after_may_be_a_date(receiver: Receiver) -> None:
    then = datetime.now(UTC) + timedelta(hours=1)
    receiver.usual = answer(503, Retry_After=format_datetime(then, usegmt=True))
    asked = (await post(receiver.url)).retry_after
    assert asked is not None
    assert 3_500 < asked <= 3_600


async def test_the_connection_goes_to_the_address_that_was_checked(receiver: Receiver) -> None:
    """A name that rebinds: looked up once for each attempt, and judged each time."""
    rebinding = Doorway(networks("127.0.0.0/8"), resolving(["127.0.0.1"], ["169.254.169.254"], ["10.0.0.1"]))
    url = receiver.url.replace("127.0.0.1", "rebinding.test")
    assert (await post(url, rebinding)).delivered
    assert receiver.received[0].headers["host"] == f"rebinding.test:{receiver.port}"
    for inside in ("169.254.169.254", "10.0.0.1"):
        refused = await post(url, rebinding)
        assert refused.error is not None
        assert inside in refused.error
    assert len(receiver.received) == 1


async def test_nothing_is_sent_to_this_machine_unless_allowed(receiver: Receiver) -> None:
    for url in (
        receiver.url,
        receiver.url.replace("127.0.0.1", "localhost"),
        receiver.url.replace("http", "https"),
    ):
        refused = await post(url, Doorway())
        assert refused.error is not None
        assert "this machine" in refused.error
    assert receiver.received == []


async def test_a_proxy_of_the_environment_is_not_asked(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert (await post(receiver.url)).delivered


async def test_a_name_service_that_hangs_or_knows_nothing_is_failure() -> None:
    async def hangs(_host: str) -> list[str]:
        await asyncio.Event().wait()
        return []

    async def knows_nothing(_host: str) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    hung = await post("https://hooks.test/", Doorway(resolve=hangs), patient=False)
    assert hung.error == "no answer within 0.3 s"
    unknown = await post("https://hooks.test/", Doorway(resolve=knows_nothing))
    assert unknown.error == "the name does not resolve"
