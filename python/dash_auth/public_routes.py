"""Public routes and public callbacks: what runs with no login."""

from __future__ import annotations

import functools
import inspect
import logging
import os
import weakref
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, cast
from weakref import WeakKeyDictionary, WeakSet

import dash
from dash import Dash
from werkzeug.routing import Map, MapAdapter, Rule

from dash_auth import _dash_internals as internals
from dash_auth._arguments import either
from dash_auth._core import RouteMap
from dash_auth._keywords import refuse_unknown

__all__ = [
    "BASE_PUBLIC_ROUTES",
    "DASH_PUBLIC_ASSETS_EXTENSIONS",
    "PUBLIC_CALLBACKS",
    "PUBLIC_ROUTES",
    "add_public_routes",
    "get_public_callbacks",
    "get_public_routes",
    "public_callback",
]

logger: logging.Logger = logging.getLogger("dash_auth")

F = TypeVar("F", bound=Callable[..., Any])

DASH_PUBLIC_ASSETS_EXTENSIONS = "js,css"
"""The file name extensions of assets that are public by default."""

PUBLIC_ROUTES = "PUBLIC_ROUTES"
PUBLIC_CALLBACKS = "PUBLIC_CALLBACKS"
"""Where dash-auth keeps them in the server's config, kept for apps that import the names."""


def public_assets_extensions() -> tuple[str, ...]:
    """Return the file name extensions, in lower case, of assets that are public.

    They are set by the environment variable `DASH_PUBLIC_ASSETS_EXTENSIONS`, or by
    `DASH_ASSETS_PUBLIC_EXTENSIONS`, the name in the documentation of dash-auth.
    """
    for name in ("DASH_PUBLIC_ASSETS_EXTENSIONS", "DASH_ASSETS_PUBLIC_EXTENSIONS"):
        if name in os.environ:
            extensions = os.environ[name]
            break
    else:
        extensions = DASH_PUBLIC_ASSETS_EXTENSIONS
    parts = (part.strip().lower().removeprefix(".") for part in extensions.split(","))
    return tuple(part for part in parts if part)


BASE_PUBLIC_ROUTES = [
    *(f"/assets/<path:path>.{extension}" for extension in public_assets_extensions()),
    "/_dash-component-suites/<path:path>",
    "/_dash-layout",
    "/_dash-dependencies",
    "/_favicon.ico",
    "/_reload-hash",
]
"""What dash-auth opens beside the declared routes, kept for apps that import it."""

_public_routes: WeakKeyDictionary[Dash, RouteMap] = WeakKeyDictionary()
_public_functions: WeakSet[Callable[..., Any]] = WeakSet()
_registrations = 0
_configured: WeakKeyDictionary[Dash, dict[str, weakref.ref[Callable[..., Any]]]] = (
    WeakKeyDictionary()
)
_ignored: WeakKeyDictionary[Dash, set[str]] = WeakKeyDictionary()


def public_rules(app: Dash) -> RouteMap:
    """Return the declared rules of an app, live."""
    return _public_routes.setdefault(app, RouteMap())


def add_public_routes(
    app: Dash,
    routes: Iterable[str] | None = None,
    *,
    public_routes: Iterable[str] | None = None,
) -> None:
    """Add routes that pass with no login.

    The routes follow Flask's syntax, e.g. `"/login"` or `"/user/<user_id>/public"`, relative to the
    app's URL prefix or written in full. A rule that matches a route of the server's own is about
    that route, and opens no page of Dash's. A path with a segment `.` or `..` matches no rule.

    With the first rule, Dash's component suites, the favicon and assets with a public extension
    open too; with the first one that leads to a page of Dash's, so do the layout, the dependencies
    and the reload hash, which every page needs.

    Callbacks on public pages are made public with :func:`public_callback`.

    :param app: Dash app
    :param routes: rules to add
    :param public_routes: the same under the name used in dash-auth's documentation
    :raises TypeError: if the routes are no list of strings
    :raises ValueError: if a rule cannot be read; none is added then
    """
    declared = either("add_public_routes", routes=routes, public_routes=public_routes)
    if declared is None:
        raise TypeError("add_public_routes needs the routes to add")
    if isinstance(declared, str):
        raise TypeError(f"the public routes must be a list of rules: [{declared!r}]")
    if not isinstance(declared, Iterable):
        raise TypeError(f"the public routes must be a list of rules, not {type(declared).__name__}")
    rules = list(declared)
    for rule in rules:
        if not isinstance(rule, str):
            raise TypeError(f"a public route must be a str, not {type(rule).__name__}")
        RouteMap().add(rule)
    for rule in rules:
        public_rules(app).add(rule)


def public_callback(*callback_args: Any, **callback_kwargs: Any) -> Callable[[F], F]:
    """Register a Dash callback that runs with no login.

    :param callback_args: positional arguments of `dash.callback`
    :param callback_kwargs: keyword arguments of `dash.callback`
    :return: a decorator that registers the function and returns it unchanged
    :raises TypeError: for a keyword that Dash does not know, and with no parentheses
    """
    check_callback_arguments("public_callback", callback_args, callback_kwargs)
    register = dash.callback(*callback_args, **callback_kwargs)

    def decorator(function: F) -> F:
        # A wrapper of its own is what Dash keeps, so that it can be told by identity: the same
        # function registered once more by a plain callback stays private.
        public_function = _wrapped_afresh(function)
        _public_functions.add(public_function)
        global _registrations
        _registrations += 1
        register(public_function)
        return function

    return decorator


def check_callback_arguments(
    name: str, arguments: tuple[Any, ...], keywords: Iterable[str], own: Iterable[str] = ()
) -> None:
    """Refuse what is meant for `dash.callback`, which would pass over it in silence.

    :param name: what was called
    :param arguments: the positional arguments
    :param keywords: the keywords
    :param own: further keywords that would have been right
    :raises TypeError: for a keyword that nobody knows, and for a decorator with no parentheses
    """
    if arguments and callable(arguments[0]):
        raise TypeError(
            f"@{name} needs its arguments, as @dash.callback does: "
            f"write @{name}(Output(...), Input(...))"
        )
    known = internals.callback_keywords()
    refuse_unknown(name, [key for key in keywords if key not in known], [*own, *known])


def _wrapped_afresh(function: F) -> F:
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def run_async(*args: Any, **kwargs: Any) -> Any:
            return await function(*args, **kwargs)

        return cast("F", run_async)

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return cast("F", run)


def registrations() -> int:
    """Return how many times a callback was made public in this process."""
    return _registrations


def configured_callbacks(app: Dash) -> dict[str, weakref.ref[Callable[..., Any]]]:
    """Return the callbacks that the server's config names, as dash-auth keeps public callbacks.

    An id stands for what is registered under it when both are first seen. What is registered under
    it later is another callback, and private.

    :param app: Dash app
    :return: ids, and what Dash runs for them
    """
    config: Mapping[str, Any] | None = getattr(app.server, "config", None)
    named = config.get(PUBLIC_CALLBACKS) if isinstance(config, (dict, Mapping)) else None
    if not named:
        return {}
    if not isinstance(named, list | tuple | set):
        _ignore(app, named, "it is no list of callback ids")
        return {}
    found = _configured.setdefault(app, {})
    ids = set()
    for output in named:
        if not isinstance(output, str):
            _ignore(app, output, "it is no callback id")
        elif output == internals.PAGE_ROUTER_ID:
            _ignore(app, output, "public_routes say which pages are public")
        else:
            ids.add(output)
    for output in ids - found.keys():
        entry = internals.awaited_entry(app, output)
        if entry is not None and "callback" in entry:
            found[output] = weakref.ref(entry["callback"])
    return {output: callback for output, callback in found.items() if output in ids}


def _ignore(app: Dash, named: object, reason: str) -> None:
    ignored = _ignored.setdefault(app, set())
    if repr(named) not in ignored:
        ignored.add(repr(named))
        logger.warning("Ignored in server.config[%r]: %r: %s", PUBLIC_CALLBACKS, named, reason)


def is_public_callback(app: Dash, entry: internals.CallbackEntry) -> bool:
    """Tell whether a callback was registered by :func:`public_callback`, or the config names it.

    A callback that Dash derives from `cancel=` is public exactly when all that it cancels is.

    :param app: Dash app
    :param entry: the callback as Dash keeps it
    """
    function = internals.registered_function(entry)
    # First, since it is asked at each anonymous callback.
    if callable(function) and function in _public_functions:
        return True
    if internals.is_cancel_callback(entry):
        cancelled = internals.cancelled_by(app, entry).values()
        return bool(cancelled) and all(is_public_callback(app, other) for other in cancelled)
    # By what Dash made of the function for this one id: the function may have others.
    callback = entry.get("callback")
    configured = configured_callbacks(app).values()
    return callback is not None and any(named() is callback for named in configured)


def get_public_routes(app: Dash) -> MapAdapter:
    """Return the public routes as werkzeug's map, those that dash-auth always opened included.

    It is made for asking (`.test(path)`); what lets a request pass is decided elsewhere, by the
    endpoint that will serve it.

    :param app: Dash app
    """
    rules = public_rules(app).rules
    routes = [*BASE_PUBLIC_ROUTES, *rules] if rules else []
    return Map([Rule(route) for route in routes]).bind("")


def get_public_callbacks(app: Dash) -> list[str]:
    """Return the ids of the public callbacks.

    :param app: Dash app
    """
    return [
        output
        for output, entry in internals.callback_entries(app)
        if is_public_callback(app, entry)
    ]
