"""What the worker process makes: briefs.

python -m reporting.briefs.worker CONFIGURATION
"""

import sys
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from mitra_shared.typesetting.compiling import ARCHIVED, Compiler
from mitra_shared.typesetting.serving import Making, Tell, serve

ENTRIES: Final = {"brief": "brief"}


def prepare(templates: Path, system_fonts: bool) -> Making:  # noqa: FBT001 - as `serve` calls it
    """What answers requests with these templates."""
    compiler = Compiler(templates, ENTRIES, system_fonts=system_fonts)

    def make(request: dict[str, Any], _tell: Tell) -> bytes:
        return compiler.pdf("brief", request["data"], ARCHIVED, datetime.fromisoformat(request["made_at"]))

    return make


if __name__ == "__main__":
    serve(sys.argv[1:], prepare)
