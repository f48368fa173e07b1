"""What the browser apps of staff share: `field/` on phones; `import_page/` and `device_page/` at a desk.

`static/` is served below the path of each: requests that end, pauses between attempts, sessions at the
server, the form of signing in, the look. `desk/` is besides for pages that keep tokens in memory alone.
`fragments/` are pieces of the pages. Words are each app's own: modules in here find `./language.js` and
`./session.js` beside them.
"""

from pathlib import Path
from typing import Final

from mitra_shared.browser.app import SHARED, BrowserApp, security_headers

STATIC: Final = Path(__file__).parent / "static"
DESK: Final = Path(__file__).parent / "desk"
_FRAGMENTS: Final = Path(__file__).parent / "fragments"


def page_fragments() -> dict[str, str]:
    """Markup by name, for `{{name}}` in pages: the header, the form of signing in, a question."""
    return {
        path.stem: path.read_text(encoding="utf-8").rstrip() for path in sorted(_FRAGMENTS.glob("*.html"))
    }


def desk_page(name: str, page: str, own: Path) -> BrowserApp:
    """A page for a desk, which may be shared: it keeps nothing in the browser but the language."""
    return BrowserApp(
        name=name,
        page=page,
        own=own,
        caches=f"mitra-{page.strip('/')}-",
        headers={
            **security_headers(),
            "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
            "Cross-Origin-Resource-Policy": "same-origin",
        },
        values=page_fragments(),
        # No worker: without the network there is nothing to do here.
        shared=(SHARED / "language.js", SHARED / "icon.svg", STATIC, DESK),
    )
