"""What a refusal says: a small page to people, plain text to programs."""

from __future__ import annotations

import base64
import hashlib
from typing import NamedTuple

from markupsafe import Markup

from dash_auth._request import Answer, Request
from dash_auth.logins.pages.headers import HEADERS
from dash_auth.logins.pages.look import FOLDER
from dash_auth.logins.pages.template import render

_STYLE = Markup((FOLDER / "card.css").read_text(encoding="utf-8"))

_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

PAGE_HEADERS = {
    **HEADERS,
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
}
"""What every page of ours carries."""


class _Advice(NamedTuple):
    """What a page says beside what happened.

    Attributes:
        text: what it means, and what to do.
        link: what the link says.
        again: whether the link leads to the same page; else to the app's start.
    """

    text: str
    link: str
    again: bool = False


_ADVICE = {
    200: _Advice("To work with the app again, log in.", "Go back"),
    401: _Advice("This page is only for users who are logged in.", "Log in", again=True),
    403: _Advice(
        "A page of another site sent this request, so nothing was changed. Open the app, and do it "
        "there.",
        "Open the app",
    ),
    413: _Advice(
        "What was sent is larger than what is read with no login. Send less, or log in first.",
        "Back to the app",
    ),
    429: _Advice("Wait a moment before you log in again.", "Try again", True),
    503: _Advice("The login is not available just now. Try again in a moment.", "Try again", True),
}
_BACK = _Advice("", "Back to the app")

_LONGEST_ACCEPT = 1024
"""How much of an Accept header is looked at, in characters."""


def accepts_html(request: Request) -> bool:
    """Tell whether a client names HTML among what it accepts.

    :param request: the facts of the request
    """
    for accepted in (request.header("Accept") or "")[:_LONGEST_ACCEPT].lower().split(","):
        kind, *parameters = (part.strip() for part in accepted.split(";"))
        if kind == "text/html":
            return not any(one.startswith("q=") and not one.strip("q=0.") for one in parameters)
    return False


def is_shown(request: Request) -> bool:
    """Tell whether a browser shows the answer to a request as a page, which a program does not.

    :param request: the request
    """
    mode = request.header("Sec-Fetch-Mode")
    # Browsers send it over https and to localhost only: else by what the client would have.
    if mode is None:
        return request.method == "GET" and accepts_html(request)
    return mode == "navigate"


def page(text: str, link: str, path: str, advice: str = "") -> str:
    """Return a small page with a link, as HTML.

    :param text: what happened
    :param link: what the link says
    :param path: where it leads; nothing stands for the same page
    :param advice: what to do
    """
    return render("small.html", style=_STYLE, text=text, link=link, path=path, advice=advice)


def answer(
    request: Request, status: int, text: str, start: str, headers: dict[str, str] | None = None
) -> Answer:
    """Return an answer of ours: a page where the client would have one, else plain text.

    :param request: the request
    :param status: its status
    :param text: what happened
    :param start: path of the app's start
    :param headers: further headers
    """
    if not accepts_html(request):
        return Answer(status, text, {**HEADERS, **(headers or {})})
    advice = _ADVICE.get(status, _BACK)
    path = "" if advice.again and request.method == "GET" else start
    return as_answer(page(text, advice.link, path, advice.text), status, headers)


def no_access(request: Request, name: str, start: str, logout_path: str | None = None) -> Answer:
    """Return the answer to a user who is logged in, and may not enter.

    :param request: the request
    :param name: the user's name
    :param start: path of the app's start
    :param logout_path: path that logs out, None where there is none
    """
    text = "Access denied"
    if not accepts_html(request):
        return Answer(403, text, HEADERS)
    advice = f"You are logged in as {name}, who may not use this app. Ask for access."
    if logout_path is None:
        return as_answer(page(text, "Try again", start, advice), 403)
    return as_answer(page(text, "Log out", logout_path, advice), 403)


def as_answer(page: str, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    """Return one of our pages as an answer.

    :param page: the page
    :param status: its status
    :param headers: further headers
    """
    return Answer(status, page, {**PAGE_HEADERS, **(headers or {})}, "text/html; charset=utf-8")
