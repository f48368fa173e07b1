"""What the commands answer when something is not as it should be: one plain sentence, no traceback."""

from typing import Final

EXIT_TROUBLE: Final = 1
EXIT_USAGE: Final = 2


class Trouble(Exception):
    """Expected trouble. `mitra` prints the message on stderr and exits with `exit_code`."""

    exit_code = EXIT_TROUBLE


class WrongUsage(Trouble):
    """The command was asked for something that does not fit together."""

    exit_code = EXIT_USAGE
