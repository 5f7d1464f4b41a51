"""S12: whatever the developer's functions raise, the client is answered and the server goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from dash_auth.auth import Auth

from .apps import guard, plain_app
from .http import ALICE, BOB, PRIVATE, held, honest

RAISED = [asyncio.CancelledError(), SystemExit(3)]


def leaking(error: BaseException, *, is_async: bool) -> Callable[..., Any]:
    """Return an `auth_func` that lets Bob in, and raises for everybody else."""

    def accept(name: str, _password: str) -> bool:
        if name != BOB[0]:
            raise error
        return True

    async def accept_async(name: str, password: str) -> bool:
        await asyncio.sleep(0)
        return accept(name, password)

    return accept_async if is_async else accept


@pytest.mark.rule("S12")
@pytest.mark.parametrize("is_async", [True, False], ids=["async", "sync"])
@pytest.mark.parametrize("error", RAISED, ids=repr)
def test_what_auth_func_raises_refuses(serve: Any, error: BaseException, is_async: bool) -> None:
    app = plain_app()
    guard(app, auth_func=leaking(error, is_async=is_async))
    site = serve(app)
    for _ in range(2):
        held(site.get("/_dash-layout", auth=ALICE))
    honest(site.get("/_dash-layout", auth=BOB), PRIVATE)


@pytest.mark.rule("S12")
@pytest.mark.parametrize("error", RAISED, ids=repr)
def test_what_user_groups_raises_leaves_no_groups(serve: Any, error: BaseException) -> None:
    async def groups(_: str) -> list[str]:
        raise error

    app = plain_app()
    guard(app, auth_func=lambda *_: True, user_groups=groups)
    honest(serve(app).get("/_dash-layout", auth=ALICE), PRIVATE)


@pytest.mark.rule("S12")
@pytest.mark.parametrize("where", ["is_authorized", "login_request"])
def test_what_a_class_of_the_developers_own_raises_refuses(serve: Any, where: str) -> None:
    class Own(Auth):
        def is_authorized(self) -> bool:
            if where == "is_authorized":
                raise asyncio.CancelledError
            return False

        def login_request(self) -> Any:
            if where == "login_request":
                raise asyncio.CancelledError
            return None

    app = plain_app()
    Own(app)
    held(serve(app).get("/_dash-layout"))
