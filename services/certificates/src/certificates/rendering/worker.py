"""What a worker process makes: certificates, sheets and their lists, with a warm typesetter.

python -m certificates.rendering.worker CONFIGURATION
"""

import sys
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from certificates.rendering.names import NothingToShow
from certificates.rendering.page import Page, certificate_data
from certificates.rendering.typesetter import Typesetter
from mitra_shared.qr_code import TooMuchForACode
from mitra_shared.typesetting.compiling import NotSet
from mitra_shared.typesetting.serving import Making, Tell, serve

PROGRESS_PAGES: Final = 50


def prepare(templates: Path, system_fonts: bool) -> Making:  # noqa: FBT001 - as `serve` calls it
    """What answers requests with these templates."""
    typesetter = Typesetter(templates, system_fonts=system_fonts)

    def make(request: dict[str, Any], tell: Tell) -> bytes:
        try:
            return rendered(typesetter, request, tell)
        except (NothingToShow, TooMuchForACode) as refusal:
            raise NotSet(str(refusal)) from None

    return make


def rendered(typesetter: Typesetter, request: dict[str, Any], tell: Tell) -> bytes:
    """What a request asks for.

    Raises:
        NotSet, NothingToShow, TooMuchForACode: it cannot be rendered, now or later.
    """
    match request:
        case {"make": "pdf", "page": page, "language": language}:
            return typesetter.pdf(Page.from_data(page), language)
        case {"make": "png", "page": page, "language": language, "width": width}:
            return typesetter.png(Page.from_data(page), language, width)
        case {"make": "sheet", "pages": pages, "title": title, "made_at": made_at}:
            certificates = []
            for count, (page, language) in enumerate(pages, start=1):
                certificates.append(certificate_data(Page.from_data(page), language))
                if count % PROGRESS_PAGES == 0:
                    tell(count)
            return typesetter.sheet(certificates, title=title, made_at=datetime.fromisoformat(made_at))
        case {"make": "manifest", "data": data, "made_at": made_at}:
            return typesetter.manifest(data, made_at=datetime.fromisoformat(made_at))
        case _:
            raise NotSet(f"there is no rendering of the kind {request.get('make')!r}")


if __name__ == "__main__":
    serve(sys.argv[1:], prepare)
