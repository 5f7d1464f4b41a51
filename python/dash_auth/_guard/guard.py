"""The way of a request to one app: public, logged in, or asked to log in."""

from __future__ import annotations

import logging
import secrets
from functools import partial
from typing import Any

from dash import Dash
from werkzeug.exceptions import HTTPException

from dash_auth import _core
from dash_auth import _dash_internals as internals
from dash_auth._caching import demand
from dash_auth._core import Endpoint, Refusal
from dash_auth._current import RequestIdentity, User
from dash_auth._dash.closed import Closed
from dash_auth._dash.parts import Parts
from dash_auth._guard.first_request import FirstRequest
from dash_auth._guard.origins import Origins
from dash_auth._guard.refusals import Refusals
from dash_auth._login import Login, Logins, Visitor
from dash_auth._out_of_order import is_out_of_order, say_out_of_order
from dash_auth._request import TOO_LARGE, UNREADABLE, Answer, Caching, Request, Server
from dash_auth._secret_keys import Keys, OtherKeys
from dash_auth._shown import USER, show
from dash_auth._steps import Read, Steps, Wait, stepwise, walk
from dash_auth._threads import Crowded
from dash_auth.logins.session import SessionLogin
from dash_auth.sessions.notes import NOTE

logger = logging.getLogger("dash_auth")

_PROCESS_SECRET = secrets.token_bytes(32)
"""Seals handles where neither the server nor Dash has a key that all workers share."""


class Guard:
    """Decides on each request to one app."""

    def __init__(
        self,
        app: Dash,
        server: Server,
        name: str,
        *,
        anonymous_body_limit: int,
        trusted_origins: tuple[str, ...],
    ) -> None:
        """Remember what to protect; :meth:`ask` says whom to ask.

        :param app: Dash app
        :param server: the app's server
        :param name: what tells this guard from any other that shares the server's keys
        :param anonymous_body_limit: largest body read for a client that is not logged in, in bytes
        :param trusted_origins: origins whose pages may make requests with a user's credentials
        """
        self.app = app
        self.server = server
        self.name = name
        self.body_limit = anonymous_body_limit
        self.prefix = internals.routes_prefix(app)
        self.parts = Parts(app, server, name, self.keys)
        self.first_request = FirstRequest(app, server, self._tell)
        self.own_endpoints: frozenset[str] = frozenset()
        """The endpoints of the login itself."""
        self.logins = Logins([], [], [], asking=Login())
        self.session: SessionLogin | None = None
        self._origins = Origins(server, trusted_origins)
        self._refusals = Refusals(app, server, self.parts, self._origins)
        self._other_keys = OtherKeys(name)
        self._asking_endpoints: set[str | None] = set()
        """The endpoints that have asked for the user of a public request."""

    def ask(self, logins: Logins, session: SessionLogin | None) -> None:
        """Say who knows the users.

        :param logins: the logins, in the order in which they are asked
        :param session: the one that shows the app who is known; None where the app's own login
            writes that into the session
        """
        self.logins = logins
        self.session = session

    def keys(self) -> Keys:
        """Return the keys under which handles are sealed, the current one first."""
        keys = self.server.secret_keys()
        return keys or (internals.signing_secret(self.app) or _PROCESS_SECRET,)

    def owns(self, endpoint: str | None) -> bool:
        """Tell whether an endpoint belongs to the login itself."""
        return endpoint in self.own_endpoints

    def _tell(self) -> None:
        lacking = None if self.session is None else self.session.lacks()
        if lacking is not None:
            logger.warning("%s", lacking)
        self.parts.tell_routing()

    # Before the developer's hooks

    def begin(self, request: Request, *, alone: bool) -> Steps[None]:
        """Show who is known, and find the visitor for hooks that ask before this guard decides.

        :param request: the request
        :param alone: whether the session is this guard's alone in this request
        """
        mine = RequestIdentity()
        try:
            self._look_at_other_keys(request)
            if self.session is not None and not self.is_foreign(request):
                yield from self.session.begin(request, alone=alone)
        except Crowded:
            # Not an error: what is public goes on as nobody's.
            pass
        except Exception:
            logger.exception("An error while finding out whom a session shows: nobody")
        else:
            mine = RequestIdentity(self._find)
        request.visitor = _known_to_others(request.visitor, mine)

    def _look_at_other_keys(self, request: Request) -> None:
        """Look whether another worker signs sessions with a key of its own."""
        if self._other_keys.is_to_be_told and self.server.secret_keys():
            if NOTE not in request.bare_session:
                self._other_keys.look_at(self.server.unverified_session(request))

    def end(self, request: Request) -> dict[str, Any] | None:
        """Take over what the app did to the session before it is saved.

        :param request: the request
        :return: what the cookie is to hold of the user, None to leave that as it is
        """
        try:
            return None if self.session is None else self.session.keep(request)
        except Exception:
            logger.exception("An error while saving a session: nothing of the user is kept")
            return None

    # Who makes a request

    def _find(self, request: Request) -> User | None:
        """Return who makes a request, None for nobody; where the app asks, in its own thread."""
        if self.is_foreign(request):
            return None
        visitor = walk(self.recognise(request, self.logins.public), request)
        return None if visitor is None else visitor.identity.user(request)

    def recognise(self, request: Request, logins: Any) -> Steps[Visitor | None]:
        """Return who makes a request: one login verifies what is its own, alone.

        :param request: the request
        :param logins: the logins to ask
        """
        for login in logins:
            claim = login.claim(request)
            if claim is not None:
                return (yield from self._verify(request, login, claim))
        return None

    def recognise_again(self, request: Request, visitor: Visitor) -> Steps[Visitor | None]:
        """Return who opened a WebSocket, by what was verified then.

        :param request: the handshake
        :param visitor: who it was
        """
        return self._verify(request, visitor.login, visitor.claim)

    def _verify(self, request: Request, login: Login, claim: Any) -> Steps[Visitor | None]:
        outcome = yield from stepwise(login.verify(request, claim))
        if isinstance(outcome, Refusal):
            request.refusal = outcome
            return None
        return _visitor_of(login, claim, outcome) if isinstance(outcome, User) else outcome

    def log_in(self, request: Request, visitor: Visitor) -> None:
        """Have the app know who makes a request, and the session remember it.

        :param request: the request
        :param visitor: who makes it
        """
        request.identity = visitor.identity
        if visitor.shown is not None:
            # A cache between may keep a file, and would give the cookie to the next visitor.
            if self.session is not None and not self._serves_file(request):
                self.session.issue(request, visitor)
            show(request, visitor.shown)

    def authorizes(self, request: Request, logins: Any) -> bool:
        """Tell whether a request is made by a user, whom the app then knows.

        :param request: the request
        :param logins: the logins to ask
        """
        visitor = walk(self.recognise(request, logins), request)
        if visitor is None:
            return False
        self.log_in(request, visitor)
        return True

    def is_foreign(self, request: Request) -> bool:
        """Tell whether a page of another origin may not lean on what the browser holds."""
        if not request.is_socket:
            return self._origins.is_forged(request)
        # Dash asks the same of its own WebSocket, with a list of origins of its own.
        is_for_callbacks = request.endpoint == self.parts.endpoints.websocket
        return not is_for_callbacks and self._origins.is_hijack(request)

    # The decision

    def decide(self, request: Request) -> Steps[Any]:
        """Return what to answer in place of the app, None if the request may pass.

        :param request: the request
        """
        try:
            self.parts.rule_warnings.tell()
            passes = yield from self._passes(request)
        except Crowded:
            request.refusal, passes = Refusal.BUSY, False
        except Exception as error:
            passes = False
            if is_out_of_order(error):
                request.refusal = Refusal.UNAVAILABLE
                say_out_of_order("the users", error)
            else:
                logger.exception("Refused: an error while deciding on a request")
            request.is_explained = True
        if passes:
            return None
        return self._answer_preflight(request) or (yield from self._refuse(request))

    def _passes(self, request: Request) -> Steps[bool]:
        parts = self.parts
        if request.endpoint == parts.endpoints.component_suites and len(parts.rules):
            # Dash knows the files of component packages only then.
            yield from self.set_up()
        kind = self._kind(request)
        is_callback = kind == Endpoint.CALLBACK
        if not is_callback and self.is_open(request, kind):
            return (yield from self._pass_anonymously(request, kind))
        if not self._origins.is_forged(request):
            visitor = yield from self.recognise(request, self.logins.private)
            if visitor is not None and not visitor.is_for_public:
                self.log_in(request, visitor)
                self._pass_logged_in(request, kind)
                return True
        if is_callback and (yield from self._is_open_callback(request)):
            return (yield from self._pass_anonymously(request, kind))
        return False

    def set_up(self, *, layout_of_visitor: bool = False) -> Steps[None]:
        """Have Dash set the app up, if it has not.

        :param layout_of_visitor: whether the app's layout function may run for who is asking
        """
        if not self.first_request.is_over:
            yield Wait(partial(self.first_request.set_up, layout_of_visitor=layout_of_visitor))

    def _pass_logged_in(self, request: Request, kind: Endpoint) -> None:
        request.logged_in = True
        demand(request, self._caching(kind, request))
        if kind == Endpoint.CALLBACK and request.query and self.parts.callbacks.any_public():
            self.parts.handles.unseal_those_of_stranger(request)

    def _caching(self, kind: Endpoint, request: Request) -> Caching:
        """Tell what an answer to a user is, as far as keeping it goes."""
        if self.parts.endpoints.is_asset(request.endpoint):
            return Caching.PRIVATE_FILE
        # Component suites are the same for everybody, and large: what Dash says of them stays.
        return Caching.UNDECIDED if kind == Endpoint.STATIC else Caching.PRIVATE

    def _pass_anonymously(self, request: Request, kind: Endpoint) -> Steps[bool]:
        if kind != Endpoint.STATIC:
            demand(request, Caching.PUBLIC)
        if self._origins.is_forged(request):
            # A page of another site may not lean on what the browser holds here either.
            request.identity = RequestIdentity()
        else:
            mine = RequestIdentity(self._find)
            if kind != Endpoint.STATIC and self.session is not None:
                yield from self.session.tidy(request)
            if self.server.has_event_loop:
                mine = yield from self._find_for_asking(request, mine)
            request.identity = _known_to_others(request.identity, mine)
        callbacks = self.parts.websocket_callbacks
        if request.endpoint == self.parts.endpoints.dependencies and callbacks.exist():
            yield from self._fit_dependencies(request)
        return True

    def _fit_dependencies(self, request: Request) -> Steps[None]:
        """Have the list of callbacks marked for a visitor who is not logged in."""
        found = RequestIdentity()
        if request.authorization is not None and not self._origins.is_forged(request):
            found = request.identity = yield from self._found(request)
        if found.user(request) is None:
            request.rewrite_answer(self.parts.websocket_callbacks.fit_dependencies)

    def _find_for_asking(
        self, request: Request, identity: RequestIdentity
    ) -> Steps[RequestIdentity]:
        """Find out who makes a public request before the app asks, if it is known to ask.

        Dash runs callbacks in the event loop: where one asks, a verification would hold up
        everybody.
        """
        if request.endpoint not in self._asking_endpoints:
            asked = partial(self._asking_endpoints.add, request.endpoint)
            identity.when_asked(asked)
        elif request.authorization is not None or request.has_session_cookie:
            # Left unknown, the user would be looked for in the loop. The app has not asked yet:
            # whether the answer depends on it is not known.
            return (yield from self._found(request))
        return identity

    def _found(self, request: Request) -> Steps[RequestIdentity]:
        """Return who makes a public request; nobody where that cannot be found out."""
        try:
            visitor = yield from self.recognise(request, self.logins.public)
        except Crowded:
            visitor = None
        except Exception:
            logger.exception("An error while finding out who makes a request: nobody")
            visitor = None
        return RequestIdentity() if visitor is None else visitor.identity

    def _kind(self, request: Request) -> Endpoint:
        if request.endpoint in self.own_endpoints:
            return Endpoint.STATIC
        return self.parts.endpoints.kind(request.endpoint, request.view_arguments)

    def _serves_file(self, request: Request) -> bool:
        """Tell whether a request is for a file: a component suite, the favicon, an asset."""
        is_asset = self.parts.endpoints.is_asset(request.endpoint)
        return is_asset or self._kind(request) == Endpoint.STATIC

    def is_open(self, request: Request, kind: Endpoint | None = None) -> bool:
        """Tell whether what the server is going to run is open to anyone.

        :param request: the request
        :param kind: what that is, if it is known
        """
        kind = self._kind(request) if kind is None else kind
        if self.owns(request.endpoint) or self._is_notebook_check(request):
            return True
        rules = self.parts.rules
        if not len(rules):
            return False
        path, prefix = request.path, self.prefix
        if kind == Endpoint.PAGE:
            below = _core.below_prefix(path, prefix)
            return below is not None and self.parts.pages.index_is_open(path, below)
        opens_pages = kind == Endpoint.LAYOUT and self.parts.page_rules.lead_to_pages()
        return rules.is_open(kind, path, prefix, opens_pages)

    def _is_notebook_check(self, request: Request) -> bool:
        # Most requests are told apart by their endpoint's name alone.
        return (
            request.method == "GET"
            and "_alive_" in (request.endpoint or "")
            and internals.is_notebook_check(
                self.app, request.endpoint, self.server.view(request.endpoint or "")
            )
        )

    def _is_open_callback(self, request: Request) -> Steps[bool]:
        if request.method != "POST" or not self.parts.any_public():
            return False
        try:
            body = yield Read(self.body_limit)
        except TimeoutError:
            request.closed = Closed("the body did not end in time")
            return False
        if body is TOO_LARGE:
            request.is_too_large = True
            limit = f"anonymous_body_limit={self.body_limit}"
            request.closed = Closed(f"the body is larger than is read with no login, {limit}")
            return False
        if body is UNREADABLE:
            request.closed = Closed("the body is no callback request")
            return False
        yield from self.set_up()
        opened = self.parts.callbacks.named_by(body)
        if isinstance(opened, Closed):
            request.closed = opened
        elif self.parts.handles.admit(request, opened):
            return True
        else:
            why = "a handle that was not issued for this callback, or too long a query"
            request.closed = Closed(why, opened.output, opened.entry)
        return False

    # Who may not pass

    def _answer_preflight(self, request: Request) -> Any:
        """Answer what a browser asks before it makes a request of a trusted origin, else None.

        No view, and no hook that comes after the guard, runs for it.
        """
        if not self._origins.is_preflight(request):
            return None
        request.identity = RequestIdentity()
        return self.server.automatic_options() or self.server.respond(Answer(204))

    def _refuse(self, request: Request) -> Steps[Any]:
        # What the session holds was not asked, and names nobody.
        request.identity = RequestIdentity()
        if request.shown is not None:
            request.shown.show({})
        demand(request, Caching.PRIVATE)
        refusals = self._refusals
        if self._origins.is_forged(request):
            return refusals.forged(request)
        if request.refusal in (Refusal.BUSY, Refusal.UNAVAILABLE):
            return refusals.busy(request)
        if request.is_too_large and not self._brings_login(request):
            return refusals.too_large(request)
        try:
            answer = yield from stepwise(self.logins.asking.ask(request))
        except HTTPException:
            # `flask.abort`, or a redirect: an answer as well.
            refusals.explain(request)
            raise
        except Crowded:
            request.refusal = Refusal.BUSY
            return refusals.busy(request)
        except Exception:
            logger.exception("Refused: an error while asking to log in")
            answer = None
        else:
            if answer is None:
                # The server would take it for leave to go on.
                logger.error("Refused: login_request returned None")
        if answer is None:
            return refusals.answer(request, 401, "Login required")
        refusals.explain(request)
        return self.server.respond(answer) if isinstance(answer, Answer) else answer

    def refuse_socket(self, request: Request, *, is_hijack: bool) -> None:
        """Say why a WebSocket may not be opened.

        :param request: the handshake
        :param is_hijack: whether a page of another origin would open it
        """
        self._refusals.explain_socket(request, is_hijack=is_hijack)

    def _brings_login(self, request: Request) -> bool:
        """Tell whether credentials, or a session of a user, came along, be they right or not."""
        if request.authorization is not None:
            return True
        return self.session is not None and self.session.brings(request)

    def asked(self, request: Request, login: Login | None = None) -> Any:
        """Return the server's response that asks for a login, for a view that does so itself.

        :param request: the request
        :param login: the login that asks, None for the guard's own
        """
        asking = self.logins.asking if login is None else login
        answer = walk(stepwise(asking.ask(request)), request)
        return self.server.respond(answer) if isinstance(answer, Answer) else answer


def _known_to_others(known: RequestIdentity | None, mine: RequestIdentity) -> RequestIdentity:
    """Return who makes a request as the guards that were asked before know, else as this does."""
    return mine if known is None else known.otherwise(mine)


def _visitor_of(login: Login, claim: Any, user: User) -> Visitor:
    """Return the visitor of whom a login said no more than who it is."""
    claims = {"email": user.name, "groups": list(user.groups), **user.claims}
    return Visitor(login, claim, RequestIdentity(None, claims), {USER: claims})
