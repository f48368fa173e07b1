"""Messages in bulk over HTTP: who may draft, see, approve and stop them, what no answer may betray."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx

from enrolment.commands.erase_mitras import erase_mitras
from tests.enrolment.intake_api import CONSTITUENCY, ELSEWHERE, count, rows, token
from tests.enrolment.messages.broadcasting import (
    FAST,
    IN_CHARGE,
    TEXTS,
    Bulk,
    at,
    headquarters,
)
from tests.enrolment.people import Browser, Person, enrolled_person, in_charge

OTHERS = in_charge("S24-PC07")


def kind(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


def fields(answer: httpx.Response) -> set[str]:
    return {error["field"] for error in answer.json()["errors"]}


async def test_a_draft_tells_how_it_will_go_out_and_sends_nothing(bulk: Bulk) -> None:
    await bulk.enrol(*range(11), language="en")
    await bulk.enrol(20, language="ur")
    answer = await bulk.ask({"texts": TEXTS, "area": "S11"})
    told = answer.json()
    assert answer.headers["location"] == f"/v1/broadcasts/{told['id']}"
    assert (told["state"], told["author"], told["people_at_most"]) == ("draft", "headquarters-1", 20)
    forecast = {each["language"]: each for each in told["messages"]}
    assert [forecast[language]["people_at_most"] for language in ("en", "hi", "ur")] == [20, 0, 10]
    assert [forecast[language]["alphabet"] for language in ("en", "hi", "ur")] == ["gsm-7", "ucs-2", "ucs-2"]
    assert [forecast[language]["parts"] for language in ("en", "hi", "ur")] == [1, 2, 2]
    assert forecast["en"]["preview"].endswith("No more of these: https://mitra.example.org/r/000000000000")
    assert forecast["ur"]["preview"].startswith("چھوٹی مہم: The help desk")
    bulk.clock.now += timedelta(hours=1)
    await bulk.send_all()
    assert (bulk.mailbag.taken, await count(bulk.api.engine, "message")) == ([], 12)
    assert (await bulk.api.get("/v1/broadcasts", bearer=headquarters())).json()["broadcasts"][0] == (
        await bulk.told(told)
    )


async def test_the_earliest_time_keeps_to_night_and_freeze(bulk: Bulk) -> None:
    bulk.clock.now = at(21)
    told = await bulk.draft()
    morning = (at(9) + timedelta(days=1)).isoformat().replace("+00:00", "Z")
    assert (told["held"], told["earliest"]) == ("quiet", morning)
    later = at(23) + timedelta(days=2)
    told = await bulk.draft(not_before=later.isoformat())
    assert told["earliest"] == (at(9) + timedelta(days=3)).isoformat().replace("+00:00", "Z")
    await bulk.define(messages=FAST, issuing={"frozen": True})
    told = await bulk.told(told)
    assert (told["held"], told["earliest"]) == ("frozen", None)


async def test_everything_that_is_wrong_is_named_and_nothing_is_kept(bulk: Bulk) -> None:
    wrong: tuple[tuple[dict[str, Any], set[str]], ...] = (
        ({"texts": {"hi": "सहायता"}}, {"texts.en"}),
        ({"texts": {"en": "See https://example.org", "hi": "क" * 301}}, {"texts.en", "texts.hi"}),
        ({"texts": {"en": "Two\nlines"}}, {"texts.en"}),
        ({"texts": {"en": "Help", "ur": "ووٹ دیں"}}, {"texts.ur"}),
        ({"texts": {"en": "Come and Vote"}}, {"texts.en"}),
        ({"area": "S99"}, {"area"}),
        ({"not_before": (bulk.clock() + timedelta(days=31)).isoformat()}, {"not_before"}),
        ({"not_before": "0001-01-01T00:00:00+14:00"}, {"not_before"}),
        ({"language": "ta"}, {"language"}),
        ({"phones": ["+919800000001"]}, {"phones"}),
    )
    for changes, named in wrong:
        answer = await bulk.ask({"texts": TEXTS, "area": "IN"} | changes)
        assert (kind(answer), fields(answer)) == ((422, "invalid-request"), named)
    assert "Vote" not in (await bulk.ask({"texts": {"en": "Come and Vote"}, "area": "IN"})).text
    assert await count(bulk.api.engine, "broadcast") == 0


async def test_one_key_is_one_broadcast(bulk: Bulk) -> None:
    key, body = str(uuid4()), {"texts": TEXTS, "area": "IN"}
    first = await bulk.ask(body, key=key)
    assert (await bulk.ask(body, key=key)).json() == first.json()
    assert kind(await bulk.ask(body | {"area": "S11"}, key=key)) == (422, "idempotency-key-reused")
    other = await bulk.ask(body, key=key, bearer=headquarters("another"))
    assert other.json()["id"] != first.json()["id"]
    without = await bulk.api.post("/v1/broadcasts", body, bearer=headquarters())
    assert kind(without) == (400, "idempotency-key-missing")
    assert await count(bulk.api.engine, "broadcast") == 2


async def test_an_in_charge_tells_the_own_constituency_and_nobody_else(bulk: Bulk) -> None:
    for area in ("IN", "S11", "S24-PC07", ELSEWHERE):
        answer = await bulk.ask({"texts": TEXTS, "area": area}, bearer=IN_CHARGE)
        assert kind(answer) == (403, "forbidden")
    own = await bulk.draft(area="S11-AC019", bearer=IN_CHARGE)
    of_all = await bulk.draft()
    for broadcast, bearer in ((own, OTHERS), (of_all, IN_CHARGE)):
        path = f"/v1/broadcasts/{broadcast['id']}"
        assert (await bulk.api.get(path, bearer=bearer)).status_code == 404
        for what in ("approval", "cancellation"):
            assert (await bulk.decide(broadcast, what, bearer=bearer)).status_code == 404
    listed = (await bulk.api.get("/v1/broadcasts", bearer=IN_CHARGE)).json()["broadcasts"]
    assert [each["id"] for each in listed] == [own["id"]]
    # Headquarters sees and stops it, and does not send it in the place of the in-charge.
    assert kind(await bulk.decide(own, "approval")) == (403, "forbidden")
    assert (await bulk.decide(own, "approval", bearer=IN_CHARGE)).json()["state"] == "approved"
    assert (await bulk.decide(own, "cancellation")).json()["state"] == "cancelled"


async def test_what_is_approved_is_what_was_seen(bulk: Bulk) -> None:
    seen, other = await bulk.draft(), await bulk.draft(texts={"en": "Something else."})
    refused = await bulk.decide(other, "approval", digest=seen["digest"])
    assert kind(refused) == (409, "broadcast-differs")
    assert (await bulk.told(other))["state"] == "draft"
    approved = (await bulk.decide(seen, "approval", bearer=headquarters("another"))).json()
    assert (approved["state"], approved["approved_by"]) == ("approved", "another")
    again = (await bulk.decide(seen, "approval")).json()
    assert again["approved_at"] == approved["approved_at"]
    bulk.clock.now += timedelta(days=7, seconds=1)
    assert kind(await bulk.decide(other, "approval")) == (409, "broadcast-not-ready")
    await bulk.prepare()
    assert (await bulk.told(other))["state"] == "cancelled"


async def test_nobody_has_more_than_five_at_once(bulk: Bulk) -> None:
    drafts = [await bulk.draft() for _ in range(5)]
    body = {"texts": TEXTS, "area": "IN"}
    assert kind(await bulk.ask(body)) == (409, "too-many-broadcasts")
    await bulk.decide(drafts[0], "cancellation")
    await bulk.prepare()
    assert (await bulk.ask(body)).status_code == 201
    await bulk.decide(drafts[1], "approval")
    await bulk.send_all()
    assert kind(await bulk.decide(drafts[1], "cancellation")) == (409, "broadcast-not-ready")


async def test_no_answer_shows_a_person_or_tells_who_withdrew(bulk: Bulk) -> None:
    people = await bulk.enrol(*range(25), language="en")
    before = await bulk.draft()
    for mitra in people[:4]:
        await bulk.api.post(f"/v1/mitras/{mitra}/withdrawal")
    await bulk.api.post(f"/v1/mitras/{people[5]}/messages-off")
    after = await bulk.draft()
    assert (before["people_at_most"], before["messages"]) == (after["people_at_most"], after["messages"])
    await bulk.decide(after, "approval")
    bulk.clock.now += timedelta(seconds=2)
    await bulk.prepare()
    await bulk.api.post(f"/v1/mitras/{people[6]}/messages-off")
    await bulk.send_all()
    answer = await bulk.api.get("/v1/broadcasts", bearer=headquarters())
    for mitra in people:
        assert mitra not in answer.text
    assert "+9198000000" not in answer.text
    figures = (await bulk.told(after))["figures"]
    told = [*figures.pop("dropped").values(), *figures.values()]
    assert len(told) == 7
    assert [figure for figure in told if figure is not None and figure % 10] == []
    (row,) = await rows(bulk.api.engine, "select prepared, outcome from broadcast where prepared > 0")
    assert (row.prepared, row.outcome["sent"], row.outcome["no_longer_wanted"]) == (20, 19, 1)


async def test_a_person_has_no_more_messages_in_two_presses_and_has_them_again(bulk: Bulk) -> None:
    somebody = await enrolled_person(bulk.api)
    browser, home = Browser(bulk.api), f"/r/{somebody.receipt}"
    page = await browser.sign_in(somebody)
    assert f'href="{home}/messages_off"' in page.text
    for step, words, offered in (
        ("messages_off", "You will get no more", "messages_on"),
        ("messages_on", "You will get messages again.", "messages_off"),
    ):
        done = await browser.submit(await browser.get(f"{home}/{step}"), f"{home}/{step}")
        page = await browser.get(done.headers["location"])
        assert words in page.text
        assert f'href="{home}/{offered}"' in page.text
        (row,) = await rows(bulk.api.engine, "select messages_off_at is not null as off from mitra")
        assert row.off is (step == "messages_off")


async def test_staff_record_it_and_a_helper_with_the_code_takes_it_back(bulk: Bulk) -> None:
    somebody: Person = await enrolled_person(bulk.api)
    path = f"/v1/mitras/{somebody.mitra}/messages-off"
    assert (await bulk.api.post(path, bearer=token(f"{ELSEWHERE}/x", area="S24-PC07"))).status_code == 404
    first = (await bulk.api.post(path)).json()
    bulk.clock.now += timedelta(minutes=1)
    assert (await bulk.api.post(path)).json() == first
    session = await somebody.session()
    assert (await somebody.ask("GET", "", session)).json()["messages_off_at"] == first["messages_off_at"]
    chosen = await somebody.ask("PUT", "/messages", session, {"wanted": True})
    assert (chosen.status_code, chosen.json()) == (200, {"messages_off_at": None})
    chosen = await somebody.ask("PUT", "/messages", session, {"wanted": False})
    assert chosen.json()["messages_off_at"] is not None
    assert (await somebody.ask("PUT", "/messages", session, {"wanted": "no"})).status_code == 422
    query = "select actor, campaign, facts from staff_record where what = 'messages-off'"
    (noted,) = await rows(bulk.api.engine, query)
    assert (noted.actor, noted.facts) == (f"{CONSTITUENCY}/co-in-charge-07", {"mitra": somebody.mitra})


async def test_what_a_person_wants_and_was_sent_is_erased_with_the_person_and_no_figure_changes(
    bulk: Bulk,
) -> None:
    gone, off, *_ = await bulk.enrol(*range(12))
    broadcast = await bulk.approved()
    await bulk.prepare()
    await bulk.api.post(f"/v1/mitras/{off}/messages-off")
    await bulk.send_all()
    figures = (await bulk.told(broadcast))["figures"]
    (waits,) = await bulk.enrol(30)
    await bulk.approved()
    await bulk.prepare()
    erased = [UUID(mitra) for mitra in (gone, off, waits)]
    for mitra in erased:
        await bulk.api.post(f"/v1/mitras/{mitra}/withdrawal")
    await bulk.change(
        "update mitra set erase_at = :now, erasure_noticed_at = :noticed where id = any(:mitras)",
        now=bulk.clock(),
        noticed=bulk.clock() - timedelta(days=3),
        mitras=erased,
    )
    assert await erase_mitras(bulk.api.engine, bulk.clock()) == 3
    found = await rows(bulk.api.engine, "select recipient, state, why from message where kind = 'broadcast'")
    assert not {row.recipient for row in found} & set(erased)
    assert ("dropped", "nobody to send it to") in {(row.state, row.why) for row in found}
    assert (await bulk.told(broadcast))["figures"] == figures
    taken = len(bulk.mailbag.in_bulk)
    await bulk.send_all()
    assert len(bulk.mailbag.in_bulk) == taken
    left = await rows(bulk.api.engine, "select 1 from mitra where messages_off_at is not null")
    assert left == []
    assert (await bulk.api.post(f"/v1/mitras/{off}/messages-off")).status_code == 404
