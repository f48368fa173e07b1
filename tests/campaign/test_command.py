"""`mitra campaign check` and `load` as people and programs call them: real processes, a real HTTP server."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from mitra_shared.campaign.definition import CampaignDefinition
from mitra_shared.ops.campaign_sending import Enrolment, Refused, send_definition
from mitra_shared.ops.trouble import Trouble
from tests.campaign.files import MAIN, MODI_MITRA, SMALL, line_of, small
from tests.factories import small_campaign

Done = subprocess.CompletedProcess[str]


def mitra(*words: str | Path, folder: Path | None = None) -> Done:
    command = [sys.executable, "-m", "mitra_shared.ops.cli", "campaign", *map(str, words)]
    environment = {"COLUMNS": "200", "PATH": "/usr/bin:/bin", "PYTHONUTF8": "1"}
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60, env=environment, cwd=folder
    )


def written(folder: Path, *changes: tuple[str, str]) -> Path:
    for name, content in small(*changes).items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    return folder / MAIN


class Service:
    """Answers every PUT with `status` and `document`, and remembers what it was asked."""

    def __init__(self) -> None:
        self.status = 201
        self.document: dict[str, Any] = {"version": 1}
        self.headers: dict[str, str] = {}
        self.asked: list[tuple[str, str | None, bytes]] = []
        self.held_up = Event()
        self.held_up.set()
        self.url = ""


@pytest.fixture
def service() -> Iterator[Service]:
    with serving() as started:
        yield started


@contextmanager
def serving() -> Iterator[Service]:
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            service.asked.append((self.path, self.headers["Authorization"], body))
            service.held_up.wait(10)
            answer = json.dumps(service.document).encode()
            self.send_response(service.status)
            for name, value in service.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Nothing is to be printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield service
    finally:
        service.held_up.set()
        server.shutdown()
        thread.join()
        server.server_close()


def test_check_shows_areas_goals_with_their_readings_notices_and_rounds() -> None:
    done = mitra("check", MODI_MITRA / MAIN)
    assert (done.returncode, done.stderr) == (0, "")
    for shown in (
        "65 constituency, 495 segment",
        "3,25,000",
        "24,75,000",
        "active",
        "not followed",
        "2026-11 in en, hi, ur",
        "round-1, 01-11-2026",
    ):
        assert shown in done.stdout


def test_check_takes_the_folder_too_and_answers_programs_in_json() -> None:
    done = mitra("check", MODI_MITRA, "--json")
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["ok"], answer["areas"]["segment"]) == (0, True, 495)
    assert [goal["in_all"] for goal in answer["goals"] if goal["active"]] == [325_000, 325_000, 371_250]


def test_check_prints_each_mistake_on_a_line_of_its_own_and_exits_1(tmp_path: Path) -> None:
    path = written(tmp_path, ("version = 1\n", "version = 0\n"), ('kind = "scale"', 'kind = "scales"'))
    done = mitra("check", path)
    lines = done.stdout.splitlines()
    kind = "rounds.round-1.questions.office-help.kind"
    assert done.returncode == 1
    assert lines == [
        f"{path}:4: version: 0 is too small; more than 0",
        f"{path}:{line_of('office-help') + 1}: {kind}: 'scales' is not known here; did you mean 'scale'?",
    ]


def test_check_answers_mistakes_in_json_with_file_line_wrong_and_right(tmp_path: Path) -> None:
    path = written(tmp_path, ("version = 1\n", "version = 0\n"))
    done = mitra("check", path, "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout) == {
        "ok": False,
        "file": str(path),
        "mistakes": [
            {"file": MAIN, "line": 4, "where": "version", "wrong": "0 is too small", "right": "more than 0"}
        ],
    }


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_check_of_a_file_that_cannot_be_read_exits_2(tmp_path: Path, flags: list[str]) -> None:
    done = mitra("check", tmp_path / "none.toml", *flags)
    assert done.returncode == 2
    assert "No such file" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_load_puts_the_definition_with_the_token(service: Service) -> None:
    done = mitra("load", SMALL, "--url", service.url, "--token", "a.b.c")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Small Campaign (small), version 1, is in force\n" in done.stdout
    ((path, authorization, body),) = service.asked
    assert (path, authorization) == ("/v1/campaigns/small", "Bearer a.b.c")
    assert CampaignDefinition.model_validate_json(body) == small_campaign()


def test_loading_what_is_in_force_says_that_nothing_changed(service: Service) -> None:
    service.status, service.document = 200, {"id": "small", "version": 1, "changed": False}
    done = mitra("load", SMALL, "--url", service.url, "--token", "t")
    assert (done.returncode, "version 1, was in force already" in done.stdout) == (0, True)


def test_load_answers_programs_in_json(service: Service) -> None:
    done = mitra("load", SMALL, "--url", service.url, "--token", "t", "--json")
    assert json.loads(done.stdout) == {
        "ok": True,
        "campaign": "small",
        "version": 1,
        "answer": {"version": 1},
    }


def test_load_sends_nothing_if_there_are_mistakes(tmp_path: Path, service: Service) -> None:
    path = written(tmp_path, ("version = 1\n", "version = 0\n"))
    done = mitra("load", path, "--url", service.url, "--token", "t")
    assert (done.returncode, service.asked) == (1, [])


@pytest.mark.parametrize(
    ("status", "detail", "said"),
    [
        (401, "The token has expired", "The token has expired; mint one with: mitra token operator"),
        (403, "Only operators load campaigns", "mint one with: mitra token operator"),
        (409, "Version 1 is in force", "was not taken: Version 1 is in force"),
        (413, "Too large", "was not taken (413): Too large"),
        (503, "The database is away", "The database is away; try again in 2 s"),
        (500, "", "was not taken (500)"),
    ],
)
def test_a_refusal_is_told_in_one_sentence(service: Service, status: int, detail: str, said: str) -> None:
    service.status, service.document = status, {"title": "Refused", "detail": detail}
    service.headers = {"Retry-After": "2"}
    with pytest.raises(Refused) as refused:
        send_definition(Enrolment(service.url, "t"), small_campaign())
    assert said in str(refused.value)


def test_a_refusal_ends_the_command_with_exit_code_1_and_no_traceback(service: Service) -> None:
    service.status, service.document = 409, {"detail": "Version 1 is in force"}
    done = mitra("load", SMALL, "--url", service.url, "--token", "t")
    assert done.returncode == 1
    assert done.stderr.startswith("mitra: small version 1 was not taken: Version 1 is in force")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("status", [409, 422])
def test_the_fields_of_a_refusal_are_listed(service: Service, status: int) -> None:
    errors = [{"field": "areas.S11", "message": "no such parent", "expected": "IN"}]
    service.status, service.document = status, {"detail": "The definition does not fit", "errors": errors}
    with pytest.raises(Refused, match=r"does not fit\n  areas\.S11: no such parent; IN"):
        send_definition(Enrolment(service.url, "t"), small_campaign())


def test_a_service_that_is_not_there_is_told_with_what_to_do() -> None:
    with serving() as gone:
        url = gone.url
    with pytest.raises(Trouble, match=f"no enrolment service answers at {url}.* mitra up"):
        send_definition(Enrolment(url, "t"), small_campaign())


def test_a_service_that_does_not_answer_is_given_up_in_time(service: Service) -> None:
    service.held_up.clear()
    with pytest.raises(Trouble, match=r"did not answer within 0.3 s; version 1 may have been taken"):
        send_definition(Enrolment(service.url, "t", 0.3), small_campaign())


@pytest.mark.parametrize(
    "url", ["127.0.0.1:8000", "ftp://127.0.0.1", "http://[", "", "http://", "http://a b"]
)
def test_an_address_that_is_none_is_told(url: str) -> None:
    with pytest.raises(Trouble):
        send_definition(Enrolment(url, "t"), small_campaign())


def test_a_token_that_cannot_be_one_is_told(service: Service) -> None:
    for token in ("é", "a\nb"):
        with pytest.raises(Trouble):
            send_definition(Enrolment(service.url, token), small_campaign())
    assert service.asked == []


def test_without_a_running_stack_load_says_how_to_start_one(tmp_path: Path) -> None:
    done = mitra("load", SMALL, folder=tmp_path)
    assert done.returncode == 1
    assert "start one with: mitra up" in done.stderr
