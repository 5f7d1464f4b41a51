"""What is declared wrongly is an error at start, which names the argument and says what to do."""

from __future__ import annotations

import functools
import inspect
import math
from collections import namedtuple
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dash_auth
import flask
import numpy as np
import pytest
from dash import Dash, Input, Output, html
from dash_auth.auth import Auth
from guarded import ALICE, USERS, client_of, guarded_app, new_app


class Own(Auth):
    def is_authorized(self) -> bool:
        return False

    def login_request(self) -> Any:
        return "log in", 401


def check(name: str, password: str) -> bool:
    return (name, password) == ALICE


# The users, and who checks them


@pytest.mark.parametrize(
    ("users", "words"),
    [
        ("users.json", r"read .* first, JSON with json\.loads"),
        ("alice:wonderland", r"a path that ends in \.toml or \.htpasswd"),
        (b"users.json", "not bytes"),
        (Path("users.json"), r"a path that ends in \.toml"),
        (check, "pass a function as auth_func="),
        (lambda name, password: True, "pass a function as auth_func="),
        (dict, "pass a function as auth_func="),
        (Dash("other"), r"not a Dash app; the app comes first: BasicAuth\(app, users\)"),
        (5, "not int"),
        (object(), "not object"),
        ([("alice", "pw"), "bo"], "entry 2 is no pair"),
        ([{"alice", "pw"}], "entry 1 is no pair"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_stands_in_the_place_of_the_users_is_named(users: Any, words: str) -> None:
    with pytest.raises((TypeError, ValueError), match=f"the users must be a dict.*{words}"):
        dash_auth.BasicAuth(new_app(), users)


NAMES_OF_USERS = ("users", "username_password_list")


@pytest.mark.parametrize("name", NAMES_OF_USERS)
@pytest.mark.parametrize("users", [USERS, list(USERS.items()), [list(ALICE)]])
def test_the_users_have_two_names(name: str, users: Any) -> None:
    (other,) = {*NAMES_OF_USERS} - {name}
    app = new_app()
    dash_auth.BasicAuth(app, **{name: users, other: None})
    client = client_of(app)
    assert client.get("/").status_code == 401
    assert client.get("/", auth=ALICE).status_code == 200


@pytest.mark.parametrize("other", [USERS, dict(USERS), {}, [], False, lambda: []])
@pytest.mark.parametrize("options", [{}, {"auth_func": check}])
def test_users_under_both_names_are_an_error(other: Any, options: dict[str, Any]) -> None:
    app = new_app()
    words = r"^BasicAuth\(\) takes users= or username_password_list=, not both: they are two names"
    with pytest.raises(TypeError, match=words):
        dash_auth.BasicAuth(app, USERS, users=other, **options)
    dash_auth.BasicAuth(app, USERS)
    assert client_of(app).get("/", auth=ALICE).status_code == 200


@pytest.mark.parametrize("name", NAMES_OF_USERS)
def test_users_under_either_name_go_with_no_function(name: str) -> None:
    with pytest.raises(ValueError, match=r"or username_password_list, it cannot use both\.$"):
        dash_auth.BasicAuth(new_app(), auth_func=check, **{name: USERS})


class OwnUsers(dash_auth.BasicAuth):
    def __init__(self, app: Dash, users: Any, **options: Any) -> None:
        super().__init__(app, username_password_list=users, **options)


def test_a_subclass_gives_the_users_under_either_name() -> None:
    OwnUsers(app := new_app(), USERS)
    assert client_of(app).get("/", auth=ALICE).status_code == 200
    # It has another argument of this name.
    OwnUsers(app := new_app(), users=USERS)
    assert client_of(app).get("/", auth=ALICE).status_code == 200


class NamedUsers(dash_auth.BasicAuth):
    pass


def test_users_under_both_names_are_told_with_the_name_of_the_subclass() -> None:
    with pytest.raises(TypeError, match=r"^NamedUsers\(\) takes users= or "):
        NamedUsers(new_app(), USERS, users=USERS)


def test_users_come_by_keyword_or_second() -> None:
    parameters = inspect.signature(dash_auth.BasicAuth).parameters
    assert list(parameters)[:2] == ["app", "username_password_list"]
    assert parameters["users"].kind == inspect.Parameter.KEYWORD_ONLY
    assert parameters["users"].annotation == parameters["username_password_list"].annotation


@pytest.mark.parametrize("users", [USERS, list(USERS.items()), "users.json", check])
def test_swapped_arguments_are_told(users: Any) -> None:
    with pytest.raises(TypeError, match=r"the app comes first: BasicAuth\(app, users\)"):
        dash_auth.BasicAuth(users, new_app())  # type: ignore[arg-type]


def test_a_refused_app_can_be_protected_at_the_next_try() -> None:
    app = new_app()
    with pytest.raises(TypeError):
        dash_auth.BasicAuth(app, b"users.json")  # type: ignore[arg-type]
    dash_auth.BasicAuth(app, USERS)
    assert client_of(app).get("/", auth=ALICE).status_code == 200


class Checks:
    def method(self, name: str, password: str) -> bool:
        return True

    def __call__(self, name: str, password: str) -> bool:
        return True

    @staticmethod
    def static(name: str, password: str) -> bool:
        return True


async def later(name: str, password: str) -> bool:
    return True


def of_database(database: object, name: str, password: str) -> bool:
    return True


def with_database(function: Callable[..., bool]) -> Callable[..., bool]:
    @functools.wraps(function)
    def wrapped(name: str, password: str) -> bool:
        return function(object(), name, password)

    return wrapped


@pytest.mark.parametrize(
    "auth_func",
    [
        check,
        later,
        Checks().method,
        Checks(),
        Checks.static,
        functools.partial(of_database, object()),
        functools.lru_cache(check),
        with_database(of_database),
        lambda *credentials: True,
        lambda name, password, realm="": True,
        {ALICE: True}.get,
        getattr,
        max,
    ],
)
def test_what_takes_a_name_and_a_password_is_an_auth_func(auth_func: Any) -> None:
    dash_auth.BasicAuth(new_app(), auth_func=auth_func)


@pytest.mark.parametrize(
    "auth_func",
    [
        lambda: True,
        lambda name: True,
        lambda name, password, realm: True,
        lambda name, *, password: True,
        lambda **credentials: True,
        of_database,
        Checks.method,
        functools.partial(check, "alice"),
        "".isupper,
    ],
)
def test_an_auth_func_of_other_arguments_is_an_error(auth_func: Any) -> None:
    with pytest.raises(TypeError, match=r"auth_func must take two positional arguments: def auth_"):
        dash_auth.BasicAuth(new_app(), auth_func=auth_func)


@pytest.mark.parametrize("auth_func", [USERS, list(USERS.items()), "check", True])
def test_an_auth_func_that_is_no_function_is_an_error(auth_func: Any) -> None:
    words = f"auth_func must be a function .*not {type(auth_func).__name__}; .* is users="
    with pytest.raises(TypeError, match=words):
        dash_auth.BasicAuth(new_app(), auth_func=auth_func)


@pytest.mark.parametrize("groups", [lambda: [], lambda name, password: [], lambda *, name: []])
def test_a_function_for_groups_takes_one_argument(groups: Any) -> None:
    with pytest.raises(TypeError, match="user_groups must take one positional argument"):
        dash_auth.BasicAuth(new_app(), USERS, user_groups=groups)


@pytest.mark.parametrize("name", ["auth_func_cache_seconds", "auth_func_session_seconds"])
def test_what_goes_with_auth_func_goes_with_no_table(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} .*go with auth_func="):
        dash_auth.BasicAuth(new_app(), USERS, **{name: 60})
    dash_auth.BasicAuth(new_app(), USERS, auth_func_cache_seconds=0)


# Groups of nobody


@pytest.mark.parametrize(
    ("users", "groups", "named"),
    [
        (USERS, {"alice": ["a"], "alcie": ["a"]}, "'alcie'"),
        (list(USERS.items()), {"x\ny": [], "Bob": []}, r"'x\ny', 'Bob'"),
        (USERS, {f"u{n}": [] for n in range(12)}, "'u9' and 2 more"),
    ],
)
def test_groups_of_a_user_who_does_not_exist_are_told_once(
    users: Any, groups: Any, named: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = guarded_app(users, user_groups=groups)
    client_of(app).get("/", auth=ALICE)
    said = [r.getMessage() for r in caplog.records if "user_groups names" in r.getMessage()]
    assert len(said) == 1
    assert said[0].endswith(named)


@pytest.mark.parametrize(
    "options",
    [
        {"users": USERS, "user_groups": {"alice": ["a"]}},
        {"users": USERS, "user_groups": lambda name: ["a"]},
        {"auth_func": check, "user_groups": {"anybody": ["a"]}},
    ],
)
def test_groups_of_users_who_may_exist_are_not_told_of(
    options: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    guarded_app(options.pop("users", None), **options)
    assert "user_groups names" not in caplog.text


# Numbers


def basic(**options: Any) -> Any:
    return dash_auth.BasicAuth(new_app(), auth_func=check, **options)


def oidc(**options: Any) -> Any:
    return dash_auth.OIDCAuth(new_app(), secret_key="k" * 32, **options)


def own(**options: Any) -> Any:
    return Own(new_app(), **options)


SECONDS = [
    (basic, "auth_func_cache_seconds"),
    (basic, "auth_func_session_seconds"),
    (oidc, "session_lifetime"),
]
BYTES = [(make, "anonymous_body_limit") for make in (basic, oidc, own)]


@pytest.mark.parametrize(("make", "name"), [*SECONDS, *BYTES])
@pytest.mark.parametrize("value", ["60", True, None, [60], 1j, Decimal(60), np.bool_(True)])
def test_what_is_no_number_is_an_error(make: Any, name: str, value: Any) -> None:
    words = f"^{name} must be a number of (seconds|bytes).* not {type(value).__name__}$"
    with pytest.raises(TypeError, match=words):
        make(**{name: value})


@pytest.mark.parametrize(("make", "name"), [*SECONDS, *BYTES])
@pytest.mark.parametrize("value", [-1, np.int64(-1)])
def test_a_negative_number_is_an_error(make: Any, name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"^{name} must be a number of"):
        make(**{name: value})


@pytest.mark.parametrize(("make", "name"), SECONDS)
@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan, -0.5])
def test_seconds_that_never_end_are_an_error(make: Any, name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"^{name} must be a number of seconds"):
        make(**{name: value})


@pytest.mark.parametrize(("make", "name"), SECONDS)
@pytest.mark.parametrize("value", [60, 0.5, np.float64(60), np.int64(60), Fraction(1, 2)])
def test_numbers_of_every_kind_are_seconds(make: Any, name: str, value: Any) -> None:
    make(**{name: value})


@pytest.mark.parametrize("make", [basic, oidc, own])
@pytest.mark.parametrize("value", [0, 10, np.int64(10)])
def test_whole_numbers_are_bytes(make: Any, value: Any) -> None:
    make(anonymous_body_limit=value)
    with pytest.raises(TypeError, match="anonymous_body_limit"):
        make(anonymous_body_limit=10.5)


# Origins


@pytest.mark.parametrize("make", [basic, oidc, own])
@pytest.mark.parametrize(
    ("origin", "right"),
    [
        ("https://a.example/", "https://a.example"),
        ("https://a.example/app", "https://a.example"),
        ("https://a.example?x=1", "https://a.example"),
        ("a.example", "https://a.example"),
        ("a.example/", "https://a.example"),
        ("//a.example", "https://a.example"),
        ("localhost:8050", "https://localhost:8050"),
        ("https://A.example", "https://a.example"),
        ("HTTPS://a.example", "https://a.example"),
        ("https://a.example:443", "https://a.example"),
        ("http://a.example:80/", "http://a.example"),
        ("https://me:pw@a.example", "https://a.example"),
        (" https://a.example", "https://a.example"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
    ],
)
def test_an_origin_in_another_form_is_an_error(make: Any, origin: str, right: str) -> None:
    with pytest.raises(ValueError, match=f"in trusted_origins is no origin .* write '{right}'$"):
        make(trusted_origins=["https://b.example", origin])


@pytest.mark.parametrize(
    "origin",
    ["", "*", "null", "https://", "https://*.a.example", "https://a b", "https://a,b", "/"],
)
def test_what_is_no_origin_is_an_error(origin: str) -> None:
    with pytest.raises(ValueError, match=r"write scheme and host, 'https://example\.com'"):
        basic(trusted_origins=[origin])


@pytest.mark.parametrize("origins", [None, 5, "https://a.example", [b"https://a.example"]])
def test_what_is_no_list_of_origins_is_an_error(origins: Any) -> None:
    with pytest.raises(TypeError, match=r"trusted.origin"):
        basic(trusted_origins=origins)


def test_origins_as_browsers_send_them_are_taken() -> None:
    origins = (
        "https://a.example",
        "http://localhost:8050",
        "http://127.0.0.1",
        "http://[::1]:8050",
        "https://a_b.example:444",
        "chrome-extension://abcdefgh",
        "https://xn--bcher-kva.example",
    )
    basic(trusted_origins=iter(origins))
    own(trusted_origins=[])


# Decorators with no parentheses


def no_parentheses() -> Any:
    return pytest.raises(TypeError, match=r"Write @protected\(\.\.\.\), for example @protected\(")


def test_protected_needs_its_parentheses() -> None:
    with no_parentheses():

        @dash_auth.protected
        def layout() -> str:
            return "secret"

    with no_parentheses():

        @dash_auth.protected
        async def layout_async() -> str:
            return "secret"

    with no_parentheses():

        @dash_auth.protected
        def callback(clicks: int = 0) -> str:
            return "secret"

    with no_parentheses():

        @dash_auth.protected
        def page(item: str) -> str:
            return "secret"

    with no_parentheses():

        class Page:
            @dash_auth.protected
            def layout(self) -> str:
                return "secret"

    with no_parentheses():
        for _ in range(2):

            @dash_auth.protected
            @dash_auth.public_callback(Output("out", "children"), Input("in", "value"))
            def both(value: str = "") -> str:
                return "secret"


@pytest.mark.parametrize("call", [lambda f: f(), lambda f: f("a", "b"), lambda f: f(item="a")])
def test_a_decorator_that_is_used_as_what_it_decorates_says_so(call: Any) -> None:
    # As Dash calls a layout function, a callback and a page.
    with no_parentheses():
        call(dash_auth.protected(SimpleNamespace(page=lambda: "log in").page))


def log_in() -> str:
    return "log in"


def test_functions_are_outputs_wherever_they_come_from() -> None:
    request = flask.request  # which can't be asked anything outside of a request

    def here() -> str:
        return "log in"

    def made() -> Any:
        def inner() -> str:
            return "log in"

        return inner

    several = []
    for number in range(2):

        def numbered(number: int = number) -> str:
            return "log in"

        several.append(numbered)
    again = here

    def here() -> str:  # type: ignore[no-redef]
        return "other"

    for output in (log_in, again, made(), *several, lambda: "log in", functools.partial(log_in)):
        assert dash_auth.protected(output)(lambda: "secret")() == "log in"
    assert not request
    assert isinstance(dash_auth.protected(html.Div)(lambda: "secret")(), html.Div)
    assert dash_auth.protected(log_in)("secret") == "log in"


@pytest.mark.parametrize("place", ["unauthenticated_output", "missing_permissions_output"])
def test_an_output_that_needs_arguments_is_an_error(place: str) -> None:
    options: dict[str, Any] = {"unauthenticated_output": "log in", place: lambda item: "log in"}
    words = f"{place} must be a value, or a function with no argument"
    with pytest.raises(TypeError, match=words):
        dash_auth.protected(**options)
    with pytest.raises(TypeError, match=words):
        dash_auth.protected_callback(Output("o", "children"), Input("i", "value"), **options)(check)


@pytest.mark.parametrize("name", ["protected_callback", "public_callback"])
def test_callbacks_need_their_parentheses(name: str) -> None:
    decorate = getattr(dash_auth, name)
    with pytest.raises(TypeError, match=rf"write @{name}\(Output\(\.\.\.\), Input\(\.\.\.\)\)"):

        @decorate
        def callback(value: str) -> str:
            return value


# Rows of two


Account = namedtuple("Account", ["name", "password"])


def rows_of_sqlite() -> list[Any]:
    import sqlite3

    with closing(sqlite3.connect(":memory:")) as connection:
        connection.row_factory = sqlite3.Row
        return connection.execute("select 'alice' as n, 'wonderland' as p").fetchall()


class RowOfSqlalchemy(tuple):  # type: ignore[type-arg]
    """As `sqlalchemy.Row` is: a tuple that also has fields."""

    _fields = ("name", "password")


@pytest.mark.parametrize(
    "rows",
    [
        [list(ALICE)],
        [Account(*ALICE)],
        rows_of_sqlite(),
        [RowOfSqlalchemy(ALICE)],
        np.array([ALICE]),
        np.array([ALICE], dtype=object),
        np.array([ALICE], dtype=[("name", "U20"), ("password", "U20")]),
        {np.str_("alice"): np.str_("wonderland")},
        dict(np.array([ALICE])),
        (iter(row) for row in [ALICE]),
        zip(["alice"], ["wonderland"], strict=True),
    ],
    ids=[
        *("list", "namedtuple", "sqlite3", "sqlalchemy", "numpy", "objects", "records"),
        *("numpy dict", "dict of array", "iterators", "zip"),
    ],
)
def test_rows_of_two_are_users(rows: Any) -> None:
    auth = dash_auth.BasicAuth(app := new_app(), rows, public_routes=["/open"], secret_key="k" * 32)
    client = client_of(app)
    assert client.get("/", auth=ALICE).status_code == 200
    assert client.get("/", auth=("alice", "")).status_code == 401
    if not isinstance(rows, dict):
        kept = next(iter(auth._users.items()))
        assert [type(value) for value in kept] == [str, str]
