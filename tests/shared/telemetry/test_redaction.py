from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitra_shared.telemetry.redaction import MASK, redact, redact_text

national = st.from_regex(r"[6-9][0-9]{9}", fullmatch=True)
spellings = st.sampled_from(
    [
        "{a}{b}",
        "+91{a}{b}",
        "+91 {a} {b}",
        "0091-{a}-{b}",
        "91{a}{b}",
        "+91 ({a}) {b}",
        "0{a} {b}",
        "+91.{a}.{b}",
    ]
)


@given(
    number=national,
    spelling=spellings,
    around=st.sampled_from(["{}", "phone {} refused", "({})", "'{}',", "tel:{}"]),
)
def test_a_phone_number_is_hidden_however_it_is_written(number: str, spelling: str, around: str) -> None:
    text = around.format(spelling.format(a=number[:5], b=number[5:]))
    hidden = redact_text(text)
    assert MASK in hidden
    assert number[5:] not in hidden


@pytest.mark.parametrize(
    "text",
    [
        "1-325000",
        "stream enrolment.{3} ends at 1-99",
        "2026-11-23",
        "2026-11-23T20:50:11.123456Z",
        "2026-11-23 20:50:11",
        "S11-AC032",
        "0193e2f0-6d3c-7c41-9a6b-1c2d3e4f5a6b",
        "12345678-1234-4123-8123-123456789012",
        "127.0.0.1:5432",
        "3,25,000 people",
    ],
)
def test_places_times_ids_and_codes_stay_readable(text: str) -> None:
    assert redact_text(text) == text


@given(id_=st.uuids())
def test_ids_stay_readable(id_: UUID) -> None:
    assert redact_text(f"event {id_}") == f"event {id_}"


@pytest.mark.parametrize(
    "key",
    [
        "name",
        "Name",
        "phone",
        "holder_name",
        "holder-name",
        "Authorization",
        "token",
        "password",
        "Idempotency-Key",
    ],
)
def test_a_personal_key_is_hidden_at_any_depth(key: str) -> None:
    line = redact({"event": "x", "deep": [{"deeper": {key: "Ravi Kumar", "position": 4}}]})
    assert line == {"event": "x", "deep": [{"deeper": {key: MASK, "position": 4}}]}


def test_numbers_are_kept_unless_they_read_as_a_mobile_number() -> None:
    assert redact({"position": 325_000, "ms": 1.5, "ok": True, "none": None}) == {
        "position": 325_000,
        "ms": 1.5,
        "ok": True,
        "none": None,
    }
    assert redact(9_812_345_678) == MASK
    assert redact(919_812_345_678) == MASK


def test_tokens_and_passwords_in_addresses_are_hidden() -> None:
    assert "hunter2" not in redact_text("postgresql://enrolment:hunter2@127.0.0.1:5432/enrolment")
    assert "signature" not in redact_text("refused eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.signature")


def test_bytes_and_unknown_objects_do_not_slip_through() -> None:
    class Person:
        def __str__(self) -> str:
            return "Ravi, +91 98123 45678"

    assert redact(b"Ravi") == MASK
    assert "98123" not in redact(Person())
    assert redact(ValueError("Ravi")) == "ValueError"
    assert redact(UUID(int=5)) == "00000000-0000-0000-0000-000000000005"
