"""A misspelt keyword is an error that names the right one (S26): it would take protection away."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import dash
import dash._callback
import dash.dependencies
import dash_auth
import pytest
from attacks.apps import reset_dash
from dash import Input, Output, State
from dash_auth import _dash_internals as internals
from dash_auth.auth import Auth
from guarded import USERS, new_app

OUT, IN = Output("out", "children"), Input("in", "value")


def basic(**options: Any) -> Any:
    return dash_auth.BasicAuth(new_app(), USERS, **options)


def oidc(**options: Any) -> Any:
    return dash_auth.OIDCAuth(new_app(), secret_key="k" * 32, **options)


class Own(Auth):
    def __init__(self, app: dash.Dash, greeting: str = "hello", **options: Any) -> None:
        super().__init__(app, **options)

    def is_authorized(self) -> bool:
        return False

    def login_request(self) -> Any:
        return "log in", 401


class OwnBasic(dash_auth.BasicAuth):
    def __init__(self, app: dash.Dash, greeting: str = "hello", **options: Any) -> None:
        super().__init__(app, USERS, **options)


class OwnOidc(dash_auth.OIDCAuth):
    def __init__(self, app: dash.Dash, greeting: str = "hello", **options: Any) -> None:
        super().__init__(app, secret_key="k" * 32, **options)


def own(**options: Any) -> Any:
    return Own(new_app(), **options)


def own_basic(**options: Any) -> Any:
    return OwnBasic(new_app(), **options)


def own_oidc(**options: Any) -> Any:
    return OwnOidc(new_app(), **options)


def protected(**options: Any) -> Any:
    return dash_auth.protected("log in", **options)


def protected_callback(**options: Any) -> Any:
    return dash_auth.protected_callback(OUT, IN, **options)


def public_callback(**options: Any) -> Any:
    return dash_auth.public_callback(OUT, IN, **options)


@pytest.mark.parametrize(
    ("call", "whose", "keyword", "meant"),
    [
        (protected_callback, "protected_callback", "group", "groups"),
        (protected_callback, "protected_callback", "Groups", "groups"),
        (protected_callback, "protected_callback", "roles", "groups"),
        (protected_callback, "protected_callback", "checktype", "check_type"),
        (protected_callback, "protected_callback", "unauthenticated", "unauthenticated_output"),
        (
            protected_callback,
            "protected_callback",
            "missing_permission_output",
            "missing_permissions_output",
        ),
        (protected_callback, "protected_callback", "prevent_initial_calls", "prevent_initial_call"),
        (protected_callback, "protected_callback", "states", "state"),
        (public_callback, "public_callback", "input", "inputs"),
        (public_callback, "public_callback", "backgrounds", "background"),
        (public_callback, "public_callback", "groups", None),
        (protected, "protected", "group", "groups"),
        (protected, "protected", "check", "check_type"),
        (protected, "protected", "zzz", None),
        (protected, "protected", "users", None),
        (basic, "BasicAuth", "user", "users"),
        (basic, "BasicAuth", "Users", "users"),
        (basic, "BasicAuth", "user_list", "users"),
        (basic, "BasicAuth", "passwords", "users"),
        (basic, "BasicAuth", "Credentials", "users"),
        (basic, "BasicAuth", "username_password", "username_password_list"),
        (basic, "BasicAuth", "username_password_dict", "username_password_list"),
        (basic, "BasicAuth", "auth_function", "auth_func"),
        (basic, "BasicAuth", "public_route", "public_routes"),
        (basic, "BasicAuth", "trusted_origin", "trusted_origins"),
        (basic, "BasicAuth", "usergroups", "user_groups"),
        (oidc, "OIDCAuth", "secure_sessions", "secure_session"),
        (oidc, "OIDCAuth", "session_lifetim", "session_lifetime"),
        (own, "Own", "public_rotues", "public_routes"),
        (own, "Own", "greting", "greeting"),
        (own_basic, "OwnBasic", "group", "user_groups"),
        (own_basic, "OwnBasic", "user_group", "user_groups"),
        (own_basic, "OwnBasic", "greetings", "greeting"),
        (own_oidc, "OwnOidc", "logout_routes", "logout_route"),
    ],
)
def test_an_unknown_keyword_is_named_with_the_nearest_right_one(
    call: Callable[..., Any], whose: str, keyword: str, meant: str | None
) -> None:
    hint = "$" if meant is None else rf": did you mean {meant}=\?$"
    words = rf"^{whose}\(\) got an unexpected keyword argument '{keyword}'{hint}"
    with pytest.raises(TypeError, match=words):
        call(**{keyword: ["board"]})


def test_a_keyword_is_not_its_own_right_name() -> None:
    class PassesOn(Own):
        def __init__(self, app: dash.Dash, tenant: str = "red", **options: Any) -> None:
            super().__init__(app, tenant=tenant, **options)

    with pytest.raises(TypeError, match=r"^PassesOn\(\) got an .* argument 'tenant'$"):
        PassesOn(new_app())


def test_a_misspelt_keyword_registers_no_callback() -> None:
    before = len(dash._callback.GLOBAL_CALLBACK_MAP)
    with pytest.raises(TypeError):
        dash_auth.protected_callback(OUT, IN, group=["board"])(print)
    assert len(dash._callback.GLOBAL_CALLBACK_MAP) == before


def named_in(module: Any) -> Iterator[str]:
    """Find the keywords that functions of Dash's look for by name in what they pass on."""
    taking = {"_kwargs", "kwargs"}
    for function in ast.walk(ast.parse(inspect.getsource(module))):
        if not isinstance(function, ast.FunctionDef) or function.name not in {
            "callback",
            "register_callback",
            "handle_grouped_callback_args",
            "extract_grouped_output_callback_args",
            "extract_grouped_input_state_callback_args",
            "extract_grouped_input_state_callback_args_from_kwargs",
        }:
            continue
        # Not in the functions inside, which Dash calls itself.
        for statement in [one for one in function.body if not isinstance(one, ast.FunctionDef)]:
            for node in ast.walk(statement):
                match node:
                    case ast.Call(
                        func=ast.Attribute(value=ast.Name(id=name), attr="get" | "pop"),
                        args=[ast.Constant(value=keyword), *_],
                    ) if name in taking:
                        yield str(keyword)
                    case ast.Subscript(
                        value=ast.Name(id=name), slice=ast.Constant(value=keyword)
                    ) if name in taking:
                        yield str(keyword)


def test_what_the_installed_dash_takes_is_taken() -> None:
    explicit = [
        name
        for name, parameter in inspect.signature(dash.callback).parameters.items()
        if parameter.kind == parameter.KEYWORD_ONLY
    ]
    found = {*named_in(dash._callback), *named_in(dash.dependencies)}
    assert {"output", "inputs", "state", "prevent_initial_call", "callback_map"} <= found
    # What Dash passes to itself: in 2.18 a background callback's settings.
    found -= {"long"}
    assert set(internals.callback_keywords()) == found | set(explicit)


DEPENDENCIES: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((), {"output": OUT, "inputs": IN, "state": State("s", "value")}),
    ((), {"output": [OUT], "inputs": [IN], "prevent_initial_call": True}),
    ((), {"output": {"a": OUT}, "inputs": {"b": IN, "c": State("s", "value")}}),
    ((OUT, IN), {"prevent_initial_call": "initial_duplicate"}),
    ((OUT, IN), {"running": [(Output("r", "disabled"), True, False)], "on_error": print}),
    (([OUT], [IN], [State("s", "value")]), {"interval": 500, "cache_args_to_ignore": [0]}),
]


@pytest.mark.parametrize("register", [dash_auth.protected_callback, dash_auth.public_callback])
@pytest.mark.parametrize(("arguments", "options"), DEPENDENCIES)
def test_every_way_to_write_a_callback_goes_on_working(
    register: Any, arguments: tuple[Any, ...], options: dict[str, Any]
) -> None:
    reset_dash()
    register(*arguments, **options)(lambda *_, **__: 0)
    assert len(dash._callback.GLOBAL_CALLBACK_MAP) == 1
    reset_dash()
