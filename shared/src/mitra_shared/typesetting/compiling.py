"""The compiler: templates and data -> PDF or picture, and what it refuses as errors that name their place.

One in each worker process, warm from the second page on. The data stand in the source that is compiled, not
among the inputs: a changed input would make the compiler evaluate and lay out again what is the same on all
pages.
"""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import typst

from mitra_shared.typesetting.fonts import fonts_at_hand

ARCHIVED: Final["list[typst.PDFStandard]"] = ["a-2a", "ua-1"]
"""To be kept for ever, and to be read by a screen reader."""
ARCHIVED_WITH_FILES: Final["list[typst.PDFStandard]"] = ["a-3a", "ua-1"]
"""The same with a file attached."""
_MAIN: Final = "__typst_py_bytes__"
"""What the binding calls source that is no file."""
_PLACE: Final = re.compile(r"┌─ (?P<file>[^\n]+):(?P<line>\d+):(?P<column>\d+)")
_ESCAPED: Final = re.compile(r"\\u\{([0-9a-f]+)\}")
_NO_GLYPH: Final = re.compile(r'the text `"(.+?)"` could not be displayed', re.DOTALL)
_SHOWN_POINTS: Final = 5


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


class Compiler:
    """Templates with a warm compiler.

    Attributes:
        fonts: what can be set with.
    """

    def __init__(self, templates: Path, entries: Mapping[str, str], *, system_fonts: bool = True) -> None:
        """Find the fonts; nothing is compiled yet.

        Args:
            templates: their directory.
            entries: names of files in it, without `.typ`, and the function in each that is called.
            system_fonts: without them only the fonts of the wheels count.
        """
        self.fonts = fonts_at_hand(system_fonts=system_fonts)
        self._templates = templates.resolve()
        self._entries = entries
        self._compiler = typst.Compiler(
            b"",
            root=self._templates,
            font_paths=self.fonts.fonts,
            sys_inputs={"fonts": json.dumps(self.fonts.families)},
        )

    def pdf(
        self, entry: str, data: Mapping[str, Any], standards: "list[typst.PDFStandard]", made_at: datetime
    ) -> bytes:
        """What the function of `entry` makes of the data, as a PDF made at `made_at`.

        Raises:
            NotSet
        """
        return self._run(
            entry, data, format="pdf", pdf_standards=standards, timestamp=int(made_at.timestamp())
        )

    def png(self, entry: str, data: Mapping[str, Any], dots_per_inch: float) -> bytes:
        """The same as a picture of its only page.

        Raises:
            NotSet
        """
        return self._run(entry, data, format="png", ppi=dots_per_inch)

    def warnings(
        self, entry: str, data: Mapping[str, Any], standards: "list[typst.PDFStandard]"
    ) -> list[str]:
        """What the typesetter remarks on data that it can set.

        Raises:
            NotSet
        """
        try:
            _, warnings = self._compiler.compile_with_warnings(
                self._source(entry, data), format="pdf", pdf_standards=standards
            )
        except typst.TypstError as error:
            raise self._not_set(error) from None
        return [str(self._not_set(warning)) for warning in warnings]

    def _run(self, entry: str, data: Mapping[str, Any], **options: Any) -> bytes:
        try:
            made = self._compiler.compile(self._source(entry, data), **options)
        except typst.TypstError as error:
            raise self._not_set(error) from None
        if not isinstance(made, bytes):
            raise NotSet("the template makes several pages where one is asked for")
        return made

    def _source(self, entry: str, data: Mapping[str, Any]) -> bytes:
        """The whole main file: it calls the function of the template with the data."""
        function = self._entries[entry]
        text = json.dumps(data, ensure_ascii=False).replace("\\", "\\\\").replace('"', '\\"')
        return f'#import "{entry}.typ": {function}\n#{function}(json(bytes("{text}")))\n'.encode()

    def _not_set(self, error: typst.TypstError | typst.TypstWarning) -> NotSet:
        unknown = _NO_GLYPH.findall(error.message + error.diagnostic)
        if unknown:
            return NotSet(f"no font has {_listed(unknown)}; fonts-noto-core (Debian) has most scripts")
        what = error.message.splitlines()[0]
        places = list(_PLACE.finditer(error.diagnostic))
        # The main file is ours and holds the page's data: the first place in a file of the templates counts.
        for place in places:
            if Path(place["file"]).stem != _MAIN:
                file = Path(place["file"]).resolve()
                within = file.is_relative_to(self._templates)
                shown = file.relative_to(self._templates) if within else file.name
                # The typesetter counts columns from 0.
                return NotSet(what, str(shown), int(place["line"]), int(place["column"]) + 1)
        if what == "unresolved import":
            wanted = [f"`{name}` in {file}.typ" for file, name in self._entries.items()]
            return NotSet(f"the template has to define {' and '.join(wanted)}")
        return NotSet(what)


def _listed(texts: Iterable[str]) -> str:
    """Code points, sorted and few: enough to find a font by, and no name."""
    written = [_ESCAPED.sub(lambda point: chr(int(point[1], 16)), text) for text in texts]
    points = sorted({ord(character) for text in written for character in text})
    more = " and more" if len(points) > _SHOWN_POINTS else ""
    return ", ".join(f"U+{point:04X}" for point in points[:_SHOWN_POINTS]) + more
