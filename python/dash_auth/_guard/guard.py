"""The way of a request to one app: public, logged in, or asked to log in."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from dash import Dash

from dash_auth import _dash_internals as internals
from dash_auth._caching import demand
from dash_auth._core import Endpoint, Refusal, Standing
from dash_auth._dash.parts import Parts
from dash_auth._dash.session_script import Methods, SessionScript
from dash_auth._guard import group_routes
from dash_auth._guard.allow import Allow
from dash_auth._guard.first_request import FirstRequest
from dash_auth._guard.pages_for_groups import PagesForGroups
from dash_auth._guard.public import Public
from dash_auth._guard.refusals import Refusals
from dash_auth._guard.visitors import Visitors
from dash_auth._login import LOG_IN_AGAIN, Login, Logins
from dash_auth._out_of_order import is_out_of_order, say_out_of_order
from dash_auth._raised import RECENT, Refused
from dash_auth._request import Answer, Caching, PageServer, Request
from dash_auth._secret_keys import Keys
from dash_auth._steps import Steps, Wait, stepwise, walk
from dash_auth._threads import Crowded
from dash_auth.logins.session import SessionLogin

logger = logging.getLogger("dash_auth")

_PROCESS_SECRET = secrets.token_bytes(32)
"""Seals handles where neither the server nor Dash has a key that all workers share."""


_OF_USER = (Endpoint.PAGE, Endpoint.SERVER)
"""What shows that the user goes on working: pages, and the server's own routes."""


class Guard:
    """Decides on each request to one app."""

    def __init__(
        self,
        app: Dash,
        server: PageServer,
        name: str,
        *,
        anonymous_body_limit: int,
        trusted_origins: tuple[str, ...],
        allow: Allow | None = None,
    ) -> None:
        """Remember what to protect; :meth:`ask` says whom to ask.

        :param app: Dash app
        :param server: the app's server
        :param name: what tells this guard from any other that shares the server's keys
        :param anonymous_body_limit: largest body read for a client that is not logged in, in bytes
        :param trusted_origins: origins whose pages may make requests with a user's credentials
        :param allow: tells which users may enter; None lets all of them in
        """
        self.app = app
        self.server = server
        self.name = name
        self.body_limit = anonymous_body_limit
        parts = Parts(app, server, name, self.keys, trusted_origins)
        self.parts: Parts = parts
        self.visitors: Visitors = Visitors(parts, allow)
        self._public = Public(server, parts, self.visitors, anonymous_body_limit)
        self.refusals: Refusals = Refusals(app, server, parts, self.visitors)
        self.pages: PagesForGroups = PagesForGroups(app, parts)
        self._first_request = FirstRequest(app, server, self._check, self._tell)

    def ask(self, logins: Logins, session: SessionLogin | None) -> None:
        """Say who knows the users.

        :param logins: the logins, in the order in which they are asked
        :param session: the one that shows the app who is known; None where the app's own login
            writes that into the session
        """
        self.visitors.logins = logins
        self.visitors.session = session

    def keys(self) -> Keys:
        """Return the keys under which handles and forms are sealed, the current one first."""
        keys = self.server.secret_keys()
        return keys or (internals.signing_secret(self.app) or _PROCESS_SECRET,)

    def _check(self) -> None:
        self.parts.group_pages.close()
        group_routes.check(self.server)

    def _tell(self) -> None:
        session = self.visitors.session
        lacking = None if session is None else session.lacks()
        if lacking is not None:
            logger.warning("%s", lacking)
        self.parts.tell_routing()

    def set_up(self, *, layout_of_visitor: bool = False) -> Steps[None]:
        """Have Dash set the app up, if it has not.

        :param layout_of_visitor: whether the app's layout function may run for who is asking
        """
        if not self.is_set_up:
            yield Wait(partial(self._first_request.set_up, layout_of_visitor=layout_of_visitor))

    @property
    def is_set_up(self) -> bool:
        """Whether Dash has set the app up."""
        return self._first_request.is_over

    # The decision

    def decide(self, request: Request) -> Steps[Any]:
        """Return what to answer in place of the app, None if the request may pass.

        :param request: the request
        """
        # Of several guards each asks its own gate.
        request.standing = None
        if (yield from self._safely(request, self._passes(request))):
            return None
        request.start = self.refusals.start
        return self.refusals.preflight(request) or (yield from self.refusals.refuse(request))

    @property
    def keeps_pages(self) -> bool:
        """Whether there are pages for some users only, so that :meth:`keep_out` has to be asked."""
        return self.pages.exist()

    def keep_out(self, request: Request) -> Steps[Any]:
        """Return what to answer a user who may not have something of a page, None to go on.

        :param request: a request that may pass, to an app that is set up
        """
        if (yield from self._safely(request, self.pages.let_pass(request))):
            return None
        request.start = self.refusals.start
        return (yield from self.refusals.refuse(request))

    def _safely(self, request: Request, passes: Steps[bool]) -> Steps[bool]:
        """Tell whether a request may pass; where that cannot be found out, it may not."""
        try:
            return (yield from passes)
        except Crowded:
            request.refusal = Refusal.BUSY
        except Exception as error:
            if is_out_of_order(error):
                request.refusal = Refusal.UNAVAILABLE
                say_out_of_order("the users", error)
            else:
                logger.exception("Refused: an error while deciding on a request")
            request.is_explained = True
        return False

    def _passes(self, request: Request) -> Steps[bool]:
        parts, visitors = self.parts, self.visitors
        parts.rule_warnings.tell()
        if request.endpoint == parts.endpoints.component_suites and len(parts.rules):
            # Dash knows the files of component packages only then.
            yield from self.set_up()
        kind = parts.kind(request)
        request.standing, request.is_forged = standing, is_forged = parts.ask(request, kind)
        if parts.is_open(request, standing):
            yield from self._public.let_pass(request, kind)
            return True
        if not is_forged:
            visitor = yield from visitors.recognise(request, visitors.logins.private)
            if visitor is not None and not visitor.is_for_public:
                # A cache between may keep a file, and would give the cookie to the next visitor.
                if not parts.is_file(request, kind):
                    visitors.remember(request, visitor)
                visitors.log_in(request, visitor)
                yield from self._pass_logged_in(request, kind)
                return True
        if standing is Standing.CALLBACK and (
            yield from self._public.opens_callback(request, self.set_up)
        ):
            yield from self._public.let_pass(request, kind)
            return True
        return False

    def _pass_logged_in(self, request: Request, kind: Endpoint) -> Steps[None]:
        request.logged_in = True
        if self.parts.endpoints.is_asset(request.endpoint):
            demand(request, Caching.PRIVATE_FILE)
        elif kind is not Endpoint.STATIC:
            # Component suites are the same for everybody, and large: what Dash says of them stays.
            demand(request, Caching.PRIVATE)
        if kind in _OF_USER:
            # Not Dash's own requests: an Interval makes them while nobody is there.
            yield from self.renew(request)
        if kind is Endpoint.CALLBACK and request.query and self.parts.callbacks.any_public():
            self.parts.handles.unseal_those_of_stranger(request)

    # What an open page asks

    def add_script(
        self,
        *,
        login_path: Callable[[], str],
        own_paths: Callable[[Request], Iterable[str]],
        with_banner: bool,
        texts: Mapping[str, Mapping[str, str]],
    ) -> None:
        """Put our script into the app's index page, and add the routes that it asks.

        :param login_path: returns the path of the login, as the browser sees it
        :param own_paths: returns further paths of logins and logouts, as the browser sees them
        :param with_banner: whether an open page shows that its login has ended
        :param texts: what it shows, by language
        """
        methods = Methods(
            self.admits,
            self.refused,
            self._asked_again,
            self.renew,
            self._renews,
            login_path,
            own_paths,
        )
        SessionScript(
            self.app,
            self.server,
            self.parts.endpoints,
            methods,
            with_banner=with_banner,
            texts=texts,
        )

    def admits(self, request: Request) -> Steps[bool]:
        return self._safely(request, self._recognises(request))

    def _recognises(self, request: Request) -> Steps[bool]:
        """Tell whether a route of our own is asked by who is logged in, as for a private one."""
        if self.visitors.is_foreign(request):
            request.is_forged = True
            return False
        visitor = yield from self.visitors.recognise(request, self.visitors.logins.private)
        if visitor is None or visitor.is_for_public:
            return False
        self.visitors.remember(request, visitor)
        self.visitors.log_in(request, visitor)
        return True

    def refused(self, request: Request) -> Steps[Any]:
        request.start = self.refusals.start
        return self.refusals.refuse(request)

    def _asked_again(self, request: Request) -> Steps[Any] | None:
        if not self.can_ask_again:
            return None
        return self.refuse(request, Refused(RECENT, LOG_IN_AGAIN))

    def renew(self, request: Request) -> Steps[None]:
        session = self.visitors.session
        if session is not None and session.waits_to_renew:
            yield Wait(partial(session.renew, request), is_remembered=True)
        elif session is not None:
            session.renew(request)

    def _renews(self) -> bool:
        session = self.visitors.session
        return session is not None and type(session).renew is not SessionLogin.renew

    # What code of the app's own asks

    @property
    def can_ask_again(self) -> bool:
        """Whether a user who is logged in can be asked to log in again."""
        return self.visitors.logins.asking.can_ask_again

    def refuse(self, request: Request, refused: Refused) -> Steps[Any]:
        """Return what is answered where code of the app's own refuses what has passed.

        :param request: the request
        :param refused: why
        """
        return self.refusals.refuse_for_app(request, refused)

    # What a subclass's own code asks

    def authorizes(self, request: Request, logins: Sequence[Login]) -> bool:
        """Tell whether a request is made by a user, whom the app then knows.

        :param request: the request
        :param logins: the logins to ask
        """
        visitors = self.visitors
        visitor = walk(visitors.recognise(request, logins), request)
        if visitor is None or visitor.is_for_public:
            return False
        if not self.parts.is_file(request, self.parts.kind(request)):
            visitors.remember(request, visitor)
        visitors.log_in(request, visitor)
        return True

    def asked(self, request: Request, login: Login | None = None) -> Any:
        """Return the server's response that asks for a login, for a view that does so itself.

        :param request: the request
        :param login: the login that asks, None for the guard's own
        """
        asking = self.visitors.logins.asking if login is None else login
        request.start = self.refusals.start
        self.refusals.note(request)
        answer = walk(stepwise(asking.ask(request)), request)
        return self.server.respond(answer) if isinstance(answer, Answer) else answer
