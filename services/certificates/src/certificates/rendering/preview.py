"""`python -m certificates preview`: a sample certificate with the templates of a directory, to look at.

    python -m certificates preview [--template DIR] [--language en|hi|ur] [--name NAME] OUT.(pdf|png)

The templates are checked as at the start of the service; remarks go to stderr, a mistake ends with code 1.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, get_args

from certificates.rendering.names import NothingToShow
from certificates.rendering.sample import sample_page
from certificates.rendering.template_check import TemplateMistake, check_templates
from certificates.rendering.typesetter import TEMPLATES, Typesetter
from mitra_shared.campaign.definition import Language
from mitra_shared.credential.facts import LONGEST_NAME
from mitra_shared.typesetting.compiling import NotSet

PICTURE_WIDTH: Final = 2_000


def preview(arguments: Sequence[str]) -> None:
    """Write the preview; exits with code 2 on wrong usage and 1 on anything else that is wrong."""
    parser = argparse.ArgumentParser(prog="python -m certificates preview")
    parser.add_argument("--template", type=Path, default=TEMPLATES, help="directory of the templates")
    parser.add_argument("--language", choices=get_args(Language), default="en")
    parser.add_argument("--name", help="instead of that of the sample")
    parser.add_argument("out", type=Path, help="OUT.pdf or OUT.png")
    given = parser.parse_args(arguments)
    if given.out.suffix not in {".pdf", ".png"}:
        parser.error(f"{given.out} ends neither in .pdf nor in .png")
    if given.name is not None and not 1 <= len(given.name) <= LONGEST_NAME:
        parser.error(f"a name has 1 to {LONGEST_NAME} characters, not {len(given.name)}")
    try:
        for remark in check_templates(given.template).remarks:
            sys.stderr.write(f"{remark}\n")
        made = _made(given.template, given.language, given.name, picture=given.out.suffix == ".png")
        given.out.write_bytes(made)
    except (TemplateMistake, NotSet, NothingToShow, OSError) as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(1) from None


def _made(template: Path, language: Language, name: str | None, *, picture: bool) -> bytes:
    page = sample_page(language, name)
    typesetter = Typesetter(template)
    return typesetter.png(page, language, PICTURE_WIDTH) if picture else typesetter.pdf(page, language)


if __name__ == "__main__":
    preview(sys.argv[1:])
