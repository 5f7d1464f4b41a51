"""Users in a TOML file."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from dash_auth.security import check_password_hash, generate_password_hash
from dash_auth.users import Account, UsersFile, UserStore, WritableUserStore
from dash_auth.users.toml_file import _key, _value
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

HASH = generate_password_hash("wonderland", "scrypt:1024:8:1")
OTHER = generate_password_hash("the:builder", "scrypt:1024:8:1")

BY_HAND = f"""\
# Our users. Ask Ada before you add one.

# The head of the board
[alice]
password = "{HASH}"  # until June
groups = [
    "board",  # since May
    "staff",
]
tenant = 7

[alice.address]
city = "Oxford"

# A robot
["bob@example.com"]
password = '{OTHER}'
credential_version = "1"
disabled = true
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    written = tmp_path / "users.toml"
    written.write_text(BY_HAND)
    return written


def state(path: Path) -> tuple[int, int, bytes]:
    """Return what tells whether a file was written."""
    found = path.stat()
    return found.st_mtime_ns, found.st_ino, path.read_bytes()


def told(path: Path, content: str | bytes) -> str:
    """Return what is told at start of a file with a content."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    with pytest.raises(ValueError) as raised:
        UsersFile(path).prepare()
    said = str(raised.value)
    assert said.startswith(f"the users cannot be read: {path} ")
    return said.removeprefix(f"the users cannot be read: {path} ")


# To read it


def test_a_file_is_a_store(path: Path) -> None:
    users = UsersFile(path)
    users.prepare()
    as_store: UserStore = users
    as_writable: WritableUserStore = users
    assert as_store is as_writable
    assert users.find("alice") == Account(
        "alice", HASH, ("board", "staff"), {"tenant": 7, "address": {"city": "Oxford"}}
    )
    bob = Account("bob@example.com", OTHER, disabled=True, credential_version="1")
    assert users.find("bob@example.com") == bob
    for unknown in ("bob", "Alice", "", "alice.address", "alice "):
        assert users.find(unknown) is None
    assert list(users.names()) == ["alice", "bob@example.com"]
    # The other one is disabled.
    assert users.sample() == ["alice"]
    assert users.fields == {
        "password", "groups", "email", "full_name", "disabled", "must_change",
    }  # fmt: skip
    assert repr(users) == f"UsersFile({str(path)!r})"


def test_windows_editors_put_a_mark_before_it(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbf" + BY_HAND.replace("\n", "\r\n").encode())
    users = UsersFile(path)
    assert list(users.names()) == ["alice", "bob@example.com"]
    assert users.change("alice", groups=["other"])
    assert users.find("alice").groups == ("other",)  # type: ignore[union-attr]
    assert path.read_bytes().count(b"\r\n") == path.read_bytes().count(b"\n") > 10


@pytest.mark.parametrize(
    "content, reason",
    [
        ("[alice.smith]\npassword = 'x'\n", 'the table [alice.smith] is no user: write ["alice.smith"] if that is a name'),
        ("[alice.b.smith]\npassword = 'x'\n", 'the table [alice.b.smith] is no user: write ["alice.b.smith"] if that is a name'),
        ("[alice.smith]\n", 'the table [alice.smith] is no user: write ["alice.smith"] if that is a name'),
        ("[alice]\npassword = 'x'\n[alice.smith]\npassword = 'y'\n", 'the table [alice.smith] is no user: write ["alice.smith"] if that is a name'),
        ("[alice]\npassword = 'x'\n[alice.b.smith]\ndisabled = true\n", 'the table [alice.b.smith] is no user: write ["alice.b.smith"] if that is a name'),
        ("title = 'Our users'\n[alice]\npassword = 'x'\n", '\'title\' must be a table, not str: write [title], and below it password = "..."'),
        ("'a b' = 5", '\'a b\' must be a table, not int: write ["a b"], and below it password = "..."'),
        ("[[alice]]\npassword = 'x'\n", '\'alice\' must be a table, not list: write [alice], and below it password = "..."'),
        ("[alice]\npassword = ''\n", None),
        ("[alice]\npassword = '$2b$04$half'\n", None),
        ("['a:b']\npassword = 'wonderland'\n", None),
        ("[alice]\npasswort = 'x'\n", "'passwort' of user 'alice' is no field: write 'password'"),
        ("[alice]\ngroups = 'board'\n", "groups of user 'alice' must be a list of text, not str"),
        ("[alice]\nmust_change = 2030-01-02\n", "must_change of user 'alice' must be true, false or a date and time, not date"),
        ("[alice]\nname = 'x'\n", None),
        ("[alice]\npassword = wonderland\n", None),
        ("[alice\n", None),
        ("[alice]\n[alice]\n", None),
        ("[alice]\npassword = 'x'\npassword = 'y'\n", None),
        ("[alice@example.com]\npassword = 'wonderland'\n", None),
        (b"[alice]\npassword = '\xff'\n", "it is no text in UTF-8"),
        ("x = " + "[" * 3000, "it is nested too deeply"),
        (f"x = {'9' * 5000}", None),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told(path: Path, content: str | bytes, reason: str | None) -> None:
    said = told(path, content)
    assert said.startswith("holds what cannot be read: ")
    assert reason is None or said == f"holds what cannot be read: {reason}"
    assert "wonderland" not in said


@pytest.mark.parametrize("content", ["", "\n# nobody yet\n", b"\xef\xbb\xbf"])
def test_a_file_with_no_user_is_told_with_what_to_run(path: Path, content: str | bytes) -> None:
    run = f"Add a user: dash-auth users add NAME --store {path}"
    assert told(path, content) == f"holds no user. {run}"
    path.unlink()
    with pytest.raises(ValueError, match=re.escape(f"{path} is not there. {run}")):
        UsersFile(path).prepare()


def test_the_line_to_run_quotes_the_path(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"--store '.*/our users.toml'$"):
        UsersFile(tmp_path / "our users.toml").prepare()


def test_a_path_that_is_none_is_refused() -> None:
    with pytest.raises(TypeError, match="must be a str, not bytes"):
        UsersFile(b"users.toml")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        UsersFile(5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="max_stale"):
        UsersFile("users.toml", max_stale=-1)
    with pytest.raises(ValueError, match="is no path"):
        UsersFile("users\0.toml").prepare()


def test_users_are_searched(path: Path) -> None:
    path.write_text(
        "[carol]\nfull_name = 'Carol Ärger'\n[bob]\nemail = 'bob@OXFORD.org'\n[alice]\n[dave]\n"
    )
    users = UsersFile(path)

    def found(*text: str, **bounds: Any) -> list[str]:
        return [account.name for account in users.search(*text, **bounds)]

    assert found() == ["alice", "bob", "carol", "dave"]
    assert found(limit=2) == ["alice", "bob"]
    assert found(after="bob", limit=1) == ["carol"]
    assert found("äRGER") == ["carol"]
    assert found("oxford") == ["bob"]
    assert found("AL") == ["alice"]
    assert found("a", after="alice") == ["carol", "dave"]
    assert found("nothing") == []


# To change it


def test_what_was_written_by_hand_stays(path: Path) -> None:
    users = UsersFile(path)
    assert users.change("alice", groups=["board"])
    assert users.change("bob@example.com", disabled=False, email="bob@example.com")
    assert users.create(Account("carol", HASH, ["staff"], full_name="Carol"))
    (version,) = re.findall(r"^credential_version = \"([0-9a-f]{16})\"$", path.read_text(), re.M)
    expected = BY_HAND.replace('[\n    "board",  # since May\n    "staff",\n]', '["board"]')
    expected = expected.replace("disabled = true\n", 'email = "bob@example.com"\n')
    assert path.read_text() == expected + (
        f'\n[carol]\npassword = "{HASH}"\nfull_name = "Carol"\ngroups = ["staff"]\n'
        f'credential_version = "{version}"\n'
    )
    assert users.remove("carol")
    assert users.remove("alice")
    assert path.read_text() == (
        "# Our users. Ask Ada before you add one.\n\n# The head of the board\n# A robot\n"
        f'["bob@example.com"]\npassword = \'{OTHER}\'\ncredential_version = "1"\n'
        'email = "bob@example.com"\n\n'
    )


def test_a_user_is_created_once(path: Path) -> None:
    users = UsersFile(path)
    before = path.read_bytes()
    for name in ("alice", "bob@example.com"):
        assert not users.create(Account(name, HASH))
    assert path.read_bytes() == before
    made = Account(
        "Zoë [x]", HASH, ("board", 'a "b"\\'), {"a b": [1, {"c.d": 0.5}], "t": "\x7f\u2028\n[alice]\n"},
        must_change=datetime(2030, 1, 2, 3, 4, 5, 678),
    )  # fmt: skip
    assert users.create(made)
    found = users.find(made.name)
    assert found is not None
    assert found.credential_version is not None
    assert (found.password, found.groups, found.claims) == (HASH, made.groups, made.claims)
    assert found.must_change == datetime(2030, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    assert users.create(Account("dan"))
    assert users.find("dan").password is None  # type: ignore[union-attr]
    assert users.find("dan").credential_version != found.credential_version  # type: ignore[union-attr]
    assert users.change(made.name, disabled=True)
    assert users.remove(made.name)
    assert users.find(made.name) is None
    assert users.find("dan") is not None


def test_a_new_file_can_be_read_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "users.toml"
    assert UsersFile(path).create(Account("alice", HASH))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(found.name for found in tmp_path.iterdir()) == [".users.toml.lock", "users.toml"]


@pytest.mark.parametrize("change", [{"password": OTHER}, {"password": None}])
def test_another_password_ends_logins(path: Path, change: dict[str, Any]) -> None:
    users = UsersFile(path)
    seen = {None, "1"}
    for name in ("alice", "bob@example.com", "alice"):
        assert users.change(name, must_change=True)
        assert users.change(name, **change)
        account = users.find(name)
        assert account is not None
        assert account.password == change["password"]
        assert account.must_change is False
        assert account.credential_version not in seen
        seen.add(account.credential_version)
    until = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(hours=1)
    assert users.change("alice", password=OTHER, must_change=until)
    assert users.find("alice").must_change == until  # type: ignore[union-attr]


def test_other_changes_end_no_login(path: Path) -> None:
    users = UsersFile(path)
    assert users.change("bob@example.com", groups=["x"], disabled=False, email=None)
    assert users.find("bob@example.com").credential_version == "1"  # type: ignore[union-attr]
    assert users.change("alice")
    assert users.find("alice").credential_version is None  # type: ignore[union-attr]


def test_who_is_not_there_is_not_changed(path: Path) -> None:
    users = UsersFile(path)
    before = state(path)
    assert not users.change("eve", disabled=True)
    assert not users.remove("eve")
    assert not users.set_password("eve", OTHER, was=None)
    assert not users.replace_password("eve", HASH, OTHER)
    assert state(path) == before


def test_a_password_is_set_while_the_credential_is_what_it_was(path: Path) -> None:
    users = UsersFile(path)
    for name, was in (("alice", HASH), ("bob@example.com", "1")):
        for wrong in (None, "2", OTHER):
            assert not users.set_password(name, "new password", was=wrong)
        assert users.change(name, must_change=True)
        assert users.set_password(name, OTHER, was=was)
        assert not users.set_password(name, HASH, was=was)
        account = users.find(name)
        assert account is not None
        assert account.password == OTHER
        assert account.must_change is False
        assert account.credential_version not in (None, was)
        assert users.set_password(name, HASH, was=account.credential_version)


def test_the_same_password_is_stored_anew_where_it_ends_no_login(path: Path) -> None:
    users = UsersFile(path)
    before = path.read_bytes()
    # Logins to hers are bound to what is stored.
    assert not users.replace_password("alice", HASH, OTHER)
    assert not users.replace_password("bob@example.com", HASH, "new")
    assert path.read_bytes() == before
    assert users.replace_password("bob@example.com", OTHER, HASH)
    assert users.find("bob@example.com") == Account(
        "bob@example.com", HASH, disabled=True, credential_version="1"
    )


def test_a_new_password_is_hashed(path: Path) -> None:
    stored = UsersFile(path).hashed("a new password")
    assert stored.startswith("scrypt:32768:8:1$")
    assert check_password_hash(stored, "a new password")


@pytest.mark.parametrize(
    "edit",
    [
        lambda users: users.create(Account("x:y", HASH)),
        lambda users: users.create(Account("", HASH)),
        lambda users: users.create(Account("x", "$2b$04$half")),
        lambda users: users.create(Account("x", "")),
        lambda users: users.create(Account("x", HASH, ["\ud800"])),
        lambda users: users.create(Account("x", HASH, claims={"a": object()})),
        lambda users: users.create(Account("x", HASH, claims={"a": None})),
        lambda users: users.create(Account("x", HASH, claims={"a": float("nan")})),
        lambda users: users.create(Account("x", HASH, claims={"a": {5: "b"}})),
        lambda users: users.create(Account("x", HASH, claims={"sub": "alice"})),
        lambda users: users.create(Account("x", HASH, claims={"a": {"password": "b"}})),
        lambda users: users.change("alice", password="$2b$04$half"),
        lambda users: users.set_password("alice", "$2b$04$half", was=HASH),
        lambda users: users.change("alice", claims={}),
        lambda users: users.change("alice", credential_version="1"),
    ],
)
def test_what_apps_could_not_read_is_not_written(
    path: Path, edit: Callable[[UsersFile], object]
) -> None:
    before = state(path)
    with pytest.raises(ValueError) as raised:
        edit(UsersFile(path))
    assert "half" not in str(raised.value)
    assert state(path) == before


@pytest.mark.parametrize(
    "wrong", [{"disabled": "no"}, {"groups": [5]}, {"email": 5}, {"must_change": 1}]
)
def test_what_is_of_a_wrong_type_is_not_written(path: Path, wrong: dict[str, Any]) -> None:
    before = state(path)
    with pytest.raises(TypeError, match="of user 'alice' must be"):
        UsersFile(path).change("alice", **wrong)
    assert state(path) == before


def test_the_last_user_is_not_removed(path: Path) -> None:
    users = UsersFile(path)
    assert users.remove("alice")
    with pytest.raises(ValueError, match="would hold no user"):
        users.remove("bob@example.com")
    assert users.find("bob@example.com") is not None


@pytest.mark.parametrize(
    "content",
    [
        "alice = {{password = '{0}'}}\n[bob]\n",
        "alice.password = '{0}'\n[bob]\n",
        "[alice.address]\ncity = 'x'\n[bob]\n[alice]\npassword = '{0}'\n",
        "[bob]\nnote = '''\n[alice]\n'''\n[alice]\npassword = '{0}'\n",
        "[alice]\n'pass\u0077ord' = '{0}'\nnote = '''\npassword = \"x\"\n'''\n[bob]\n",
        "[alice]\n\"pass\\u0077ord\" = '{0}'\n[bob]\n",
    ],
)
def test_a_file_that_is_written_otherwise_is_changed_rightly_or_not_at_all(
    path: Path, content: str
) -> None:
    for edit in (
        lambda users: users.change("alice", password=OTHER),
        lambda users: users.change("alice", disabled=True),
        lambda users: users.remove("alice"),
        lambda users: users.change("bob", disabled=True),
        lambda users: users.create(Account("carol", HASH)),
    ):
        path.write_text(content.format(HASH))
        before = {account.name: account for account in UsersFile(path).search()}
        try:
            assert edit(UsersFile(path))
        except ValueError as error:
            assert "change it by hand" in str(error)
            assert path.read_text() == content.format(HASH)
        after = {account.name: account for account in UsersFile(path).search()}
        # One at most is another one now.
        names = before.keys() | after.keys()
        assert sum(before.get(name) != after.get(name) for name in names) <= 1


def test_a_line_like_a_header_and_one_with_no_end_are_changed_rightly(path: Path) -> None:
    begin = '[alice]\n# groups = ["old"]\nplaces = [\n  ["Oxford"],\n  ["Guildford"],\n]'
    path.write_text(begin)
    users = UsersFile(path)
    assert users.change("alice", groups=["new"])
    assert path.read_text() == f'{begin}\ngroups = ["new"]\n'
    found = users.find("alice")
    assert found is not None
    assert found.claims == {"places": [["Oxford"], ["Guildford"]]}


def test_a_line_ends_where_toml_says(path: Path) -> None:
    path.write_text("[alice]\n# x\u2028[bob]\n\n[bob]\n")
    assert UsersFile(path).change("alice", groups=["new"])
    assert path.read_text() == '[alice]\n# x\u2028[bob]\ngroups = ["new"]\n\n[bob]\n'


def test_a_change_that_fails_is_not_remembered(path: Path) -> None:
    users = UsersFile(path)
    users.prepare()
    with pytest.raises(ValueError, match="no Unicode character"):
        users.change("alice", disabled=True, full_name="\ud800")
    path.write_text(BY_HAND + "\n[carol]\n")
    assert users.find("alice").disabled is False  # type: ignore[union-attr]
    assert users.find("carol") is not None


# Whatever is in it

NAMES = st.text(min_size=1, max_size=8).filter(
    lambda name: name.isprintable() and name == name.strip() and ":" not in name
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES = st.recursive(
    TEXTS | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)
ACCOUNTS = st.builds(
    Account,
    NAMES,
    st.sampled_from([None, HASH, OTHER]),
    st.lists(TEXTS, max_size=3).map(tuple),
    st.dictionaries(TEXTS, VALUES, max_size=3),
    st.booleans(),
    st.none() | TEXTS,
    st.none() | TEXTS,
    st.booleans(),
)

QUICK = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@QUICK
@given(accounts=st.lists(ACCOUNTS, min_size=1, max_size=4, unique_by=lambda one: one.name))
def test_what_was_created_is_found(tmp_path: Path, accounts: list[Account]) -> None:
    path = tmp_path / "made.toml"
    path.unlink(missing_ok=True)
    users = UsersFile(path)
    kept: dict[str, Account] = {}
    for account in accounts:
        try:
            assert users.create(account)
        except (TypeError, ValueError):
            # A claim that is none; the file is what it was.
            pass
        else:
            kept[account.name] = account
        assume(kept)
    found = {account.name: account for account in users.search(limit=9)}
    assert found.keys() == kept.keys()
    for name, account in kept.items():
        same = ("password", "groups", "claims", "disabled", "email", "full_name", "must_change")
        for field in same:
            assert getattr(found[name], field) == getattr(account, field), field
    for name in list(kept)[1:]:
        assert users.change(name, full_name="[x]\n", groups=["a\n[b]\n"])
        assert users.find(name).full_name == "[x]\n"  # type: ignore[union-attr]
        assert users.remove(name)
    assert list(users.names()) == list(kept)[:1]


@QUICK
@given(content=st.binary(max_size=60) | TEXTS.map(str.encode))
def test_whatever_bytes_are_read_or_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "random.toml"
    path.write_bytes(content)
    try:
        UsersFile(path).prepare()
    except ValueError as error:
        assert str(error).startswith("the users cannot be read: ")


@QUICK
@given(cut=st.integers(0, len(BY_HAND)), put=st.binary(max_size=3))
def test_a_file_that_is_damaged_is_read_or_told(tmp_path: Path, cut: int, put: bytes) -> None:
    path = tmp_path / "damaged.toml"
    path.write_bytes(BY_HAND.encode()[:cut] + put + BY_HAND.encode()[cut + len(put) :])
    try:
        UsersFile(path).prepare()
    except ValueError as error:
        assert HASH not in str(error)


def test_a_value_of_no_type_of_toml_is_refused() -> None:
    with pytest.raises(ValueError, match="not given a value of type bytes"):
        _value(b"x")
    with pytest.raises(ValueError, match="must be text, not int"):
        _key(5)
