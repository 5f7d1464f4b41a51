"""OpenID Connect: a login that leads to a provider and back, and ends in a ticket."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from dash import Dash

from dash_auth import _dash_internals as internals
from dash_auth import _refused, _witness
from dash_auth._login import LOG_IN_AGAIN, LoginFlow
from dash_auth._request import Answer, PageServer, Request
from dash_auth._shown import IDP
from dash_auth._steps import Steps, Wait, call, run_to_end
from dash_auth._unavailable import Unavailable
from dash_auth.logins import navigation, pages
from dash_auth.logins.oidc import login, pending
from dash_auth.logins.oidc.cookie import fits
from dash_auth.logins.oidc.login import LoginFailed, NotBegun
from dash_auth.logins.oidc.providers import Providers
from dash_auth.logins.oidc.session import ProviderSession

logger: logging.Logger = logging.getLogger("dash_auth")

_target: ContextVar[str | None] = ContextVar("dash_auth_target", default=None)
"""The path that the user wanted to see, while a login is completed."""


def wanted() -> str | None:
    """Return the path that the user wanted to see whose login is completed now, None for none."""
    return _target.get()


@dataclass(frozen=True)
class Methods:
    """What of the flow a developer may put something else in the place of.

    Attributes:
        redirect_uri: returns where the provider of a name sends the browser back to.
        callback: answers a browser that comes back from the provider of a name.
        may_pass: tells whether a request is made by a user who is logged in, by a check of the
            app's own too.
        selection_route: returns the page on which one of several providers is chosen, if there is
            one.
        app_of: returns the app that a request is to, of those behind this login.
    """

    redirect_uri: Callable[[str], str]
    callback: Callable[[str], Any]
    may_pass: Callable[[Request], bool]
    selection_route: Callable[[], str | None]
    app_of: Callable[[Request], Dash]


class OpenIDConnect(LoginFlow):
    """Leads to identity providers, and has the login count that comes back.

    Attributes:
        providers: the identity providers.
        session: remembers who has logged in.
        login_endpoint: the endpoint that begins a login.
        callback_endpoint: the endpoint of the redirect URI.
        logout_route: the path that logs out, on the server.
    """

    login_endpoint = callback_endpoint = ""
    logout_route: str = ""

    def __init__(
        self,
        app: Dash,
        server: PageServer,
        providers: Providers,
        session: ProviderSession,
        methods: Methods,
        *,
        with_user: bool,
    ) -> None:
        """Remember who takes part.

        :param app: the Dash app whose login it is
        :param server: its server
        :param providers: the identity providers
        :param session: remembers who has logged in
        :param methods: what a developer may have put something else in the place of
        :param with_user: whether the session's cookie holds what is shown of the user as well
        """
        self.providers = providers
        self.session = session
        self._app = app
        self._server = server
        self._methods = methods
        self._with_user = with_user
        self._warned_of: set[str] = set()

    def ask(self, request: Request) -> Steps[Any]:
        if not navigation.is_navigation(request):
            return self._answer(request, 401, "Login required")
        # To begin a login may mean asking the provider for its addresses.
        return (yield Wait(partial(self.begin, request, self.target(request))))

    can_ask_again = True

    def ask_again(self, request: Request) -> Steps[Any]:
        if not navigation.is_navigation(request):
            return self._answer(request, 401, LOG_IN_AGAIN)
        found = self.session.found(request)
        idp = None if found is None else str(found[1][IDP])
        target = self.target(request)
        return (yield Wait(partial(self.begin, request, target, idp, again=True)))

    def forbid(self, request: Request, name: str) -> Answer:
        out = quote(navigation.seen(self._app, request, self.logout_route))
        return pages.no_access(request, name, internals.requests_prefix(self._app), out)

    def target(self, request: Request) -> str | None:
        """Return the path to come back to after the login that a request needs, None for the start.

        :param request: the request
        """
        return navigation.target(self._methods.app_of(request), request)

    def begin(
        self,
        request: Request,
        target: str | None,
        idp: str | None = None,
        *,
        again: bool = False,
    ) -> Any:
        """Return the redirect to a provider, or to the page on which one is chosen.

        :param request: the request
        :param target: path to come back to, None for the start
        :param idp: name of the provider, None for the only one
        :param again: whether the provider is to ask the user though it knows the browser
        """
        names = list(self.providers)
        if idp not in names and len(names) != 1:
            return self._choose(request, target, len(names))
        idp = idp if idp in names else names[0]
        uri = self._methods.redirect_uri(str(idp))
        try:
            begun = login.begin(self.providers, request.session, str(idp), uri, target, again=again)
        except LoginFailed as failed:
            return self.refuse(request, failed)
        fits(self._server, request.session, self.session)
        return self._uncached(begun)

    def _choose(self, request: Request, target: str | None, registered: int) -> Any:
        chosen_on = self._methods.selection_route()
        if chosen_on:
            pending.remember_target(request.session, target)
            return self._uncached(self._server.respond(Answer.redirect(chosen_on)))
        some = "Several OAuth providers are registered. Please choose one."
        return self.plain(request, 400, some if registered else "No OAuth provider is registered.")

    def redirect_uri(self, request: Request, idp: str, scheme: str | None) -> str:
        """Return where a provider sends the browser back to.

        :param request: the request that begins the login
        :param idp: name of the provider
        :param scheme: its scheme, None for that of the request
        """
        forwarded = request.header("X-Forwarded-Host")
        if forwarded and forwarded != request.header("Host"):
            self.warn_once(
                "X-Forwarded-Host differs from the host of the redirect URI. It counts for nothing "
                "as long as any client may send it: behind a proxy, "
                f"{self._server.how_to_trust_a_proxy}."
            )
        return self._address(request, self.callback_endpoint, idp, scheme)

    def _address(self, request: Request, endpoint: str, idp: str, scheme: str | None = None) -> str:
        """Return the address of a route of the login's own, as the browser sees it."""
        url = urlsplit(self._server.url_for(endpoint, scheme, idp=idp))
        path = unquote(url.path).removeprefix(request.root_path)
        return url._replace(path=quote(navigation.seen(self._app, request, path))).geturl()

    def come_back(self, idp: str) -> Any:
        """Return the answer of the callback, and have the login count that it stored.

        :param idp: name of the provider
        """
        request = self._server.request()
        if idp not in self.providers:
            return self.plain(request, 400, "No such identity provider")
        before = dict(request.session)
        try:
            answer = self._methods.callback(idp)
            if inspect.iscoroutine(answer):
                answer = run_to_end(answer)
            login.keep(self._server, self.session, idp, before, with_user=self._with_user)
        except LoginFailed as failed:
            login.undo(request, self.session, before)
            return self.fail(request, idp, failed)
        except Unavailable as error:
            login.undo(request, self.session, before)
            logger.debug("A login came to nothing", exc_info=error)
            return self.refuse(request, LoginFailed(503, "Please try again in a few seconds"))
        except Exception as error:
            login.undo(request, self.session, before)
            # A callback of the developer's own may let Authlib's errors pass.
            if not login.is_theirs(error):
                raise
            return self.fail(request, idp, login.failed(idp, error))
        return answer

    def callback(self, idp: str, after: Callable[[Any, str, dict[str, Any]], Any]) -> Any:
        """Return the answer to a browser that comes back, as long as nothing stands in its place.

        :param idp: name of the provider
        :param after: stores the user in the session, and returns the answer; called with the claims
            of the ID token, the name of the provider and its answer. It may be async
        """
        request = self._server.request()
        try:
            token, target = self.complete(request, idp)
        except LoginFailed as failed:
            return self.fail(request, idp, failed)
        waiting = _target.set(target)
        try:
            answer = call(after, token.get("userinfo"), idp, token)
            return call(run_to_end, answer) if inspect.iscoroutine(answer) else answer
        finally:
            _target.reset(waiting)

    def complete(self, request: Request, idp: str) -> tuple[dict[str, Any], str | None]:
        """Return what a provider says of the user who came back, and the path that the user wanted.

        Nothing that somebody put into the session beforehand outlives the login, but logins of
        other tabs, and to other apps (OWASP, Session Management Cheat Sheet: renew the session
        after any privilege level change).

        :param request: the request that came back
        :param idp: name of the provider
        :raises LoginFailed: if the login was not begun here, or the provider does not confirm it
        """
        state = next(iter(request.query_values("state")), None)
        # A login that began before all of the user's sessions were ended is one of those.
        request.began -= pending.age(request.session, idp, state)
        token, target = login.complete(self.providers, request.session, idp, state)
        self.session.give_way(request)
        self.session.empty(request.session, pending.PENDING)
        return token, target

    def fail(self, request: Request, idp: str, failed: LoginFailed) -> Any:
        """Return what is answered where a login has come to nothing.

        :param request: the request that came back
        :param idp: name of the provider
        :param failed: what has happened
        """
        if not isinstance(failed, NotBegun):
            _witness.came_to_nothing(request, self.session.method, "refused")
            return self.refuse(request, failed)
        # Asked for again (Back, or another tab was first): who is logged in has no need of it.
        if self._methods.may_pass(request):
            return self._server.respond(Answer.redirect(internals.requests_prefix(self._app)))
        _witness.came_to_nothing(request, self.session.method, "not_begun")
        return self.offer_anew(request, idp, failed)

    def refuse(self, request: Request, failed: LoginFailed) -> Any:
        """Return the answer that says that a login has come to nothing.

        :param request: the request
        :param failed: what has happened
        """
        return self.plain(request, failed.status, str(failed))

    def offer_anew(self, request: Request, idp: str, failed: LoginFailed) -> Any:
        """Return the answer to a callback that this browser does not wait for.

        :param request: the request that came back
        :param idp: name of the provider
        :param failed: what has happened
        """
        anew = urlsplit(self._address(request, self.login_endpoint, idp)).path
        page = navigation.page(str(failed), "Log in", anew)
        return self._server.respond(pages.as_answer(page, failed.status))

    def log_out(self, request: Request, page: Any) -> Any:
        """End the login, with all that the session holds of it, and return the page that says so.

        :param request: the request
        :param page: that page, None for a short message
        """
        if request.sec_fetch_site in ("cross-site", "same-site"):
            return self.plain(request, 403, "Cross-site request refused")
        self.session.log_out(request)
        try:
            self._server.renew_session_id(request.session)
        finally:
            self.session.empty(request.session)
        if page:
            return self._server.copy_of(page)
        return self.plain(request, 200, "Logged out successfully")

    def plain(self, request: Request, status: int, text: str) -> Any:
        """Return an answer of the login's own: a page to people, plain text to programs.

        :param request: the request
        :param status: its status
        :param text: what happened
        """
        return self._server.respond(self._answer(request, status, text))

    def _answer(self, request: Request, status: int, text: str) -> Answer:
        _refused.note(request, brought=self.session.is_brought(request))
        return pages.answer(request, status, text, internals.requests_prefix(self._app))

    def _uncached(self, answer: Any) -> Any:
        return self._server.with_headers(answer, navigation.UNCACHED)

    def warn_once(self, text: str) -> None:
        """Log a warning, once.

        :param text: what it says
        """
        if text not in self._warned_of:
            self._warned_of.add(text)
            logger.warning(text)
