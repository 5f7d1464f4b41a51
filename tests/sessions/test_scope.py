"""What tells two instances of a script apart that share a secret key: sessions count for one."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from enum import Enum
from pathlib import PurePosixPath
from typing import Any

import dash_auth
import pytest
from attacks.apps import new_app
from dash_auth.auth import auth_of
from dash_auth.sessions.scope import scope_of


class Tenant(Enum):
    FIRST = 1.5
    SECOND = 2.5


class Other(Enum):
    FIRST = 1.5


class Directory:
    """Checks passwords as a method, or as an object that is called."""

    def __init__(self, **settings: Any) -> None:
        vars(self).update(settings)

    def check(self, name: str, password: str) -> bool:
        return False

    def check_otherwise(self, name: str, password: str) -> bool:
        return False

    def __call__(self, name: str, password: str) -> bool:
        return False


class OtherDirectory(Directory):
    pass


def check(name: str, password: str, *more: Any, **settings: Any) -> bool:
    return False


def check_otherwise(name: str, password: str, *more: Any, **settings: Any) -> bool:
    return False


def closed_over(tenant: Any) -> Callable[..., bool]:
    def check(name: str, password: str) -> bool:
        return bool(tenant)

    return check


def closed_over_another(table: Any) -> Callable[..., bool]:
    return renamed(lambda name, password: bool(table), "closed_over.<locals>.check")


def closed_over_one(tenant: Any) -> Callable[..., bool]:
    return renamed(lambda name, password: bool(tenant), "closed_over.<locals>.check")


def renamed(function: Any, name: str) -> Callable[..., bool]:
    function.__name__, function.__qualname__ = "check", name
    return function  # type: ignore[no-any-return]


def with_default(tenant: Any) -> Callable[..., bool]:
    def check(name: str, password: str, tenant: Any = tenant) -> bool:
        return False

    return check


def with_keyword(tenant: Any) -> Callable[..., bool]:
    def check(name: str, password: str, *, tenant: Any = tenant) -> bool:
        return False

    return check


def with_keyword_named_otherwise(tenant: Any) -> Callable[..., bool]:
    def check(name: str, password: str, *, other: Any = tenant) -> bool:
        return False

    return renamed(check, "with_keyword.<locals>.check")


def in_module(module: str) -> Callable[..., bool]:
    function = types.FunctionType(check.__code__, {"__name__": module}, "check")
    assert function.__module__ == module
    return function


def nested(depth: int, value: Any) -> Any:
    for _ in range(depth):
        value = (value,)
    return value


def beside_the_unbound(tenant: Any) -> Callable[..., bool]:
    if tenant is None:
        account = "bound"

    def check(name: str, password: str) -> bool:
        return bool(account or tenant)

    assert check.__code__.co_freevars == ("account", "tenant")
    return check


FIRST_LAMBDAS = (
    (lambda name, password: password == "first", lambda name, password: password == "second"),
    (lambda name, password: name.isalpha(), lambda name, password: name.isdigit()),
)

APART = {
    "functions": (check, check_otherwise),
    "modules": (in_module("first"), in_module("second")),
    "constants of lambdas": FIRST_LAMBDAS[0],
    "names in lambdas": FIRST_LAMBDAS[1],
    "closures": (closed_over("first"), closed_over("second")),
    "names of what is closed over": (closed_over_one("one"), closed_over_another("one")),
    "defaults": (with_default("first"), with_default("second")),
    "keywords' defaults": (with_keyword("first"), with_keyword("second")),
    "keywords' names": (with_keyword("one"), with_keyword_named_otherwise("one")),
    "arguments of a partial": (
        functools.partial(check, "first"),
        functools.partial(check, "second"),
    ),
    "function of a partial": (
        functools.partial(check, "one"),
        functools.partial(check_otherwise, "one"),
    ),
    "keywords of a partial": (
        functools.partial(check, tenant="first"),
        functools.partial(check, tenant="second"),
    ),
    "names of a partial's keywords": (
        functools.partial(check, tenant="one"),
        functools.partial(check, other="one"),
    ),
    "objects of methods": (Directory(url="first").check, Directory(url="second").check),
    "methods": (Directory(url="one").check, Directory(url="one").check_otherwise),
    "objects": (Directory(url="first"), Directory(url="second")),
    "names of objects' members": (Directory(url="one"), Directory(host="one")),
    "classes of objects": (Directory(url="one"), OtherDirectory(url="one")),
    "classes": (Directory, OtherDirectory),
    "classes that are closed over": (closed_over(Directory), closed_over(OtherDirectory)),
    "functions that are closed over": (closed_over(check), closed_over(check_otherwise)),
    "members of an enum": (closed_over(Tenant.FIRST), closed_over(Tenant.SECOND)),
    "enums": (closed_over(Tenant.FIRST), closed_over(Other.FIRST)),
    "paths": (
        closed_over(PurePosixPath("/first.db")),
        closed_over(PurePosixPath("/second.db")),
    ),
    "bytes": (closed_over(b"first"), closed_over(b"second")),
    "numbers": (closed_over(1), closed_over(2)),
    "types of values": (closed_over("1"), closed_over(1)),
    "nothing and its name": (closed_over(None), closed_over("None")),
    "texts that are joined": (closed_over(("a", "b")), closed_over(("a\nstr 'b'",))),
    "what lies deep": (closed_over(nested(4, "first")), closed_over(nested(4, "second"))),
    "what is beside the unbound": (beside_the_unbound("first"), beside_the_unbound("second")),
    "no text that can be encoded": (Directory(**{"\ud800": 1}), Directory(**{"\ud801": 1})),
}


@pytest.mark.parametrize("kind", APART)
def test_different_functions_are_told_apart(kind: str) -> None:
    first, second = APART[kind]
    assert scope_of(first) == scope_of(first)
    assert scope_of(first) != scope_of(second)


ALIKE = {
    "a time": (closed_over(1.25), closed_over(2.5)),
    "a time of an object's": (Directory(started=1.25), Directory(started=2.5)),
    "a table that changes": (closed_over({"alice": "1"}), closed_over({"bob": "2"})),
    "a list that changes": (closed_over(["alice"]), closed_over(["bob"])),
    "an object of no members": (closed_over(object()), closed_over(object())),
    "order of keywords": (
        functools.partial(check, one=1, two=2),
        functools.partial(check, two=2, one=1),
    ),
    "what lies too deep": (closed_over(nested(9, "first")), closed_over(nested(9, "second"))),
    "what is bound later": (beside_the_unbound("one"), beside_the_unbound("one")),
}


@pytest.mark.parametrize("kind", ALIKE)
def test_what_differs_between_workers_tells_nothing(kind: str) -> None:
    first, second = ALIKE[kind]
    assert first is not second
    assert scope_of(first) == scope_of(second)


def test_what_holds_itself_is_described_to_an_end() -> None:
    directory = Directory(url="one")
    vars(directory)["self"] = directory
    assert scope_of(directory) == scope_of(directory)
    assert scope_of(directory.check) != scope_of(Directory(url="one").check)


def test_what_is_bound_to_a_function_is_not_to_be_read_in_its_scope() -> None:
    assert "secret" not in scope_of(functools.partial(check, "secret"))


# The name of a guard


class Own(dash_auth.BasicAuth):
    pass


def name_of(
    kind: type[dash_auth.BasicAuth] = dash_auth.BasicAuth,
    *,
    name: str = "tenants",
    scope: str | None = None,
    **options: Any,
) -> str:
    app = new_app(name, **options)
    kind(app, {"alice": "wonder-land"}, session_scope=scope)
    auth = auth_of(app)
    assert auth is not None
    return auth._dash_auth_guard.name


def test_guards_that_differ_have_names_that_differ() -> None:
    pairs = (("/one/", "/"), ("/two/", "/"), ("/two/", "/two/"))
    names = [
        name_of(),
        name_of(Own),
        name_of(scope="another tenant"),
        name_of(name="another module"),
        *(name_of(requests_pathname_prefix=one, routes_pathname_prefix=two) for one, two in pairs),
    ]
    assert len(set(names)) == len(names)
    # Another worker of the same.
    assert name_of() == names[0]
