"""Real processes of the service: `python -m enrolment api|relay`, as a deployment starts them."""

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from mitra_shared.ops.forking.client import ForkedChild
from mitra_shared.security.lookup import new_lookup_key
from mitra_shared.security.sealing import new_key_ring
from mitra_shared.security.tokens import new_signing_key, public_jwks
from tests import servers
from tests.enrolment.intake_api import ACCESS_KEY, SIGNING_KEY

START_SECONDS = 90


@dataclass
class LiveProcess:
    """A running process, where it serves, and what it has said."""

    url: str
    running: ForkedChild
    output: Path

    def said(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.output.read_text("utf-8").splitlines()]

    def stop(self, within: float = 60.0) -> int:
        self.running.terminate()
        return self.running.wait(within)


@contextmanager
def live_process(kind: str, place: Path, *, database_url: str, **settings: str) -> Iterator[LiveProcess]:
    """`python -m enrolment KIND`, with its port file and log in `place`.

    An api is given once it is ready: before, it refuses callers, since it has not read who may still call.
    """
    port_file = place / f"{kind}.port"
    output = place / f"{kind}.log"
    environment = os.environ | {
        "MITRA_DATABASE_URL": database_url,
        "MITRA_REDIS_URL": "redis://127.0.0.1:9/0",
        "MITRA_TOKEN_KEYS": public_jwks(SIGNING_KEY, ACCESS_KEY),
        "MITRA_ACCESS_TOKEN_KEY": ACCESS_KEY,
        "MITRA_NAME_KEYS": new_key_ring("test"),
        "MITRA_PHONE_KEYS": new_key_ring("test"),
        "MITRA_STAFF_KEYS": new_key_ring("test"),
        "MITRA_LOOKUP_KEY": new_lookup_key(),
        "MITRA_DEVICE_RECEIPT_KEY": new_signing_key(),
        "MITRA_PORT_FILE": str(port_file),
        **settings,
    }
    output.unlink(missing_ok=True)
    running = servers.fork_server().start(
        "enrolment",
        kind,
        log=output,
        environment=environment,
        directory=place,
        death_signal=signal.SIGKILL,
    )
    try:
        give_up = time.monotonic() + START_SECONDS
        while not port_file.exists():
            assert running.poll() is None, output.read_text("utf-8")
            assert time.monotonic() < give_up, output.read_text("utf-8")
            time.sleep(0.05)
        url = f"http://127.0.0.1:{port_file.read_text('ascii').strip()}"
        if kind == "api":
            becomes(f"{url}/ready", 200, within=START_SECONDS)
        yield LiveProcess(url, running, output)
    finally:
        if running.poll() is None:
            running.kill()
        running.wait()


def becomes(url: str, status: int, *, within: float = 60.0) -> httpx.Response:
    """What `url` answers once it answers with that status."""
    give_up = time.monotonic() + within
    while True:
        answer = httpx.get(url)
        if answer.status_code == status:
            return answer
        assert time.monotonic() < give_up, answer.text
        time.sleep(0.1)
