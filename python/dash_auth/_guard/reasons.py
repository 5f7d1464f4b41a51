"""Why a request is refused, in one line for the developer's log."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from functools import partial
from pathlib import PurePosixPath

from dash_auth import _core
from dash_auth._core import Endpoint, Refusal
from dash_auth._dash.parts import Parts
from dash_auth._quoted import quoted
from dash_auth._request import UNROUTABLE, Request

logger = logging.getLogger("dash_auth")

_MOST_WARNINGS = 32
"""How many mistakes are told of as warnings: clients choose what is told."""

_DOTS = re.compile(r"(?:^|[/\\])\.\.?(?:[/\\]|$)")


class Reasons:
    """Tells the developer why requests to one app are refused."""

    def __init__(self, parts: Parts, how_to_trust_a_proxy: str) -> None:
        """Remember what the reasons are about.

        :param parts: the parts of the app
        :param how_to_trust_a_proxy: what makes the server believe a proxy
        """
        self._parts = parts
        self._how_to_trust_a_proxy = how_to_trust_a_proxy
        self._warned_of: set[str | None] = set()

    def tell_of_foreign(self, request: Request) -> None:
        """Log why a page of another origin is refused.

        :param request: the request that it makes
        """
        why = partial(_why_foreign, request, self._how_to_trust_a_proxy)
        self.tell(request, why, warn_of=request.origin)

    def tell(
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
        kind = parts.kind(request)
        path = _core.below_prefix(request.path, parts.prefix) or request.path
        rule = f"public_routes=[{quoted(path)}]"
        if request.method == "OPTIONS" and request.header("Access-Control-Request-Method"):
            return f"a preflight of {quoted(request.origin)}, which is not in trusted_origins"
        if kind is Endpoint.CALLBACK:
            if request.closed is not None:
                return str(request.closed)
            return "no callback is public" if parts.any_public() else "nothing is public"
        if request.endpoint == UNROUTABLE:
            return "the server's own routing fails on it"
        if kind in (Endpoint.CLOSED, Endpoint.ALIVE):
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


def _why_foreign(request: Request, how_to_trust_a_proxy: str) -> str:
    """Return in words who makes a forged request, and what would let it pass."""
    origin, own = request.origin, quoted(request.own_origin)
    if origin is None:
        return f"a page of another site than {own} made it, by Sec-Fetch-Site, with no Origin"
    if not _core.is_same_origin(origin, origin):
        return f"a page without an origin that could be trusted made it: {quoted(origin)}"
    reason = f"a page of {quoted(origin)} made it, which is not this app's own origin, {own}"
    if request.sec_fetch_site is None:
        if _core.is_same_origin(origin, _forwarded_origin(request)):
            return (
                f"{reason}. The proxy says that it is (X-Forwarded-Host, X-Forwarded-Proto), "
                "which counts once the server believes the proxy: "
                f"{how_to_trust_a_proxy}"
            )
        reason += ". If it is, have the proxy pass on the Host header that the browser sends"
    return f"{reason}. To let its pages in: trusted_origins=[{quoted(origin)}]"


def _forwarded_origin(request: Request) -> str:
    """Return the origin of a request as a proxy states it, be it to be believed or not."""
    scheme, _, host = request.own_origin.partition("://")
    scheme = (request.header("X-Forwarded-Proto") or scheme).split(",")[0].strip()
    host = (request.header("X-Forwarded-Host") or host).split(",")[0].strip()
    return f"{scheme}://{host}"


def _why_nobody(request: Request) -> str:
    if request.refusal == Refusal.WRONG:
        return "its credentials are wrong"
    if request.refusal == Refusal.BUSY:
        return "all turns to verify a password are taken"
    if request.refusal == Refusal.THROTTLED:
        return f"too many wrong passwords came before; it is to wait {request.retry_after} s"
    if request.refusal == Refusal.UNAVAILABLE:
        return "the users cannot be looked up just now"
    if request.authorization is not None:
        reason = _core.why_no_credentials(request.authorization)
        return f"no login came along ({reason})" if reason else "is_authorized says no"
    return "no login came along"
