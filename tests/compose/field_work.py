"""Enrolling while the stack is disturbed, as phones do: the same request until it is answered."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from csv import DictReader
from itertools import count, islice
from typing import Final
from uuid import uuid4

import httpx

from mitra_shared.security.tokens import Role
from tests.compose.stack import ROOT, ComposeStack

PATIENCE_SECONDS: Final = 150
"""How long one person is tried, through whatever is started again meanwhile."""


def _segments(constituencies: int) -> dict[str, list[str]]:
    """The first so many constituencies of the campaign, each with its segments."""
    with (ROOT / "campaigns" / "modi-mitra" / "segments.csv").open(encoding="utf-8") as file:
        segments: dict[str, list[str]] = {}
        for row in DictReader(file):
            code = f"{row['state']}-AC{int(row['number']):03d}"
            segments.setdefault(row["constituency"], []).append(code)
    return dict(islice(segments.items(), constituencies))


SEGMENTS: Final = _segments(3)
_numbers = count(1)


class FieldWork:
    """One member of staff for each constituency of `SEGMENTS`, enrolling in turn.

    Attributes:
        acknowledged: Mitra ids of all 201 answers.
        slowest: seconds of the slowest request that was answered.
        tries_again: how often an answer did not come, or was 503.
    """

    def __init__(self, stack: ComposeStack) -> None:
        self.acknowledged: list[str] = []
        self.slowest = 0.0
        self.tries_again = 0
        self.failure: str | None = None
        self._stop = threading.Event()
        self._clients = {area: stack.client("enrolment-api", Role.CO_IN_CHARGE, area) for area in SEGMENTS}

    def enrol(self, people: int) -> list[str]:
        """Enrol so many; returns their ids."""
        before = len(self.acknowledged)
        for _ in range(people):
            self._enrol_one()
        return self.acknowledged[before:]

    @contextmanager
    def going_on(self, per_second: float) -> Iterator[None]:
        """Enrol in the background, at most at that rate, until the block is left."""
        thread = threading.Thread(target=self._go_on, args=(1 / per_second,))
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join(PATIENCE_SECONDS + 30)
            self._stop.clear()
        assert not thread.is_alive(), "the last request was never answered"
        assert self.failure is None, self.failure

    def _go_on(self, pause: float) -> None:
        while not self._stop.wait(pause) and self.failure is None:
            try:
                self._enrol_one()
            except AssertionError as refused:
                self.failure = str(refused)

    def _enrol_one(self) -> None:
        number = next(_numbers)
        area = list(SEGMENTS)[number % len(SEGMENTS)]
        person = {
            "name": "Asha Devi",
            "phone": f"+9198765{number:05d}",
            "segment": SEGMENTS[area][number // len(SEGMENTS) % len(SEGMENTS[area])],
            "basis": "admirer",
            "adult": True,
            "party_member": False,
            "consent": {"given": True, "notice_version": "2026-11", "language": "en"},
        }
        key = str(uuid4())
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            began = time.monotonic()
            try:
                answer = self._clients[area].post(
                    "/v1/enrolments", json=person, headers={"Idempotency-Key": key}
                )
            except httpx.TransportError as error:
                said = repr(error)
            else:
                if answer.status_code == httpx.codes.CREATED:
                    self.slowest = max(self.slowest, time.monotonic() - began)
                    self.acknowledged.append(answer.json()["mitra_id"])
                    return
                said = answer.text
                assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE, said
            assert time.monotonic() < deadline, f"no answer for {PATIENCE_SECONDS} s, at last: {said}"
            self.tries_again += 1
            time.sleep(0.2)

    def close(self) -> None:
        """Give the connections back."""
        for client in self._clients.values():
            client.close()
