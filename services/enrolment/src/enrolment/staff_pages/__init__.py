"""What the browser apps of staff share: `field/` on phones, `import_page/` on desktops.

`static/` is served below the path of each: requests that end, pauses between attempts, sessions at the
server, the form of signing in, the look. `fragments/` are pieces of their pages. Words, and where tokens lie,
are each app's own: modules in here find `./language.js` and `./session.js` beside them.
"""

from pathlib import Path
from typing import Final

STATIC: Final = Path(__file__).parent / "static"
_FRAGMENTS: Final = Path(__file__).parent / "fragments"


def page_fragments() -> dict[str, str]:
    """Markup by name, for `{{name}}` in pages: the header, the form of signing in, a question."""
    return {
        path.stem: path.read_text(encoding="utf-8").rstrip() for path in sorted(_FRAGMENTS.glob("*.html"))
    }
