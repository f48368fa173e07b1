"""The real process of imports, killed in the middle of its work."""

import re
import time
from pathlib import Path
from typing import Any

import httpx

from mitra_shared.security.lookup import new_lookup_key
from mitra_shared.security.sealing import new_key_ring
from tests.enrolment.imports.import_world import people
from tests.enrolment.intake_api import operator, token
from tests.enrolment.live_process import LiveProcess, becomes, live_process
from tests.factories import small_campaign
from tests.servers import Database

PEOPLE = 4_000
BEARER = {"Authorization": f"Bearer {token()}"}


def until(api: LiveProcess, upload: str, reached: Any) -> dict[str, Any]:
    give_up = time.monotonic() + 90
    while True:
        told: dict[str, Any] = httpx.get(f"{api.url}/v1/imports/{upload}", headers=BEARER).json()
        if reached(told):
            return told
        assert time.monotonic() < give_up, told
        time.sleep(0.02)


def test_an_import_that_is_killed_half_way_goes_on_and_enrols_everybody_once(
    enrolment_database: Database, tmp_path: Path
) -> None:
    url = enrolment_database.url
    keys = {
        "MITRA_NAME_KEYS": new_key_ring("test"),
        "MITRA_PHONE_KEYS": new_key_ring("test"),
        "MITRA_STAFF_KEYS": new_key_ring("test"),
        "MITRA_LOOKUP_KEY": new_lookup_key(),
    }
    with live_process("api", tmp_path, database_url=url, **keys) as api:
        loaded = httpx.put(
            f"{api.url}/v1/campaigns/small",
            content=small_campaign().model_dump_json(),
            headers={"Authorization": f"Bearer {operator()}", "Content-Type": "application/json"},
        )
        assert loaded.status_code == 200, loaded.text
        sent = httpx.post(f"{api.url}/v1/imports", content=people(PEOPLE), headers=BEARER)
        assert sent.status_code == 202, sent.text
        upload = sent.json()["id"]
        with live_process("imports", tmp_path, database_url=url, **keys) as first:
            told = until(api, upload, lambda told: told["state"] == "previewed")
            assert (told["rows"], told["faulty"]) == (PEOPLE, 0)
            accepted = httpx.post(
                f"{api.url}/v1/imports/{upload}/accept",
                json={"preview": 1, "papers_are_signed": True},
                headers=BEARER,
            )
            assert accepted.status_code == 202, accepted.text
            until(api, upload, lambda told: told["outcomes"].get("enrolled", 0) > 0)
            first.running.kill()
            first.running.wait()
        half = until(api, upload, lambda _: True)
        assert 0 < half["outcomes"]["enrolled"] < PEOPLE
        again = tmp_path / "again"
        again.mkdir()
        with live_process("imports", again, database_url=url, **keys) as second:
            assert becomes(f"{second.url}/ready", 200).json()["checks"]["imports"] == "ok"
            done = until(api, upload, lambda told: told["state"] == "done")
            assert (done["outcomes"], done["remaining"]) == ({"enrolled": PEOPLE}, 0)
            for process in (first, second, api):
                said = process.output.read_text("utf-8")
                # As a word of its own: some of its digits stand by chance in ids of traces and in moments.
                assert not re.search(r"\b(91)?98000[0-9]{5}\b", said)
                assert "आयशा" not in said
            assert second.stop() == 0
