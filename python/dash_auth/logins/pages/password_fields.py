"""What the pages say on which a user sets a password."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from dash_auth.logins.pages.login_page import Note, ShownNote, Throttled, shown_note
from dash_auth.logins.pages.phrases import Phrases


class Said(Enum):
    """What such a page says above its forms, beside what the login page says."""

    MUST_CHANGE = "must_change"
    """The password is good for nothing but to be changed."""
    PASSWORD_CHANGED = "password_changed"
    """A new password is stored."""
    OTHERS_ENDED = "others_ended"
    """All other sessions have ended."""
    PAGE_EXPIRED = "page_expired"
    """The form was too old."""


@dataclass(frozen=True)
class Fault:
    """Says why a new password is not taken.

    Attributes:
        why: one of :data:`dash_auth.users.new_password.Fault`, `different` or `same`.
        least: how many characters it has at least.
    """

    why: str
    least: int


AnyNote = Said | Fault | Note | Throttled | None

_OK = (Said.PASSWORD_CHANGED, Said.OTHERS_ENDED)


def shown(note: AnyNote, say: Phrases) -> ShownNote | None:
    """Return what stands above the forms.

    :param note: what is to be said
    :param say: the phrases
    """
    if isinstance(note, Fault):
        return ShownNote(say(f"fault_{note.why}", least=note.least), "err", "alert")
    if isinstance(note, Said):
        kind = "ok" if note in _OK else "warn"
        return ShownNote(say(note.value), kind, "alert" if kind == "warn" else "status")
    return shown_note(note, say)


def wrong_fields(note: AnyNote) -> tuple[str, ...]:
    """Return the names of the fields that a note is about."""
    if note is Note.WRONG:
        return ("current",)
    return ("new", "again") if isinstance(note, Fault) else ()
