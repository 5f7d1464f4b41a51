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
    def begin(self, now: SupportsFloat | SupportsIndex, /, *, account: str = "", forwarded: str | None = None, device: str | None = None) -> tuple[str, str] | Refusal | Throttled | None:
        """
        Return what comes of the credentials at once, None if they are to be verified.

        Where guesses are counted it comes before that. `now` is the time in seconds, by any clock that
        is never set back; `account` the name of the account that they are meant for, where a table does
        not say so; `forwarded` what a header says of further addresses; `device` the id of the browser's
        device, empty for a new one, None where there are no such ids.
        """
    def hold(self, milliseconds: SupportsIndex, /) -> Throttled:
        """
        Return that the guess has to wait for some milliseconds, as is known from elsewhere.
        """
    @property
    def is_remembered(self, /) -> bool:
        """
        Whether the credentials are remembered as right.
        """
    def land(self, accepted: bool | None, /) -> tuple[str, str] | Refusal | Throttled:
        """
        Tell all requests that wait what was found out, and return what comes of it; None sends them
        away to come back later.
        """
    def let_through(self, /) -> None:
        """
        Have the guess not wait: it may be made, as is known from elsewhere.
        """
    @property
    def password(self, /) -> str:
        """
        The password as it was sent.
        """
    def shared(self, secret: bytes, scope: str, /) -> SharedGuess | None:
        """
        Return by which keys the guess that has begun is counted elsewhere, under a secret and among
        those of one scope, and what is to be asked there; None if nothing is.
        """
    @property
    def stored(self, /) -> str | None:
        """
        The stored value that the password is verified against, None where the name is unknown.
        """
    @property
    def username(self, /) -> str:
        """
        The name as it was sent.
        """
    def verify(self, /, *, can_wait: bool = True) -> tuple[str, str] | Refusal | Throttled | None:
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

@final
class Counters:
    """
    Counts the attempts to log in; several kinds of passwords may share one.
    """
    def __new__(cls, /, *, account_free: SupportsIndex, account_first: SupportsFloat | SupportsIndex, account_longest: SupportsFloat | SupportsIndex, address_free: SupportsIndex, address_longest: SupportsFloat | SupportsIndex, known_free: SupportsIndex, stop_after: SupportsIndex | None = None, repeated: SupportsFloat | SupportsIndex | None = None, asks_again: bool = False) -> Counters:
        """
        Begin with nothing counted; the times are in seconds.

        A wrong password that comes again is refused without being looked at for `repeated` seconds;
        None for as long as it is remembered. Or for so long it `asks_again`, and counts it once.
        """
    @property
    def numbers(self, /) -> tuple[int, float, float, int, float, float, int, int, float, float, float]:
        """
        The numbers that hold elsewhere too, with times in milliseconds: how many failures of an account
        are free, its first and its longest wait; the same of an address; how many of a known pair are
        free; after how many an account is shut, 0 for never; after which time failures are forgotten;
        for how long a pair is known; after which time an address is forgiven one.
        """
    def share(self, /) -> None:
        """
        Have guesses counted elsewhere too: who makes one asks there first.
        """

@final
class Credentials:
    """
    The user-id and password of one request.
    """
    def __new__(cls, username: str, password: str, /) -> Credentials:
        """
        Return a name and a password that came in another way than in a header, such as a form.

        A name with a colon or a control character is nobody's.
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
    ALIVE: Final[Endpoint]
    """
    Dash's notebook check.
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
class Gate:
    """
    Says what each request to one app is.
    """
    def __new__(cls, rules: RouteMap, prefix: str, browser_prefix: str, trusted_origins: SupportsGetItem[int, str], /) -> Gate:
        """
        Remembers the declared rules, which stay live, the app's prefix as the server has it and as
        browsers see it, and the origins whose pages may use what a browser holds.
        """
    def ask(self, endpoint: Endpoint, method: str, path: str, sec_fetch_site: str | None = None, origin: str | None = None, own_origin: str = "", requested_method: str | None = None, templates: SupportsGetItem[int, str] | None = None, /) -> "tuple[Standing, bool]":
        """
        Says what a request is, and whether a page of another origin makes it in its visitor's name.

        `requested_method` is what a preflight asks for, and `templates` are those with which Dash would
        compare the path of a page.
        """
    def ask_callback(self, callback: Callback, body: Any, is_public: bool, is_page_router: bool, templates: SupportsGetItem[int, str] | None = None, /) -> "Routed | str | None":
        """
        Says whether a callback may run with no login for a body: `None` if it may, else why it may
        not, or where it leads.
        """
    def ask_page(self, below: str, page_path: str | None, template: str | None, variables_are_replaced: bool, /) -> bool:
        """
        Tells whether the rules mean the page that Dash resolves for a path below the app's prefix: the
        one with this path, the one with this template, or none.
        """
    def ask_socket(self, endpoint: Endpoint, path: str, sec_fetch_site: str | None, origin: str | None, own_origin: str, is_for_callbacks: bool, templates: SupportsGetItem[int, str] | None = None, /) -> "tuple[Standing, bool]":
        """
        Says the same of the handshake of a WebSocket, which may be the one for Dash's callbacks.
        """
    def show(self, showing: RouteMap, in_full: RouteMap, lead_to_pages: bool, /) -> None:
        """
        Takes over which rules are about pages, relative to the app's prefix, which of them were
        declared with it, and whether one leads to a page.
        """

@final
class HandleSeal:
    """
    Seals the handles of the background jobs of one app.
    """
    def __new__(cls, guard: str, /) -> HandleSeal:
        """
        Names the guard, which tells it from any other that shares the secret.
        """
    def seal(self, secret: bytes, kind: str, output: str, handle: str, /) -> str:
        """
        Returns a handle sealed for the callback with the id `output`, under the name of its member in
        Dash's answer.
        """
    def unseal(self, secrets: SupportsGetItem[int, bytes | bytearray], parameter: str, outputs: SupportsGetItem[int, str], sealed: str, /) -> str | None:
        """
        Returns the handle that a parameter of the query holds if it was issued under one of the secrets,
        for one of the callbacks; else `None`. Raises `ValueError` for a parameter that takes none.
        """

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
    THROTTLED: Final[Refusal]
    """
    It was guessed too often; the client is to come back after some seconds.
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
    def literal(self, path: str, /) -> bool:
        """
        Tells whether a rule without variables names exactly this path.
        """
    def matches(self, path: str, /) -> bool:
        """
        Tells whether a rule matches the path as it stands, with no redirect.
        """
    def opens_page(self, pathname: str, /, *, path: str | None = None, template: str | None = None) -> bool:
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
class Routed:
    """
    Where a callback leads that shows pages.
    """
    @property
    def path(self, /) -> str:
        """
        The pathname relative to the app's prefix; empty if it is closed.
        """
    @property
    def pathname(self, /) -> str:
        """
        The pathname that it will receive.
        """
    @property
    def search(self, /) -> str:
        """
        The query string that it will receive, empty where it receives none.
        """
    @property
    def standing(self, /) -> Standing:
        """
        `PAGE` or `RELATIVE_PAGE`, yet to be looked up; or `CLOSED`, if no rule matches.
        """

@final
class SharedGuess:
    """
    By which keys a guess is counted elsewhere, and what is to be asked there.
    """
    @property
    def account(self, /) -> str:
        """
        The key of the account.
        """
    @property
    def address(self, /) -> str | None:
        """
        The key of the address, None where it does not count.
        """
    @property
    def asks(self, /) -> str:
        """
        `book`; or `look` or `remember`, where it is not to be counted.
        """
    @property
    def has_device(self, /) -> bool:
        """
        Whether the browser is known by a cookie.
        """
    @property
    def id(self, /) -> tuple[int, int]:
        """
        What tells the guess from others in this process.
        """
    @property
    def is_by_address(self, /) -> bool:
        """
        Whether success has the pair known by its address.
        """
    @property
    def pair(self, /) -> str:
        """
        The key of the account and the browser.
        """

@final
class Standing:
    """
    What a request is, before anybody is asked to log in.
    """
    CALLBACK: Final[Standing]
    """
    A callback, whose body tells whether it is open.
    """
    CLOSED: Final[Standing]
    """
    Open to nobody without a login.
    """
    OPEN: Final[Standing]
    """
    Open to anyone.
    """
    PAGE: Final[Standing]
    """
    A page of Dash's that a rule matches as it is written, and that is yet to be looked up.
    """
    PREFLIGHT: Final[Standing]
    """
    A preflight of a trusted origin.
    """
    RELATIVE_PAGE: Final[Standing]
    """
    The same, by a rule relative to the app's prefix.
    """
    def __eq__(self, value: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __int__(self, /) -> int: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...

@final
class Throttled:
    """
    A password was guessed too often: nothing was looked at.
    """
    def __eq__(self, value: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def seconds(self, /) -> int:
        """
        After how many seconds the client may come back, rounded up.
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
    @property
    def idle_until(self, /) -> int | None:
        """
        When it ends unless the user goes on working with the app, in seconds since 1970; None for never.
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
    def issue(self, key: bytes, name: str, verified_against: str, /, *, id: str, auth_time: SupportsIndex, until: SupportsIndex | None, methods: SupportsGetItem[int, str], is_for_public: bool, claims: SupportsGetItem[int, SupportsIndex], idle_until: SupportsIndex | None = None) -> str:
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
    def __new__(cls, table: "dict[str, str]", /, *, is_named: bool = False, counters: Counters | None = None) -> Users:
        """
        Read the table; raise `ValueError` or `TypeError`, naming the user, where a name or a stored
        value could never log in, and `ValueError` where there are no users.

        Where it `is_named`, the live table holds triples: the user's own name, the stored value, and
        what stands for it.
        """
    def attempt(self, brought: str | Credentials, table: Any, address: str, now: SupportsFloat | SupportsIndex = 0.0, /) -> tuple[str, str] | Refusal | Throttled | Attempt:
        """
        Return whose credentials they are and what they were verified against, or why there are none; or
        the attempt, where that is to hash. They are a header's, or were typed.

        The live table is asked anew each time, so that a removed user or a changed password counts at
        once.
        """

@final
class VerifiedCredentials:
    """
    Remembers for some seconds the credentials that something else than a table found to be right.
    """
    def __new__(cls, lifetime: SupportsFloat | SupportsIndex, /, *, counters: Counters | None = None) -> VerifiedCredentials:
        """
        Remember for some seconds; 0 keeps nothing, and each request asks.
        """
    def attempt(self, brought: str | Credentials, account: str, address: str, now: SupportsFloat | SupportsIndex = 0.0, /) -> tuple[str, str] | Refusal | Throttled | Attempt:
        """
        Return whose credentials they are if that is remembered, why there are none, or the attempt to
        find out. They are a header's, or were typed.

        What is remembered counts for the account that they are meant for alone.
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

def generate_bcrypt(password: str, /) -> str:
    """
    Hash a password with bcrypt, for an htpasswd file; raise `ValueError` if bcrypt does not see all of
    it: at most 72 bytes, and no NUL.
    """

def generate_password_hash(password: str, method: str, salt_length: SupportsIndex, /) -> str | None:
    """
    Hash a password with a new salt; None leaves the method to werkzeug.
    """

def is_local(location: str, /) -> bool:
    """
    Tells whether a Location header leads to this origin.
    """

def is_own_page(sec_fetch_site: str | None, origin: str | None, own_origin: str, /) -> bool | None:
    """
    Tells whether a page of this very origin sends a form with which a user logs in or out; None where the
    headers prove neither, so that the form has to.
    """

def is_plaintext(stored: str, /) -> bool:
    """
    Tell whether a stored value is the password itself.
    """

def is_same_origin(one: str, other: str, /) -> bool:
    """
    Tells whether two texts name the same origin.
    """

def landing(target: str, prefix: str, own: SupportsGetItem[int, str], /) -> str | None:
    """
    Returns where a login leads that was asked to lead to `target`: there, if that is a path below `prefix`
    as the browser sees it and none of the login's `own` routes; else `None`, for the app's start.
    """

def parse_basic(header: str, /) -> Credentials | None:
    """
    Parses the value of an `Authorization` header (RFC 7617); `None` where it holds no credentials.
    """

def password_fault(password: str, names: SupportsGetItem[int, str], least: SupportsIndex, /) -> str | None:
    """
    Return why a new password is not taken, None if it is: "short", "long", "control", "common" or
    "name".

    `names` are those that it may not be, the user's and the app's; it has at least so many characters.
    """

def password_needs_rehash(stored: str, /) -> bool:
    """
    Tell whether a stored password is weaker than what is made today.
    """

def read_htpasswd(content: bytes, /) -> list[tuple[str, str]]:
    """
    Return the names in an htpasswd file, each with what is stored for it; raise `ValueError`, with the
    number of the line, if there is one that cannot be used.
    """

def seal(secret: bytes, /, *parts: "str") -> str:
    """
    Returns the seal of some texts under a secret, in hexadecimal.
    """

def way_back(path: str, query: bytes, /) -> str | None:
    """
    Returns the path and query that a login leads back to, quoted; `None` for the app's start.

    `path` is the path as the browser sees it, unquoted; `query` the query string as the client sent it.
    """

def why_no_credentials(header: str, /) -> str | None:
    """
    Tells why an `Authorization` header holds no credentials; `None` where it holds some.
    """

def __getattr__(name: str) -> Incomplete: ...
