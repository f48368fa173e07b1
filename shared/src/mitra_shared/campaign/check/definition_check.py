"""The same checks for a definition that did not come from files: one sent to the enrolment service."""

from collections.abc import Sequence

from mitra_shared.campaign.check.dates import check_dates
from mitra_shared.campaign.check.goals import check_coverage, check_goals
from mitra_shared.campaign.check.messages import check_messages
from mitra_shared.campaign.check.mistakes import Findings, Mistake
from mitra_shared.campaign.check.notices import check_in_force, check_languages, check_notices
from mitra_shared.campaign.check.origins import ValueOrigin, Written
from mitra_shared.campaign.check.rounds import WrittenRound, check_rounds
from mitra_shared.campaign.check.schemes import check_schemes
from mitra_shared.campaign.check.topics import check_topics
from mitra_shared.campaign.check.tree import WrittenAreas, check_tree
from mitra_shared.campaign.definition import CampaignDefinition, Level, Round


def mistakes_in(definition: CampaignDefinition) -> Sequence[Mistake]:
    """Everything that is wrong with the definition as a whole; `where` is the path in its JSON."""
    findings = Findings()
    whole = ValueOrigin("")
    written = [Written(area, ValueOrigin(f"areas.{area.code}")) for area in definition.areas]
    areas = WrittenAreas(written, whole=set(Level))
    goals = [Written(goal, ValueOrigin(f"goals.#{n}")) for n, goal in enumerate(definition.goals, 1)]
    notices = [
        Written(notice, ValueOrigin(f"notices.#{n}")) for n, notice in enumerate(definition.notices, 1)
    ]
    check_dates(whole, definition.starts_on, definition.target_date, definition.boundaries, findings)
    check_tree(areas, findings)
    check_goals(goals, areas, findings)
    if not findings:
        check_coverage(goals, definition.areas, whole.place("goals"), findings)
    check_schemes([Written(s, ValueOrigin(f"schemes.{s.code}")) for s in definition.schemes], findings)
    check_topics([Written(t, ValueOrigin(f"topics.{t.id}")) for t in definition.topics], findings)
    check_messages(definition.messages, ValueOrigin("messages"), findings)
    check_notices(notices, findings)
    check_languages(notices, findings)
    check_in_force(notices, definition.starts_on, whole.place("notices"), findings)
    check_rounds(
        [_round(one) for one in definition.rounds], definition.starts_on, definition.target_date, findings
    )
    return findings.in_order()


def _round(one: Round) -> WrittenRound:
    path = f"rounds.{one.id}"
    questions = [Written(q, ValueOrigin(f"{path}.questions.{q.id}")) for q in one.questions]
    return WrittenRound(ValueOrigin(path), one.id, one.name, one.opens_on, one.closes_on, questions)
