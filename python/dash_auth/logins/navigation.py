"""Which requests a login may interrupt, where the user comes back to, and what is answered."""

from __future__ import annotations

from dash import Dash
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from dash_auth import _dash_internals as internals
from dash_auth._core import below_prefix, is_local, way_back
from dash_auth._request import Request
from dash_auth.logins.pages import page

__all__ = ["UNCACHED", "is_local", "is_navigation", "page", "target"]

UNCACHED = {
    "Cache-Control": "no-store",
    # The address of a callback holds the code.
    "Referrer-Policy": "no-referrer",
}
"""The headers of an answer that nobody keeps, and whose address is told to nobody."""

_ACCEPT_READ = 1024
"""How much of an Accept header is read, in characters: the parser takes long over a long one."""


def is_navigation(request: Request) -> bool:
    """Tell whether the browser shows the answer to a request as a page."""
    mode = request.header("Sec-Fetch-Mode")
    if mode is not None:
        return mode == "navigate"
    # Browsers send it over https and to localhost only: else by what the client would have.
    accepted = request.header("Accept")
    if request.method != "GET" or accepted is None:
        return request.method == "GET"
    return parse_accept_header(accepted[:_ACCEPT_READ], MIMEAccept).accept_html


def target(app: Dash, request: Request) -> str | None:
    """Return the path to come back to, as the browser sees it, None for the app's start.

    :param app: Dash app
    :param request: the request that the login interrupts
    """
    if request.target is not None or request.method != "GET":
        return request.target
    return way_back(seen(app, request, request.path), request.query.encode("latin-1"))


def seen(app: Dash, request: Request, path: str) -> str:
    """Return a path on the server as the browser sees it.

    :param app: Dash app, which is told what a proxy cuts off
    :param request: the current request
    :param path: the path as the server's own routes have it
    """
    inside, outside = internals.routes_prefix(app), internals.requests_prefix(app)
    if outside.endswith(inside):
        cut = outside.removesuffix(inside)
        # Of that the server itself may know, or may have been told another.
        return (cut if cut.endswith(request.root_path) else request.root_path) + path
    below = below_prefix(path, inside)
    return request.root_path + path if below is None else outside + below.removeprefix("/")
