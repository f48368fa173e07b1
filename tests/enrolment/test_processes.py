"""The processes of the service, as a deployment starts and stops them."""

import os
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import httpx
from redis import Redis

from mitra_shared.contracts.topics import ENROLMENT, OPINIONS, partition_of
from mitra_shared.security.lookup import new_lookup_key
from mitra_shared.security.sealing import new_key_ring
from tests.enrolment.intake_api import CONSTITUENCY, SEGMENT, operator, person, token
from tests.enrolment.live_process import becomes, live_process
from tests.factories import ROUND, small_campaign
from tests.servers import Database

BEARER = {"Authorization": f"Bearer {token()}"}


def enrol(url: str, number: int) -> httpx.Response:
    return httpx.post(
        f"{url}/v1/enrolments", json=person(number), headers={**BEARER, "Idempotency-Key": str(uuid4())}
    )


def load(url: str, version: int = 1, **changes: object) -> httpx.Response:
    return httpx.put(
        f"{url}/v1/campaigns/small",
        content=small_campaign(version, **changes).model_dump_json(),
        headers={"Authorization": f"Bearer {operator()}", "Content-Type": "application/json"},
    )


def test_every_api_learns_of_a_campaign_soon(enrolment_database: Database, tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    with (
        live_process("api", tmp_path / "one", database_url=enrolment_database.url) as one,
        live_process("api", tmp_path / "other", database_url=enrolment_database.url) as other,
    ):
        assert enrol(one.url, 1).status_code == 409
        assert load(one.url).status_code == 200
        assert enrol(one.url, 1).status_code == 201
        loaded = time.monotonic()
        while enrol(other.url, 2).status_code == 409:
            assert time.monotonic() < loaded + 60
        assert becomes(f"{one.url}/ready", 200).json()["status"] == "ready"
        assert "mitra_group_commit_size_count" in httpx.get(f"{one.url}/metrics").text
        assert httpx.get(f"{one.url}/.well-known/jwks.json").json()["keys"]
        assert one.stop() == 0
        assert enrol(other.url, 3).status_code == 201


def test_the_relay_carries_both_logs_and_does_the_upkeep(
    enrolment_database: Database, redis_url: str, tmp_path: Path
) -> None:
    url = enrolment_database.url
    with (
        live_process("api", tmp_path, database_url=url) as api,
        live_process("relay", tmp_path, database_url=url, MITRA_REDIS_URL=redis_url) as relay,
    ):
        load(api.url)
        for number in range(10):
            assert enrol(api.url, number).status_code == 201
            sheet = {
                "submission_id": str(uuid4()),
                "round": ROUND,
                "segment": SEGMENT,
                "answers": {"office-help": 1},
            }
            assert httpx.post(f"{api.url}/v1/opinions", json=sheet, headers=BEARER).status_code == 202
        partition = partition_of(CONSTITUENCY)
        with Redis.from_url(redis_url) as redis:
            grows_to(redis, ENROLMENT.stream(partition), 11)
            grows_to(redis, OPINIONS.stream(partition), 10)
        assert becomes(f"{relay.url}/ready", 200).json()["checks"]["upkeep"] == "ok"
        assert relay.stop() == 0


def grows_to(redis: Redis, stream: str, length: int) -> None:
    give_up = time.monotonic() + 60
    while redis.xlen(stream) < length:
        assert time.monotonic() < give_up, stream
        time.sleep(0.1)
    assert redis.xlen(stream) == length


def test_the_relay_is_not_ready_without_redis_and_says_why(
    enrolment_database: Database, tmp_path: Path
) -> None:
    with live_process("relay", tmp_path, database_url=enrolment_database.url) as relay:
        reasons = becomes(f"{relay.url}/ready", 503).json()["reasons"]
        assert {"relay enrolment", "relay opinions", "redis"} <= reasons.keys()
        assert httpx.get(f"{relay.url}/health").status_code == 200
        assert relay.stop() == 0


def test_logs_name_nobody_and_of_opinions_they_hold_the_status_alone(
    enrolment_database: Database, tmp_path: Path
) -> None:
    with live_process("api", tmp_path, database_url=enrolment_database.url) as api:
        load(api.url)
        enrol(api.url, 1)
        httpx.post(
            f"{api.url}/v1/enrolments",
            json=person(2, name="Meera\u202eNair", phone="98000-00002", segment="S11-AC999"),
            headers={**BEARER, "Idempotency-Key": str(uuid4())},
        )
        submission = str(uuid4())
        sheet = {
            "submission_id": submission,
            "round": ROUND,
            "segment": SEGMENT,
            "answers": {"scheme-useful": "cooking-gas"},
        }
        answered = httpx.post(f"{api.url}/v1/opinions", json=sheet, headers=BEARER)
        assert answered.status_code == 202
        give_up = time.monotonic() + 60
        while '"status":202' not in api.output.read_text("utf-8"):
            assert time.monotonic() < give_up
            time.sleep(0.1)
        api.stop()
        text = api.output.read_text("utf-8")
        for secret in (
            "9800000001",
            "98000-00002",
            "Meera",
            "आयशा",
            submission,
            "cooking",
            token(),
        ):
            assert secret not in text
        of_opinion = [line for line in api.said() if line.get("status") == 202]
        assert [line.keys() & {"route", "method", "trace_id", "ms"} for line in of_opinion] == [set()]


def test_missing_settings_are_named_and_end_the_process() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "enrolment", "api"],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    for name in ("MITRA_DATABASE_URL", "MITRA_NAME_KEYS", "MITRA_PHONE_KEYS", "MITRA_LOOKUP_KEY"):
        assert name in done.stderr


def test_an_unknown_process_is_refused_with_the_usage() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "enrolment", "nonsense"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "usage" in done.stderr


def test_the_matcher_follows_the_log_finds_a_double_and_names_nobody(
    enrolment_database: Database, tmp_path: Path
) -> None:
    url, names = enrolment_database.url, new_key_ring("test")
    matching = {"MITRA_NAME_KEYS": names, "MITRA_MATCHING_KEY": new_lookup_key()}
    with (
        live_process("api", tmp_path, database_url=url, MITRA_NAME_KEYS=names) as api,
        live_process("matcher", tmp_path, database_url=url, **matching) as matcher,
    ):
        load(api.url, eligibility={"people_per_phone": 4}, issuing={"issue_on": "cleared"})
        for name in ("Imran Khan", "इमरान ख़ान", "Salma Khan"):
            sent = httpx.post(
                f"{api.url}/v1/enrolments",
                json=person(1, name=name),
                headers={**BEARER, "Idempotency-Key": str(uuid4())},
            )
            assert sent.status_code == 201
        assert becomes(f"{matcher.url}/ready", 200).json()["checks"]["matcher"] == "ok"
        give_up = time.monotonic() + 60
        while "mitra_people_cleared_total 1.0" not in httpx.get(f"{matcher.url}/metrics").text:
            assert time.monotonic() < give_up
            time.sleep(0.1)
        assert matcher.stop() == 0
        assert "Khan" not in matcher.output.read_text("utf-8")
