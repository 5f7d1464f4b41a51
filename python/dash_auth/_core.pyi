"""
The Rust core of `dash_auth`.
"""

from _typeshed import Incomplete, SupportsGetItem
from typing import Any, Final, SupportsFloat, SupportsIndex, final
__version__: Final[str]

@final
class Attempt:
    """
    Credentials of which it is not known yet whether they are right.
    """
    def land(self, accepted: bool | None, /) -> tuple[str, str] | Refusal:
        """
        Tell all requests that wait what was found out, and return what comes of it; None sends them
        away to come back later.
        """
    @property
    def password(self, /) -> str:
        """
        The password as it was sent.
        """
    @property
    def username(self, /) -> str:
        """
        The name as it was sent.
        """
    def verify(self, /, *, can_wait: bool = True) -> tuple[str, str] | Refusal | None:
        """
        Return what comes of the credentials, None if the caller is to ask and to land the finding.

        Without holding the interpreter it hashes, or waits for another request that asks about the
        same credentials; where the caller cannot wait, it asks as well.
        """

@final
class Callback:
    """
    A registered callback, as its declaration has it.
    """
    def __new__(cls, /, inputs: SupportsGetItem[int, tuple[str, str, bool]], state: SupportsGetItem[int, tuple[str, str, bool]], outputs: SupportsGetItem[int, tuple[str, str]], multiple: bool) -> Callback:
        """
        Reads a declaration: component id (patterns as Dash writes them) and property, and of inputs
        and states whether the component may be absent. A callback with a single Output is not
        `multiple`.
        """
    @property
    def is_routing(self, /) -> bool:
        """
        Tells whether the callback only turns the browser's location into content.
        """
    def location(self, body: Any, /) -> tuple[str, str] | None:
        """
        Returns the pathname and search that an admitted body gives to a routing callback, `None`
        where they are no text, or can be no page's.
        """
    def mismatch(self, body: Any, /) -> str | None:
        """
        Compares a body with the declaration; returns what does not match, `None` if all does.
        """

@final
class Credentials:
    """
    The user-id and password of one request.
    """
    @property
    def password(self, /) -> str:
        """
        The password: everything after the first colon.
        """
    @property
    def username(self, /) -> str:
        """
        The user-id: everything before the first colon.
        """

@final
class Endpoint:
    """
    What the server is going to run for a request.
    """
    CALLBACK: Final[Endpoint]
    """
    The view that runs callbacks.
    """
    CLOSED: Final[Endpoint]
    """
    An endpoint that no rule opens.
    """
    LAYOUT: Final[Endpoint]
    """
    Layout, dependencies and reload hash.
    """
    LOGIN: Final[Endpoint]
    """
    A route of the login itself.
    """
    MISSING: Final[Endpoint]
    """
    None.
    """
    NAMED: Final[Endpoint]
    """
    Another endpoint of Dash's, which only a rule that names it opens.
    """
    PAGE: Final[Endpoint]
    """
    Dash's index page, at its own path or at any path that nothing else takes.
    """
    SERVER: Final[Endpoint]
    """
    A route of the developer's own.
    """
    STATIC: Final[Endpoint]
    """
    A registered component suite, an asset with a public extension, the favicon.
    """
    def __eq__(self, value: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __int__(self, /) -> int: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...

@final
class Refusal:
    """
    Why credentials let nobody in.
    """
    ABSENT: Final[Refusal]
    """
    There are none.
    """
    BUSY: Final[Refusal]
    """
    The server verifies as many as it can; the client is to come back.
    """
    UNAVAILABLE: Final[Refusal]
    """
    Who knows the users cannot be asked just now; the client is to come back.
    """
    WRONG: Final[Refusal]
    """
    They are wrong.
    """
    def __eq__(self, value: object, /) -> bool: ...
    def __int__(self, /) -> int: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...

@final
class RouteMap:
    """
    The rules of an app's public routes, in Flask's syntax.
    """
    def __len__(self, /) -> int: ...
    def __new__(cls, /) -> RouteMap: ...
    def add(self, rule: str, /) -> None:
        """
        Adds a rule; raises `ValueError` where it cannot be read.
        """
    def is_open(self, endpoint: Endpoint, path: str, prefix: str, rules_open_pages: bool, /) -> bool:
        """
        Tells whether the rules open an endpoint for a path, seen from the app's prefix.
        """
    def literal(self, path: str, /) -> bool:
        """
        Tells whether a rule without variables names exactly this path.
        """
    def matches(self, path: str, /) -> bool:
        """
        Tells whether a rule matches the path as it stands, with no redirect.
        """
    def may_resolve_page(self, path: str, templates: SupportsGetItem[int, str], /) -> bool:
        """
        Tells whether Dash may be asked which page a path means: a rule matches the path, and it is
        quickly compared with the path templates of all pages.
        """
    def opens_page(self, pathname: str, /, *, path: str | None = None, template: str | None = None, variables_are_replaced: bool = False) -> bool:
        """
        Tells whether the rules mean the page that Dash resolves for a pathname: the one with this
        path, the one with this template, or none.
        """
    @property
    def rules(self, /) -> list[str]:
        """
        The text of all rules, in the order in which they were added.
        """
    @staticmethod
    def sample_paths(rule: str, /) -> list[str]:
        """
        Returns some paths that the rule matches, built with its own converters.
        """
    def test(self, path: str, /) -> bool:
        """
        Tells whether a rule matches the path, or would after a redirect.
        """

@final
class Ticket:
    """
    A ticket that counts: what it says of a login.
    """
    @property
    def auth_time(self, /) -> int:
        """
        When the user logged in, in seconds since 1970.
        """
    @property
    def claims(self, /) -> bytes:
        """
        What else is known of the user.
        """
    @property
    def id(self, /) -> str:
        """
        What tells this login from every other.
        """
    def is_against(self, verified_against: str, /) -> bool:
        """
        Tell, in constant time, whether the user was verified against this very value.
        """
    @property
    def is_for_public(self, /) -> bool:
        """
        Whether the user is known by it on public pages alone.
        """
    @property
    def methods(self, /) -> list[str]:
        """
        How the user logged in (RFC 8176).
        """
    @property
    def name(self, /) -> str:
        """
        The name of the user.
        """
    @property
    def until(self, /) -> int | None:
        """
        When it ends, in seconds since 1970; None for no time of its own.
        """

@final
class Tickets:
    """
    Issues and reads the tickets of one guard.
    """
    def __new__(cls, /, guard: str) -> Tickets:
        """
        Names the guard whose tickets they are.
        """
    def issue(self, key: bytes, name: str, verified_against: str, /, *, id: str, auth_time: SupportsIndex, until: SupportsIndex | None, methods: SupportsGetItem[int, str], is_for_public: bool, claims: SupportsGetItem[int, SupportsIndex]) -> str:
        """
        Return a ticket as text, sealed with a key.
        """
    def open(self, keys: "tuple[bytes, ...]", text: str, now: SupportsIndex, /) -> Ticket | None:
        """
        Read a ticket at a time, in seconds since 1970; None where it does not count.
        """
    def says(self, key: bytes, text: str, at: SupportsIndex, name: str, verified_against: str, /) -> bool:
        """
        Tell whether a text is a ticket for this very user, under this key, verified against this very
        value, and counts at a time, in seconds since 1970, that may lie ahead.
        """

@final
class Turn:
    """
    A turn to hash a password, which the process has as many of as it has cores.
    """
    def give_back(self, /) -> None:
        """
        Give the turn back.
        """
    @staticmethod
    def wait() -> Turn | None:
        """
        Wait for a turn; None if there is none within the longest wait.
        """

@final
class Users:
    """
    Verifies credentials against the developer's own table of stored passwords.
    """
    def __new__(cls, table: "dict[str, str]", /, *, is_named: bool = False) -> Users:
        """
        Read the table; raise `ValueError` or `TypeError`, naming the user, where a name or a stored
        value could never log in, and `ValueError` where there are no users.

        Where it `is_named`, the live table holds pairs: the user's own name, and the stored value.
        """
    def attempt(self, header: str, table: Any, address: str, /) -> tuple[str, str] | Refusal | Attempt:
        """
        Return whose credentials a header holds and the stored value that they were verified against,
        or why there are none; or the attempt, where that is to hash.

        The live table is asked anew each time, so that a removed user or a changed password counts at
        once.
        """

@final
class VerifiedCredentials:
    """
    Remembers for some seconds the credentials that something else than a table found to be right.
    """
    def __new__(cls, seconds: SupportsFloat | SupportsIndex, /) -> VerifiedCredentials:
        """
        Remember for some seconds; 0 keeps nothing, and each request asks.
        """
    def attempt(self, header: str, address: str, /) -> tuple[str, str] | Refusal | Attempt:
        """
        Return whose credentials a header holds if that is remembered, why there are none, or the
        attempt to find out.
        """

def below_prefix(path: str, prefix: str, /) -> str | None:
    """
    Returns a path relative to an app's prefix, `None` where it lies outside.
    """

def check_password_hash(pwhash: str, password: str, /) -> bool | None:
    """
    Check a password against a stored hash; None leaves the hash to werkzeug.
    """

def claimed_time(text: str, /) -> int | None:
    """
    Return when a text claims that a user logged in, whoever made it: it decides nothing.
    """

def generate_password_hash(password: str, method: str, salt_length: SupportsIndex, /) -> str | None:
    """
    Hash a password with a new salt; None leaves the method to werkzeug.
    """

def is_cross_site_forgery(method: str, sec_fetch_site: str | None, origin: str | None, own_origin: str, trusted_origins: SupportsGetItem[int, str], /) -> bool:
    """
    Tells whether a request that changes something was made by a page of another origin.
    """

def is_from_elsewhere(sec_fetch_site: str | None, origin: str | None, own_origin: str, trusted_origins: SupportsGetItem[int, str], /) -> bool:
    """
    Tells whether a browser makes a request for a page that is neither of the request's own origin
    nor of a trusted one.
    """

def is_plaintext(stored: str, /) -> bool:
    """
    Tell whether a stored value is the password itself.
    """

def is_preflight(method: str, origin: str | None, requested_method: str | None, trusted_origins: SupportsGetItem[int, str], /) -> bool:
    """
    Tells whether a browser asks, for a page of a trusted origin, whether it may make a request.
    """

def is_same_origin(one: str, other: str, /) -> bool:
    """
    Tells whether two texts name the same origin.
    """

def is_sealed(secret: bytes, sealed: str, /, *parts: "str") -> bool:
    """
    Tells, in constant time, whether `sealed` is the seal of some texts under a secret.
    """

def parse_basic(header: str, /) -> Credentials | None:
    """
    Parses the value of an `Authorization` header (RFC 7617); `None` where it holds no credentials.
    """

def password_needs_rehash(stored: str, /) -> bool:
    """
    Tell whether a stored password is weaker than what is made today.
    """

def seal(secret: bytes, /, *parts: "str") -> str:
    """
    Returns the seal of some texts under a secret, in hexadecimal.
    """

def why_no_credentials(header: str, /) -> str | None:
    """
    Tells why an `Authorization` header holds no credentials; `None` where it holds some.
    """

def __getattr__(name: str) -> Incomplete: ...
