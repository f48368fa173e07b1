"""Answers from memory: one rendering for many, and each caller still gets its own and nothing else."""

from datetime import timedelta

import httpx

from mitra_shared.ids import AreaCode
from mitra_shared.security.tokens import Role
from reporting.api.ready import MOST_ANSWERS, Question, ReadyAnswers, Rendered
from reporting.queries import moment
from tests.reporting.field import Field
from tests.reporting.reporting_api import ReportingApi, token

ROLLUPS = "/v1/rollups?level=constituency"
ANSWER = Rendered(b"{}", 'W/"1.0"')


def asked(query: bytes = b"") -> Question:
    return Question(Role.IN_CHARGE, None, AreaCode("S11-PC04"), query)


async def test_what_was_made_is_found_by_the_same_question_at_the_same_moment() -> None:
    ready = ReadyAnswers(kept_seconds=60)
    ready.keep((7,), asked(), ANSWER)
    assert ready.find((7,), asked()) is ANSWER
    assert ready.find((8,), asked()) is None
    assert ready.find((7,), asked(b"sort=name")) is None
    for other in (
        asked()._replace(area=AreaCode("S11-PC06")),
        asked()._replace(role=Role.CO_IN_CHARGE),
    ):
        assert ready.find((7,), other) is None


async def test_an_answer_is_not_given_once_its_time_is_over() -> None:
    ready = ReadyAnswers(kept_seconds=-1)
    ready.keep((7,), asked(), ANSWER)
    assert ready.find((7,), asked()) is None


async def test_however_many_questions_are_asked_only_so_many_answers_are_kept() -> None:
    ready = ReadyAnswers(kept_seconds=60)
    for number in range(3 * MOST_ANSWERS + 1):
        ready.keep((7,), asked(b"%d" % number), ANSWER)
        assert len(ready) <= MOST_ANSWERS
    assert ready.find((7,), asked(b"%d" % (3 * MOST_ANSWERS))) is ANSWER


async def test_the_second_who_asks_gets_the_bytes_of_the_first(field: Field, patient: ReportingApi) -> None:
    await field.apply([*field.defined(), field.enrolled("S11-AC017")])
    await patient.caught_up()
    first, second, unchanged = await within_a_moment(patient)
    assert (second.status_code, second.content) == (200, first.content)
    for header in ("ETag", "Cache-Control", "Vary", "Content-Type"):
        assert second.headers[header] == first.headers[header]
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert unchanged.headers["ETag"] == first.headers["ETag"]


async def within_a_moment(api: ReportingApi) -> list[httpx.Response]:
    """Three answers between two looks of the mirror at the database: two whole ones, one to the ETag."""
    for _ in range(100):
        begun = moment(api.reading.mirror, api.reading.lag)
        first, second = await api.get(ROLLUPS), await api.get(ROLLUPS)
        unchanged = await api.get(ROLLUPS, **{"If-None-Match": first.headers["ETag"]})
        if moment(api.reading.mirror, api.reading.lag) == begun:
            assert len(api.reading.ready) == 1
            return [first, second, unchanged]
    raise AssertionError("there was no quiet moment")


async def test_what_is_counted_shows_at_once_however_long_answers_are_kept(
    field: Field, patient: ReportingApi
) -> None:
    await field.apply(field.defined())
    for number in range(1, 4):
        await field.apply([field.enrolled("S11-AC017")])
        await patient.caught_up()
        areas = {area["area"]: area for area in (await patient.get(ROLLUPS)).json()["areas"]}
        assert areas["S11-PC04"]["enrolled"] == number


async def test_nobody_gets_an_answer_that_was_made_for_more_eyes(field: Field, patient: ReportingApi) -> None:
    await field.apply(field.defined())
    await patient.caught_up()
    everything = await patient.get(ROLLUPS)
    assert everything.status_code == 200
    one = await patient.get(ROLLUPS, as_token=token(Role.IN_CHARGE, "S11-PC04"))
    assert [area["area"] for area in one.json()["areas"]] == ["S11-PC04"]
    other = await patient.get(ROLLUPS, as_token=token(Role.IN_CHARGE, "S11-PC06"))
    assert [area["area"] for area in other.json()["areas"]] == ["S11-PC06"]
    for role, area in ((Role.CO_IN_CHARGE, "S11-PC04"), (Role.OPERATOR, None), (Role.SERVICE, None)):
        assert (await patient.get(ROLLUPS, as_token=token(role, area))).status_code == 403
    elsewhere = await patient.get(ROLLUPS, as_token=token(campaign="elsewhere"))
    assert elsewhere.status_code == 404


async def test_a_token_that_is_refused_gets_nothing_from_memory(field: Field, patient: ReportingApi) -> None:
    await field.apply(field.defined())
    await patient.caught_up()
    assert (await patient.get(ROLLUPS)).status_code == 200
    expired = token(lifetime=timedelta(hours=-1))
    refusals = [
        await patient.get(ROLLUPS, as_token=expired),
        await patient.get(ROLLUPS, as_token="nonsense"),
        await patient.client.get(ROLLUPS),
    ]
    for refused in refusals:
        assert refused.status_code == 401
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.headers["WWW-Authenticate"].startswith("Bearer")


async def test_a_question_that_is_wrong_is_explained_every_time(field: Field, patient: ReportingApi) -> None:
    await field.apply(field.defined())
    await patient.caught_up()
    for _ in range(2):
        answer = await patient.get("/v1/rollups?level=village")
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "level"
    assert len(patient.reading.ready) == 0
