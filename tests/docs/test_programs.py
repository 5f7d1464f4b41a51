"""Whole programs and parts of programs run, and do what the text around them says."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest
from dash_auth.logins import Login
from dash_auth.users import UserStore

from .blocks import PYTHON, written_in
from .parts import PARTS
from .programs import run
from .whole import CHECKS

PY = written_in("py")
PROTOCOLS: dict[str, Any] = {"design: Protocols": Login, "design: Protocols 2": UserStore}
# Classes for a login through a provider: `tests/oidc/test_documented.py` runs them with one.
WITH_PROVIDER = {place for place in PY if place.startswith("oidc: ") and "class " in PY[place]}


def test_each_program_has_its_check() -> None:
    assert PYTHON.keys() == CHECKS.keys()
    assert PY.keys() == PARTS.keys() | PROTOCOLS.keys() | WITH_PROVIDER


@pytest.mark.parametrize("place", [place for place, checks in CHECKS.items() if checks is not None])
def test_a_program_does_what_the_text_says(place: str, tmp_path: Path) -> None:
    run(PYTHON[place], CHECKS[place] or "", tmp_path)


def test_a_user_that_another_program_adds_gets_in_with_no_restart(tmp_path: Path) -> None:
    place = "recipes: Ask the database at each login"
    (tmp_path / "add_user.py").write_text(PYTHON[place])
    checks = """
import subprocess, sys
def add(name, password):
    # With no terminal getpass reads standard input, and warns of that.
    subprocess.run(
        [sys.executable, "-W", "ignore", "add_user.py"], input=f"{name}\\n{password}\\n",
        text=True, check=True, start_new_session=True,
    )
bob = ("bob", "it's $HOME")
add(*alice)
assert status(app, auth=alice) == 200 and status(app, auth=bob) == status(app, auth=("bob", "")) == 401
add(*bob)
assert status(app, auth=bob) == 200 and status(app) == status(app, auth=("bob", "x")) == 401
assert status(app, auth=("eve", "")) == 401
with sqlite3.connect("users.db") as database:
    assert not any("HOME" in password for _, password in database.execute("select * from users"))
"""
    run(PYTHON[f"{place} 2"], checks, tmp_path)


def test_the_app_does_not_start_with_an_empty_table(tmp_path: Path) -> None:
    insert = 'database.execute("insert'
    lines = PYTHON["recipes: Users from a database"].splitlines(keepends=True)
    program = "".join(line for line in lines if not line.startswith(insert))
    assert program.count("\n") == len(lines) - 1
    with pytest.raises(AssertionError, match="ValueError"):
        run(program, "", tmp_path)


@pytest.mark.parametrize("place", PARTS)
def test_a_part_does_what_the_text_says(place: str, tmp_path: Path) -> None:
    before, checks = PARTS[place]
    run(before + PY[place], checks, tmp_path)


@pytest.mark.parametrize("place", PROTOCOLS)
def test_a_protocol_is_what_the_code_says(place: str) -> None:
    named = re.findall(r"^(\w+)\((.*?)\)  #", PY[place], re.MULTILINE)
    assert len(named) == len(PY[place].splitlines())
    for name, parameters in named:
        method = getattr(PROTOCOLS[place], name)
        _, *found = inspect.signature(method).parameters
        assert ", ".join(found) == parameters


def test_the_table_of_what_is_open_is_what_explain_prints(tmp_path: Path) -> None:
    place = "public-pages: What is open?"
    assert run(PYTHON[place], "", tmp_path) == written_in("text")[place]


def test_the_lines_of_events_are_what_the_program_logs(tmp_path: Path) -> None:
    place = "audit: Who logged in, and who failed to"
    said = run(PYTHON[place], CHECKS[place] or "", tmp_path)
    written = re.sub("[0-9-]{10} [0-9:,]{12}", "TIME", written_in("text")[place])
    assert said == re.sub("unknown:[0-9a-f]{8}", "unknown:HASH", written)


def test_the_line_of_the_log_is_what_the_log_says(tmp_path: Path) -> None:
    place = "troubleshooting: Find out why something is refused"
    app = """
import io, sys
import dash_auth
from dash import Dash, html
logging.getLogger().handlers[0].setStream(sys.stdout)
app = Dash()
app.layout = html.H1("Sales")
dash_auth.BasicAuth(app, {"alice": "wonderland"}, public_routes=["/other"])
app.server.route("/other")(lambda: "other")
status(app, "/about")
"""
    said = run(PYTHON[place], app, tmp_path)
    assert written_in("text")[place] in said.replace("DEBUG:dash_auth:", "")
