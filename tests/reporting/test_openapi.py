"""The OpenAPI document is the committed one, and nothing it allows, nor anything else, makes the api fail."""

from pathlib import Path
from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reporting.openapi import openapi_text
from tests.reporting.field import Field
from tests.reporting.reporting_api import ReportingApi

DOCUMENT = Path(__file__).parents[2] / "docs" / "openapi" / "reporting.json"


def test_the_committed_document_is_the_one_the_code_describes() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == openapi_text(), (
        "run: python -m reporting openapi > docs/openapi/reporting.json"
    )


values = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ["IN", "S11-PC04", "segment", "-progress", "enrolment.3:0-0", "2026-11-02", "small", "0", "-1", ""]
    ),
)
names = st.sampled_from(["level", "parent", "sort", "campaign", "at_least", "from", "to", "nothing"])
paths = st.one_of(
    st.sampled_from(
        ["/v1/rollups", "/v1/rollups/IN", "/v1/rollups/S11-PC04/days", "/", "/v1/rollups/stream/"]
    ),
    st.text(max_size=20).map(lambda text: f"/v1/rollups/{quote(text, safe='')}/days"),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=paths, query=st.lists(st.tuples(names, values), max_size=4), tag=st.text(max_size=10))
async def test_no_question_makes_the_api_fail(
    field: Field, api: ReportingApi, path: str, query: list[tuple[str, str]], tag: str
) -> None:
    if not api.reading.mirror.boards:
        await field.apply(field.defined())
        await api.caught_up()
    asked = "&".join(f"{name}={quote(value, safe='')}" for name, value in query)
    answer = await api.get(f"{path}?{asked}", **{"If-None-Match": quote(tag)})
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400 and path != "/":
        assert answer.headers["content-type"] == "application/problem+json"
