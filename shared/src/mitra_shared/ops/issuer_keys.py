"""Changing the file of the issuer's keys: one change at a time, at once or not at all.

Services that use the file read the new one within a second (`credential.key_file`).
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from mitra_shared.credential.keys import LARGEST_FILE, BadIssuerKeys, IssuerKeys, RotationPending
from mitra_shared.ops.lock import Held, LockFile
from mitra_shared.ops.trouble import Trouble
from mitra_shared.security.secret_files import UnsafeSecretFile, read_secret, write_secret

Change = Callable[[str, float], str]
"""Text of the keys and Unix time -> text of the keys."""

_LOCK: Final = ".lock"


def read_issuer_keys(path: Path) -> IssuerKeys:
    """The keys in the file.

    Raises:
        Trouble: there is none, or it cannot be used.
    """
    return IssuerKeys.from_json(_text(path))


def change_issuer_keys(path: Path, change: Change) -> tuple[IssuerKeys, IssuerKeys]:
    """Replace the file by what `change` makes of it; the keys before and after.

    A process that is killed on the way leaves the old keys or the new ones, and the next change clears up.

    Raises:
        Trouble: there is no such file, it cannot be used, or the change is refused.
    """
    before = read_issuer_keys(path)
    lock = LockFile(path.with_name(_LOCK))
    try:
        lock.take()
    except Held as held:
        raise Trouble(f"{path} is being changed by another process (pid {held.pid})") from None
    try:
        for draft in path.parent.glob(f".{path.name}.*"):
            draft.unlink()
        text = _text(path)
        before = IssuerKeys.from_json(text)
        changed = change(text, time.time())
        after = IssuerKeys.from_json(changed)
        if after.fingerprint != before.fingerprint:
            write_secret(path, changed, keep_owner=True)
    except (BadIssuerKeys, RotationPending) as error:
        raise Trouble(str(error)) from None
    except OSError as error:
        raise Trouble(f"{path} was left as it is: {error}") from None
    finally:
        lock.release()
    return before, after


def _text(path: Path) -> str:
    try:
        text = read_secret(path, largest=LARGEST_FILE, looked_after=True)
        IssuerKeys.from_json(text)
    except FileNotFoundError:
        raise Trouble(f"there are no issuer's keys at {path}; mitra secrets renew DIR makes them") from None
    except (OSError, UnicodeDecodeError, UnsafeSecretFile, BadIssuerKeys) as error:
        raise Trouble(f"the issuer's keys at {path} cannot be used: {error}") from None
    return text
