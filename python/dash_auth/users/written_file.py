"""To change a file that others read, and write: one at a time, and as a whole."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


def rewrite(path: str, edit: Callable[[bytes], bytes | None]) -> bool:
    """Change a file: it is read and put in place again while no other process changes it.

    Programs that read it meanwhile see all of the old, or all of the new. A new file can be read by
    its owner alone; one that is there keeps its owner and its mode.

    :param path: where it is; the file that a link leads to is changed
    :param edit: returns the new content, given the old one; None leaves it
    :return: whether it was written
    :raises OSError: if it cannot be read or written
    """
    path = os.path.realpath(path)
    with _locked(path):
        try:
            with open(path, "rb") as file:
                old, found = file.read(), os.fstat(file.fileno())
        except FileNotFoundError:
            old, found = b"", None
        new = edit(old)
        if new is None:
            return False
        _put(path, new, found)
    return True


def _put(path: str, content: bytes, found: os.stat_result | None) -> None:
    folder = os.path.dirname(path)
    opened, temporary = tempfile.mkstemp(prefix=".", suffix=".new", dir=folder)
    try:
        with os.fdopen(opened, "wb") as file:
            if found is not None and os.name == "posix":
                with contextlib.suppress(PermissionError):
                    os.fchown(opened, found.st_uid, found.st_gid)
                # What every user of the machine may write is read by no app.
                os.fchmod(opened, found.st_mode & 0o775)
            file.write(content)
            file.flush()
            os.fsync(opened)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    if os.name == "posix":
        directory = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


@contextlib.contextmanager
def _locked(path: str) -> Iterator[None]:
    # A file of its own: the one that is locked must not be replaced.
    folder, name = os.path.split(path)
    opened = os.open(os.path.join(folder, f".{name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if sys.platform == "win32":
            msvcrt.locking(opened, msvcrt.LK_LOCK, 1)
        else:
            fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        # Closing it unlocks it.
        os.close(opened)
