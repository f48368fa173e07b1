"""Templates of pages: whatever is put into them is escaped, and a name that is not there is an error."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mitra_shared.pages.words import LANGUAGES


def page_templates(
    folder: Path, filters: Mapping[str, Callable[..., str]], names: Mapping[str, Any]
) -> Environment:
    """The templates in `folder`, which may use `filters`, `names` and `languages`."""
    environment = Environment(
        loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= filters
    environment.globals |= {"languages": LANGUAGES, **names}
    return environment
