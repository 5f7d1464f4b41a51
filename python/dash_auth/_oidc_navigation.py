"""Which requests a login may interrupt, where the user comes back to, and what is answered."""

from __future__ import annotations

import html
from typing import Any
from urllib.parse import quote

import flask
from dash import Dash

from . import _dash_internals as internals
from ._core import below_prefix

LONGEST_TARGET = 512
"""The longest path that is come back to, in characters: it waits in the session's cookie."""

_PATH_CHARACTERS = "/:@!$&'()*+,;=~"
_QUERY_CHARACTERS = _PATH_CHARACTERS + "?%[]"


def is_navigation(request: flask.Request) -> bool:
    """Tell whether the browser shows the answer to a request as a page."""
    mode = request.headers.get("Sec-Fetch-Mode")
    if mode is not None:
        return mode == "navigate"
    # Browsers send it over https and to localhost only: else by what the client would have.
    accepts_html = "Accept" not in request.headers or request.accept_mimetypes.accept_html
    return request.method == "GET" and accepts_html


def target(app: Dash, request: flask.Request) -> str | None:
    """Return the path to come back to, as the browser sees it, None for the app's start.

    :param app: Dash app
    :param request: the request that the login interrupts
    """
    if request.method != "GET":
        return None
    below = below_prefix(request.path, internals.routes_prefix(app))
    if below is None:
        path = request.script_root + request.path
    else:
        path = internals.requests_prefix(app) + below.removeprefix("/")
    path = quote(path, safe=_PATH_CHARACTERS)
    query = quote(request.query_string, safe=_QUERY_CHARACTERS)
    found = f"{path}?{query}" if query and len(path) + len(query) < LONGEST_TARGET else path
    return found if is_local(found) and len(found) <= LONGEST_TARGET else None


def is_local(location: str) -> bool:
    """Tell whether a Location header leads to this origin."""
    # Browsers take `//host` and `/\host` for another host, and skip tabs and line feeds.
    return location.startswith("/") and location[1:2] not in ("/", "\\") and location.isprintable()


def uncached(answer: Any) -> flask.Response:
    """Return an answer that nobody keeps, and whose address is told to nobody."""
    response = flask.make_response(answer)
    response.headers["Cache-Control"] = "no-store"
    # The address of a callback holds the code.
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def page(text: str, link: str, path: str) -> flask.Response:
    """Return a small page with a link.

    :param text: what the page says
    :param link: what the link says
    :param path: where it leads
    """
    style = "display: flex; flex-direction: column; gap: 0.75rem; padding: 3rem 5rem;"
    link = f'<a href="{html.escape(path)}">{html.escape(link)}</a>'
    content = f'<div style="{style}"><div>{html.escape(text)}</div><div>{link}</div></div>'
    return flask.Response(f"<!doctype html>\n{content}\n")
