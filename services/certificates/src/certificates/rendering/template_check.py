"""The templates are checked at start: with a mistake in them the service says where, and does not start.

Sample certificates are set in all three languages, with short and long names and the largest code, and a
sample list. Whatever a page could meet later that is not tried here fails that page alone.
"""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, get_args

from certificates.rendering.manifest import Manifest, ManifestRow, manifest_data
from certificates.rendering.page import Page
from certificates.rendering.sample import NAMES, sample_page
from certificates.rendering.typesetter import TEMPLATES, Typesetter
from mitra_shared.campaign.definition import Language
from mitra_shared.credential.facts import LONGEST_NAME
from mitra_shared.typesetting.compiling import NotSet

FILES: Final = ("certificate.typ", "manifest.typ", "words.json")
_LONGEST_CODE: Final = 1_200
_LITTLE_WIDTH: Final = 100


class TemplateMistake(Exception):
    """The templates cannot be used. The message says where and what; so do the attributes of its cause.

    Attributes:
        file: in which file, relative to the directory, or None if it is none of them.
        line, column: where in it, from 1; 0 if that is not known.
    """

    def __init__(self, what: str, file: str | None = None, line: int = 0, column: int = 0) -> None:
        place = "" if file is None else f"{file}, line {line}, column {column}: " if line else f"{file}: "
        super().__init__(place + what)
        self.what, self.file, self.line, self.column = what, file, line, column


@dataclass(frozen=True, slots=True)
class TemplateReport:
    """What is to be said of templates that can be used: fonts that are missing, remarks of the typesetter."""

    remarks: tuple[str, ...]


def check_templates(directory: Path = TEMPLATES, *, system_fonts: bool = True) -> TemplateReport:
    """Set samples with the templates in `directory`. About a second.

    Raises:
        TemplateMistake: they cannot be used.
    """
    for name in FILES:
        if not (directory / name).is_file():
            raise TemplateMistake(f"the directory {directory} has no such file", name)
    _check_words(directory / "words.json")
    typesetter = Typesetter(directory, system_fonts=system_fonts)
    remarks = typesetter.fonts.missing()
    try:
        for language in get_args(Language):
            for page in _pages(language):
                remarks += typesetter.warnings(page, language)
                # A picture of several pages is refused, and so is a certificate that has become too long.
                typesetter.png(page, language, _LITTLE_WIDTH)
            typesetter.manifest(
                manifest_data(_manifest(language)), made_at=datetime(2026, 11, 24, tzinfo=UTC)
            )
    except NotSet as refusal:
        raise TemplateMistake(refusal.what, refusal.file, refusal.line, refusal.column) from None
    return TemplateReport(tuple(dict.fromkeys(remarks)))


def _check_words(path: Path) -> None:
    try:
        words = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise TemplateMistake(f"no JSON: {error.msg}", path.name, error.lineno, error.colno) from None
    except UnicodeDecodeError as error:
        raise TemplateMistake(f"not in UTF-8: {error.reason} at byte {error.start}", path.name) from None
    wanted = json.loads((TEMPLATES / "words.json").read_text(encoding="utf-8"))
    if lacking := [name for name in _names(wanted) if name not in _names(words)]:
        raise TemplateMistake(f"the words {', '.join(lacking)} are missing", path.name)


def _names(words: object, prefix: str = "") -> list[str]:
    """The paths of all texts, as `ur.manifest.title`."""
    if isinstance(words, str):
        return [prefix]
    if not isinstance(words, dict):
        return []
    return [
        name
        for key, value in words.items()
        for name in _names(value, f"{prefix}.{key}" if prefix else str(key))
    ]


def _pages(language: Language) -> list[Page]:
    usual = sample_page(language)
    name = NAMES[language]
    long = sample_page(language, f"{name} " * (LONGEST_NAME // (len(name) + 1)))
    return [usual, replace(long, qr=f"{long.facts.issuer}/v#".ljust(_LONGEST_CODE, "A"))]


def _manifest(language: Language) -> Manifest:
    facts = sample_page(language).facts
    return Manifest(
        campaign=facts.campaign_name.in_language(language),
        area=facts.segment_name.in_language(language),
        language=language,
        made_at=facts.issued_at,
        rows=(ManifestRow(facts.number, facts.holder_name, "S11-PC04/co-in-charge-01"),),
    )
