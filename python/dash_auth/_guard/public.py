"""What passes with no login, and who makes it where the app asks."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from dash_auth._caching import demand
from dash_auth._core import Endpoint
from dash_auth._current import RequestIdentity
from dash_auth._dash.closed import Closed
from dash_auth._dash.parts import Parts
from dash_auth._guard.visitors import Visitors, known_to_others
from dash_auth._request import TOO_LARGE, UNREADABLE, Caching, Request, Server
from dash_auth._steps import Read, Steps

logger = logging.getLogger("dash_auth")


class Public:
    """Lets the anonymous pass where the developer has said so."""

    def __init__(self, server: Server, parts: Parts, visitors: Visitors, body_limit: int) -> None:
        """Remember what is public.

        :param server: the app's server
        :param parts: the parts of the app
        :param visitors: finds out who makes a request
        :param body_limit: the largest body that is read, in bytes
        """
        self._server = server
        self._parts = parts
        self._visitors = visitors
        self._body_limit = body_limit
        self._asking_endpoints: set[str | None] = set()
        """The endpoints that have asked for the user of a public request."""

    def opens_callback(self, request: Request, set_up: Callable[[], Steps[None]]) -> Steps[bool]:
        """Tell whether a request for a callback is for a public one.

        :param request: the request
        :param set_up: has Dash set the app up: only then are all callbacks known
        """
        if not self._parts.any_public():
            return False
        try:
            body = yield Read(self._body_limit)
        except TimeoutError:
            request.closed = Closed("the body did not end in time")
            return False
        except Exception:
            # Whatever it is, it says nothing of the users.
            logger.exception("Refused: an error while reading a body")
            request.is_explained = True
            return False
        if body is TOO_LARGE:
            request.is_too_large = True
            limit = f"anonymous_body_limit={self._body_limit}"
            request.closed = Closed(f"the body is larger than is read with no login, {limit}")
            return False
        if body is UNREADABLE:
            request.closed = Closed("the body is no callback request")
            return False
        yield from set_up()
        opened = self._parts.callbacks.named_by(body)
        if isinstance(opened, Closed):
            request.closed = opened
        elif self._parts.handles.admit(request, opened):
            return True
        else:
            why = "a handle that was not issued for this callback, or too long a query"
            request.closed = Closed(why, opened.output, opened.entry)
        return False

    def let_pass(self, request: Request, kind: Endpoint) -> Steps[None]:
        """Let a request pass with no login.

        :param request: the request
        :param kind: what the server is going to run
        """
        leaves_session = kind is Endpoint.STATIC or kind is Endpoint.LOGIN
        if not leaves_session:
            demand(request, Caching.PUBLIC)
        if request.is_forged:
            # A page of another site may not lean on what the browser holds here either.
            request.identity = RequestIdentity()
        else:
            if not leaves_session:
                yield from self._visitors.show_known(request)
            mine = yield from self._identity(request)
            request.identity = known_to_others(request.identity, mine)
        callbacks = self._parts.websocket_callbacks
        if request.endpoint == self._parts.endpoints.dependencies and callbacks.exist():
            yield from self._fit_dependencies(request)

    def _fit_dependencies(self, request: Request) -> Steps[None]:
        """Have the list of callbacks marked for a visitor who is not logged in."""
        found = RequestIdentity()
        if request.authorization is not None and not request.is_forged:
            found = request.identity = yield from self._visitors.find_now(request)
        if found.user(request) is None:
            request.rewrite_answer(self._parts.websocket_callbacks.fit_dependencies)

    def _identity(self, request: Request) -> Steps[RequestIdentity]:
        """Return who makes a request, found out when the app asks; before, if it is known to ask.

        Dash runs callbacks in the event loop: where one asks, a verification would hold up
        everybody.
        """
        if not self._server.has_event_loop:
            return RequestIdentity(self._visitors.find)
        if request.endpoint in self._asking_endpoints:
            if self._visitors.bring_claim(request):
                # Left unknown, the user would be looked for in the loop. The app has not asked
                # yet: whether the answer depends on it is not known.
                return (yield from self._visitors.find_now(request))
            return RequestIdentity(self._visitors.find)
        identity = RequestIdentity(self._visitors.find)
        identity.when_asked(partial(self._asking_endpoints.add, request.endpoint))
        return identity
