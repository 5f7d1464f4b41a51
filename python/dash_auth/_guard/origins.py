"""Whether a page of this origin makes a request, and what helps where an honest one is refused."""

from __future__ import annotations

from dash_auth import _core
from dash_auth._quoted import quoted
from dash_auth._request import Request, Server


class Origins:
    """The origins whose pages may use the credentials that a browser holds."""

    def __init__(self, server: Server, trusted: tuple[str, ...]) -> None:
        """Remember what the developer trusts.

        :param server: adapter of the app's server
        :param trusted: origins beside the request's own
        """
        self._server = server
        self._trusted = list(trusted)

    def is_forged(self, request: Request) -> bool:
        """Tell whether a page of another origin makes a request that changes something."""
        if request.sec_fetch_site is None and request.origin is None:
            # A program, which holds nobody's credentials but its own.
            return False
        return _core.is_cross_site_forgery(
            request.method,
            request.sec_fetch_site,
            request.origin,
            request.own_origin,
            self._trusted,
        )

    def is_preflight(self, request: Request) -> bool:
        """Tell whether a browser asks, for a page of a trusted origin, if it may make a request."""
        return _core.is_preflight(
            request.method,
            request.origin,
            request.header("Access-Control-Request-Method"),
            self._trusted,
        )

    def is_hijack(self, request: Request) -> bool:
        """Tell whether a page of another origin would open a WebSocket in its visitor's name.

        The browser sends along what it holds, and lets the page read what comes back.
        """
        return _core.is_from_elsewhere(
            request.sec_fetch_site, request.origin, request.own_origin, self._trusted
        )

    def why_foreign(self, request: Request) -> str:
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
                    f"{self._server.how_to_trust_a_proxy}"
                )
            reason += ". If it is, have the proxy pass on the Host header that the browser sends"
        return f"{reason}. To let its pages in: trusted_origins=[{quoted(origin)}]"


def _forwarded_origin(request: Request) -> str:
    """Return the origin of a request as a proxy states it, be it to be believed or not."""
    scheme, _, host = request.own_origin.partition("://")
    scheme = (request.header("X-Forwarded-Proto") or scheme).split(",")[0].strip()
    host = (request.header("X-Forwarded-Host") or host).split(",")[0].strip()
    return f"{scheme}://{host}"
