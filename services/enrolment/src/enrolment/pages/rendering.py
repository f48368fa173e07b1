"""Templates and words -> HTML."""

from pathlib import Path
from typing import Any, Final

from enrolment.pages.words import day_of, moment
from mitra_shared.pages.templates import page_templates
from mitra_shared.pages.words import Words, day

_templates: Final = page_templates(
    Path(__file__).parent / "templates", filters={"moment": moment, "day": day_of, "date": day}, names={}
)


def rendered(template: str, words: Words, **content: Any) -> bytes:
    """A page in one language."""
    return _templates.get_template(template).render(**content, words=words).encode()
