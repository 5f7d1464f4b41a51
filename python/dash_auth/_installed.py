"""What is installed: `python -m dash_auth`. It needs no other module here, which may not load."""

from __future__ import annotations

import argparse
import importlib
import platform
import re
import sys
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import NoReturn

import dash_auth_check

OURS = "dash-auth-rs"
SERVERS = ("Flask", "Quart", "FastAPI")

_OF_AN_EXTRA = re.compile(r"([\w.-]+)[^;]*;.*\bextra\s*==\s*['\"]([\w.-]+)['\"].*")
"""A requirement of an extra, as metadata write it (PEP 508): its name, and the extra's."""

_ASKED = re.compile(r"(-\w*m)?dash_auth")
"""The last of Python's own arguments in `python -m dash_auth`, or in `python -mdash_auth`."""


def main(arguments: Sequence[str] | None = None, error: ImportError | None = None) -> int:
    """Print what is installed.

    :param arguments: arguments of the command line; by default this process's
    :param error: why the package could not be imported, if it could not
    :return: the exit code: 0 where dash-auth-rs is whole, alone and can be imported, else 1
    """
    parser = argparse.ArgumentParser(
        prog="python -m dash_auth",
        description="Print the versions of dash-auth-rs and of what it works with.",
        epilog="Exit codes: 0 if dash-auth-rs is whole, has its folder to itself and can be "
        "imported; 1 if not; 2 for wrong arguments.",
    )
    parser.add_argument("--version", action="version", version=f"{OURS} {_found(OURS)}")
    parser.parse_args(arguments)
    installation = dash_auth_check.inspect()
    fault = _fault(error)
    rows = list(_rows(installation.folder))
    width = max(len(name) for name, _ in rows)
    print("\n".join(f"{name:<{width}}  {found}" for name, found in rows))
    print(f"\n{installation.describe()}")
    if fault is not None:
        print(fault)
    return 0 if installation.sound and fault is None else 1


def stop(error: ImportError) -> NoReturn:
    """Have the import of the package fail, with a sentence where that is the core's fault.

    Python imports the package before it runs `python -m dash_auth`, which is answered all the same.

    :param error: why the package cannot be imported
    :raises ImportError: in any case but that one
    """
    # It is "-m" as long as the module is looked for: https://docs.python.org/3/library/sys.html
    asked = sys.orig_argv[-len(sys.argv) :][:1]
    if sys.argv[:1] == ["-m"] and any(map(_ASKED.fullmatch, asked)):
        sys.exit(main(sys.argv[1:], error))
    fault = _core_fault()
    if fault is None:
        raise error
    raise ImportError(
        f"{fault} `python -m dash_auth` tells what is installed.", name="dash_auth"
    ) from error


def _rows(folder: Path | None) -> Iterator[tuple[str, str]]:
    yield OURS, _found(OURS)
    yield "Folder", str(folder or "none")
    yield "Python", f"{platform.python_version()} ({platform.platform()})"
    for name in ("Dash", *SERVERS):
        yield name, _found(name)
    for extra, names in _extras().items():
        yield f"[{extra}]", ", ".join(f"{name} {_found(name)}" for name in names)
    yield "dash-auth", _found("dash-auth")
    yield "Docs", _docs()


def _found(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def _extras() -> dict[str, list[str]]:
    """Return the extras of dash-auth-rs, and the names of what each asks for."""
    try:
        requirements = metadata.requires(OURS) or []
    except metadata.PackageNotFoundError:
        return {}
    extras: dict[str, list[str]] = {}
    for requirement in filter(None, map(_OF_AN_EXTRA.fullmatch, requirements)):
        extras.setdefault(requirement[2], []).append(requirement[1])
    return extras


def _docs() -> str:
    try:
        urls = metadata.metadata(OURS).get_all("Project-URL") or []
    except metadata.PackageNotFoundError:
        urls = []
    found: dict[str, str] = dict(url.partition(", ")[::2] for url in urls)
    return found.get("Documentation", f"https://pypi.org/project/{OURS}/")


def _fault(error: ImportError | None) -> str | None:
    """Return why the package cannot be imported as one sentence, None if it can."""
    return _core_fault() or (None if error is None else f"`import dash_auth` fails: {error}.")


def _core_fault() -> str | None:
    """Return why the compiled core cannot be loaded as one sentence, None if it can."""
    try:
        importlib.import_module("dash_auth._core")
    except ImportError as error:
        return f"The compiled core of {OURS} cannot be loaded: {error}."
    return None
