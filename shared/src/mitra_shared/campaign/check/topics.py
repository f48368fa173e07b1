"""Topics of discussions: each once, and none of what must not be counted."""

from collections.abc import Sequence

from mitra_shared.campaign.check.mistakes import Findings
from mitra_shared.campaign.check.origins import Written
from mitra_shared.campaign.check.subjects import WHY, forbidden_field, forbidden_in
from mitra_shared.campaign.definition import Topic


def check_topics(topics: Sequence[Written[Topic]], findings: Findings) -> None:
    """Notes topics that are there twice, and those that name a forbidden subject."""
    seen: set[str] = set()
    for topic in topics:
        code, name = topic.value.id, topic.value.name
        if code in seen:
            findings.add(topic.origin.place("id"), f"the topic {code!r} is there already", "each topic once")
        seen.add(code)
        if subject := forbidden_field(code):
            findings.add(topic.origin.place("id"), f"{code!r} is about {subject}", WHY)
        elif found := forbidden_in([name]):
            word, subject = found
            findings.add(topic.origin.place("name"), f"{word!r} is about {subject}", WHY)
