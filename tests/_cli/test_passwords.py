"""Passwords: asked for unseen and twice, or a line of the input; by the rules; never as an argument."""

from __future__ import annotations

from pathlib import Path

import pytest
from dash_auth._cli import passwords

from .conftest import OTHER, PASSWORD, Run, add, kept


@pytest.fixture
def store(tmp_path: Path) -> str:
    """Name a file: which kind of store it is makes no difference here."""
    return str(tmp_path / "users.toml")


@pytest.mark.usefixtures("terminal")
def test_it_is_asked_for_twice(run: Run, store: str) -> None:
    done = run("users", "add", "alice", input=f"{PASSWORD}\n{PASSWORD}\n")
    assert done.stderr.split(":")[:2] == ["New password of alice", " \nThe same once more"]
    assert done.stdout == "alice is added.\n"
    assert PASSWORD not in done.output
    run("verify", "alice", input=f"{PASSWORD}\n")
    assert kept(store).must_change is False


@pytest.mark.usefixtures("terminal")
def test_it_is_asked_for_again(run: Run) -> None:
    tries = ["short", PASSWORD, OTHER, PASSWORD, PASSWORD]
    done = run("users", "add", "alice", input="\n".join(tries))
    said = [line for line in done.stderr.splitlines() if line.endswith(".")]
    assert said == [
        "This one is not taken: it is too short: 15 characters at least.",
        "These were not the same.",
    ]
    run("verify", "alice", input=f"{PASSWORD}\n")


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("tries", [["short"] * 9, [PASSWORD, OTHER] * 9, [""] * 9])
def test_three_tries_are_enough(run: Run, store: str, tries: list[str]) -> None:
    done = run("users", "add", "alice", code=1, input="\n".join(tries))
    assert done.stderr.endswith("Error: no password was taken in 3 tries\n")
    assert done.stderr.count("New password of alice") == 3
    assert PASSWORD not in done.output
    assert OTHER not in done.output


@pytest.mark.usefixtures("terminal")
def test_an_end_of_the_input_ends_it(run: Run, store: str) -> None:
    run("users", "add", "alice", input=f"{PASSWORD}\n" * 2)
    before = kept(store)
    done = run("users", "passwd", "alice", code=1)
    assert done.stderr.endswith("Aborted!\n")
    assert kept(store) == before


@pytest.mark.parametrize(
    "line",
    [PASSWORD, f"{PASSWORD}\n", f"{PASSWORD}\r\n", f"{PASSWORD}\nand more\n"],
    ids=["no end", "LF", "CRLF", "more"],
)
def test_a_line_of_the_input_is_one(run: Run, line: str) -> None:
    run("users", "add", "alice", "--stdin", input=line)
    run("verify", "alice", "--stdin", input=f"{PASSWORD}\n")


@pytest.mark.parametrize("password", [f" {PASSWORD} ", "ßäöüßäöü größer", "🌳🌲🌴🌵 vier Bäume"])
def test_nothing_else_is_cut_off(run: Run, password: str) -> None:
    add(run, password=password)
    run("verify", "alice", "--stdin", input=f"{password}\n")
    run("verify", "alice", "--stdin", input=f"{password.strip()}x\n", code=1)
    if password != password.strip():
        run("verify", "alice", "--stdin", input=f"{password.strip()}\n", code=1)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "the standard input is empty"),
        ("\n", "it is too short"),
        ("only 14 chars.\n", "it is too short: 15 characters at least"),
        ("x" * 4097 + "\n", "it is too long: 4096 bytes at most"),
        ("x" * 50_000 + "\n", "it is too long"),
        ("plum trees\x00by the lake\n", "it holds a control character"),
        (f"{PASSWORD}\n".encode().replace(b"m", b"\xff"), "no text in UTF-8"),
        ("alice\n", "it is too short"),
    ],
)
def test_what_breaks_the_rules_is_not_taken(
    run: Run, store: str, line: str | bytes, said: str
) -> None:
    done = run("users", "add", "alice", "--stdin", input=line, code=1)
    assert said in done.stderr
    assert len(done.stderr) < 200
    run("users", "show", "alice", code=1)


def test_shorter_ones_are_taken_where_that_is_said(run: Run) -> None:
    add(run, "alice", "--short", password="heron-14")
    assert (
        "8 characters at least"
        in run("users", "passwd", "alice", "--short", "--stdin", input="heron14\n", code=1).stderr
    )
    for common in ("password123", "Iloveyou1", "alice123"):
        done = run("users", "passwd", "alice", "--short", "--stdin", input=f"{common}\n", code=1)
        assert "it is easily guessed" in done.stderr or "user's name" in done.stderr
        assert common not in done.output
    run("users", "passwd", "alice", "--stdin", input="heron-14\n", code=1)


@pytest.mark.parametrize("own", ["alice.wonderland@example.com", "Alice Wonderland"])
def test_the_users_own_names_are_not_taken(run: Run, own: str) -> None:
    options = ("--full-name", "Alice Wonderland", "--email", "alice.wonderland@example.com")
    done = run("users", "add", "alice", *options, "--stdin", input=f"{own}\n", code=1)
    assert "it is too much like the user's name" in done.stderr


def test_without_a_terminal_there_is_nothing_to_ask(run: Run) -> None:
    add(run)
    for command in (["users", "add", "bob"], ["users", "passwd", "alice"], ["hash"]):
        done = run(*command, input=f"{PASSWORD}\n{PASSWORD}\n", code=2)
        assert "there is no terminal" in done.stderr
        assert "--stdin" in done.stderr
        assert PASSWORD not in done.output
    run("verify", "alice", input=f"{PASSWORD}\n", code=2)


@pytest.mark.usefixtures("terminal")
def test_a_terminal_is_no_input_of_a_program(run: Run) -> None:
    done = run("users", "add", "alice", "--stdin", input=f"{PASSWORD}\n", code=2)
    assert "leave --stdin out" in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    "command",
    [
        ["users", "add", "bob"],
        ["users", "passwd", "alice"],
        ["verify", "alice"],
        ["hash"],
        ["users", "show", "alice"],
    ],
)
@pytest.mark.parametrize("way", [[PASSWORD], ["--password", PASSWORD], [f"--password={PASSWORD}"]])
def test_no_argument_is_a_password(run: Run, command: list[str], way: list[str]) -> None:
    add(run)
    done = run(*command, *way, input=f"{PASSWORD}\n", code=2)
    assert PASSWORD not in done.output
    if len(way) == 1 and way[0] == PASSWORD:
        assert "other users of the machine see arguments" in " ".join(done.stderr.split())


def test_drawn_ones_differ_and_are_taken() -> None:
    drawn = {passwords.drawn_password() for _ in range(50)}
    assert len(drawn) == 50
    for one in drawn:
        assert [len(group) for group in one.split("-")] == [5] * 4
