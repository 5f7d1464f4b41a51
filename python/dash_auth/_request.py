"""A request and a server, as every other part of the package sees them."""

from __future__ import annotations

import enum
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from dash import Dash

from dash_auth._core import Endpoint, Refusal, Standing
from dash_auth._current import RequestIdentity
from dash_auth._raised import Refused
from dash_auth._secret_keys import Keys
from dash_auth._shown import Shown

UNREADABLE = object()
"""Stands for a body that is no JSON, or nested beyond reason."""

TOO_LARGE = object()
"""Stands for a body that is larger than what is read for a stranger."""

NO_LIMIT = sys.maxsize
"""Stands for the largest body where there is no such: a user's is read whole, as Dash reads it."""

UNROUTABLE = "dash_auth: the server's routing fails"
"""Stands for the endpoint where the server's own routing raises an error."""


class Caching(enum.IntEnum):
    """What an answer is, as far as keeping it goes; of several guards the strictest counts."""

    UNDECIDED = 0
    """No guard was asked: the answer is the developer's."""
    PUBLIC = 1
    """Anyone may have it, unless the visitor was asked for."""
    PRIVATE_FILE = 2
    """A file for who is logged in, which the visitor's own browser may keep."""
    PRIVATE = 3
    """For who is logged in, or a refusal: kept nowhere."""


_UNDECIDED = Caching.UNDECIDED
"""At hand for each request: a member of an enumeration is slow to look up."""


@dataclass(frozen=True)
class Answer:
    """What we send, before the server makes a response of it.

    Attributes:
        status: the status.
        body: the body.
        headers: the headers, but for the type of the body.
        content_type: the type of the body.
    """

    status: int = 200
    body: str | bytes = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "text/plain; charset=utf-8"

    @classmethod
    def redirect(cls, location: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Return an answer that sends the browser elsewhere.

        :param location: where to
        :param headers: further headers
        """
        return cls(302, "", {"Location": location, **(headers or {})})


@dataclass(frozen=True)
class CookieAttributes:
    """What the server says of its session's cookie, and a ticket's has too.

    Attributes:
        is_secure: whether it is sent over https only.
        is_for_frames: whether pages of other sites may show the app in a frame with it.
        is_partitioned: whether each such site has a cookie of its own.
        seconds: for how long it counts, in seconds; None where nothing says so, or where sessions
            are kept on the server, which end there.
    """

    is_secure: bool = False
    is_for_frames: bool = False
    is_partitioned: bool = False
    seconds: float | None = None


class Findings:
    """What was found out about a request."""

    def __init__(self) -> None:
        """Begin with nothing."""
        # When it came, by the monotonic clock in seconds.
        self.began: float = time.monotonic()
        self.identity: RequestIdentity | None = None
        # Who makes the request, for the developer's hooks that ask before the guard has decided.
        self.visitor: RequestIdentity | None = None
        # What the session shows of the user; None until somebody shows something.
        self.shown: Shown | None = None
        # Who verified which credentials, and what came of it: once a request.
        self.verified: tuple[object, str, Any] | None = None
        # What came of the tickets that came along, by whose they are.
        self.tickets: dict[object, Any] = {}
        # What is to be written to a store before the answer goes.
        self.writes: list[Callable[[], None]] = []
        # The cookies that the answer is to carry, as their headers, by their names.
        self.set_cookies: dict[str, str] = {}
        self.refusal: Refusal | None = None
        # Where a login leads, if the request says so: a path as the browser sees it.
        self.target: str | None = None
        # What a refusal says to our script, once the request is refused.
        self.refused: str | None = None
        # After how many seconds a client that guessed too often may come back.
        self.retry_after: int | None = None
        # The path of the start of the app that refuses it.
        self.start = "/"
        # What the gate said that was asked last, and of what, so that it is asked once.
        self.asked: tuple[object, Endpoint, str, tuple[Standing, bool]] | None = None
        # The same, as the guard that decides has it.
        self.standing: Standing | None = None
        self.is_forged = False
        self.logged_in = False
        # The name of the user who makes it, and may not enter.
        self.denied_user: str | None = None
        # Which pages for groups its user may see, by their modules, as far as that was asked.
        self.pages: dict[str, bool] = {}
        # Whether it shows, or runs, something of a page that its user may not see.
        self.is_of_closed_page = False
        # The status that the app's own answer is to have in the place of 200.
        self.status: int | None = None
        # How who makes it logs in.
        self.login_method = ""
        # What the answer is, as far as keeping it goes.
        self.caching = _UNDECIDED
        # Why a callback does not run with no login, once that was asked.
        self.closed: object | None = None
        # Whether the body is larger than what is read for a stranger, once that was asked.
        self.is_too_large = False
        # Whether the log says already why the request is refused.
        self.is_explained = False
        # What answers where code of the app's own refuses it, once it has passed.
        self.refusing: Refusing | None = None
        # When a provider says that it last asked the user to log in, in seconds since 1970.
        self.asked_at: int | None = None


class Refusing(Protocol):
    """What answers where code of the app's own refuses a request."""

    @property
    def can_ask_again(self) -> bool:
        """Whether a user who is logged in can be asked to log in again."""

    def asked(self, request: Request) -> Any:
        """Return the server's response that asks for a login."""


class Request(Findings, ABC):
    """A request, as the server has it, and what was found out about it."""

    method: str
    path: str
    endpoint: str | None
    """The name of the endpoint that the server is going to run, None if there is none."""
    view_arguments: dict[str, Any]
    """The variables of the path, as the server parsed them."""
    address: str
    """The client's address."""
    authorization: str | None
    """The value of the Authorization header, None if there is none."""
    origin: str | None
    """The value of the Origin header, None if there is none."""
    sec_fetch_site: str | None
    """The value of the Sec-Fetch-Site header, None if there is none."""
    has_cookies: bool
    """Whether any cookie came along."""
    is_socket: bool = False
    """Whether it is the handshake of a WebSocket."""

    @property
    @abstractmethod
    def own_origin(self) -> str:
        """Scheme, host and port of the request, as the server's own proxy support states them."""

    @property
    @abstractmethod
    def root_path(self) -> str:
        """The path under which the server itself is mounted, without a slash at its end."""

    @property
    @abstractmethod
    def query(self) -> str:
        """The query string as the client sent it."""

    @property
    @abstractmethod
    def session(self) -> MutableMapping[str, Any]:
        """The session."""

    @property
    @abstractmethod
    def bare_session(self) -> MutableMapping[str, Any]:
        """The session, for a look that leaves the answer as it is."""

    @abstractmethod
    def cookie(self, name: str) -> str | None:
        """Return the value of a cookie, None if there is none.

        :param name: its name
        """

    @abstractmethod
    def header(self, name: str) -> str | None:
        """Return the value of a header, None if there is none.

        Several of one name are joined with commas, as they reach an app over WSGI.

        :param name: the name, in any case
        """

    @abstractmethod
    def json_body(self, limit: int) -> Any:
        """Return the very object that Dash will be given, `UNREADABLE` or `TOO_LARGE`.

        :param limit: the largest body that is read, in bytes
        """

    @abstractmethod
    def form_body(self, limit: int) -> Any:
        """Return the fields of a form as a dict, `UNREADABLE` or `TOO_LARGE`.

        A form with a field twice is none: two readers of it might take another one each.

        :param limit: the largest body that is read, in bytes
        """

    @abstractmethod
    def query_values(self, name: str) -> list[str]:
        """Return all values of a parameter of the query."""

    @abstractmethod
    def replace_query_values(self, values: dict[str, list[str]]) -> None:
        """Give some parameters of the query other values before Dash reads them."""

    @abstractmethod
    def rewrite_answer(self, rewrite: Callable[[bytes], bytes]) -> None:
        """Have the body of the answer to this request rewritten."""

    def raised(self, refused: Refused) -> Exception:
        """Return what to raise in code of the app's own to have this request refused.

        :param refused: why
        """
        return refused


class Server(Protocol):
    """A server, as the guard of an app and a session need it."""

    has_event_loop: bool
    """Whether an event loop answers the requests, which must not wait."""
    how_to_trust_a_proxy: str
    """What makes the server believe a proxy about host and scheme."""

    def request(self) -> Request:
        """Return the current request."""

    def respond(self, answer: Answer) -> Any:
        """Return an answer of ours as a response of the server's."""

    def automatic_options(self) -> Any:
        """Return the server's own answer to the current OPTIONS request.

        It may have to be awaited. Return None where code of the developer's would answer.
        """

    def secret_keys(self) -> Keys:
        """Return the secret keys of the server's sessions, the current one first."""

    def set_secret_keys(self, keys: Sequence[str | bytes]) -> None:
        """Set the secret keys of the server's sessions, the current one first."""

    def cookie_attributes(self) -> CookieAttributes:
        """Return what the server says of its session's cookie."""

    def view(self, endpoint: str) -> Callable[..., Any] | None:
        """Return the function behind an endpoint."""

    def endpoints_of(self, path: str) -> list[str]:
        """Return the endpoints that serve a path, whatever the method, WebSockets included."""

    def routes(self) -> list[tuple[str, str]]:
        """Return the endpoints with their rules in Flask's syntax."""

    def views(self) -> list[tuple[str, Callable[..., Any] | None]]:
        """Return the rules with the functions behind them, of routers and mounted apps as well."""

    def routes_version(self) -> object:
        """Return what is the same object for as long as the server has the same routes."""

    def dash_apps(self) -> list[Dash]:
        """Return the Dash apps on the server, guarded or not."""

    def run_first_request_hooks(self, app: Dash) -> None:
        """Run what Dash would run before the first request to the app."""


class PageServer(Server, Protocol):
    """A server, as a login with pages of its own needs it."""

    def has_route(self, rule: str) -> bool:
        """Tell whether the server has a route with exactly this rule, in Flask's syntax."""

    def add_route(
        self,
        rule: str,
        name: str,
        view: Callable[..., Any],
        headers: dict[str, str],
        methods: Sequence[str] = ("GET",),
    ) -> str:
        """Add a route of the login's own.

        :param rule: the route, in Flask's syntax
        :param name: what the endpoint is to be called; another one of that name stays
        :param view: called with the variables of the path; it may wait, and return what the
            server's own views may. A generator is a way, whose steps alone wait
        :param headers: what each answer carries
        :param methods: what it answers
        :return: the name of the endpoint
        """

    def url_for(self, endpoint: str, scheme: str | None = None, **variables: str) -> str:
        """Return the absolute URL of an added route, as the current request came in.

        :param endpoint: name of the endpoint
        :param scheme: the scheme; None for that of the request
        :param variables: the variables of the path
        """

    def with_headers(self, answer: Any, headers: dict[str, str]) -> Any:
        """Return an answer with some more headers."""

    def copy_of(self, answer: Any) -> Any:
        """Return an answer of the developer's so that it can be given again."""

    def renew_session_id(self, session: MutableMapping[str, Any]) -> None:
        """Give a session that is kept on the server another id; it may wait."""

    def close_session_cookie(self, *, secure: bool) -> None:
        """Have the session's cookie kept from other sites, and from scripts.

        :param secure: whether it is sent over https only
        """

    def session_cookie_length(self, session: Mapping[str, Any]) -> int | None:
        """Return the length of the cookie that holds a session, name and value, in bytes.

        :return: None where sessions are kept on the server
        """
