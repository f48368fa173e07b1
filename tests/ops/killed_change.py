"""A rotation that kills itself: `python killed_change.py FILE STEP` dies before its step number STEP.

A step is whatever Python asks the system for in the folder of the file: to open, list, rename or remove.
Without reaching STEP the rotation ends, and with it the process, with code 0.
"""

import os
import signal
import sys
from pathlib import Path

from mitra_shared.credential.keys import rotate
from mitra_shared.ops.issuer_keys import change_issuer_keys

file, step = Path(sys.argv[1]), int(sys.argv[2])
seen = 0


def die_at_the_step(event: str, arguments: tuple[object, ...]) -> None:
    global seen  # noqa: PLW0603 - a hook has no place of its own
    if not event.startswith(("open", "os.")) or str(file.parent) not in str(arguments[:1]):
        return
    seen += 1
    if seen == step:
        os.kill(os.getpid(), signal.SIGKILL)


sys.addaudithook(die_at_the_step)
change_issuer_keys(file, rotate)
