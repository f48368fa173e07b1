"""The typesetter of certificates: pages -> PDF or PNG. One in each worker process."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from certificates.rendering.page import Page, certificate_data, document_data
from mitra_shared.campaign.definition import Language
from mitra_shared.typesetting.compiling import ARCHIVED, ARCHIVED_WITH_FILES, Compiler

TEMPLATES: Final = Path(__file__).parent / "templates"
_ENTRIES: Final = {"certificate": "certificates", "manifest": "manifest"}
"""File of the templates, and the function in it that is called."""
_POINTS_OF_A4: Final = 297 / 25.4 * 72


class Typesetter:
    """Templates with a warm compiler."""

    def __init__(self, templates: Path = TEMPLATES, *, system_fonts: bool = True) -> None:
        self._compiler = Compiler(templates, _ENTRIES, system_fonts=system_fonts)
        self.fonts = self._compiler.fonts

    def pdf(self, page: Page, language: Language) -> bytes:
        """One certificate with its token attached: PDF/A-3a and PDF/UA-1.

        Raises:
            NotSet, NothingToShow, TooMuchForACode
        """
        data = _single(page, language, jwt=page.jwt)
        return self._compiler.pdf("certificate", data, ARCHIVED_WITH_FILES, page.facts.issued_at)

    def png(self, page: Page, language: Language, width: int) -> bytes:
        """One certificate as a picture `width` pixels wide.

        Raises:
            NotSet, NothingToShow, TooMuchForACode
        """
        data = _single(page, language, jwt=None)
        return self._compiler.png("certificate", data, width / _POINTS_OF_A4 * 72)

    def sheet(self, certificates: Sequence[dict[str, Any]], *, title: str, made_at: datetime) -> bytes:
        """Many certificates, as `certificate_data` makes them, in one document: PDF/A-2a and PDF/UA-1.

        Raises:
            NotSet
        """
        data = document_data(
            certificates, title=title, author=certificates[0]["campaign"], made_at=made_at, jwt=None
        )
        return self._compiler.pdf("certificate", data, ARCHIVED, made_at)

    def manifest(self, data: dict[str, Any], *, made_at: datetime) -> bytes:
        """The list of a sheet, from `manifest_data`: PDF/A-2a and PDF/UA-1.

        Raises:
            NotSet
        """
        return self._compiler.pdf("manifest", data, ARCHIVED, made_at)

    def warnings(self, page: Page, language: Language) -> list[str]:
        """What the typesetter remarks on a page that it can set.

        Raises:
            NotSet, NothingToShow, TooMuchForACode
        """
        data = _single(page, language, jwt=page.jwt)
        return self._compiler.warnings("certificate", data, ARCHIVED_WITH_FILES)


def _single(page: Page, language: Language, *, jwt: str | None) -> dict[str, Any]:
    certificate = certificate_data(page, language)
    return document_data(
        [certificate],
        title=f"{certificate['campaign']}: {certificate['name']}",
        author=certificate["campaign"],
        made_at=page.facts.issued_at,
        jwt=jwt,
    )
