"""What comes in the link of an invitation: anything at all, and links that were changed."""

from __future__ import annotations

from dash_auth.logins.form.invitation import Invitations
from dash_auth.users import Account
from hypothesis import given
from hypothesis import strategies as st

KEY = b"the key of these tests"
ACCOUNT = Account("alice", credential_version="v1")
INVITATIONS = Invitations(lambda: (KEY,))
TOKEN = INVITATIONS.token(ACCOUNT)

pieces = st.one_of(
    st.text(),
    st.sampled_from([".", "..", "=", "-", "_", "0", "\n", "\x00", "%00", "\ud800", "A" * 2048]),
    st.sampled_from(TOKEN.split(".")),
)


def find(name: str) -> Account | None:
    # A store may be asked for text that it can write alone.
    assert name.encode().decode() == name
    return ACCOUNT if name == "alice" else None


def test_the_link_itself_is_read() -> None:
    assert INVITATIONS.account(TOKEN, find) is ACCOUNT


@given(st.lists(pieces, max_size=7).map("".join))
def test_made_up_links_are_none(token: str) -> None:
    assert (INVITATIONS.account(token, find) is not None) == (token == TOKEN)


@given(st.integers(0, len(TOKEN)), st.integers(0, 3), pieces)
def test_changed_links_are_none(place: int, length: int, piece: str) -> None:
    changed = TOKEN[:place] + piece + TOKEN[place + length :]
    assert (INVITATIONS.account(changed, find) is not None) == (changed == TOKEN)


@given(st.sampled_from([None, "v", "v1 "]), st.sampled_from([None, "x", "v1"]), st.booleans())
def test_a_link_is_of_the_very_credential(
    version: str | None, password: str | None, disabled: bool
) -> None:
    other = Account("alice", password, credential_version=version, disabled=disabled)
    assert INVITATIONS.account(TOKEN, lambda _: other) is None
