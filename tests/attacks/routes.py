"""What the tests ask of a server beside Dash: routes of the developer's own, and the session."""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, MutableMapping, Sequence
from contextvars import ContextVar
from typing import Any

import flask
import itsdangerous
from dash import Dash
from flask.sessions import SecureCookieSessionInterface

from . import apps

_request: ContextVar[Any] = ContextVar("request of the developer's own route on FastAPI")


def add_route(
    app: Dash,
    rule: str,
    view: Callable[..., Any],
    *,
    name: str | None = None,
    methods: Sequence[str] = ("GET",),
    before_dash: bool = False,
) -> None:
    """Add a route of the developer's own, with a plain function as its view.

    :param app: an app on the server
    :param rule: the rule in Flask's syntax
    :param view: function of the variables that returns text, or a dict to send as JSON
    :param name: the name of the endpoint
    :param methods: what it answers
    :param before_dash: as if the server had had it before the app, which counts on FastAPI: there
        the first route that matches is taken, elsewhere the one that says most
    """
    name = name or f"own {rule} {' '.join(methods)}"
    if apps.backend != "fastapi":
        app.server.add_url_rule(rule, endpoint=name, view_func=view, methods=list(methods))
        return
    path = in_starlettes_syntax(rule)
    app.server.add_api_route(path, for_fastapi(view), methods=list(methods), name=name)
    if before_dash:
        routes = app.server.router.routes
        routes.insert(0, routes.pop())


def add_group(app: Dash, prefix: str, rule: str, view: Callable[..., Any]) -> None:
    """Add a route below a prefix: in a blueprint, or in a router of FastAPI's.

    :param app: an app on the server
    :param prefix: the prefix
    :param rule: a rule below it, without variables
    :param view: function that returns text
    """
    if apps.backend == "fastapi":
        from fastapi import APIRouter

        router = APIRouter()
        router.add_api_route(rule, for_fastapi(view))
        app.server.include_router(router, prefix=prefix)
        return
    if apps.backend == "quart":
        from quart import Blueprint
    else:
        from flask import Blueprint
    blueprint = Blueprint("own", __name__, url_prefix=prefix)
    blueprint.add_url_rule(rule, view_func=view, endpoint="x")
    app.server.register_blueprint(blueprint)


def for_fastapi(view: Callable[..., Any]) -> Callable[..., Any]:
    """Return a view of FastAPI's that answers with what a plain function returns."""
    from fastapi import Request
    from fastapi.responses import JSONResponse, PlainTextResponse

    def endpoint(request):  # type: ignore[no-untyped-def]
        _request.set(request)
        answer = view(**request.path_params)
        return PlainTextResponse(answer) if isinstance(answer, str) else JSONResponse(answer)

    # FastAPI looks annotations up among the globals of this module.
    endpoint.__annotations__ = {"request": Request}
    return endpoint


def plain_paths(app: Dash) -> list[tuple[str, set[str]]]:
    """Return the paths without variables that the server answers over HTTP, with their methods."""
    if apps.backend == "fastapi":
        routes = [route for route in app.server.routes if hasattr(route, "methods")]
        return [(route.path, set(route.methods)) for route in routes if "{" not in route.path]
    return [
        (rule.rule, set(rule.methods or ()))
        for rule in app.server.url_map.iter_rules()
        if not rule.arguments and not rule.websocket
    ]


def in_starlettes_syntax(rule: str) -> str:
    """Return a rule in Flask's syntax as FastAPI has it."""
    return re.sub(
        r"<(?:(\w+)(?:\([^)]*\))?:)?(\w+)>",
        lambda found: f"{{{found[2]}:{found[1]}}}" if found[1] else f"{{{found[2]}}}",
        rule,
    )


def session() -> MutableMapping[str, Any]:
    """Return the session of the request at hand, in a route or in a callback."""
    if apps.backend == "flask":
        return flask.session
    if apps.backend == "quart":
        import quart

        return quart.session
    from dash.backends._fastapi import get_current_request

    scope = (_request.get(None) or get_current_request()).scope
    found: MutableMapping[str, Any] = scope.get("session", {})
    return found


def has_request() -> bool:
    """Tell whether a request is at hand."""
    if apps.backend == "flask":
        return flask.has_request_context()
    if apps.backend == "quart":
        import quart

        return quart.has_request_context()
    from dash.backends._fastapi import _current_request_var

    return (_request.get(None) or _current_request_var.get()) is not None


def forge(content: dict[str, Any], key: str) -> str:
    """Return a session cookie with any content.

    :param content: what the session is to hold
    :param key: the key that it is signed with
    """
    if apps.backend == "fastapi":
        signed = itsdangerous.TimestampSigner(key).sign(b64encode(json.dumps(content).encode()))
        return f"session={signed.decode()}"
    return f"session={_serializer(key).dumps(content)}"


def content_of(cookie: str, key: str) -> dict[str, Any]:
    """Return what a session cookie holds.

    :param cookie: the cookies of an answer, each with its name
    :param key: the key that it is signed with
    """
    value = dict(one.split("=", 1) for one in cookie.split("; ")).get("session", "")
    content: dict[str, Any]
    if apps.backend == "fastapi":
        content = json.loads(b64decode(itsdangerous.TimestampSigner(key).unsign(value)))
    else:
        content = _serializer(key).loads(value)
    return content


def _serializer(key: str) -> Any:
    # Quart's sessions are Flask's.
    server = flask.Flask("forger")
    server.secret_key = key
    return SecureCookieSessionInterface().get_signing_serializer(server)
