"""A login that is kept in the session: until when it counts, and how it ends."""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from dash import Dash

from . import _ended_logins as ended_logins
from . import _oidc_navigation as navigation
from ._arguments import check_number
from ._backends import Backend, Request, backend_for, is_server
from ._oidc_session import LoginNotes
from ._parked import PARKED, hide
from ._secret_keys import Keys, given
from ._session import IDP, NOTE, REFRESH_TOKEN, USER, Session
from ._shown import show
from .auth import Auth
from .identity import SocketLogin, User, session_user

logger = logging.getLogger("dash_auth")

_NO_KEY = """OIDCAuth needs a secret key, which signs the session.
Make one with
    python -c "import secrets; print(secrets.token_urlsafe(32))"
keep it outside of the code, the same for all workers, and pass it as secret_key= to OIDCAuth or set
app.server.secret_key before."""


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
            _require_key(backend_for(app.server), self.__secret_keys)
        self.logout_page = logout_page
        self._dash_auth_session_cookie = bool(session_cookie)
        self.__secure_session = secure_session
        self.__session_seconds = session_seconds
        self.__warned_of: set[str] = set()
        super().__init__(app, public_routes, **options)

    def _dash_auth_on_install(self, backend: Backend) -> None:
        _require_key(backend, self.__secret_keys)
        if self.__secret_keys:
            backend.set_secret_keys(self.__secret_keys)
        backend.close_session_cookie(secure=self.__secure_session)
        self._dash_auth_notes = LoginNotes(
            self._dash_auth_guard.name, self.__session_seconds, self._dash_auth_registration
        )

    @abstractmethod
    def _dash_auth_registration(self, idp: str) -> str:
        """Return what the app is registered as at a provider, nothing at one that it lacks."""

    session = _RequestSession()
    """The session of the current request, on whichever server."""

    @property
    def _dash_auth_session(self) -> Session:
        return self._dash_auth_backend.request().session

    def is_authorized(self) -> bool:
        """Tell whether the current request comes with a login that counts."""
        request = self._dash_auth_backend.request()
        if not self._dash_auth_decides and request.endpoint in self._dash_auth_own_endpoints:
            # A hook of a subclass's own asks about the routes of the login too.
            return True
        return self.__resumes(request)

    def __resumes(self, request: Request) -> bool:
        if not request.has_session_cookie:
            return False
        session = request.session
        if not self._dash_auth_notes.resume(session, self.__keys()):
            return False
        if request.shown is None or not request.shown.values:
            show(request, {name: session[NOTE][name] for name in (USER, IDP)})
        return True

    def __keys(self) -> Keys:
        return self._dash_auth_backend.secret_keys()

    def _dash_auth_knows(self, request: Request) -> bool | None:
        if not self.__has_own_check():
            return None
        if self._dash_auth_remembers(request):
            return True
        return None if self._dash_auth_asking_waits(request) else False

    def _dash_auth_remembers(self, request: Request) -> bool:
        return self._dash_auth_notes.holds(request.bare_session, self.__keys())

    @abstractmethod
    def _dash_auth_asking_waits(self, request: Request) -> bool:
        """Tell whether to ask for a login may take long."""

    def __has_own_check(self) -> bool:
        """Tell whether no subclass has replaced the method that decides."""
        return getattr(self.is_authorized, "__func__", None) is SessionAuth.is_authorized

    def _dash_auth_socket_login(self, request: Request) -> SocketLogin | None:
        if not self.__has_own_check():
            return super()._dash_auth_socket_login(request)
        if not self.__resumes(request):
            return None
        held = dict(request.session)
        user = held[NOTE][USER]

        def holds() -> bool:
            if ended_logins.is_ended(held):
                return False
            return self._dash_auth_notes.holds(held, self.__keys())

        return SocketLogin(holds, lambda: user if isinstance(user, Mapping) else {})

    def _dash_auth_visitor(self, request: Request) -> User | None:
        return session_user() if self.__resumes(request) else None

    # What the app reads in the session

    _dash_auth_shows_user = True

    def _dash_auth_show(self, request: Request, *, alone: bool) -> None:
        session = request.bare_session
        if NOTE not in session and PARKED not in session:
            return
        if self._dash_auth_notes.resume(session, self.__keys()):
            # The very object: what the app adds to it is kept as any member of the session is.
            show(request, {name: session[NOTE][name] for name in (USER, IDP)})
        elif alone:
            hide(session)

    def _dash_auth_keep(self, request: Request) -> dict[str, Any] | None:
        shown = request.shown
        if shown is None:
            return None
        session, keys, notes = shown.session, self.__keys(), self._dash_auth_notes
        holds = notes.is_current(session, keys)
        if shown.is_taken_away:
            for name in (NOTE, REFRESH_TOKEN):
                if name in session:
                    del session[name]
        elif USER in session and holds:
            notes.rewrite(session)
        if not self._dash_auth_session_cookie:
            return None
        holds = holds and notes.is_current(session, keys)
        return {name: session[name] for name in (USER, IDP) if name in session} if holds else {}

    def _dash_auth_session_use(self) -> str:
        return f"the login itself, for {self.__session_seconds / 3600:g} hours"

    def logout(self) -> Any:
        """End the login, with all that the session holds, and return the page that says so.

        The login at the provider goes on. A page of another site can have nobody logged out: what
        it embeds is refused, and a link from it leads to a page that asks.
        """
        request = self._dash_auth_backend.request()
        if request.sec_fetch_site in ("cross-site", "same-site"):
            if request.header("Sec-Fetch-Dest") != "document":
                return self._dash_auth_plain(403, "Cross-site request refused")
            again = quote(request.root_path + request.path)
            page = navigation.page("Do you want to log out?", "Log out", again)
            return self._dash_auth_backend.page(page)
        ended_logins.end(request.session)
        try:
            self._dash_auth_backend.renew_session_id(request.session)
        finally:
            request.session.clear()
        if self.logout_page:
            return self._dash_auth_backend.copy_of(self.logout_page)
        return self._dash_auth_answer(200, "Logged out successfully")

    def _dash_auth_uncached(self, answer: Any) -> Any:
        return self._dash_auth_backend.with_headers(answer, navigation.UNCACHED)

    def _dash_auth_plain(self, status: int, text: str) -> Any:
        return self._dash_auth_answer(status, text)

    def _dash_auth_warn_once(self, text: str) -> None:
        if text not in self.__warned_of:
            self.__warned_of.add(text)
            logger.warning(text)


def _require_key(backend: Backend, keys: Sequence[str | bytes]) -> None:
    if not (keys or backend.secret_keys()):
        raise RuntimeError(_NO_KEY)
