"""Secrets from files: read only where no one else on the machine could have read or written them.

A secret file must belong to this user or to root and be closed to group and others (`chmod 0600`), like a
key of ssh. One exception: below /run/secrets a container engine has mounted the file for this container
alone, and non-root processes can read it there only if its mode lets others read; that is accepted and said
in a warning. A file that group or others may write is never accepted.
"""

import os
import stat
import warnings
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Final

_LARGEST: Final = 65_536
_MOUNTED_BY_ENGINE: Final = Path("/run/secrets")


class UnsafeSecretFile(Exception):
    """Others could have read or replaced the secret; the message says how to close the file."""


class SharedSecretWarning(UserWarning):
    """A secret mounted by a container engine is readable by every user inside the container."""


def read_secret(
    path: Path, *, mounted: Path = _MOUNTED_BY_ENGINE, largest: int = _LARGEST, looked_after: bool = False
) -> str:
    """The text of a secret file without surrounding white space.

    Args:
        path: the file; symbolic links are followed.
        mounted: directory below which readable modes are accepted.
        largest: how many bytes it may have.
        looked_after: root looks after secrets of another user, as of the images, and may read them.

    Raises:
        UnsafeSecretFile: the mode or the owner is unsafe, or it is no regular file, or too large.
        OSError: it cannot be read.
        UnicodeDecodeError: it is not UTF-8.
    """
    with path.open("rb") as file:
        # The open file is what is checked, so that the name cannot be pointed elsewhere in between.
        status = os.fstat(file.fileno())
        _check(
            path, status, mounted, owners={0, status.st_uid if looked_after and _is_root() else os.geteuid()}
        )
        content = file.read(largest + 1)
    if len(content) > largest:
        raise UnsafeSecretFile(f"{path} is larger than {largest} bytes")
    return content.decode().strip()


def _is_root() -> bool:
    return os.geteuid() == 0


def _check(path: Path, status: os.stat_result, mounted: Path, owners: AbstractSet[int]) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise UnsafeSecretFile(f"{path} is not a regular file")
    by_engine = path.resolve().is_relative_to(mounted.resolve())
    if status.st_uid not in owners and not by_engine:
        raise UnsafeSecretFile(f"{path} belongs to another user; chown it to the user who reads it")
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise UnsafeSecretFile(f"{path} may be written by others; chmod 0600 it")
    if status.st_mode & (stat.S_IRGRP | stat.S_IROTH):
        if not by_engine:
            raise UnsafeSecretFile(f"{path} may be read by others; chmod 0600 it")
        warnings.warn(
            f"{path} is readable by every user of this container", SharedSecretWarning, stacklevel=3
        )


def write_secret(path: Path, text: str, *, keep_owner: bool = False) -> None:
    """Write a secret file of mode 0600; an existing file of that name is replaced at once, never half.

    A process that is killed in between leaves a draft, `.NAME.PID`, and the file as it was.
    With `keep_owner`, root leaves an existing file to the user who reads it, instead of taking it over.

    Raises:
        OSError: it cannot be written.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            if keep_owner and os.geteuid() == 0 and path.exists():
                owner = path.stat()
                os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
            file.write(text)
            file.flush()
            # A power cut after the renaming must not find the new name with nothing in it.
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
