"""Handles of background jobs, bound to the public callback that they were issued for.

A background callback answers with `cacheKey` and `job`, which the browser sends back in the query
to ask for the result or to cancel. Dash takes them for whatever callback the body names; before
4.4.1 it takes any. So a stranger is given sealed handles, and may use only those.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from dash import Dash

from dash_auth import _dash_internals as internals
from dash_auth._core import HandleSeal
from dash_auth._dash.callbacks import OpenCallback
from dash_auth._request import Request
from dash_auth._secret_keys import Keys
from dash_auth.public_routes import is_public_callback

ISSUED = ("cacheKey", "job")
"""The members of Dash's answer that are handles."""

PARAMETERS = ("cacheKey", "job", "oldJob", "cancelJob")
"""The parameters of the query that take handles."""

_LONGEST_QUERY = 16 * 1024
_MOST_PARAMETERS = 1_000
"""What is read of a query, in characters and parameters: a browser sends a few hundred of them."""


class CallbackHandles:
    """Tells which handles a stranger may use, and hands them to Dash as it issued them."""

    def __init__(self, app: Dash, seal: HandleSeal, keys: Callable[[], Keys]) -> None:
        """Remember whose handles they are.

        :param app: Dash app
        :param seal: seals the handles of this app
        :param keys: returns the secret keys
        """
        self._app = app
        self._seal = seal
        self._keys = keys

    def admit(self, request: Request, callback: OpenCallback, *, of_user: bool = False) -> bool:
        """Tell whether all handles in the query were issued for a callback, and unseal them.

        :param request: the facts of the request
        :param callback: what the request runs
        :param of_user: whether a user makes it, who may run callbacks that are not public
        """
        output, entry, is_public = callback
        query = request.query
        own = [output] if (is_public or of_user) and internals.background(entry) else []
        if not _is_readable(query):
            return False
        unsealed: dict[str, list[str]] = {}
        for name in PARAMETERS if query and _may_hold_handles(query) else ():
            values = request.query_values(name)
            if not values:
                continue
            issuers = self._cancelled(entry, of_user) if name == "cancelJob" else own
            handles = [self._unseal(name, issuers, value) for value in values]
            unsealed[name] = [handle for handle in handles if handle is not None]
            if len(unsealed[name]) < len(values):
                return False
        if unsealed:
            request.replace_query_values(unsealed)
        if own:
            request.rewrite_answer(
                lambda answer: seal_answer(self._seal, self._keys()[0], output, answer)
            )
        return True

    def unseal_those_of_stranger(self, request: Request) -> None:
        """Unseal the handles that a user was given before logging in.

        :param request: the facts of the request
        """
        if not _is_readable(request.query) or not any(name in request.query for name in PARAMETERS):
            return
        issuers = [
            output
            for output, entry in internals.callback_entries(self._app)
            if internals.background(entry) and is_public_callback(self._app, entry)
        ]
        values = {name: request.query_values(name) for name in PARAMETERS}
        request.replace_query_values(
            {
                name: [self._unseal(name, issuers, value) or value for value in several]
                for name, several in values.items()
            }
        )

    def _cancelled(self, entry: internals.CallbackEntry, of_user: bool) -> list[str]:
        """Return the callbacks that a change of a callback's inputs cancels, else the public ones.

        :param entry: the callback as Dash keeps it
        :param of_user: whether they are all meant
        """
        return [
            output
            for output, cancelled in internals.cancelled_by(self._app, entry).items()
            if of_user or is_public_callback(self._app, cancelled)
        ]

    def _unseal(self, parameter: str, issuers: list[str], sealed: str) -> str | None:
        return self._seal.unseal(list(self._keys()), parameter, issuers, sealed)


def seal_answer(seal: HandleSeal, secret: bytes, output: str, answer: bytes) -> bytes:
    """Return Dash's answer to a callback with its handles sealed; any other as it is.

    :param seal: seals the handles of the app
    :param secret: the current secret key
    :param output: the callback's id
    :param answer: the body of the answer
    """
    try:
        members = json.loads(answer)
    except ValueError:
        return answer
    if not isinstance(members, dict) or not any(name in members for name in ISSUED):
        return answer
    for name in ISSUED:
        if members.get(name) is not None:
            members[name] = seal.seal(secret, name, output, str(members[name]))
    return json.dumps(members).encode()


def _is_readable(query: str) -> bool:
    """Tell whether a query is short enough to be parsed, also by Dash, while others wait."""
    return len(query) <= _LONGEST_QUERY and query.count("&") < _MOST_PARAMETERS


def _may_hold_handles(query: str) -> bool:
    """Tell whether a query may hold handles: escaped, their names can look like anything."""
    return "%" in query or any(name in query for name in PARAMETERS)
