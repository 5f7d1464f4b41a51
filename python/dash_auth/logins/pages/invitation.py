"""The page that an invitation leads to, where its user chooses a password."""

from __future__ import annotations

from dataclasses import dataclass, field

from dash_auth.logins.pages.cards import Card, Phrase
from dash_auth.logins.pages.look import Look
from dash_auth.logins.pages.password_fields import AnyNote, shown, wrong_fields
from dash_auth.logins.pages.template import render


@dataclass(frozen=True, kw_only=True)
class InvitationPage:
    """What one answer with the page shows.

    Attributes:
        action: where the form posts to, as the browser sees it; with it the password is set.
        files: the path below which style and logo are.
        proof: what shows that the form is of this browser.
        name: the user's name.
        least: how many characters the password has at least.
        note: what stands above the form.
    """

    action: str = field(repr=False)
    files: str
    proof: str = field(default="", repr=False)
    name: str
    least: int
    note: AnyNote = None


def invitation_page(look: Look, page: InvitationPage, accept_language: str | None) -> str:
    """Return the page on which a user chooses a password, as HTML.

    :param look: how the app's pages look
    :param page: what this one shows
    :param accept_language: the header Accept-Language
    """
    say = look.phrases(accept_language)
    return render(
        "invitation.html",
        files=page.files,
        look=look,
        page=page,
        say=say,
        note=shown(page.note, say),
        wrong=wrong_fields(page.note),
    )


def invitation_gone(files: str) -> Card:
    """Return what says that a link is no longer good; the same for each reason.

    :param files: the path below which style and logo are
    """
    return Card(Phrase("invitation_gone"), Phrase("invitation_gone_text"), files)
