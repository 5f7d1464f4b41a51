"""The table, and the page that it stands on."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

from peers import FORK, Peers
from rows import Row, figure

_COLUMNS = ("", "dash-auth-rs", "dash-auth 2.3.0", "Ratio", "Goal", "Reached")

_WHY_MISSED = {
    "Added to a callback, no secret key": """\
  Safety came before speed here. Before the app's hooks run, the session is masked. After them the
  guard reads the request again, as they left it. Each answer gets its Cache-Control, and the user is
  taken out of the session. That takes some 140 calls of Python a request, and two of Rust.""",
    "Added to a callback, secret key": """\
  As above: already without a key it takes more than this goal allows.""",
    "Added to a callback, session cookie returned": """\
  As above; with a public page there are two cookies, and the ticket is opened too.""",
    "Added to a public route of the server": """\
  As above. dash-auth compares the path with the rules, and does nothing else.""",
    "A refused callback": """\
  As above. A refusal is also a page or a text of its own, with headers that keep it out of caches,
  and its reason is worked out for the log.""",
    "Registering 10,000 public callbacks": """\
  Each function gets a wrapper of its own, by which it is told that it is public, and the keywords are
  compared with Dash's.""",
    "12 clients guess": """\
  Several runs on one machine give 7 to 13. What varies most is the latency without guesses, 0.7 to
  1.3 ms. With the guesses it is 7 to 10 ms.""",
    "Verify argon2id": """\
  Several runs give 1.04 to 1.19.""",
    "FastAPI: added to a public page": """\
  The session is masked, and each answer looked at, as on Flask, above; an earlier run gave 0.99.""",
    "FastAPI: added to a public callback, anonymous": """\
  The fork only looks for the body's `output` in a list. This package compares the whole body with the
  callback's declaration.""",
}
"""Why a figure misses its goal, by how the line's name begins."""

_PAGE = """\
# Benchmarks

Written by `make bench`: do not edit.

![Figures beside their goals](benchmarks.svg)

{table}

*Ratio*: where the goal is ≤, our figure divided by dash-auth's; where it is ≥, dash-auth's divided by
ours, which says how many times as fast this package is. Where both columns hold a factor (... times),
the goal is about our factor alone.
{missed}
## Machine

{machine}

## Method

- Each line is measured in two processes, one an environment: this package, and dash-auth 2.3.0 from
  the package registry, or its fork {fork} where the line is about FastAPI or Quart.
  Both are asked in turn, within the same seconds; the ratio is the median of the ratios of what was
  measured together. Times differ from machine to machine, ratios hardly do.
- Cost of a request: in one process, with no network, by processor time. What protection adds is the
  time of the request to the protected app, minus the time of the same request to the same app with no
  protection and the same secret key. Both requests are made in turn.
- FastAPI and Quart: the same, through the ASGI app, by the processor time of all threads. The fork
  knows no hashes, so that it checks them by werkzeug in `auth_func`. The longest stall is the
  longest time between two ticks of a task that sleeps a millisecond at a time.
- Page load and guessing: waitress with four threads in a process of its own, on the loopback. A page
  load is the index page, then layout and dependencies, then {callbacks} callbacks over six
  connections. Users have scrypt hashes, which dash-auth checks by werkzeug in `auth_func`. The
  clients that guess have an address each and guess again as soon as they are answered: each another
  name's password, or all the same one's. They share the machine's cores with the server.
- Hashes: in turn in one process, against Python's `hashlib` and argon2-cffi, by processor time.
- Growth: what protection adds to a request that matches the last of 10 and of 10,000 declared rules
  or callbacks; dash-auth's list of public callbacks is filled in by hand, since registering as many
  with it would take minutes.
"""


def table(rows: Sequence[Row]) -> str:
    """Return the table in Markdown, its columns aligned."""
    cells = [
        _COLUMNS,
        *(
            (
                row.name,
                row.ours,
                row.upstream,
                figure(row.ratio),
                str(row.goal or ""),
                row.verdict,
            )
            for row in rows
        ),
    ]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_COLUMNS))]
    lines = [
        "| "
        + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        + " |"
        for line in cells
    ]
    lines.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
    return "\n".join(lines)


def page(rows: Sequence[Row], peers: Peers) -> str:
    """Return the page with table, machine and method."""
    from page_load import CALLBACKS

    return _PAGE.format(
        table=table(rows),
        missed=_missed(rows),
        machine=_machine(peers),
        callbacks=CALLBACKS,
        fork=FORK,
    )


def _missed(rows: Sequence[Row]) -> str:
    """Return by how much each goal is missed, and why."""
    lines = []
    for row in rows:
        if row.verdict == "no":
            lines.append(f"- {row.name}: {figure(row.ratio)}, where the goal is {row.goal}.")
            lines += [why for name, why in _WHY_MISSED.items() if row.name.startswith(name)]
    return "\n".join(["", "## Goals that are missed", "", *lines, ""]) if lines else ""


def _machine(peers: Peers) -> str:
    facts = [
        f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}",
        f"Python {platform.python_version()}, {_ssl()}",
        f"Beside dash-auth-rs: {_versions(peers.ours)}",
        f"Beside dash-auth: {_versions(peers.upstream)}",
        f"Beside its fork: {_versions(peers.fork)}",
        f"Measured on {datetime.now(timezone.utc):%Y-%m-%d}",
    ]
    return "\n".join(f"- {fact}" for fact in facts)


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _ssl() -> str:
    import ssl

    return ssl.OPENSSL_VERSION


def _versions(python: str) -> str:
    names = (
        "dash-auth-rs",
        "dash-auth",
        "dash-auth-async",
        "dash",
        "flask",
        "fastapi",
        "starlette",
        "quart",
        "werkzeug",
        "waitress",
        "argon2-cffi",
    )
    script = (
        "import sys, importlib.metadata as m\n"
        "for n in sys.argv[1:]:\n"
        "    try: print(n, m.version(n))\n"
        "    except m.PackageNotFoundError: pass\n"
    )
    listed = subprocess.run(
        [python, "-c", script, *names], capture_output=True, text=True, check=True
    )
    return ", ".join(listed.stdout.splitlines())
