"""What tests of the fork server let it become: `python -m tests.ops.forked tells|waits|refuses|fails`."""

import json
import os
import signal
import sys
from pathlib import Path


def main(what: str) -> None:
    match what:
        case "tells":
            handled = [signal.getsignal(each) for each in (signal.SIGCHLD, signal.SIGTERM)]
            # The descriptor by which they are listed is among them, and closed by now.
            descriptors = list(Path("/proc/self/fd").iterdir())
            told = {
                "environment": dict(os.environ),
                "directory": str(Path.cwd()),
                "descriptors": sorted(each.name for each in descriptors if each.exists()),
                "leads_its_session": os.getsid(0) == os.getpid(),
                "arguments": sys.argv,
                "signals": "default" if handled == [signal.SIG_DFL] * 2 else str(handled),
            }
            sys.stdout.write(json.dumps(told))
        case "refuses":
            sys.exit(3)
        case "fails":
            raise ZeroDivisionError
        case _:
            signal.pause()


if __name__ == "__main__":
    main(sys.argv[1])
