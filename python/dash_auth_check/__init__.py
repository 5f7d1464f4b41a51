"""Tells whether dash-auth-rs is what `import dash_auth` gives.

The distributions `dash-auth` and `dash-auth-rs` both own the folder `dash_auth`: installed beside
each other, the one installed last wins, file by file, and uninstalling either takes files of both.
This package is in a folder of its own, so that it works whoever won. It imports nothing of
`dash_auth`: it compares what lies in the folder with what each distribution says it installed.
"""

from __future__ import annotations

import argparse
import base64
import csv
import hashlib
import importlib.metadata
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

__all__ = ["Installation", "inspect", "main"]

OURS = "dash-auth-rs"
UPSTREAM = "dash-auth"
PACKAGE = "dash_auth"
REMEDY = f"""\
Uninstall both, then install {OURS} again (uninstalling one alone takes files of the other):
    python -m pip uninstall --yes {UPSTREAM} {OURS}
    python -m pip install {OURS}"""


@dataclass(frozen=True)
class Installation:
    """What is installed, and whose files `import dash_auth` finds."""

    ours: str | None
    """The version of dash-auth-rs, or None where it is not installed."""
    upstream: str | None
    """The version of dash-auth, or None where it is not installed."""
    folder: Path | None
    """The folder that `import dash_auth` reads, or None where there is none."""
    foreign: tuple[str, ...]
    """The files in the folder that dash-auth wrote over those of dash-auth-rs."""
    damaged: tuple[str, ...]
    """The files of dash-auth-rs that are missing, or changed by neither's installation."""

    @property
    def sound(self) -> bool:
        """Whether dash-auth-rs is whole, and alone."""
        return (
            self.ours is not None
            and self.upstream is None
            and self.folder is not None
            and not self.foreign
            and not self.damaged
        )

    def describe(self) -> str:
        """Return what was found and, where something is wrong, the remedy.

        :return: text of one or more lines, without a line break at its end
        """
        if self.sound:
            return f"{OURS} {self.ours} is what `import {PACKAGE}` gives ({self.folder})."
        lines = []
        if self.ours is None:
            lines.append(f"{OURS} is not installed.")
        if self.upstream is not None:
            lines.append(f"{UPSTREAM} {self.upstream} is installed, in the same folder.")
        if self.folder is None:
            lines.append(f"There is no `{PACKAGE}` to import.")
        elif self.foreign:
            names = ", ".join(self.foreign)
            lines.append(f"{UPSTREAM} wrote over files of {OURS} in {self.folder}: {names}.")
            lines.append(f"NOTHING OF {OURS.upper()} PROTECTS YOUR APP.")
        elif self.ours is not None and not self.damaged:
            lines.append(f"The files in {self.folder} are those of {OURS}, for now.")
        if self.damaged:
            names = ", ".join(self.damaged)
            lines.append(f"Files of {OURS} are missing or changed: {names}.")
        return "\n".join([*lines, REMEDY])


def inspect(path: Sequence[str] | None = None) -> Installation:
    """Compare the folder `dash_auth` with what the distributions say they installed.

    :param path: folders to look for distributions in, as `sys.path` (the default) names them
    :return: what is installed, and whose files lie in the folder
    """
    path = sys.path if path is None else path
    ours, upstream = _distribution(OURS, path), _distribution(UPSTREAM, path)
    folder = _folder(path)
    foreign: list[str] = []
    damaged: list[str] = []
    if ours is not None and folder is not None:
        source = _editable_source(ours)
        if source is None:
            theirs = dict(_recorded(upstream)) if upstream is not None else {}
            for name, expected in _recorded(ours):
                found = _hash(folder.parent / name)
                if found is not None and found != expected and found == theirs.get(name):
                    foreign.append(name)
                elif found != expected:
                    damaged.append(name)
        elif not folder.is_relative_to(source):
            # What lies in site-packages comes before the source that an editable install points at.
            foreign.append(f"{PACKAGE}/__init__.py")
    return Installation(
        ours=ours.version if ours is not None else None,
        upstream=upstream.version if upstream is not None else None,
        folder=folder,
        foreign=tuple(sorted(foreign)),
        damaged=tuple(sorted(damaged)),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what was found: the console script `dash-auth-check`.

    :param arguments: arguments of the command line; by default this process's
    :return: the exit code: 0 where dash-auth-rs is whole and alone, 1 otherwise
    """
    ours = _distribution(OURS, sys.path)
    parser = argparse.ArgumentParser(
        prog="dash-auth-check",
        description=f"Tell whether {OURS} is what `import {PACKAGE}` gives. {UPSTREAM} beside it "
        "would write over its files.",
        epilog=f"Exit codes: 0 if {OURS} is whole and has its folder to itself; 1 if not; 2 for "
        "wrong arguments.",
    )
    version = "is not installed" if ours is None else ours.version
    parser.add_argument("--version", action="version", version=f"{OURS} {version}")
    parser.parse_args(arguments)
    installation = inspect()
    print(installation.describe())
    return 0 if installation.sound else 1


def _distribution(name: str, path: Sequence[str]) -> importlib.metadata.Distribution | None:
    return next(iter(importlib.metadata.distributions(name=name, path=list(path))), None)


def _folder(path: Sequence[str]) -> Path | None:
    # Where `__init__.py` is gone, what is left of the folder is a namespace package: no `origin`.
    spec = PathFinder.find_spec(PACKAGE, path)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations)))


def _editable_source(distribution: importlib.metadata.Distribution) -> Path | None:
    # https://packaging.python.org/en/latest/specifications/direct-url/
    url = json.loads(distribution.read_text("direct_url.json") or "{}")
    if not url.get("dir_info", {}).get("editable"):
        return None
    return Path(url2pathname(urlparse(url["url"]).path))


def _recorded(distribution: importlib.metadata.Distribution) -> Iterator[tuple[str, str]]:
    """Yield the name and the SHA-256 of each file that a distribution put into the folder."""
    # Not `distribution.files`: from Python 3.12 on it leaves out those that are missing.
    for name, digest, _ in csv.reader((distribution.read_text("RECORD") or "").splitlines()):
        # Compiled files are recorded without a digest.
        if name.startswith(f"{PACKAGE}/") and digest.startswith("sha256="):
            yield name, digest.removeprefix("sha256=")


def _hash(file: Path) -> str | None:
    """Return the SHA-256 of a file as RECORD writes it, or None where there is no such file."""
    if not file.is_file():
        return None
    # https://packaging.python.org/en/latest/specifications/recording-installed-packages/
    digest = hashlib.sha256(file.read_bytes()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
