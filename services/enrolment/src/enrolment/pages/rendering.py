"""Templates and words -> HTML."""

from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from enrolment.pages.words import LANGUAGES, Words, day, moment

_templates: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined,
    trim_blocks=True, lstrip_blocks=True,
)  # fmt: skip
_templates.filters |= {"moment": moment, "day": day}
_templates.globals |= {"languages": LANGUAGES}


def rendered(template: str, words: Words, **content: Any) -> bytes:
    """A page in one language."""
    return _templates.get_template(template).render(**content, words=words).encode()
