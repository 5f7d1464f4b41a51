"""Why a request is refused, in words for the developer's log."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from dash_auth import _core
from dash_auth._core import Endpoint, Refusal, RouteMap
from dash_auth._quoted import quoted
from dash_auth._request import UNROUTABLE, Request

if TYPE_CHECKING:
    from dash_auth._guard.guard import Guard

_DOTS = re.compile(r"(?:^|[/\\])\.\.?(?:[/\\]|$)")


def why_login_is_needed(guard: Guard, request: Request, kind: Endpoint, rules: RouteMap) -> str:
    """Return in words why a request needs a login, and why it brings none.

    :param guard: who refuses
    :param request: the facts of the request
    :param kind: what the server is going to run for it
    :param rules: the declared rules
    """
    return f"{_why_closed(guard, request, kind, rules)}; {_why_nobody(request)}"


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


def _why_closed(guard: Guard, request: Request, kind: Endpoint, rules: RouteMap) -> str:
    path = _core.below_prefix(request.path, guard.prefix) or request.path
    rule = f"public_routes=[{quoted(path)}]"
    if request.method == "OPTIONS" and request.header("Access-Control-Request-Method"):
        return f"a preflight of {quoted(request.origin)}, which is not in trusted_origins"
    if kind == Endpoint.CALLBACK:
        if request.closed is not None:
            return str(request.closed)
        return "no callback is public" if guard.has_public_parts() else "nothing is public"
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
    if rules.matches(path):
        return f"the rule that matches does not mean the page of Dash's at {quoted(path)}"
    if guard.endpoints.is_asset(request.endpoint):
        extension = PurePosixPath(request.path).suffix.removeprefix(".")
        return (
            f"an asset with the private extension {quoted(extension)} that no rule opens: {rule} "
            "(DASH_PUBLIC_ASSETS_EXTENSIONS names the public extensions)"
        )
    what = {Endpoint.PAGE: "this page of Dash's", Endpoint.SERVER: "this route of the server's"}
    named = what.get(kind, "this path, for which there is no route")
    return f"no rule opens {named}; to open it: {rule}"
