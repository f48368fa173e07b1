import json
import logging
import re
import warnings
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
import structlog
from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import IntegrityError

from mitra_shared.telemetry.access import AccessLog
from mitra_shared.telemetry.logs import about_event, configure_logs, describe_error
from mitra_shared.telemetry.trace import current_trace, new_trace

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    root = logging.getLogger()
    handlers, level, stream = root.handlers[:], root.level, StringIO()
    configure_logs(service="enrolment", process="api", stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_line_is_json_and_says_where_it_comes_from(lines: Lines) -> None:
    structlog.get_logger().info("group committed", size=12)
    (line,) = lines()
    assert line.pop("at").endswith("Z")
    assert line == {
        "service": "enrolment",
        "process": "api",
        "event": "group committed",
        "size": 12,
        "level": "info",
    }


def test_a_line_carries_trace_and_event_ids(lines: Lines) -> None:
    step = new_trace()
    token = current_trace.set(step)
    with about_event("0193e2f0-6d3c-7c41-9a6b-1c2d3e4f5a6b"):
        structlog.get_logger().warning("poison")
    current_trace.reset(token)
    structlog.get_logger().warning("outside")
    inside, outside = lines()
    assert inside["trace_id"] == step.trace_id
    assert inside["event_id"] == "0193e2f0-6d3c-7c41-9a6b-1c2d3e4f5a6b"
    assert not {"trace_id", "event_id"} & outside.keys()


def test_personal_data_does_not_reach_a_line(lines: Lines) -> None:
    structlog.get_logger().info(
        "refused +91 98123 45678", name="Ravi Kumar", phone="9812345678", note="call 98123-45678"
    )
    logging.getLogger("faststream.redis").warning("bad message from %s", "+919812345678")
    logging.getLogger("uvicorn.error").error("x", extra={"phone": "9812345678"})
    text = json.dumps(lines())
    assert "Ravi" not in text
    assert not re.search(r"98123[ -]?45678", text)


def test_libraries_log_the_same_way_and_below_the_level_not_at_all(lines: Lines) -> None:
    logging.getLogger("uvicorn.error").info("Started")
    logging.getLogger("sqlalchemy.engine").info("INSERT INTO mitra VALUES ('Ravi')")
    structlog.get_logger().debug("details")
    (line,) = lines()
    assert (line["event"], line["logger"], line["service"]) == ("Started", "uvicorn.error", "enrolment")


def test_a_warning_is_a_line(lines: Lines) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("old thing", UserWarning, stacklevel=1)
    (line,) = lines()
    assert line["level"] == "warning"
    assert "old thing" in line["event"]


def test_an_error_is_told_with_its_place_and_cause_but_without_data(lines: Lines) -> None:
    class Person(BaseModel):
        age: int

    try:
        try:
            Person(age="Ravi Kumar")
        except ValidationError as error:
            raise RuntimeError("could not read the person with 9812345678") from error
    except RuntimeError:
        structlog.get_logger().exception("failed")
    (line,) = lines()
    assert line["error"]["type"] == "builtins.RuntimeError"
    assert line["error"]["message"] == "could not read the person with [hidden]"
    assert line["error"]["at"][0].startswith("test_logs.py:")
    assert line["error"]["cause"]["type"].endswith("ValidationError")
    assert "message" not in line["error"]["cause"]
    assert "Ravi" not in json.dumps(line)


def test_a_database_error_shows_its_state_and_not_its_row() -> None:
    class UniqueViolation(Exception):
        sqlstate = "23505"

    told = describe_error(
        IntegrityError("INSERT ...", {"name": "Ravi"}, UniqueViolation("Key (name)=(Ravi)"))
    )
    assert told["sqlstate"] == "23505"
    assert "Ravi" not in json.dumps(told)


def test_members_of_a_group_are_told() -> None:
    told = describe_error(ExceptionGroup("two", [ValueError("a"), KeyError("b")]))
    assert [member["type"] for member in told["errors"]] == ["builtins.ValueError", "builtins.KeyError"]


async def test_an_answer_is_one_line_with_template_status_and_duration(
    capsys: pytest.CaptureFixture[str],
) -> None:
    access = AccessLog(service="enrolment", process="api")
    access.answered("GET", "/v1/mitras/{mitra_id}", 200, 0.0123, "4bf92f3577b34da6a3ce929d0e0e4736")
    access.flush()
    line = json.loads(capsys.readouterr().out)
    assert line.pop("at").endswith("Z")
    assert line == {
        "service": "enrolment",
        "process": "api",
        "event": "request",
        "method": "GET",
        "level": "info",
        "route": "/v1/mitras/{mitra_id}",
        "status": 200,
        "ms": 12.3,
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    }


async def test_an_anonymous_answer_is_a_status_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    access = AccessLog(service="enrolment", process="api")
    access.answered_anonymously(202)
    access.flush()
    assert json.loads(capsys.readouterr().out) == {"event": "request", "status": 202}


async def test_above_info_only_failures_of_ours_are_noted(capsys: pytest.CaptureFixture[str]) -> None:
    access = AccessLog(service="enrolment", process="api", level="warning")
    access.answered("GET", "/a", 404, 0.1, None)
    access.answered("GET", "/a", 503, 0.1, None)
    access.flush()
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["status"] == 503
