"""The page on which an administrator manages users, and what it shows once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from dash_auth.logins.pages.cards import Card, Form, Link, Phrase
from dash_auth.logins.pages.look import Look
from dash_auth.logins.pages.template import render


class Said(Enum):
    """What the page says above the list: its phrase, its status, and of which kind it is."""

    DISABLED = "users_is_disabled", 200, "ok"
    ENABLED = "users_is_enabled", 200, "ok"
    GROUPS = "users_has_groups", 200, "ok"
    REMOVED = "users_is_removed", 200, "ok"
    LOGGED_OUT = "users_is_logged_out", 200, "ok"
    RECENT = "users_recent", 200, "warn"
    UNREAD = "users_unread", 400, "err"
    BAD_NAME = "users_bad_name", 400, "err"
    BAD_FIELD = "users_bad_field", 400, "err"
    BAD_GROUPS = "users_bad_groups", 400, "err"
    NOT_KEPT = "users_not_kept", 400, "err"
    EXPIRED = "users_expired", 403, "warn"
    GONE = "users_gone", 404, "err"
    TAKEN = "users_taken", 409, "err"
    CHANGED = "users_changed", 409, "err"
    SELF = "users_self", 409, "err"
    LAST = "users_last", 409, "err"
    ENABLE_FIRST = "users_enable_first", 409, "err"
    UNAVAILABLE = "users_unavailable", 503, "warn"

    phrase: str
    status: int
    kind: str

    def __init__(self, phrase: str, status: int, kind: str) -> None:
        self.phrase = phrase
        self.status = status
        self.kind = kind


@dataclass(frozen=True)
class Row:
    """What the page shows of a user.

    Attributes:
        name: the user's name.
        details: what else people know the user by.
        groups: the user's groups.
        can_edit_groups: whether the groups can be written into one field.
        is_disabled: whether nobody may log in to it.
        has_temporary: whether the password has to be changed first.
        is_self: whether it is who looks at the page.
    """

    name: str
    details: str = ""
    groups: Sequence[str] = ()
    can_edit_groups: bool = False
    is_disabled: bool = False
    has_temporary: bool = False
    is_self: bool = False

    @property
    def groups_text(self) -> str:
        """The groups as they stand in their field."""
        return ", ".join(self.groups)


@dataclass(frozen=True)
class Typed:
    """What was typed into the form that adds a user.

    Attributes:
        name: the name.
        full_name: the full name.
        email: the e-mail address.
        groups: the groups, separated by commas.
        is_temporary: whether a temporary password is asked for, and no link.
    """

    name: str = ""
    full_name: str = ""
    email: str = ""
    groups: str = ""
    is_temporary: bool = False


@dataclass(frozen=True)
class UsersList:
    """What one answer with the page shows.

    Attributes:
        action: where the forms post to, as the browser sees it.
        files: the path below which style and logo are.
        start: path of the app's start.
        proof: what shows that a form is of this browser.
        name: the name of the user who looks at it.
        rows: the users.
        search: what is searched for.
        after: the name after which the list begins.
        next_page: where the list goes on, None if it does not.
        fields: what the store can keep of a user.
        can_end: whether a user can be logged out everywhere.
        said: what stands above the list.
        login: where to log in again.
        typed: what was typed into the form that adds a user, None where that is closed.
    """

    action: str
    files: str
    start: str
    proof: str = field(default="", repr=False)
    name: str = ""
    rows: Sequence[Row] = ()
    search: str = ""
    after: str = ""
    next_page: str | None = None
    fields: frozenset[str] = frozenset()
    can_end: bool = False
    said: Said | None = None
    login: str = ""
    typed: Typed | None = None


@dataclass(frozen=True)
class Secret:
    """What is shown once.

    Attributes:
        name: the name of the user whose it is.
        value: the temporary password, or the link.
        is_password: which of the two it is.
        is_new: whether the user was added with it.
        files: the path below which style and logo are.
        back: where the users are.
    """

    name: str
    value: str = field(repr=False)
    is_password: bool
    is_new: bool
    files: str
    back: str


def users_list(look: Look, page: UsersList, accept_language: str | None) -> str:
    """Return the page with the list of users, as HTML.

    :param look: how the app's pages look
    :param page: what this one shows
    :param accept_language: the header Accept-Language
    """
    say = look.phrases(accept_language)
    typed = Typed() if page.typed is None else page.typed
    return render("users.html", look=look, files=page.files, page=page, say=say, typed=typed)


def secret(look: Look, secret: Secret, accept_language: str | None) -> str:
    """Return the page with what is shown once, as HTML.

    :param look: how the app's pages look
    :param secret: what it is
    :param accept_language: the header Accept-Language
    """
    say = look.phrases(accept_language)
    return render("secret.html", look=look, files=secret.files, secret=secret, say=say)


def remove_user(
    look: Look, accept_language: str | None, files: str, name: str, form: Form, back: str
) -> Card:
    """Return what asks whether to remove a user.

    :param look: how the app's pages look
    :param accept_language: the header Accept-Language
    :param files: the path below which style and logo are
    :param name: the user's name
    :param form: the button that does so, see :func:`remove_form`
    :param back: where the users are
    """
    heading = look.phrases(accept_language)("users_remove_question", name=name)
    link = Link(back, Phrase("users_cancel"))
    return Card(heading, Phrase("users_remove_text"), files, form=form, link=link)


def remove_form(action: str, proof: str, fields: Mapping[str, str]) -> Form:
    """Return the button that removes a user.

    :param action: where it posts to, as the browser sees it
    :param proof: what shows that the form is of this browser
    :param fields: further hidden fields
    """
    return Form(action, Phrase("users_remove_button"), proof, fields)


def not_for(files: str, name: str, start: str) -> Card:
    """Return what a user sees who is logged in and is no administrator: 403.

    :param files: the path below which style and logo are
    :param name: the user's name
    :param start: path of the app's start
    """
    link = Link(start, Phrase("back"))
    return Card(Phrase("forbidden"), Phrase("users_forbidden"), files, name, link=link)
