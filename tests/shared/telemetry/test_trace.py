import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitra_shared.telemetry.trace import (
    TraceContext,
    continue_trace,
    current_trace,
    current_traceparent,
    new_trace,
    parse_traceparent,
)

HEADER = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_a_header_is_read_and_written_alike() -> None:
    step = parse_traceparent(HEADER)
    assert step == TraceContext("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", "01")
    assert step.traceparent == HEADER


def test_a_child_keeps_the_trace_and_has_its_own_span() -> None:
    child = continue_trace(HEADER)
    assert child.trace_id == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert child.span_id != "00f067aa0ba902b7"


def test_a_version_to_come_may_be_longer() -> None:
    assert parse_traceparent(HEADER.replace("00-", "01-", 1) + "-more") is not None
    assert parse_traceparent(HEADER + "-more") is None


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-٤bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
        HEADER + "\n",
    ],
)
def test_what_w3c_does_not_allow_starts_a_fresh_trace(header: str | None) -> None:
    assert parse_traceparent(header) is None
    assert parse_traceparent(continue_trace(header).traceparent) is not None


@given(header=st.text(max_size=80))
def test_no_header_at_all_breaks_the_reader(header: str | None) -> None:
    continue_trace(header)


def test_the_current_step_is_what_events_carry() -> None:
    assert current_traceparent() is None
    step = new_trace()
    token = current_trace.set(step)
    assert current_traceparent() == step.traceparent
    current_trace.reset(token)
