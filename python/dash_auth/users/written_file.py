"""To change a file that others read, and write: one at a time, and as a whole."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterator

from dash_auth.users.file_content import MISSING, Fault, content_of

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


LONGEST_WAIT = 30.0
"""For how long one that writes waits for another, in seconds."""


def rewrite(path: str, edit: Callable[[bytes], bytes | None]) -> bool:
    """Change a file: it is read and put in place again while no other process changes it.

    Programs that read it meanwhile see all of the old, or all of the new. A new file can be read by
    its owner alone; one that is there keeps its owner and its mode.

    :param path: where it is; the file that a link leads to is changed
    :param edit: returns the new content, given the old one; None leaves it
    :return: whether it was written
    :raises OSError: if it cannot be written
    :raises ValueError: if what is there cannot be read
    """
    path = os.path.realpath(path)
    try:
        with _locked(path):
            found, old = _found(path)
            new = edit(old)
            if new is None:
                return False
            _put(path, new, found)
    except OSError as error:
        said = (
            f"{error.strerror or error}; a file of users is replaced as a whole, so its folder has "
            "to be there and to be writable. What is mounted read-only is changed where it comes "
            "from"
        )
        raise OSError(error.errno, said, path) from error
    return True


def _found(path: str) -> tuple[os.stat_result | None, bytes]:
    try:
        found, _, content = content_of(path)
    except Fault as fault:
        if str(fault) == MISSING:
            return None, b""
        raise ValueError(f"{path} {fault}") from None
    return found, content


def _put(path: str, content: bytes, found: os.stat_result | None) -> None:
    folder = os.path.dirname(path)
    opened, temporary = tempfile.mkstemp(prefix=".", suffix=".new", dir=folder)
    try:
        with os.fdopen(opened, "wb") as file:
            if found is not None and os.name == "posix":
                _keep_mode(opened, found)
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


def _keep_mode(opened: int, found: os.stat_result) -> None:
    with contextlib.suppress(PermissionError):
        os.fchown(opened, -1, found.st_gid)
    with contextlib.suppress(PermissionError):
        os.fchown(opened, found.st_uid, -1)
    mode = stat.S_IMODE(found.st_mode) & 0o777
    if os.fstat(opened).st_gid != found.st_gid:
        # Another group than the one that was let in.
        mode &= ~stat.S_IRWXG
    os.fchmod(opened, mode)


@contextlib.contextmanager
def _locked(path: str) -> Iterator[None]:
    # A file of its own: the one that is locked must not be replaced. It stays, or somebody would
    # hold a lock on what is not there any more.
    folder, name = os.path.split(path)
    opened = _open_lock(folder, os.path.join(folder, f".{name}.lock"))
    try:
        if sys.platform == "win32":
            msvcrt.locking(opened, msvcrt.LK_LOCK, 1)
        else:
            _lock(opened, path)
        yield
    finally:
        # Closing it unlocks it.
        os.close(opened)


def _lock(opened: int, path: str) -> None:
    # A program that is stopped, or that anybody runs who may open it, would hold up each login.
    end = time.monotonic() + LONGEST_WAIT
    while True:
        try:
            return fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                said = f"another program has held the lock {path} for too long"
                raise OSError(errno.EAGAIN, said) from None
        time.sleep(0.01)


def _open_lock(folder: str, path: str) -> int:
    """Open what is locked, as those who may write in the folder can.

    Root may make it, and the user of the app is to open it.
    """
    flags = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        opened = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return os.open(path, flags)
    if os.name == "posix":
        found = os.stat(folder)
        with contextlib.suppress(PermissionError):
            os.fchown(opened, found.st_uid, found.st_gid)
        if found.st_mode & stat.S_IWGRP and os.fstat(opened).st_gid == found.st_gid:
            os.fchmod(opened, 0o660)
    return opened
