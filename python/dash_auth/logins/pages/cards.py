"""Further pages that look as the login page does: a heading, a text, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dash_auth.logins.pages.look import Look
from dash_auth.logins.pages.phrases import Phrases
from dash_auth.logins.pages.template import render


@dataclass(frozen=True)
class Phrase:
    """A text that is said in the language of who reads it.

    Attributes:
        key: its key among the phrases.
    """

    key: str


@dataclass(frozen=True)
class Form:
    """A button that posts.

    Attributes:
        action: where it posts to, as the browser sees it.
        label: what the button says.
        proof: what shows that the form is of this browser.
        fields: further hidden fields.
    """

    action: str
    label: str | Phrase
    proof: str = field(default="", repr=False)
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Link:
    """A link.

    Attributes:
        href: where it leads, as the browser sees it.
        label: what it says.
        target_top: whether it leaves the frame that shows the page.
    """

    href: str
    label: str | Phrase
    target_top: bool = False


@dataclass(frozen=True)
class Card:
    """What a page shows.

    Attributes:
        heading: what happened.
        text: what it means.
        files: the path below which style and logo are.
        name: the name of the user who is logged in.
        form: what can be done.
        link: where to go.
    """

    heading: str | Phrase
    text: str | Phrase
    files: str
    name: str | None = None
    form: Form | None = None
    link: Link | None = None


def card(look: Look, card: Card, accept_language: str | None) -> str:
    """Return a page, as HTML.

    :param look: how the app's pages look
    :param card: what this one shows
    :param accept_language: the header Accept-Language
    """
    say = look.phrases(accept_language)

    def text(given: str | Phrase) -> str:
        return _text(given, say)

    return render("card.html", look=look, files=card.files, card=card, say=say, text=text)


def _text(given: str | Phrase, say: Phrases) -> str:
    return say(given.key) if isinstance(given, Phrase) else given


def forbidden(files: str, name: str, log_out: Form | None, link: Link | None = None) -> Card:
    """Return what a user sees who is logged in and may not use the app: 403.

    :param files: the path below which style and logo are
    :param name: the user's name
    :param log_out: the way out, see :func:`log_out_form`; None where there is none
    :param link: where else to go
    """
    return Card(Phrase("forbidden"), Phrase("forbidden_text"), files, name, log_out, link)


def log_out_form(action: str, proof: str = "", fields: Mapping[str, str] | None = None) -> Form:
    """Return the button that logs out.

    :param action: where it posts to, as the browser sees it
    :param proof: what shows that the form is of this browser
    :param fields: further hidden fields
    """
    return Form(action, Phrase("log_out"), proof, fields or {})


def log_out(files: str, name: str | None, form: Form, start: str) -> Card:
    """Return what asks whether to log out.

    :param files: the path below which style and logo are
    :param name: the user's name
    :param form: the button, see :func:`log_out_form`
    :param start: path of the app's start
    """
    back = Link(start, Phrase("back"))
    return Card(Phrase("log_out_question"), Phrase("log_out_text"), files, name, form, back)


def logged_out(files: str, login: str) -> Card:
    """Return what says that the user has logged out.

    :param files: the path below which style and logo are
    :param login: where to log in again
    """
    link = Link(login, Phrase("log_in_again"))
    return Card(Phrase("logged_out"), Phrase("logged_out_text"), files, link=link)


def no_cookie(files: str, login: str, *, is_insecure: bool, is_framed: bool) -> Card:
    """Return what a user sees whose browser has not kept the login, and why.

    :param files: the path below which style and logo are
    :param login: where to log in again
    :param is_insecure: whether the cookie is for https alone, and this is http
    :param is_framed: whether a page of another site shows this one in a frame
    """
    if is_framed:
        link = Link(login, Phrase("open_app"), target_top=True)
        return Card(Phrase("no_cookie"), Phrase("no_cookie_frame"), files, link=link)
    text = Phrase("no_cookie_secure" if is_insecure else "no_cookie_blocked")
    return Card(Phrase("no_cookie"), text, files, link=Link(login, Phrase("log_in_again")))


def in_frame(files: str, href: str) -> Card:
    """Return what stands in a frame instead of the login page, which no frame may show.

    :param files: the path below which style and logo are
    :param href: where to go, leaving the frame
    """
    link = Link(href, Phrase("open_app"), target_top=True)
    return Card(Phrase("in_frame"), Phrase("in_frame_text"), files, link=link)
