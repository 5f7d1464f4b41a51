"""Every name that dash-auth 2.3.0 defines exists here, and is called in the same way."""

from __future__ import annotations

import importlib
import inspect
import re
from typing import Any

import dash_auth
import pytest

NAMES = {
    "dash_auth": [
        *("BasicAuth", "OIDCAuth", "__version__", "add_public_routes", "check_groups"),
        *("get_oauth", "list_groups", "protected", "protected_callback", "public_callback"),
        *("auth", "basic_auth", "group_protection", "oidc_auth", "public_routes", "version"),
    ],
    "dash_auth.auth": ["Auth", "add_public_routes", "get_public_callbacks", "get_public_routes"],
    "dash_auth.basic_auth": ["Auth", "BasicAuth", "UserGroups"],
    "dash_auth.group_protection": [
        *("CheckType", "OutputVal", "check_groups", "list_groups"),
        *("protected", "protected_callback"),
    ],
    "dash_auth.oidc_auth": ["OIDCAuth", "get_oauth"],
    "dash_auth.public_routes": [
        *("BASE_PUBLIC_ROUTES", "DASH_PUBLIC_ASSETS_EXTENSIONS", "PUBLIC_CALLBACKS"),
        *("PUBLIC_ROUTES", "add_public_routes", "get_public_callbacks", "get_public_routes"),
        "public_callback",
    ],
    "dash_auth.version": ["__version__"],
}


@pytest.mark.parametrize("module", NAMES)
def test_what_apps_import_is_there(module: str) -> None:
    found = importlib.import_module(module)
    assert [name for name in NAMES[module] if not hasattr(found, name)] == []


def test_what_a_star_imports_is_there() -> None:
    of_upstream = [name for name in NAMES["dash_auth"] if hasattr(dash_auth.basic_auth, name)]
    assert set(of_upstream) <= set(dash_auth.__all__)
    assert {"OIDCAuth", "get_oauth", "protected", "__version__"} <= set(dash_auth.__all__)


def test_the_constants_have_their_values() -> None:
    from dash_auth.public_routes import (
        BASE_PUBLIC_ROUTES,
        DASH_PUBLIC_ASSETS_EXTENSIONS,
        PUBLIC_CALLBACKS,
        PUBLIC_ROUTES,
    )

    assert (PUBLIC_CALLBACKS, PUBLIC_ROUTES) == ("PUBLIC_CALLBACKS", "PUBLIC_ROUTES")
    assert DASH_PUBLIC_ASSETS_EXTENSIONS == "js,css"
    assert {"/assets/<path:path>.js", "/_dash-layout", "/_reload-hash"} <= set(BASE_PUBLIC_ROUTES)


GROUPS = "groups_key='groups', groups_str_split=None, check_type='one_of'"

SIGNATURES = {
    "auth.Auth": "app, public_routes=None, **obsolete",
    "auth.Auth._protect": "self",
    "auth.Auth.is_authorized": "self",
    "auth.Auth.login_request": "self",
    "auth.get_public_callbacks": "app",
    "auth.get_public_routes": "app",
    "basic_auth.BasicAuth": (
        "app, username_password_list=None, auth_func=None, public_routes=None, user_groups=None, "
        "secret_key=None"
    ),
    "basic_auth.BasicAuth.is_authorized": "self",
    "basic_auth.BasicAuth.login_request": "self",
    "group_protection.check_groups": f"groups=None, *, {GROUPS}",
    "group_protection.list_groups": "*, groups_key='groups', groups_str_split=None",
    "group_protection.protected": (
        f"unauthenticated_output, *, missing_permissions_output=None, groups=None, {GROUPS}"
    ),
    "group_protection.protected_callback": (
        "*callback_args, unauthenticated_output=None, missing_permissions_output=None, "
        f"groups=None, {GROUPS}, **callback_kwargs"
    ),
    "oidc_auth.OIDCAuth": (
        "app, secret_key=None, force_https_callback=None, login_route='/oidc/<idp>/login', "
        "logout_route='/oidc/logout', callback_route='/oidc/<idp>/callback', "
        "idp_selection_route=None, log_signins=False, public_routes=None, logout_page=None, "
        "secure_session=False"
    ),
    "oidc_auth.OIDCAuth._create_redirect_uri": "self, idp",
    "oidc_auth.OIDCAuth.callback": "self, idp",
    "oidc_auth.OIDCAuth.get_oauth_client": "self, idp",
    "oidc_auth.OIDCAuth.get_oauth_kwargs": "self, idp",
    "oidc_auth.OIDCAuth.is_authorized": "self",
    "oidc_auth.OIDCAuth.login_request": "self, idp=None",
    "oidc_auth.OIDCAuth.logout": "self",
    "oidc_auth.OIDCAuth.register_provider": "self, idp_name, **kwargs",
    "oidc_auth.get_oauth": "app=None",
    "public_routes.add_public_routes": "app, routes",
    "public_routes.get_public_callbacks": "app",
    "public_routes.get_public_routes": "app",
    "public_routes.public_callback": "*callback_args, **callback_kwargs",
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_what_apps_call_is_called_in_the_same_way(name: str) -> None:
    module, *path = name.split(".")
    found: Any = importlib.import_module(f"dash_auth.{module}")
    for attribute in path:
        found = getattr(found, attribute)
    ours = inspect.signature(found).parameters
    theirs = inspect.signature(eval(f"lambda {SIGNATURES[name]}: 0")).parameters
    positional = inspect.Parameter.POSITIONAL_OR_KEYWORD
    order = [[p.name for p in each.values() if p.kind == positional] for each in (ours, theirs)]
    assert order[0] == order[1]
    for parameter in theirs.values():
        if parameter.kind == parameter.VAR_KEYWORD:
            assert any(each.kind == each.VAR_KEYWORD for each in ours.values())
            continue
        mine = ours[parameter.name]
        assert mine.kind == parameter.kind
        # What had to be given may be left out here.
        assert mine.default == parameter.default or parameter.default is parameter.empty
    added = [ours[key] for key in ours if key not in theirs]
    assert all(p.kind in (p.KEYWORD_ONLY, p.VAR_KEYWORD) for p in added)
    assert all(p.default is not p.empty for p in added if p.kind == p.KEYWORD_ONLY)


def test_the_version_counts_as_later_than_the_last_of_dash_auth() -> None:
    version = dash_auth.__version__
    assert dash_auth.version.__version__ == version
    assert version > "2.3.0"
    assert tuple(map(int, version.split("."))) > (2, 3, 0)
    assert [int(part) for part in re.findall(r"\d+", version)] >= [2, 3, 0]
    assert float(version.rpartition(".")[0]) > 2.3
    assert int(version.partition(".")[0]) >= 2
    packaging = pytest.importorskip("packaging.version")
    assert packaging.parse(version) > packaging.parse("2.3.0")
    assert not packaging.parse(version).is_prerelease
