"""The filter of fail2ban: it finds the address of who guesses, and no other, in real lines."""

from __future__ import annotations

import configparser
import logging
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from attacks.http import ALICE, USERS, held, honest
from dash_auth import audit
from events import NAMES, Events
from everywhere import Serve, app_behind

from .blocks import PYTHON, written_in

PLACE = "audit: Ban addresses that guess"
FAIL2BAN = shutil.which("fail2ban-regex")
# Wider than fail2ban's own, which takes addresses that exist alone.
ADDRESS = r"(?P<address>[0-9A-Za-z:.]+)"
DATE = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}")


def settings(text: str) -> configparser.ConfigParser:
    parsed = configparser.ConfigParser(interpolation=None)
    parsed.read_string(text)
    return parsed


def found(lines: list[str]) -> Counter[str]:
    """Return how often the filter finds which address."""
    failregex = settings(written_in("ini")[PLACE])["Definition"]["failregex"]
    assert failregex.count("<ADDR>") == 1
    pattern = re.compile(failregex.replace("<ADDR>", ADDRESS))
    # fail2ban takes the date out first.
    matches = (pattern.search(DATE.sub("", line)) for line in lines)
    return Counter(match["address"] for match in matches if match is not None)


@pytest.fixture
def log(events: Events, tmp_path: Path) -> Iterator[Path]:
    """Give the file into which the first program of the page would write the events."""
    (form,) = re.findall(
        r'logging\.Formatter\("(.*)"\)', PYTHON["audit: Who logged in, and who failed to"]
    )
    path = tmp_path / "logins.log"
    handler = logging.FileHandler(path, encoding="ascii")
    handler.setFormatter(logging.Formatter(form))
    audit.logger.addHandler(handler)
    audit.configure(log_unknown_names=True)
    yield path
    audit.configure(log_unknown_names=False)
    audit.logger.removeHandler(handler)
    handler.close()


def guess(everywhere: Serve) -> int:
    """Have two addresses guess, and return how often the first one does."""
    site = everywhere(app_behind(dict(USERS)))
    # What can be sent at all: RFC 7617 has no colon and no control characters in a name, UTF-8 no
    # lone surrogates, and servers no header of 100 KB.
    names = [name for name in NAMES if len(name) < 1000 and name.isprintable()]
    names += ["alice", "address=1.2.3.4", 'x" address=1.2.3.4 reason=wrong']
    for name in names:
        agent = {"User-Agent": 'failed login user="x" address=1.2.3.4 reason=wrong'}
        held(site.get("/private", auth=(name, "wrong"), headers=agent))
    held(site.get("/private", auth=("alice", "wrong"), source="127.0.0.2"))
    honest(site.get("/private", auth=ALICE), None)
    held(site.get("/private"))
    return len(names)


def test_the_filter_finds_who_guesses(everywhere: Serve, log: Path) -> None:
    number = guess(everywhere)
    lines = log.read_text().splitlines()
    assert len(lines) == number + 2
    assert found(lines) == {"127.0.0.1": number, "127.0.0.2": 1}


@pytest.mark.skipif(FAIL2BAN is None, reason="fail2ban is not installed")
def test_fail2ban_says_the_same(everywhere: Serve, log: Path, tmp_path: Path) -> None:
    number = guess(everywhere)
    (tmp_path / "dash-auth.conf").write_text(written_in("ini")[PLACE])
    command = [FAIL2BAN or "", "--out", "ip", str(log), str(tmp_path / "dash-auth.conf")]
    run = subprocess.run(command, capture_output=True, text=True, timeout=50)
    assert Counter(run.stdout.split()) == {"127.0.0.1": number, "127.0.0.2": 1}, run.stderr


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
@pytest.mark.parametrize(
    "address", ["203.0.113.9", "9 address=1.2.3.4 reason=wrong", "evil.example"]
)
def test_no_name_and_no_address_makes_up_another(log: Path, name: str, address: str) -> None:
    said = {"user": name, "address": address, "method": "basic", "user_agent": name}
    for kind in audit.Kind:
        audit.record(kind, **said, reason=name)
        for is_known in (True, False):
            audit.configure(log_unknown_names=is_known)
            audit.record(kind, **said, reason="wrong", is_known=is_known)
    # A failed and a throttled one with a reason that counts, each with a name of either kind.
    counted = found(log.read_text().splitlines())
    assert counted == ({address: 4} if address == "203.0.113.9" else {})


def test_the_jail_goes_with_the_filter_and_the_log() -> None:
    filter_text, jail_text = written_in("ini")[PLACE], written_in("ini")[f"{PLACE} 2"]
    assert filter_text.startswith("# /etc/fail2ban/filter.d/dash-auth.conf\n")
    jail = settings(jail_text)["dash-auth"]
    assert jail["filter"] == "dash-auth"
    assert Path(jail["logpath"]).name == "logins.log"
