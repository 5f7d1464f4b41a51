"""What is in a file, read at one go, and what tells it from what was there before."""

from __future__ import annotations

import os
import stat

LARGEST = 64 * 1024 * 1024
"""The largest file that is read, in bytes."""

_TRIES = 3
"""How often a file is read that changes meanwhile."""

Identity = tuple[int, ...]
"""What is another one after each change to a file, as far as its clock is fine enough."""


class Fault(Exception):
    """Why a file is not read; its text goes on from the file's path."""


MISSING = "is not there"
"""The fault of a file that is none."""


def identity_of(path: str) -> Identity | None:
    """Return what tells a file from what was there before, None if nothing is there.

    :param path: where it is; links are followed anew each time
    """
    try:
        return _identity(os.stat(path))
    except (OSError, ValueError):
        return None


def _identity(found: os.stat_result) -> Identity:
    return (
        found.st_mtime_ns,
        found.st_ctime_ns,
        found.st_size,
        found.st_ino,
        found.st_dev,
        found.st_mode,
    )


def content_of(path: str) -> tuple[os.stat_result, Identity, bytes]:
    """Return what is in a file: of one that was opened once, and did not change meanwhile.

    :param path: where it is
    :return: what the system says of it, its identity and its content
    :raises Fault: if it is not read
    """
    for _ in range(_TRIES):
        try:
            # What is no file, such as a pipe, must not make it wait.
            opened = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        except FileNotFoundError:
            raise Fault(MISSING) from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "it is no path"
            raise Fault(f"cannot be opened: {reason}") from None
        try:
            found = os.fstat(opened)
            _check(found)
            content = _read(opened)
            after = os.fstat(opened)
            # Not its ctime: that changes, too, when another file takes the place of this one.
            if (found.st_mtime_ns, found.st_size) == (after.st_mtime_ns, after.st_size):
                return found, _identity(found), content
        finally:
            os.close(opened)
    raise Fault("changes while it is read")


def _read(opened: int) -> bytes:
    try:
        with open(opened, "rb", closefd=False) as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise Fault(f"cannot be read: {error.strerror}") from None
    if len(content) > LARGEST:
        raise Fault(f"is larger than {LARGEST >> 20} MiB")
    return content


def _check(found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise Fault("is no file")
    if os.name == "posix" and found.st_mode & stat.S_IWOTH:
        raise Fault("can be written by every user of the machine: chmod o-w")
