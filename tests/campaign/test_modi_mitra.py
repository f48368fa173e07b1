"""The campaign itself: its numbers, its shape on the wire, and that it says the same as ever."""

from collections import Counter
from datetime import UTC, datetime

import pytest

from mitra_shared.campaign.check import load_definition
from mitra_shared.campaign.definition import CampaignDefinition, Evidence, Level, Metric
from mitra_shared.contracts.codec import decode, encode
from mitra_shared.contracts.events import CampaignDefinedV1
from mitra_shared.contracts.topics import ENROLMENT
from mitra_shared.ids import AreaCode, new_event_id
from tests.campaign.files import MAIN, MODI_MITRA, SMALL
from tests.factories import small_campaign


@pytest.fixture(scope="module")
def campaign() -> CampaignDefinition:
    return load_definition(MODI_MITRA / MAIN)


def test_it_has_65_constituencies_and_495_segments(campaign: CampaignDefinition) -> None:
    assert {level: len(campaign.at_level(level)) for level in Level} == {
        Level.NATION: 1,
        Level.STATE: 13,
        Level.CONSTITUENCY: 65,
        Level.SEGMENT: 495,
    }


def test_its_target_is_three_lakh_twenty_five_thousand(campaign: CampaignDefinition) -> None:
    (nation,) = campaign.at_level(Level.NATION)
    target = campaign.goal_for(nation, Metric.ENROLLED)
    seats = campaign.at_level(Level.CONSTITUENCY)
    of_seats = [campaign.goal_for(seat, Metric.ENROLLED) for seat in seats]
    assert target is not None
    assert target.number == 325_000 == sum(goal.number for goal in of_seats if goal)
    assert {goal.number for goal in of_seats if goal} == {5_000}


def test_every_segment_has_750_certificates(campaign: CampaignDefinition) -> None:
    assert campaign.certificate_level() is Level.SEGMENT
    quotas = [campaign.goal_for(area, Metric.CERTIFICATES) for area in campaign.at_level(Level.SEGMENT)]
    assert [quota.number for quota in quotas if quota] == [750] * 495


def test_the_readings_that_are_not_followed_are_kept_with_their_sources(campaign: CampaignDefinition) -> None:
    kept = {(g.level, g.metric, g.number) for g in campaign.goals if not g.active and g.source}
    assert (Level.SEGMENT, Metric.ENROLLED, 5_000) in kept
    segment = campaign.by_code[AreaCode("S11-AC017")]
    assert campaign.goal_for(segment, Metric.ENROLLED) is None


def test_every_seat_carries_how_sure_it_is(campaign: CampaignDefinition) -> None:
    marks = Counter(seat.evidence for seat in campaign.at_level(Level.CONSTITUENCY))
    assert marks == {Evidence.NAMED: 9, Evidence.STATE_REPORT: 29, Evidence.ASSUMED: 27}


def test_each_constituency_has_one_in_charge_and_thirty_co_in_charges(campaign: CampaignDefinition) -> None:
    assert (campaign.staff.in_charges, campaign.staff.co_in_charges) == (1, 30)
    assert 65 * (campaign.staff.in_charges + campaign.staff.co_in_charges) == 2_015


def test_the_boundaries_say_which_drawing_of_assam_is_meant(campaign: CampaignDefinition) -> None:
    assert "Assam as drawn before" in campaign.boundaries.source
    seats = {campaign.by_code[area.code].name.en for area in campaign.at_level(Level.CONSTITUENCY)}
    assert {"Kaliabor", "Mangaldoi"} <= seats
    assert not {"Kaziranga", "Darrang-Udalguri"} & seats


def test_states_and_notices_and_questions_are_in_three_languages(campaign: CampaignDefinition) -> None:
    assert all(state.name.hi and state.name.ur for state in campaign.at_level(Level.STATE))
    assert all(seat.name.hi for seat in campaign.at_level(Level.CONSTITUENCY))
    assert {notice.language for notice in campaign.notices} == {"en", "hi", "ur"}
    assert all(q.text.hi and q.text.ur for one in campaign.rounds for q in one.questions)


@pytest.mark.parametrize("number", range(1, 9))
def test_the_notice_lists_the_same_items_in_each_language(campaign: CampaignDefinition, number: int) -> None:
    assert all(f"\n{number}. " in notice.text for notice in campaign.notices)
    assert not any("\n9. " in notice.text for notice in campaign.notices)


@pytest.mark.parametrize(
    "mark", ["withdraw", "my-data", "grievance@", "privacy@", "31-12-2028", "18", "35", "2023"]
)
def test_the_notice_gives_the_same_means_and_periods_in_each_language(
    campaign: CampaignDefinition, mark: str
) -> None:
    assert all(mark in notice.text for notice in campaign.notices)


def test_it_is_a_hundred_kilobytes_on_the_wire_and_comes_back_the_same(campaign: CampaignDefinition) -> None:
    event = CampaignDefinedV1(
        event_id=new_event_id(),
        campaign=campaign.id,
        occurred_at=datetime(2026, 11, 1, tzinfo=UTC),
        definition=campaign,
    )
    payload = encode(event)
    assert 95_000 < len(payload) < 120_000
    assert decode(ENROLMENT, payload) == event


def test_the_small_campaign_of_the_tests_is_the_same_in_files_and_in_python() -> None:
    assert load_definition(SMALL / MAIN) == small_campaign()
