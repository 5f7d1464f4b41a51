"""One thin adapter a server: the facts of a request in, an answer out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from dash import Dash

from .._caching import Caching
from .._core import Refusal
from .._secret_keys import Keys
from .._shown import Shown
from ..identity import RequestIdentity

if TYPE_CHECKING:
    from .._guard import Guard
    from .._refusals import Closed

UNREADABLE = object()
"""Stands for a body that is no JSON, or nested beyond reason."""

TOO_LARGE = object()
"""Stands for a body that is larger than what is read for a stranger."""

UNROUTABLE = "dash_auth: the server's routing fails"
"""Stands for the endpoint where the server's own routing raises an error."""


REMEMBERED_PATHS = 1024
LONGEST_REMEMBERED_PATH = 256
"""Clients choose the paths: what an adapter remembers of them stays below a megabyte."""


class Request(Protocol):
    """The facts of a request."""

    method: str
    path: str
    endpoint: str | None
    """The name of the endpoint that the server is going to run, None if there is none."""
    view_arguments: dict[str, Any]
    """The variables of the path, as the server parsed them."""
    authorization: str | None
    """The value of the Authorization header, None if there is none."""
    address: str
    """The client's address."""
    sec_fetch_site: str | None
    """The value of the Sec-Fetch-Site header, None if there is none."""
    identity: RequestIdentity | None
    visitor: RequestIdentity | None
    """Who makes the request, for the developer's hooks that ask before the guard has decided."""
    shown: Shown | None
    """What the session shows of the user; None until somebody shows something."""
    verified: tuple[object, str, Any] | None
    """Who verified which credentials, and what came of it: once a request."""
    refusal: Refusal | None
    logged_in: bool
    is_socket: bool
    """Whether it is the handshake of a WebSocket."""
    caching: Caching
    """What the answer is, as far as keeping it goes."""
    closed: Closed | None
    """Why a callback does not run with no login, once that was asked."""
    is_too_large: bool
    """Whether the body is larger than what is read for a stranger, once that was asked."""
    is_explained: bool
    """Whether the log says already why the request is refused."""

    @property
    def origin(self) -> str | None:
        """The value of the Origin header, None if there is none."""

    @property
    def own_origin(self) -> str:
        """Scheme, host and port of the request, as the server's own proxy support states them."""

    def header(self, name: str) -> str | None:
        """Return the value of a header, None if there is none."""

    @property
    def root_path(self) -> str:
        """The path under which the server itself is mounted, without a slash at its end."""

    @property
    def query(self) -> str:
        """The query string as the client sent it."""

    @property
    def session(self) -> MutableMapping[str, Any]:
        """The session."""

    @property
    def bare_session(self) -> MutableMapping[str, Any]:
        """The session, for a look that leaves the answer as it is."""

    def leave_session_unread(self, session: MutableMapping[str, Any]) -> None:
        """Have the session count as unread, unless it was changed: the guard alone looked at it."""

    @property
    def has_session_cookie(self) -> bool:
        """Whether the client sent a session along."""

    def json_body(self, limit: int) -> Any:
        """Return the very object that Dash will be given, `UNREADABLE` or `TOO_LARGE`.

        :param limit: the largest body that is read, in bytes
        """

    def query_values(self, name: str) -> list[str]:
        """Return all values of a parameter of the query."""

    def replace_query_values(self, values: dict[str, list[str]]) -> None:
        """Give some parameters of the query other values before Dash reads them."""

    def rewrite_answer(self, rewrite: Callable[[bytes], bytes]) -> None:
        """Have the body of the answer to this request rewritten."""


class Guards:
    """The guards of the Dash apps on one server."""

    def __init__(self) -> None:
        self._guards: list[Guard] = []

    def add(self, guard: Guard) -> None:
        """Add the guard of an app."""
        self._guards.append(guard)
        # The longest prefix first: it decides alone.
        self._guards.sort(key=lambda guard: -len(guard.prefix))

    def __iter__(self) -> Iterator[Guard]:
        return iter(self._guards)

    def begin(self, request: Request) -> None:
        """Mask what the session says of the user, and show what the guards know in its place.

        Before any hook of the developer's runs.
        """
        request.visitor = None
        showing = self.mask(request)
        for guard in showing:
            guard.begin(request, alone=len(showing) == 1)

    def mask(self, request: Request) -> list[Guard]:
        """Mask what the session says of the user; return the guards that show what they know."""
        guards = self.responsible(request)
        showing = [guard for guard in guards if guard.shows_user]
        if showing and request.shown is not None:
            # A hook of the developer's has changed the request: who was shown may not be who asks.
            request.shown.show({})
        elif showing:
            request.shown = Shown(
                request.bare_session,
                masks=len(showing) == len(guards),
                restores=not all(guard.shows_user for guard in self._guards),
            )
        return showing

    def begin_waits(self, request: Request) -> bool:
        """Tell whether to begin may take long, so not in an event loop."""
        return any(guard.begin_waits(request) for guard in self.responsible(request))

    def end(self, request: Request) -> None:
        """Take out of the session what was shown, before it is saved."""
        if request.shown is None:
            return
        kept: dict[str, Any] | None = None
        for guard in self.responsible(request):
            own = guard.end(request) if guard.shows_user else None
            kept = kept if own is None else {**(kept or {}), **own}
        request.shown.take_out(kept)

    def after(self, request: Request) -> None:
        """Show again what was taken out, for what reads the session after it was saved."""
        if request.shown is not None:
            request.shown.put_back()

    def responsible(self, request: Request) -> list[Guard]:
        """Return the guard of the app that a request is to, else all of them."""
        if len(self._guards) == 1:
            return self._guards
        for guard in self._guards:
            # The routes of a login may lie under no app's prefix, or under another's.
            if guard.owns(request.endpoint):
                return [guard]
        for guard in self._guards:
            if request.path.startswith(guard.prefix):
                # FastAPI has one catch-all, that of the last app, for the paths of all of them.
                others = [one for one in self._guards if one.serves(request.endpoint)]
                return list(dict.fromkeys([guard, *others]))
        return self._guards


class Backend(Protocol):
    """A server, as the guard needs it."""

    guards: Guards
    """Those who decide on each request: none reaches an app but through them."""

    def request(self) -> Request:
        """Return the facts of the current request."""

    def answer(self, status: int, text: str, headers: dict[str, str] | None = None) -> Any:
        """Return an answer in plain text."""

    def secret_keys(self) -> Keys:
        """Return the secret keys of the server's sessions, the current one first."""

    def set_secret_keys(self, keys: Sequence[str | bytes]) -> None:
        """Set the secret keys of the server's sessions, the current one first."""

    def unverified_session(self, request: Request) -> str | None:
        """Return what a session's cookie says, whoever signed it; None if there is none to read.

        It decides nothing.
        """

    # What a login with pages of its own needs

    has_event_loop: bool
    """Whether an event loop answers the requests, which must not wait."""
    how_to_trust_a_proxy: str
    """What makes the server believe a proxy about host and scheme."""

    def automatic_options(self) -> Any:
        """Return the server's own answer to the current OPTIONS request.

        It may have to be awaited. Return None where code of the developer's would answer.
        """

    def redirect(self, location: str) -> Any:
        """Return an answer that sends the browser elsewhere."""

    def with_headers(self, answer: Any, headers: dict[str, str]) -> Any:
        """Return an answer with some more headers."""

    def page(self, html: str, status: int = 200, headers: dict[str, str] | None = None) -> Any:
        """Return one of our pages as an answer.

        :param html: the page
        :param status: the status
        :param headers: what the answer carries beside `PAGE_HEADERS`
        """

    def copy_of(self, answer: Any) -> Any:
        """Return an answer of the developer's so that it can be given again."""

    def has_route(self, rule: str) -> bool:
        """Tell whether the server has a route with exactly this rule, in Flask's syntax."""

    def add_route(
        self, rule: str, name: str, view: Callable[..., Any], headers: dict[str, str]
    ) -> str:
        """Add a route of the login's own, for GET.

        :param rule: the route, in Flask's syntax
        :param name: what the endpoint is to be called; another one of that name stays
        :param view: called with the variables of the path; it may wait, and return what the
            server's own views may
        :param headers: what each answer carries
        :return: the name of the endpoint
        """

    def url_for(self, endpoint: str, scheme: str | None = None, **variables: str) -> str:
        """Return the absolute URL of an added route, as the current request came in.

        :param endpoint: name of the endpoint
        :param scheme: the scheme; None for that of the request
        :param variables: the variables of the path
        """

    def close_session_cookie(self, *, secure: bool) -> None:
        """Have the session's cookie kept from other sites, and from scripts.

        :param secure: whether it is sent over https only
        """

    def session_cookie_length(self, session: Mapping[str, Any]) -> int | None:
        """Return the length of the cookie that holds a session, name and value, in bytes.

        :return: None where sessions are kept on the server
        """

    def renew_session_id(self, session: MutableMapping[str, Any]) -> None:
        """Give a session that is kept on the server another id."""

    def view(self, endpoint: str) -> Callable[..., Any] | None:
        """Return the function behind an endpoint."""

    def endpoints_of(self, path: str) -> list[str]:
        """Return the endpoints that serve a path, whatever the method, WebSockets included."""

    def routes(self) -> list[tuple[str, str]]:
        """Return the endpoints with their rules in Flask's syntax."""

    def route_count(self) -> int:
        """Return how many routes the server has."""

    def dash_apps(self) -> list[Dash]:
        """Return the Dash apps on the server, guarded or not."""

    def run_first_request_hooks(self, app: Dash) -> None:
        """Run what Dash would run before the first request to the app."""


def is_server(server: object) -> bool:
    """Tell whether there is a server to guard yet (`Dash(server=False)` has none)."""
    return server is not None and not isinstance(server, bool)


def backend_for(server: Any) -> Backend:
    """Return the adapter for a server.

    :raises TypeError: if no adapter knows the server, which would stay unprotected
    """
    kinds = {f"{kind.__module__.split('.')[0]}.{kind.__name__}" for kind in type(server).__mro__}
    # Quart lets itself be taken for a Flask.
    if "quart.Quart" in kinds:
        from .quart import QuartBackend

        return QuartBackend.of(server)
    if "fastapi.FastAPI" in kinds:
        from .fastapi import FastAPIBackend

        return FastAPIBackend.of(server)
    if "flask.Flask" in kinds:
        from .flask import FlaskBackend

        return FlaskBackend.of(server)
    raise TypeError(
        f"dash_auth does not know how to protect a server of type {type(server).__module__}."
        f"{type(server).__qualname__}; it knows flask.Flask, quart.Quart and fastapi.FastAPI"
    )
