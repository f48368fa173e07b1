"""The typesetter: data and templates -> PDF or PNG. One in each worker process, warm from the second page on.

The data stand in the source that is compiled, not among the inputs: a changed input would make the typesetter
evaluate and lay out again what is the same on all pages.
"""

import json
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import typst

from certificates.rendering.fonts import fonts_at_hand
from certificates.rendering.page import Page, certificate_data, document_data
from mitra_shared.campaign.definition import Language

TEMPLATES: Final = Path(__file__).parent / "templates"
SINGLE: Final["list[typst.PDFStandard]"] = ["a-3a", "ua-1"]
_ENTRIES: Final = {"certificate": "certificates", "manifest": "manifest"}
"""File of the templates, and the function in it that is called."""
SHEET: Final["list[typst.PDFStandard]"] = ["a-2a", "ua-1"]
_POINTS_OF_A4: Final = 297 / 25.4 * 72
_MAIN: Final = "__typst_py_bytes__"
"""What the binding calls source that is no file."""
_PLACE: Final = re.compile(r"┌─ (?P<file>[^\n]+):(?P<line>\d+):(?P<column>\d+)")
_ESCAPED: Final = re.compile(r"\\u\{([0-9a-f]+)\}")
_NO_GLYPH: Final = re.compile(r'the text `"(.+?)"` could not be displayed', re.DOTALL)


class NotSet(Exception):
    """The typesetter refuses. The message holds no text of the page.

    Attributes:
        what: what is wrong.
        file: in which file of the templates, or None.
        line, column: where in it, from 1.
    """

    def __init__(self, what: str, file: str | None = None, line: int = 0, column: int = 0) -> None:
        super().__init__(what if file is None else f"{file}, line {line}, column {column}: {what}")
        self.what, self.file, self.line, self.column = what, file, line, column


class Typesetter:
    """Templates with a warm compiler."""

    def __init__(self, templates: Path = TEMPLATES, *, system_fonts: bool = True) -> None:
        self.fonts = fonts_at_hand(system_fonts=system_fonts)
        self._templates = templates.resolve()
        self._compiler = typst.Compiler(
            b"",
            root=self._templates,
            font_paths=self.fonts.fonts,
            sys_inputs={"fonts": json.dumps(self.fonts.families)},
        )

    def pdf(self, page: Page, language: Language) -> bytes:
        """One certificate with its token attached: PDF/A-3a and PDF/UA-1.

        Raises:
            NotSet, NothingToShow, TooMuchForACode
        """
        data = _single(page, language, jwt=page.jwt)
        return self._compile("certificate", data, SINGLE, page.facts.issued_at)

    def png(self, page: Page, language: Language, width: int) -> bytes:
        """One certificate as a picture `width` pixels wide.

        Raises:
            NotSet, NothingToShow, TooMuchForACode
        """
        data = _single(page, language, jwt=None)
        return self._run("certificate", data, format="png", ppi=width / _POINTS_OF_A4 * 72)

    def sheet(self, certificates: Sequence[dict[str, Any]], *, title: str, made_at: datetime) -> bytes:
        """Many certificates, as `certificate_data` makes them, in one document: PDF/A-2a and PDF/UA-1.

        Raises:
            NotSet
        """
        data = document_data(
            certificates, title=title, author=certificates[0]["campaign"], made_at=made_at, jwt=None
        )
        return self._compile("certificate", data, SHEET, made_at)

    def manifest(self, data: dict[str, Any], *, made_at: datetime) -> bytes:
        """The list of a sheet, from `manifest_data`: PDF/A-2a and PDF/UA-1.

        Raises:
            NotSet
        """
        return self._compile("manifest", data, SHEET, made_at)

    def warnings(self, page: Page, language: Language) -> list[str]:
        """What the typesetter remarks on a page that it can set.

        Raises:
            NotSet, NothingToShow, TooMuchForACode
        """
        data = _single(page, language, jwt=page.jwt)
        try:
            _, warnings = self._compiler.compile_with_warnings(
                _source("certificate", data), format="pdf", pdf_standards=SINGLE
            )
        except typst.TypstError as error:
            raise _not_set(error, self._templates) from None
        return [str(_not_set(warning, self._templates)) for warning in warnings]

    def _compile(
        self, entry: str, data: dict[str, Any], standards: "list[typst.PDFStandard]", made_at: datetime
    ) -> bytes:
        return self._run(
            entry, data, format="pdf", pdf_standards=standards, timestamp=int(made_at.timestamp())
        )

    def _run(self, entry: str, data: dict[str, Any], **options: Any) -> bytes:
        try:
            made = self._compiler.compile(_source(entry, data), **options)
        except typst.TypstError as error:
            raise _not_set(error, self._templates) from None
        if not isinstance(made, bytes):
            raise NotSet("the template makes several pages where one is asked for")
        return made


def _single(page: Page, language: Language, *, jwt: str | None) -> dict[str, Any]:
    certificate = certificate_data(page, language)
    return document_data(
        [certificate],
        title=f"{certificate['campaign']}: {certificate['name']}",
        author=certificate["campaign"],
        made_at=page.facts.issued_at,
        jwt=jwt,
    )


def _source(entry: str, data: dict[str, Any]) -> bytes:
    """The whole main file: it calls the function of the template with the data."""
    function = _ENTRIES[entry]
    text = json.dumps(data, ensure_ascii=False).replace("\\", "\\\\").replace('"', '\\"')
    return f'#import "{entry}.typ": {function}\n#{function}(json(bytes("{text}")))\n'.encode()


def _not_set(error: typst.TypstError | typst.TypstWarning, templates: Path) -> NotSet:
    unknown = _NO_GLYPH.findall(error.message + error.diagnostic)
    if unknown:
        return NotSet(f"no font has {_listed(unknown)}; fonts-noto-core (Debian) has most scripts")
    what = error.message.splitlines()[0]
    places = list(_PLACE.finditer(error.diagnostic))
    # The main file is ours and holds the page's data: the first place in a file of the templates counts.
    for place in places:
        if Path(place["file"]).stem != _MAIN:
            file = Path(place["file"]).resolve()
            shown = file.relative_to(templates) if file.is_relative_to(templates) else file.name
            # The typesetter counts columns from 0.
            return NotSet(what, str(shown), int(place["line"]), int(place["column"]) + 1)
    if what == "unresolved import":
        return NotSet("certificate.typ has to define `certificates`, and manifest.typ `manifest`")
    return NotSet(what)


def _listed(texts: Iterable[str]) -> str:
    """Code points, sorted and few: enough to find a font by, and no name."""
    written = [_ESCAPED.sub(lambda point: chr(int(point[1], 16)), text) for text in texts]
    points = sorted({ord(character) for text in written for character in text})
    return ", ".join(f"U+{point:04X}" for point in points[:5]) + (" and more" if len(points) > 5 else "")  # noqa: PLR2004
