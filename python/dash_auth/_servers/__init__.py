"""One thin adapter a server: the facts of a request in, an answer out."""

from __future__ import annotations

from typing import Any, Protocol

from dash_auth._guard.guards import Guards
from dash_auth._request import PageServer


class GuardedServer(PageServer, Protocol):
    """A server whose requests are decided on."""

    guards: Guards
    """Those who decide on each request: none reaches an app but through them."""


def is_server(server: object) -> bool:
    """Tell whether there is a server to guard yet (`Dash(server=False)` has none)."""
    return server is not None and not isinstance(server, bool)


def server_for(server: Any) -> GuardedServer:
    """Return the adapter for a server.

    :raises TypeError: if no adapter knows the server, which would stay unprotected
    """
    kinds = {f"{kind.__module__.split('.')[0]}.{kind.__name__}" for kind in type(server).__mro__}
    # Quart lets itself be taken for a Flask.
    if "quart.Quart" in kinds:
        from dash_auth._servers.quart import QuartServer

        return QuartServer.of(server)
    if "fastapi.FastAPI" in kinds:
        from dash_auth._servers.fastapi import FastAPIServer

        return FastAPIServer.of(server)
    if "flask.Flask" in kinds:
        from dash_auth._servers.flask import FlaskServer

        return FlaskServer.of(server)
    raise TypeError(
        f"dash_auth does not know how to protect a server of type {type(server).__module__}."
        f"{type(server).__qualname__}; it knows flask.Flask, quart.Quart and fastapi.FastAPI"
    )
