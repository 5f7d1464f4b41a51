"""Why a request is refused, in words for the developer's log."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from dash import Dash

from dash_auth import _core
from dash_auth import _dash_internals as internals
from dash_auth._core import Endpoint, Refusal
from dash_auth._dash.parts import Parts
from dash_auth._guard.origins import Origins
from dash_auth._quoted import quoted
from dash_auth._request import UNROUTABLE, Request, Server
from dash_auth._threads import RETRY_AFTER
from dash_auth.logins import pages

logger = logging.getLogger("dash_auth")

_RETRY_AFTER = {True: str(RETRY_AFTER), False: "10"}
"""After how many seconds a client may come back, by whether all turns are taken."""

_MOST_WARNINGS = 32
"""How many mistakes are told of as warnings: clients choose what is told."""

_DOTS = re.compile(r"(?:^|[/\\])\.\.?(?:[/\\]|$)")


class Refusals:
    """What is answered to those who may not pass, and the one line of the log about each."""

    def __init__(self, app: Dash, server: Server, parts: Parts, origins: Origins) -> None:
        """Remember what the reasons are about.

        :param app: Dash app
        :param server: its server
        :param parts: the parts of the app
        :param origins: whose pages may make requests
        """
        self._server = server
        self._parts = parts
        self._origins = origins
        self._prefix = internals.routes_prefix(app)
        self._start = internals.requests_prefix(app)
        self._warned_of: set[str | None] = set()

    def answer(
        self, request: Request, status: int, text: str, headers: dict[str, str] | None = None
    ) -> Any:
        """Return an answer of ours: a page to people, plain text to programs.

        :param request: the request
        :param status: the status
        :param text: what happened
        :param headers: further headers
        """
        return self._server.respond(pages.answer(request, status, text, self._start, headers))

    def forged(self, request: Request) -> Any:
        """Return the answer to a request that a page of another origin makes."""
        why = partial(self._origins.why_foreign, request)
        self.explain(request, why, warn_of=request.origin)
        return self.answer(request, 403, "Cross-site request refused")

    def busy(self, request: Request) -> Any:
        """Return the answer to a client that is to come back later."""
        self.explain(request)
        is_busy = request.refusal == Refusal.BUSY
        said = "Too many logins" if is_busy else "Logins cannot be checked at the moment"
        return self.answer(request, 503, said, {"Retry-After": _RETRY_AFTER[is_busy]})

    def too_large(self, request: Request) -> Any:
        """Return the answer to a body that is larger than what is read with no login."""
        self.explain(request, warn_of="anonymous_body_limit")
        return self.answer(request, 413, "Request too large")

    def explain_socket(self, request: Request, *, is_hijack: bool) -> None:
        """Log why a WebSocket may not be opened.

        :param request: the handshake
        :param is_hijack: whether a page of another origin would open it
        """
        why = partial(self._origins.why_foreign, request) if is_hijack else None
        self.explain(request, why, warn_of=request.origin if is_hijack else None)

    def explain(
        self,
        request: Request,
        why: Callable[[], str] | None = None,
        *,
        warn_of: str | None = None,
    ) -> None:
        """Log in one line why a request is refused.

        :param request: the request
        :param why: returns the reason, None for that a login is needed
        :param warn_of: what to warn of once, since it keeps honest clients out as well
        """
        level = logging.DEBUG
        if warn_of is not None and warn_of not in self._warned_of:
            if len(self._warned_of) < _MOST_WARNINGS:
                self._warned_of.add(warn_of)
                level = logging.WARNING
        if not request.is_explained and logger.isEnabledFor(level):
            reason = self._why_login_is_needed(request) if why is None else why()
            logger.log(level, "Refused: %s: %s", quoted(f"{request.method} {request.path}"), reason)

    def _why_login_is_needed(self, request: Request) -> str:
        """Return in words why a request needs a login, and why it brings none."""
        return f"{self._why_closed(request)}; {_why_nobody(request)}"

    def _why_closed(self, request: Request) -> str:
        parts = self._parts
        kind = parts.endpoints.kind(request.endpoint, request.view_arguments)
        path = _core.below_prefix(request.path, self._prefix) or request.path
        rule = f"public_routes=[{quoted(path)}]"
        if request.method == "OPTIONS" and request.header("Access-Control-Request-Method"):
            return f"a preflight of {quoted(request.origin)}, which is not in trusted_origins"
        if kind == Endpoint.CALLBACK:
            if request.closed is not None:
                return str(request.closed)
            return "no callback is public" if parts.any_public() else "nothing is public"
        if request.endpoint == UNROUTABLE:
            return "the server's own routing fails on it"
        if kind == Endpoint.CLOSED:
            return f"no rule opens the endpoint {quoted(request.endpoint)}"
        if kind == Endpoint.LAYOUT:
            return "no rule leads to a page of Dash's, so that the layout is private"
        if kind == Endpoint.STATIC:
            return "nothing is public: such a file opens with the first rule"
        if _DOTS.search(request.path):
            return "a path with a segment . or .. matches no rule"
        if kind == Endpoint.NAMED:
            return f"only a rule that names it opens an endpoint of Dash's: {rule}"
        if parts.rules.matches(path):
            return f"the rule that matches does not mean the page of Dash's at {quoted(path)}"
        if parts.endpoints.is_asset(request.endpoint):
            extension = PurePosixPath(request.path).suffix.removeprefix(".")
            return (
                f"an asset with the private extension {quoted(extension)} that no rule opens: "
                f"{rule} "
                "(DASH_PUBLIC_ASSETS_EXTENSIONS names the public extensions)"
            )
        what = {Endpoint.PAGE: "this page of Dash's", Endpoint.SERVER: "this route of the server's"}
        named = what.get(kind, "this path, for which there is no route")
        return f"no rule opens {named}; to open it: {rule}"


def _why_nobody(request: Request) -> str:
    if request.refusal == Refusal.WRONG:
        return "its credentials are wrong"
    if request.refusal == Refusal.BUSY:
        return "all turns to verify a password are taken"
    if request.refusal == Refusal.UNAVAILABLE:
        return "the users cannot be looked up just now"
    if request.authorization is not None:
        reason = _core.why_no_credentials(request.authorization)
        return f"no login came along ({reason})" if reason else "is_authorized says no"
    return "no login came along"
