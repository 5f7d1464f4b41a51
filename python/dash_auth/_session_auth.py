"""A login that is kept in the session: until when it counts, and how it ends."""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

from dash import Dash

from dash_auth._arguments import check_number
from dash_auth._guard.guard import Guard
from dash_auth._login import Login, Logins
from dash_auth._request import Answer, Request, Server
from dash_auth._secret_keys import given
from dash_auth._servers import is_server, server_for
from dash_auth._shown import Session
from dash_auth._steps import Steps, Wait, call
from dash_auth.auth import Auth
from dash_auth.logins import pages
from dash_auth.logins.oidc import navigation
from dash_auth.logins.oidc.session import ProviderSession
from dash_auth.logins.session import SessionLogin
from dash_auth.sessions.ticket import Tickets

logger = logging.getLogger("dash_auth")

_NO_KEY = """OIDCAuth needs a secret key, which signs the session.
Make one with
    python -c "import secrets; print(secrets.token_urlsafe(32))"
keep it outside of the code, the same for all workers, and pass it as secret_key= to OIDCAuth or set
app.server.secret_key before."""


class _Asking(Login):
    """Asks for a login by a redirect to where it begins."""

    def __init__(self, auth: SessionAuth) -> None:
        """Remember whose login it is."""
        self._auth = auth

    def ask(self, request: Request) -> Steps[Any]:
        if self._auth._dash_auth_asking_waits(request):
            return (yield Wait(self._auth.login_request))
        return call(self._auth.login_request)


class _RequestSession:
    """Gives the session of the current request, unless a subclass has set its own `session`."""

    def __get__(self, auth: SessionAuth, _: object = None) -> Session:
        return auth._dash_auth_session


class SessionAuth(Auth):
    """Protects a Dash app: whoever has a session with a login that counts may pass."""

    def __init__(
        self,
        app: Dash,
        public_routes: Iterable[str] | None,
        *,
        secret_key: str | bytes | Sequence[str | bytes] | None,
        secure_session: bool,
        session_cookie: bool,
        session_seconds: float,
        logout_page: Any,
        **options: Any,
    ) -> None:
        """Protect an app.

        :param app: Dash app
        :param public_routes: see :class:`dash_auth.auth.Auth`
        :param secret_key: key that signs the session; None leaves the server's own
        :param secure_session: whether the session's cookie is sent over https only
        :param session_cookie: whether the cookie holds what is shown of the user as well
        :param session_seconds: for how long a login counts, in seconds
        :param logout_page: what logging out answers, None for a short message
        :param options: see :class:`dash_auth.auth.Auth`
        :raises RuntimeError: if there is no secret key
        :raises TypeError: for a secret key of a wrong type
        :raises ValueError: for a time that is none
        """
        check_number("session_seconds", session_seconds, "seconds", above=0)
        self.__secret_keys = given(secret_key)
        if isinstance(app, Dash) and is_server(app.server):
            # Before anything stands before the app: the next try may have a key.
            _require_key(server_for(app.server), self.__secret_keys)
        self.logout_page = logout_page
        self._dash_auth_session_cookie = bool(session_cookie)
        self.__secure_session = secure_session
        self.__session_seconds = session_seconds
        self.__warned_of: set[str] = set()
        super().__init__(app, public_routes, **options)

    def _dash_auth_logins(self, guard: Guard) -> tuple[Logins, SessionLogin | None]:
        server = self._dash_auth_server
        _require_key(server, self.__secret_keys)
        if self.__secret_keys:
            server.set_secret_keys(self.__secret_keys)
        server.close_session_cookie(secure=self.__secure_session)
        session = ProviderSession(
            server,
            Tickets(server, guard.name, self.__session_seconds),
            self._dash_auth_registration,
            with_user=self._dash_auth_session_cookie,
        )
        self._dash_auth_login = session
        return Logins([session], [session], [session], asking=_Asking(self)), session

    @abstractmethod
    def _dash_auth_registration(self, idp: str) -> str:
        """Return what the app is registered as at a provider, nothing at one that it lacks."""

    session = _RequestSession()
    """The session of the current request, on whichever server."""

    @property
    def _dash_auth_session(self) -> Session:
        return self._dash_auth_server.request().session

    @abstractmethod
    def _dash_auth_asking_waits(self, request: Request) -> bool:
        """Tell whether to ask for a login may take long."""

    def logout(self) -> Any:
        """End the login, with all that the session holds, and return the page that says so.

        The login at the provider goes on. A page of another site can have nobody logged out: what
        it embeds is refused, and a link from it leads to a page that asks.
        """
        request = self._dash_auth_server.request()
        if request.sec_fetch_site in ("cross-site", "same-site"):
            if request.header("Sec-Fetch-Dest") != "document":
                return self._dash_auth_plain(403, "Cross-site request refused")
            again = quote(request.root_path + request.path)
            page = navigation.page("Do you want to log out?", "Log out", again)
            return self._dash_auth_respond(pages.as_answer(page))
        self._dash_auth_login.log_out(request)
        try:
            self._dash_auth_server.renew_session_id(request.session)
        finally:
            request.session.clear()
        if self.logout_page:
            return self._dash_auth_server.copy_of(self.logout_page)
        return self._dash_auth_plain(200, "Logged out successfully")

    def _dash_auth_respond(self, answer: Answer) -> Any:
        return self._dash_auth_server.respond(answer)

    def _dash_auth_uncached(self, answer: Any) -> Any:
        return self._dash_auth_server.with_headers(answer, navigation.UNCACHED)

    def _dash_auth_plain(self, status: int, text: str) -> Any:
        return self._dash_auth_respond(self._dash_auth_answer(status, text))

    def _dash_auth_warn_once(self, text: str) -> None:
        if text not in self.__warned_of:
            self.__warned_of.add(text)
            logger.warning(text)


def _require_key(server: Server, keys: Sequence[str | bytes]) -> None:
    if not (keys or server.secret_keys()):
        raise RuntimeError(_NO_KEY)
