"""Measures this package beside dash-auth and its fork; prints a table and writes it, with a chart, into docs."""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from pathlib import Path

import chart
import report
from peers import Peers
from rows import Row

GROUPS = (
    "request_cost",
    "form_session",
    "shared_sessions",
    "many_logins",
    "kept_users",
    "page_load",
    "guessing",
    "throttled",
    "hashes",
    "growth",
    "asgi_cost",
    "loop_stall",
    "idle_sockets",
)
DOCS = Path(__file__).parent.parent / "docs"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--upstream", required=True, help="interpreter of dash-auth's environment")
    parser.add_argument(
        "--fork", required=True, help="interpreter of dash-auth-async's environment"
    )
    parser.add_argument("--only", choices=GROUPS, nargs="+", help="measure these, write nothing")
    arguments = parser.parse_args()
    peers = Peers(sys.executable, arguments.upstream, arguments.fork)
    measured: dict[str, list[Row]] = {}
    for group in arguments.only or GROUPS:
        start = time.monotonic()
        measured[group] = importlib.import_module(group).rows(peers)
        took = time.monotonic() - start
        print(f"{group} took {took:.0f} s", file=sys.stderr, flush=True)
    rows = [row for several in measured.values() for row in several]
    print(report.table(rows))
    if not arguments.only:
        DOCS.mkdir(exist_ok=True)
        (DOCS / "benchmarks.md").write_text(report.page(rows, peers), encoding="utf-8")
        (DOCS / "benchmarks.svg").write_text(chart.svg(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
