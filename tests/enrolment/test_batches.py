"""Batches: an outcome for each entry, as if it were alone."""

from typing import Any
from uuid import uuid4

from tests.enrolment.intake_api import IntakeApi, count, heads_match_log, person, token


def keyed(*bodies: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(str(uuid4()), body) for body in bodies]


async def test_every_entry_has_the_outcome_it_would_have_alone(api: IntakeApi) -> None:
    entries = keyed(
        person(1), person(2, adult=False), person(1), person(3), person(4, segment="S24-AC037"), person(5)
    )
    answer = await api.batch(entries)
    assert answer.status_code == 200
    outcomes = answer.json()["outcomes"]
    assert [outcome["status"] for outcome in outcomes] == [201, 422, 409, 201, 403, 201]
    assert [outcome["idempotency_key"] for outcome in outcomes] == [key for key, _ in entries]
    for (key, body), outcome in zip(entries, outcomes, strict=True):
        alone = await api.enrol(body, key=key)
        assert alone.status_code == outcome["status"]
        assert alone.json() == outcome["body"]
    assert await count(api.engine, "mitra") == 3


async def test_a_batch_sent_again_gives_the_same_outcomes(api: IntakeApi) -> None:
    entries = keyed(*(person(number % 40) for number in range(50)))
    first = await api.batch(entries)
    assert (await api.batch(entries)).content == first.content
    assert await count(api.engine, "mitra") == 40


async def test_an_entry_that_does_not_fit_does_not_sink_the_batch(api: IntakeApi) -> None:
    body = {
        "enrolments": [
            {"idempotency_key": "the-first-key", "enrolment": person(1)},
            {"idempotency_key": "short", "enrolment": person(2)},
            {"idempotency_key": "the-third-key", "enrolment": {"name": "only"}},
            "nonsense",
            {"idempotency_key": "the-fifth-key", "enrolment": person(5)},
        ]
    }
    answer = await api.post("/v1/enrolments/batch", body)
    outcomes = answer.json()["outcomes"]
    assert [outcome["status"] for outcome in outcomes] == [201, 422, 422, 422, 201]
    assert outcomes[1]["idempotency_key"] is None
    assert outcomes[1]["body"]["errors"][0]["field"] == "idempotency_key"
    assert outcomes[2]["body"]["errors"][0]["field"].startswith("enrolment.")
    assert await count(api.engine, "mitra") == 2


async def test_a_thousand_people_in_one_request(api: IntakeApi) -> None:
    answer = await api.batch(keyed(*(person(number) for number in range(1_000))))
    outcomes = answer.json()["outcomes"]
    assert {outcome["status"] for outcome in outcomes} == {201}
    assert len({outcome["body"]["mitra_id"] for outcome in outcomes}) == 1_000
    positions = [outcome["body"]["position"] for outcome in outcomes]
    assert positions == list(range(2, 1_002))
    assert await heads_match_log(api.engine, "enrolment")


async def test_more_than_a_thousand_or_none_are_refused_whole(api: IntakeApi) -> None:
    light = person(1, name="A")
    for entries in ([], keyed(*([light] * 1_001))):
        answer = await api.batch(entries)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "enrolments"
    assert await count(api.engine, "mitra") == 0


async def test_a_batch_needs_a_recruiter(api: IntakeApi) -> None:
    answer = await api.batch(keyed(person(1)), bearer=token(area=None, subject="nobody"))
    assert [outcome["status"] for outcome in answer.json()["outcomes"]] == [403]
