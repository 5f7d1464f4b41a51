"""The page of a user's own account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from dash_auth.logins.pages.look import Look
from dash_auth.logins.pages.password_fields import AnyNote, shown, wrong_fields
from dash_auth.logins.pages.template import render


@dataclass(frozen=True)
class ShownSession:
    """A session of the user's.

    Attributes:
        created: when the user logged in.
        seen: when the user was last seen.
        is_current: whether it is that of this browser.
    """

    created: datetime
    seen: datetime
    is_current: bool


@dataclass(frozen=True, kw_only=True)
class AccountPage:
    """What one answer with the page shows.

    Attributes:
        action: where its forms post to, as the browser sees it.
        files: the path below which style and logo are.
        proof: what shows that the forms are of this browser.
        name: the user's name.
        full_name: the name that people call the user by.
        email: the user's e-mail address.
        groups: the user's groups.
        has_password: whether there is a password to change.
        must_change: whether it has to be changed before anything else.
        least: how many characters a new password has at least.
        note: what stands above the forms.
        sessions: the user's sessions, the latest first; None where nobody knows them.
        target: where a change leads that had to be made; None for nowhere.
        start: path of the app's start.
        logout: path that asks whether to log out.
    """

    action: str
    files: str
    proof: str = field(default="", repr=False)
    name: str
    full_name: str | None = None
    email: str | None = None
    groups: Sequence[str] = ()
    has_password: bool = True
    must_change: bool = False
    least: int
    note: AnyNote = None
    sessions: Sequence[ShownSession] | None = None
    target: str | None = None
    start: str = "/"
    logout: str


def account_page(look: Look, page: AccountPage, accept_language: str | None) -> str:
    """Return the page of a user's own account, as HTML.

    :param look: how the app's pages look
    :param page: what this one shows
    :param accept_language: the header Accept-Language
    """
    say = look.phrases(accept_language)
    return render(
        "account.html",
        files=page.files,
        look=look,
        page=page,
        say=say,
        note=shown(page.note, say),
        wrong=wrong_fields(page.note),
        since=_since,
    )


def _since(time: datetime) -> str:
    # In UTC, and said so: without a script the page does not know the browser's zone.
    return f"{time:%Y-%m-%d %H:%M} UTC"
