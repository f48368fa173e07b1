"""Becomes another program that ends when its launcher does, even if the launcher is killed.

Run as a script by `process.start`, with nothing but the standard library, because it may run as a user who
can read little else. The process id stays the same, so the program is a direct child of the launcher.

    python -I -S becoming.py LAUNCHER-PID SIGNAL UID|- PROGRAM [ARGUMENT ...]
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
EXIT_LAUNCHER_GONE = 70


def main() -> None:
    """Give up root if told to, ask the kernel for the signal, then become the program."""
    launcher, death_signal, user, program, *arguments = sys.argv[1:]
    if user != "-":
        os.setgroups([])
        os.setgid(int(user))
        os.setuid(int(user))
    if sys.platform == "linux":
        # After setuid: a change of user clears it.
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
    if os.getppid() != int(launcher):
        # The launcher died before the kernel knew that it should tell us.
        sys.exit(EXIT_LAUNCHER_GONE)
    os.execv(program, [program, *arguments])  # noqa: S606 - the launcher says which


if __name__ == "__main__":
    main()
