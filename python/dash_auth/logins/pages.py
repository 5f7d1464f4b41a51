"""What a refusal says: a small page to people, plain text to programs."""

from __future__ import annotations

import base64
import hashlib
import html
from typing import NamedTuple

from dash_auth._request import Answer, Request

# The colours and measures of the login page. No part of it comes from elsewhere.
_STYLE = """
:root{color-scheme:light dark;--brand:#7f4bc4;--bg:#f5f7fb;--card:#fff;--text:#1f2a44;--muted:#5a6478;--hair:#dfe4ee;--link:var(--brand)}
@media (prefers-color-scheme:dark){:root{--bg:#11141d;--card:#1b2030;--text:#e8ebf2;--muted:#a3acc0;--hair:#2c3347;--link:#b99af0}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;min-height:100dvh;display:grid;place-items:center;padding:24px 16px;background:var(--bg);color:var(--text);font:16px/1.5 "Open Sans","Helvetica Neue",system-ui,sans-serif}
body::before{content:"";position:fixed;inset:0 0 auto;height:4px;background:var(--brand)}
main{width:100%;max-width:400px;padding:40px 32px 32px;background:var(--card);border:1px solid var(--hair);border-radius:8px;box-shadow:0 1px 2px rgb(0 9 38/.06),0 8px 24px rgb(0 9 38/.08)}
h1{margin:0;font-size:24px;line-height:32px;font-weight:600;letter-spacing:-.01em;overflow-wrap:anywhere}
p{margin:4px 0 0;color:var(--muted);font-size:14px;line-height:20px}
a{display:block;margin:24px 0 0;padding:10px 12px;border-radius:4px;background:var(--brand);color:#fff;font-weight:600;line-height:24px;text-align:center;text-decoration:none}
a:hover{background:color-mix(in srgb,var(--brand) 88%,#000)}
:focus-visible{outline:2px solid var(--link);outline-offset:2px}
@media (max-width:480px){body{display:block;padding:0;background:var(--card)}main{max-width:none;padding:32px 20px;border:0;border-radius:0;box-shadow:none}}
@media (forced-colors:active){main,a{border:1px solid}}
"""  # noqa: E501

_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
"""What every answer of ours carries."""

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


def page(text: str, link: str, path: str, advice: str = "") -> str:
    """Return a small page with a link, as HTML.

    :param text: what happened
    :param link: what the link says
    :param path: where it leads; nothing stands for the same page
    :param advice: what to do
    """
    text, link, path, advice = map(html.escape, (text, link, path, advice))
    return (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{text}</title>\n<style>{_STYLE}</style>\n"
        f"<main>\n<h1>{text}</h1>\n{f'<p>{advice}</p>' if advice else ''}\n"
        f'<a href="{path}">{link}</a>\n</main>\n</html>\n'
    )


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


def as_answer(html: str, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    """Return one of our pages as an answer.

    :param html: the page
    :param status: its status
    :param headers: further headers
    """
    return Answer(status, html, {**PAGE_HEADERS, **(headers or {})}, "text/html; charset=utf-8")
