"""Templates and words -> HTML."""

from pathlib import Path
from typing import Any, Final

from mitra_shared.campaign.numerals import indian
from mitra_shared.pages.templates import page_templates
from mitra_shared.pages.words import day
from reporting.pages.preferences import Preferences
from reporting.pages.words import clock, percent, rate

STANDINGS: Final = {
    "reached": "standing_reached",
    "ahead": "standing_ahead",
    "on course": "standing_on_course",
    "behind": "standing_behind",
    "overdue": "standing_overdue",
    "too early to say": "standing_too_early",
}
"""Key of the words for each `domain.pace.Standing`."""

_templates: Final = page_templates(
    Path(__file__).parent / "templates",
    filters={"indian": indian, "clock": clock, "day": day, "rate": rate},
    names={"percent": percent, "standings": STANDINGS},
)


def rendered(template: str, preferences: Preferences, **content: Any) -> bytes:
    """A page as `preferences` want it."""
    made = _templates.get_template(template).render(
        **content, preferences=preferences, words=preferences.words
    )
    return made.encode()
