"""The page with the login form and the ways to providers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from dash_auth.logins.pages.look import Look
from dash_auth.logins.pages.phrases import Phrases
from dash_auth.logins.pages.template import render

MARKS = ("auth0", "github", "google", "keycloak", "microsoft", "okta")
"""The providers that have a mark of their own; the others have a key."""


class Note(Enum):
    """What the page says above the form."""

    WRONG = "wrong"
    """A login failed, for whatever reason (OWASP, Authentication Cheat Sheet)."""
    LOGGED_OUT = "logged_out"
    """The user has logged out."""
    ENDED = "ended"
    """The login was too old."""
    UNAVAILABLE = "unavailable"
    """The users cannot be asked: 503."""
    BUSY = "busy"
    """All turns to hash are taken: 503."""
    EXPIRED = "expired"
    """The form was too old."""
    PROVIDER = "provider"
    """A login through a provider came to nothing."""
    RECENT = "recent"
    """The user is logged in, and what is to be done needs a login that is not long ago."""


@dataclass(frozen=True)
class Throttled:
    """Says that there were too many attempts.

    Attributes:
        seconds: for how long none is looked at.
    """

    seconds: float


@dataclass(frozen=True)
class Provider:
    """A way to log in elsewhere.

    Attributes:
        label: the provider's name, as people know it.
        href: where the way begins, as the browser sees it.
        mark: which mark stands before it: one of :data:`MARKS`; any other has a key.
    """

    label: str
    href: str
    mark: str = ""


@dataclass(frozen=True)
class LoginPage:
    """What one answer with the login page shows.

    Attributes:
        action: where the form posts to, as the browser sees it.
        files: the path below which style, script and logo are.
        target: where the login leads to.
        again: whether a user who is logged in is to log in again.
        proof: what shows that the form is of this browser.
        name: what was typed as user name.
        note: what stands above the form.
        remember_days: for how long a login can be kept, in days; None offers nothing.
        providers: the ways to log in elsewhere.
        has_form: whether there are passwords at all.
    """

    action: str
    files: str
    target: str | None = None
    again: bool = False
    proof: str = field(default="", repr=False)
    name: str = ""
    note: Note | Throttled | None = None
    remember_days: int | None = None
    providers: Sequence[Provider] = ()
    has_form: bool = True


@dataclass(frozen=True)
class ShownNote:
    """What stands above a form, in words.

    Attributes:
        text: the words.
        kind: how it looks.
        role: how screen readers take it.
        seconds: for how long an attempt is not looked at.
    """

    text: str
    kind: str
    role: str
    seconds: int = 0


_KINDS = {Note.WRONG: "err", Note.PROVIDER: "err", Note.LOGGED_OUT: "ok"}


def shown_note(note: Note | Throttled | None, say: Phrases) -> ShownNote | None:
    """Return what stands above a form.

    :param note: what is to be said
    :param say: the phrases
    """
    if note is None:
        return None
    if isinstance(note, Throttled):
        # A second too many at most: who tries too early waits for nothing.
        seconds = max(1, -int(-note.seconds // 1))
        return ShownNote(_wait(seconds, say), "warn", "alert", seconds)
    role = "status" if note in (Note.LOGGED_OUT, Note.ENDED, Note.RECENT) else "alert"
    return ShownNote(say(note.value), _KINDS.get(note, "warn"), role)


def _wait(seconds: int, say: Phrases) -> str:
    if seconds > 120:
        return say("throttled_minutes", minutes=-(-seconds // 60))
    return say("throttled_second" if seconds == 1 else "throttled_seconds", seconds=seconds)


def login_page(look: Look, page: LoginPage, accept_language: str | None) -> str:
    """Return the login page, as HTML.

    :param look: how the app's pages look
    :param page: what this one shows
    :param accept_language: the header Accept-Language
    """
    say = look.phrases(accept_language)
    return render(
        "login.html",
        files=page.files,
        look=look,
        page=page,
        say=say,
        note=shown_note(page.note, say),
        is_wrong=page.note is Note.WRONG,
    )
