"""The hook with which a subclass adds to the user, or refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flask
import pytest
from dash_auth import OIDCAuth

from .apps import Direct

pytestmark = pytest.mark.usefixtures("each_server")


def test_the_hook_adds_to_the_user(direct: Callable[..., Direct]) -> None:
    class WithTeam(OIDCAuth):
        def after_logged_in(self, user: Any, idp: str, token: dict[str, Any]) -> Any:
            assert token["userinfo"] is user
            user["team"] = f"{idp}-team"
            return super().after_logged_in(user, idp, token)

    here = direct(kind=WithTeam)
    here.client.get("/reports")
    assert here.log_in().headers["Location"] == "/"
    assert here.client.get("/whoami").json()["session"]["user"]["team"] == "idp-team"


def test_the_hook_refuses(direct: Callable[..., Direct]) -> None:
    class Nobody(OIDCAuth):
        def after_logged_in(self, user: Any, idp: str, token: dict[str, Any]) -> Any:
            return "not you", 403

    here = direct(kind=Nobody)
    with here.client.session_transaction() as session:
        session["user"] = {"sub": "alice"}
    refused = here.log_in()
    assert (refused.status_code, refused.text) == (403, "not you")
    assert here.client.get("/whoami").status_code == 302


def test_the_hook_stores_a_user_of_its_own(direct: Callable[..., Direct]) -> None:
    class Own(OIDCAuth):
        def after_logged_in(self, user: Any, idp: str, token: dict[str, Any]) -> Any:
            self.session["user"] = self.user
            return flask.redirect("/elsewhere")

    here = direct(kind=Own)
    for user in ({"email": "x@y"}, {"groups": ["g"]}, "a name"):
        Own.user = user  # type: ignore[attr-defined]
        assert here.log_in().headers["Location"] == "/elsewhere"
        assert here.client.get("/whoami").json()["session"]["user"] == user
    assert here.client.get("/whoami").json()["session"]["idp"] == "idp"
