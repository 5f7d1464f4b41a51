"""A login that is remembered: what a session says of a user, and when that counts."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

from dash_auth import _core
from dash_auth._current import RequestIdentity, session_user
from dash_auth._login import Login, Outcome, Visitor
from dash_auth._request import PageServer, Request, Server
from dash_auth._secret_keys import Keys
from dash_auth._shown import IDP, USER, show
from dash_auth._steps import Steps
from dash_auth.sessions import ended
from dash_auth.sessions.notes import NOTE, REFRESH_TOKEN, SessionNotes, forget
from dash_auth.sessions.parked import PARKED, hide, until
from dash_auth.sessions.provider_notes import LoginNotes


class SessionLogin(Login):
    """Recognises whose session it is, and keeps what the app reads of that user."""

    server: Server

    @property
    def keys(self) -> Keys:
        """The secret keys of the server's sessions."""
        return self.server.secret_keys()

    @abstractmethod
    def begin(self, request: Request, *, alone: bool) -> Steps[None] | None:
        """Show in the session who is known, before any hook of the developer's runs.

        :param request: the request
        :param alone: whether logins to other apps are to be set aside: no guard of theirs is asked
        """

    @abstractmethod
    def issue(self, request: Request, visitor: Visitor) -> bool:
        """Remember a visitor whom another login has recognised.

        :param request: the request
        :param visitor: who makes it
        :return: whether a session that is kept on the server is to have another id
        """

    def withdraw(self, request: Request) -> None:
        """Remember nobody: the visitor of :meth:`issue` is refused after all."""

    @abstractmethod
    def tidy(self, request: Request) -> Steps[None]:
        """Take what does not count out of the session of a public request."""

    @abstractmethod
    def keep(self, request: Request) -> dict[str, Any] | None:
        """Take over what the app did to the session before it is saved.

        :return: what the cookie is to hold of the user, None to leave that as it is
        """

    @abstractmethod
    def use(self) -> str:
        """Return in words what a session is good for."""

    def lacks(self) -> str | None:
        """Return in words what it lacks, None if that is nothing."""
        return None


class PasswordSession(SessionLogin):
    """The session of a user who came with a password: it names the user on public pages."""

    def __init__(
        self,
        server: Server,
        notes: SessionNotes,
        *,
        stored: Callable[[str], str | None],
        claims: Callable[[str], Steps[dict[str, Any]]],
        are_right: Callable[[Request], bool],
        is_needed: Callable[[], bool],
        opens_sockets: Callable[[], bool],
        with_user: bool,
    ) -> None:
        """Remember what decides.

        :param server: the app's server
        :param notes: writes and reads the notes of the guard
        :param stored: returns what a user is verified against now, None if that can be nothing
        :param claims: returns what the session shows of a user
        :param are_right: tells whether a request's credentials are, as far as that costs nothing
        :param is_needed: tells whether something is public, so that a session is good for something
        :param opens_sockets: tells whether there are callbacks over WebSockets
        :param with_user: whether the cookie is written always, with the user in it
        """
        self.server = server
        self._notes = notes
        self._stored = stored
        self._claims = claims
        self._are_right = are_right
        self._is_needed = is_needed
        self._opens_sockets = opens_sockets
        self._with_user = with_user

    def claim(self, request: Request) -> Mapping[str, Any] | None:
        session = request.bare_session
        # A copy: a WebSocket holds on to it.
        return None if self._notes.reader(session) is None else dict(session)

    def verify(self, request: Request, claim: Mapping[str, Any]) -> Steps[Outcome]:
        if not request.is_socket:
            # What is answered depends on the cookie: the server is to say so.
            request.session  # noqa: B018
        name = self._name(claim)
        if name is None:
            return None
        claims = yield from self._claims(name)
        return Visitor(
            self,
            claim,
            RequestIdentity(None, claims),
            {USER: claims},
            against=self._stored(name),
            # The one thing beside that opens with it is a WebSocket.
            is_for_public=not request.is_socket,
        )

    def holds(self, visitor: Visitor) -> bool:
        return self._name(visitor.claim) is not None

    def _name(self, session: Mapping[str, Any]) -> str | None:
        """Return the user whom a session that counts is of."""
        name = self._notes.reader(session)
        if name is None:
            return None
        stored = self._stored(name)
        if stored is None or not self._notes.holds(session, self.keys, stored):
            return None
        return name

    def begin(self, request: Request, *, alone: bool) -> Steps[None] | None:
        session = request.bare_session
        if NOTE not in session:
            return None
        if alone and until(session):
            hide(session)
        # Who comes with credentials is known once they are verified.
        if request.authorization is not None:
            return None
        return self._show(request, self._name(session))

    def _show(self, request: Request, name: str | None) -> Steps[None]:
        if name is not None:
            claims = yield from self._claims(name)
            show(request, {USER: claims})

    def issue(self, request: Request, visitor: Visitor) -> bool:
        keys = self.keys
        if not (keys and (self._with_user or self._is_needed())):
            return False
        name, verified_against = visitor.against
        session = request.bare_session
        if until(session):
            # Where its guard is asked too, it is there still.
            hide(session)
        # Not what the live table holds by now: a password changed since ends this login.
        is_login = self._notes.write(session, keys, name, verified_against)
        # The answer to a WebSocket's handshake tells of no other id.
        return is_login and not request.is_socket and self.server.has_session_ids

    def withdraw(self, request: Request) -> None:
        if self._notes.wrote(request.bare_session):
            forget(request.session)

    def tidy(self, request: Request) -> Steps[None]:
        session = request.bare_session
        if not self._notes.wrote(session):
            return
        name = self._name(session)
        header = request.authorization
        if header is not None:
            credentials = _core.parse_basic(header)
            if credentials is None or credentials.username != name:
                name = None
            elif self._are_right(request):
                # What is open asks for no hash: where none was made for these, nobody is shown,
                # though `current_user()` finds out who it is.
                yield from self._show(request, name)
        if name is None:
            forget(request.session)

    def keep(self, request: Request) -> dict[str, Any] | None:
        shown = request.shown
        if shown is None:
            return None
        if shown.is_taken_away and NOTE in shown.session:
            forget(shown.session)
        if not self._with_user:
            return None
        name = self._name(shown.session)
        return {} if name is None else {USER: {"email": name}}

    def use(self) -> str:
        if not self._with_user and not self._is_needed():
            return "nothing: no cookie is written, each request carries its credentials"
        if not self.keys:
            return "nothing: there is no secret key"
        lifetime = (
            "while the stored password is the same"
            if self._notes.seconds is None
            else f"for {self._notes.seconds / 3600:g} hours"
        )
        if self._opens_sockets():
            return f"WebSockets open with it, and public pages know the user, {lifetime}"
        return f"public pages know the user {lifetime}; it opens no private page"

    def lacks(self) -> str | None:
        if self.keys or not (self._with_user or self._is_needed()):
            return None
        lacking = (
            "callbacks will go by HTTP, not over WebSockets"
            if self._opens_sockets()
            else "public pages will not know who logged in"
        )
        return f"No secret key: {lacking}. Pass secret_key= to BasicAuth."


class ProviderSession(SessionLogin):
    """The session of a user who logged in through a provider: it is the login itself."""

    server: PageServer

    def __init__(self, server: PageServer, notes: LoginNotes, *, with_user: bool) -> None:
        """Remember what decides.

        :param server: the app's server
        :param notes: writes and reads the notes of the guard
        :param with_user: whether the cookie holds what is shown of the user as well
        """
        self.server = server
        self.notes = notes
        self._with_user = with_user

    def is_there(self, request: Request) -> bool:
        """Tell whether a request comes with a login that counts."""
        return self.notes.holds(request.bare_session, self.keys)

    def claim(self, request: Request) -> Mapping[str, Any] | None:
        if not request.has_session_cookie:
            return None
        session = request.session
        # The note alone: a WebSocket holds on to it.
        return {NOTE: session[NOTE]} if self.notes.resume(session, self.keys) else None

    def verify(self, request: Request, claim: Mapping[str, Any]) -> Outcome:
        note = claim[NOTE]
        shown = None
        if request.shown is None or not request.shown.values:
            # The very object: what the app adds to it is kept as any member of the session is.
            shown = {name: note[name] for name in (USER, IDP)}
        identity = RequestIdentity(session_user)
        if request.is_socket:
            claims = note[USER]
            identity = RequestIdentity(None, claims if isinstance(claims, Mapping) else {})
        return Visitor(self, claim, identity, shown)

    def holds(self, visitor: Visitor) -> bool:
        return not ended.is_ended(visitor.claim) and self.notes.holds(visitor.claim, self.keys)

    def begin(self, request: Request, *, alone: bool) -> None:
        session = request.bare_session
        if NOTE not in session and PARKED not in session:
            return
        if self.notes.resume(session, self.keys):
            show(request, {name: session[NOTE][name] for name in (USER, IDP)})
        elif alone:
            hide(session)

    def issue(self, request: Request, visitor: Visitor) -> bool:
        # The flow that ended in this session has written it, and renewed the id.
        return False

    def tidy(self, request: Request) -> Steps[None]:
        yield from ()

    def keep(self, request: Request) -> dict[str, Any] | None:
        shown = request.shown
        if shown is None:
            return None
        session, keys, notes = shown.session, self.keys, self.notes
        holds = notes.is_current(session, keys)
        if shown.is_taken_away:
            for name in (NOTE, REFRESH_TOKEN):
                if name in session:
                    del session[name]
        elif USER in session and holds:
            notes.rewrite(session)
        if not self._with_user:
            return None
        holds = holds and notes.is_current(session, keys)
        return {name: session[name] for name in (USER, IDP) if name in session} if holds else {}

    def use(self) -> str:
        return f"the login itself, for {self.notes.seconds / 3600:g} hours"


class ShownUser(Login):
    """Recognises whom the app's own login has put into `session["user"]`."""

    def claim(self, request: Request) -> Mapping[str, Any] | None:
        held = request.session.get(USER)
        return held if isinstance(held, Mapping) else None

    def verify(self, request: Request, claim: Mapping[str, Any]) -> Visitor:
        return Visitor(self, claim, RequestIdentity(session_user))


class NotRemembered(SessionLogin):
    """No session: each request is recognised by what comes with it; the app is shown whom."""

    def __init__(self, server: Server) -> None:
        """Remember the server.

        :param server: the app's server
        """
        self.server = server

    def claim(self, request: Request) -> None:
        return None

    def begin(self, request: Request, *, alone: bool) -> None:
        return

    def issue(self, request: Request, visitor: Visitor) -> bool:
        return False

    def tidy(self, request: Request) -> Steps[None]:
        yield from ()

    def keep(self, request: Request) -> dict[str, Any] | None:
        return None

    def use(self) -> str:
        return "nothing: no cookie is written, each request carries its credentials"
