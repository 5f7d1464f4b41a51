"""`dash-auth users import`: the users of a file, all of them or none."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest
from dash_auth.security import generate_password_hash
from dash_auth.users.named import store_of

from ..conftest import OTHER, PASSWORD, Run, add, kept

HASH = generate_password_hash(OTHER, "scrypt:1024:8:1")
BCRYPT = "$2y$05$c4WoMPo3SXsafkva.HHa6uXQZWr7oboPiC2bT/r7q1BB8I2s0BRqC"  # of "myPassword"
APR1 = "$apr1$r31.....$HqJZimcKQFAMYayBlzkrA/"  # of "myPassword"


@pytest.fixture
def put(tmp_path: Path) -> Any:
    """Write a file, and return its path."""

    def put(content: str | bytes, name: str = "people.csv") -> str:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return put


def names_in(store: str) -> set[str]:
    found = store_of(store)
    try:
        return {account.name for account in found.search(limit=100)}
    except Exception:
        return set()
    finally:
        if hasattr(found, "close"):
            found.close()


def test_csv(run: Run, store: str, put: Any) -> None:
    file = put(
        "name,password_hash,password,groups,email,full_name\r\n"
        f'alice,{HASH},,"board, staff",a@example.com,"Liddell, Alice"\r\n'
        f"bob,,{PASSWORD},x;y;x,,\r\n"
    )
    done = run("users", "import", file)
    assert (done.stdout, done.stderr) == ("Users imported: 2.\n", "")
    alice, bob = kept(store), kept(store, "bob")
    assert alice.password == HASH
    assert (list(alice.groups), alice.email) == (["board", "staff"], "a@example.com")
    assert alice.full_name == "Liddell, Alice"
    assert (list(bob.groups), bob.email, bob.full_name) == (["x", "y"], None, None)
    assert PASSWORD not in bob.password
    run("verify", "alice", "--stdin", input=f"{OTHER}\n")
    run("verify", "bob", "--stdin", input=f"{PASSWORD}\n")


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_the_columns_may_be_few(run: Run, store: str, put: Any, mark: bytes) -> None:
    run("users", "import", put(mark + b"email,name\na@example.com,alice\nb@example.com,bob\n"))
    assert (kept(store).email, kept(store).password) == ("a@example.com", None)


@pytest.mark.parametrize(
    "content",
    [
        [
            {"name": "alice", "password_hash": HASH, "groups": ["a b", "c"], "email": None},
            {"name": "bob", "password": PASSWORD, "full_name": "Bob"},
        ],
        {
            "alice": {"password_hash": HASH, "groups": ["a b", "c"]},
            "bob": {"password": PASSWORD, "full_name": "Bob"},
        },
    ],
    ids=["array", "object"],
)
def test_json(run: Run, store: str, put: Any, content: Any) -> None:
    run("users", "import", put(json.dumps(content), "people.json"))
    assert (kept(store).password, list(kept(store).groups)) == (HASH, ["a b", "c"])
    assert kept(store, "bob").full_name == "Bob"
    run("verify", "bob", "--stdin", input=f"{PASSWORD}\n")


def test_the_dict_of_a_script(run: Run, store: str, put: Any) -> None:
    run("users", "import", put(json.dumps({"alice": HASH}), "people"), "--format", "json")
    assert kept(store).password == HASH


@pytest.mark.parametrize("name", ["users.htpasswd", ".htpasswd", "htpasswd"])
def test_htpasswd(run: Run, store: str, put: Any, name: str) -> None:
    run("users", "import", put(f"# ours\n\nalice:{BCRYPT}\nbob:{APR1}:a comment\n", f"old/{name}"))
    for user in ("alice", "bob"):
        run("verify", user, "--stdin", input="myPassword\n")
        run("verify", user, "--stdin", input="myPasswort\n", code=1)


FAULTS = {
    "a name": (f"name,password\na:b,{PASSWORD}\n", "line 2: a user's name must have no colon"),
    "no name": (f"name,password\n,{PASSWORD}\n", "line 2: a user's name must have 1 to 255"),
    "short": (
        "name,password\nalice,swordfish\n",
        "line 2: the password of user alice is not taken",
    ),
    "plaintext": (
        "name,password_hash\nalice,swordfish\n",
        "line 2: the password_hash of user alice",
    ),
    "DES": ("name,password_hash\nalice,rl.3StKT.4T8M\n", "line 2: "),
    "yescrypt": ("name,password_hash\nalice,$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3\n", "line 2: "),
    "too costly": (f"name,password_hash\nalice,{BCRYPT.replace('$05$', '$31$')}\n", "line 2: "),
    "both": (f"name,password,password_hash\nalice,{PASSWORD},{HASH}\n", "line 2: user alice has"),
    "twice": (f"name,password\nalice,{PASSWORD}\nalice,{PASSWORD}\n", "line 3: the user alice"),
    "there": (f"name,password\ncarol,{PASSWORD}\n", "line 2: there is a user carol already"),
    "few columns": (f"name,email,password\nalice,{PASSWORD}\n", "line 2: it has more or fewer"),
    "many columns": (f"name,password\nalice,{PASSWORD},x\n", "line 2: it has more or fewer"),
    "later": (f'name,password\n"al\nice",{PASSWORD}\nbob,x\n', "line 4: the password of user bob"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_one_fault_keeps_all_out(run: Run, store: str, put: Any, fault: str) -> None:
    add(run, "carol")
    content, said = FAULTS[fault]
    done = run("users", "import", put(content), code=1)
    assert done.stderr.startswith("Error: nothing is imported:\n  line ")
    assert f"\n  {said}" in done.stderr
    assert done.stdout == ""
    assert names_in(store) == {"carol"}
    assert not {PASSWORD, "swordfish", HASH} & set(done.stderr.replace(",", " ").split())
    assert "swordfish" not in done.stderr and "StKT" not in done.stderr


def test_good_ones_beside_a_fault_are_not_written(run: Run, store: str, put: Any) -> None:
    rows = "".join(f"user{n},{HASH if n % 3 else 'swordfish'}\n" for n in range(90))
    done = run("users", "import", put(f"name,password_hash\n{rows}"), code=1)
    lines = done.stderr.splitlines()
    assert len(lines) == 22
    assert lines[1].startswith("  line 2: ") and lines[2].startswith("  line 5: ")
    assert lines[-1] == "  and 10 more"
    assert names_in(store) == set()


NO_FILES = {
    "no header": (
        "people.csv",
        f"alice,swordfish,{HASH}\n",
        "the first line must name the columns",
    ),
    "empty": ("people.csv", "", "the first line must name the columns"),
    "a quote": ("people.csv", 'name,password\n"alice,swordfish\n', "is no CSV"),
    "no JSON": ("people.json", '{"alice": "swordfish"', "line 1 is no JSON"),
    "a text": ("people.json", '"swordfish"', "it must be an array of objects"),
    "deep": ("people.json", "[" * 100_000, ""),
    "bytes": ("people.csv", b"name\n\xff\xfe\n", "is no text in UTF-8"),
}


@pytest.mark.parametrize("case", NO_FILES)
def test_what_is_no_such_file(run: Run, store: str, put: Any, case: str) -> None:
    name, content, said = NO_FILES[case]
    done = run("users", "import", put(content, name), code=1)
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "swordfish" not in done.stderr
    assert names_in(store) == set()


@pytest.mark.parametrize(
    "content",
    [
        "[5]",
        '["swordfish"]',
        '[{"name": 5}]',
        '[{"name": "alice", "groups": "x", "swordfish": 1}]',
        '[{"name": "alice", "groups": [5]}]',
        '{"alice": 5}',
        '{"alice": ["swordfish"]}',
    ],
)
def test_json_of_other_types(run: Run, store: str, put: Any, content: str) -> None:
    done = run("users", "import", put(content, "people.json"), code=1)
    assert "\n  entry 1: it " in done.stderr
    assert "swordfish" not in done.stderr
    assert names_in(store) == set()


def test_half_a_character_is_no_password(run: Run, put: Any) -> None:
    content = '[{"name": "alice", "password": "\\ud800 and more of it"}]'
    done = run("users", "import", put(content, "people.json"), code=1)
    assert "it is no text in UTF-8" in done.stderr


def test_those_that_are_there_may_be_left_out(run: Run, store: str, put: Any) -> None:
    add(run, "alice")
    before = kept(store)
    file = put(f"name,password_hash\nalice,swordfish\nbob,{HASH}\n")
    run("users", "import", file, code=1)
    done = run("users", "import", file, "--skip-existing")
    assert done.output == "Users imported: 1, 1 there already.\n"
    assert kept(store) == before
    assert kept(store, "bob").password == HASH


def test_who_comes_in_between_keeps_all_out(
    run: Run, store: str, put: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(run, "carol")
    file = put(f"name,password_hash\nalice,{HASH}\ncarol,{HASH}\nbob,{HASH}\n")
    command = importlib.import_module("dash_auth._cli.users.import_users")
    monkeypatch.setattr(command, "is_taken", lambda *_: False)
    done = run("users", "import", file, code=1)
    assert "nothing is imported" in done.stderr and "by now" in done.stderr
    assert names_in(store) == {"carol"}


def test_the_format_is_to_be_known(run: Run, put: Any) -> None:
    assert "--format csv|json|htpasswd" in run("users", "import", put("", "people"), code=2).stderr
    run("users", "import", "/no/such/file.csv", code=2)


def test_short_passwords(run: Run, put: Any) -> None:
    file = put("name,password\nalice,heron-14\n")
    run("users", "import", file, code=1)
    run("users", "import", file, "--short")
    run("verify", "alice", "--stdin", input="heron-14\n")


def test_an_htpasswd_file_keeps_no_groups(run: Run, put: Any, tmp_path: Path) -> None:
    path = tmp_path / "users.htpasswd"
    file = put(f"name,password_hash,groups\nalice,{BCRYPT},x\n")
    done = run("users", "import", file, "--store", str(path), code=1)
    assert "cannot keep groups" in done.stderr
    run("users", "import", put(f"name,password_hash\nalice,{BCRYPT}\n"), "--store", str(path))
    assert path.read_text() == f"alice:{BCRYPT}\n"


def test_an_empty_password_is_an_invitation(run: Run, store: str, put: Any) -> None:
    file = put(f"name,password,password_hash\nalice,,\nbob,,{HASH}\n")
    run("users", "import", file)
    assert [kept(store, name).password for name in ("alice", "bob")] == [None, HASH]
