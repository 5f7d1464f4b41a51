"""Subclasses that decide in a hook of their own, with the methods of the base, on each server."""

from __future__ import annotations

from typing import Any

import dash_auth
import pytest

from . import apps
from .apps import plain_app
from .http import ALICE, PRIVATE, USERS, held, honest

SECRET_KEY = "a secret key of the tests, long enough"


class OwnHook(dash_auth.BasicAuth):
    def _protect(self) -> None:
        server: Any = self.app.server
        if apps.backend == "fastapi":

            @server.middleware("http")
            async def middleware(request: Any, call_next: Any) -> Any:
                if self.is_authorized():
                    return await call_next(request)
                return self.login_request()

        else:

            @server.before_request
            def hook() -> Any:
                return None if self.is_authorized() else self.login_request()


@pytest.mark.rule("S10")
@pytest.mark.parametrize("options", [{}, {"auth_func": lambda *pair: pair == ALICE}], ids=str)
def test_a_hook_of_a_subclasss_own_decides(serve: Any, options: dict[str, Any]) -> None:
    app = plain_app()
    OwnHook(app, None if options else USERS, secret_key=SECRET_KEY, **options)
    site = serve(app)
    for path in ("/", "/_dash-layout", "/_dash-dependencies"):
        for wrong in (None, (ALICE[0], "wrong")):
            held(site.get(path, auth=wrong))
        honest(site.get(path, auth=ALICE), None)
    honest(site.get("/_dash-layout", auth=ALICE), PRIVATE)
