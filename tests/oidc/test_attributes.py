"""A login goes its whole way where a subclass has taken names that could have been ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from dash_auth import OIDCAuth

from .apps import Direct
from .visitor import OWN_LINK

pytestmark = pytest.mark.usefixtures("each_server")

NAMES = (
    "_backend _cache _callback _claims _guard _login _logout _notes _providers _secret_key "
    "_session _user _verify _visitor backend session session_lifetime user"
).split()


class Own(OIDCAuth):
    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.occupy()
        super().__init__(*arguments, **options)
        self.occupy()

    def occupy(self) -> None:
        for name in NAMES:
            setattr(self, name, f"the app's own {name}")


def test_who_logs_in_is_known_until_the_logout(direct: Callable[..., Direct]) -> None:
    here = direct(kind=Own)
    assert here.client.get("/whoami").status_code == 302
    assert here.log_in().status_code == 302
    assert here.client.get("/whoami").json()["session"]["user"]["sub"] == "alice"
    assert here.client.get("/oidc/logout", OWN_LINK).status_code == 200
    assert here.client.get("/whoami").status_code == 302
