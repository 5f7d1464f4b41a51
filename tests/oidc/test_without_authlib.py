"""Authlib is an extra: what works without it, and what says that it is missing."""

from __future__ import annotations

import subprocess
import sys

import pytest
from dash_auth import OIDCAuth

from .apps import KEY, make_app


def test_without_authlib_the_rest_works() -> None:
    script = """
import sys
sys.modules["authlib"] = None
from dash_auth import *
import dash_auth, dash
app = dash.Dash("x")
BasicAuth(app, {"a": "b"})
class Mine(OIDCAuth): pass
try:
    Mine(dash.Dash("y"), secret_key="k")
except ImportError as error:
    print(error)
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert 'pip install "dash-auth-rs[oidc]"' in ran.stdout


def test_a_missing_authlib_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dash_auth.logins.oidc.client", None)
    with pytest.raises(ImportError, match=r'pip install "dash-auth-rs\[oidc\]"'):
        OIDCAuth(make_app(), KEY)


def test_authlib_is_not_loaded_unless_needed() -> None:
    script = "import sys, dash_auth; print('authlib' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"
