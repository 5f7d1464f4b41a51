"""On a server with an event loop nobody waits for another user's provider."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from dash_auth import OIDCAuth, _steps
from dash_auth.logins.oidc.client import ClientOffLoop

from .apps import Client, Direct
from .servers import Chosen

pytestmark = pytest.mark.usefixtures("event_loop")


@pytest.fixture(params=["quart", "fastapi"])
def event_loop(request: pytest.FixtureRequest) -> Iterator[None]:
    Chosen.kind = request.param
    yield
    Chosen.kind = "flask"


def test_a_provider_that_is_slow_holds_up_nobody_else(
    direct: Callable[..., Direct], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = direct()
    here.log_in()
    asked, answered = threading.Event(), threading.Event()

    waited: list[bool] = []

    def slow(*_: Any, **__: Any) -> Any:
        asked.set()
        waited.append(answered.wait(20))
        raise TimeoutError

    statuses: list[int] = []

    def visit(path: str) -> None:
        stranger = Client(here.client.address, here.app.server)
        statuses.append(stranger.get(path).status_code)
        stranger.close()

    monkeypatch.setattr(ClientOffLoop, "authorize_redirect", slow)
    monkeypatch.setattr(ClientOffLoop, "authorize_access_token", slow)
    for path, status in (("/", 502), ("/oidc/idp/login", 502), ("/oidc/idp/callback", 401)):
        asked.clear()
        answered.clear()
        thread = threading.Thread(target=visit, args=(path,))
        thread.start()
        assert asked.wait(10)
        assert here.client.get("/whoami").json()["user"] == "alice@example.com"
        answered.set()
        thread.join()
        assert waited.pop()
        assert statuses.pop() == status


def test_who_is_logged_in_costs_no_thread(
    direct: Callable[..., Direct], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = direct()
    here.log_in()
    here.client.get("/")
    called: list[Any] = []
    off_loop = _steps.off_loop

    async def counted(function: Any, *arguments: Any, **keywords: Any) -> Any:
        called.append(function)
        return await off_loop(function, *arguments, **keywords)

    monkeypatch.setattr(_steps, "off_loop", counted)
    assert here.client.get("/whoami").status_code == 200
    assert called == []
    here.client.cookie = "none"
    assert here.client.get("/whoami", {"Sec-Fetch-Mode": "cors"}).status_code == 401
    assert called == []
    assert here.client.get("/whoami").status_code == 302
    assert len(called) == 1


def test_a_check_of_the_developers_own_is_asked_off_the_loop(
    direct: Callable[..., Direct],
) -> None:
    class Weekdays(OIDCAuth):
        open = True

        def is_authorized(self) -> bool:
            with pytest.raises(RuntimeError):
                asyncio.get_running_loop()
            return self.open and super().is_authorized()

        def login_request(self, idp: str | None = None) -> Any:
            with pytest.raises(RuntimeError):
                asyncio.get_running_loop()
            return super().login_request(idp)

    here = direct(kind=Weekdays)
    assert here.client.get("/whoami", {"Sec-Fetch-Mode": "cors"}).status_code == 401
    here.log_in()
    assert here.client.get("/whoami").status_code == 200
    Weekdays.open = False
    assert here.client.get("/whoami").status_code == 302


def test_the_hook_may_be_async(direct: Callable[..., Direct]) -> None:
    loops = []

    class Async(OIDCAuth):
        async def after_logged_in(self, user: Any, idp: str, token: dict[str, Any]) -> Any:
            await asyncio.sleep(0)
            loops.append(asyncio.get_running_loop())
            user["team"] = "blue"
            self.session["theme"] = "dark"
            return super().after_logged_in(user, idp, token)

    here = direct(kind=Async)
    assert here.log_in().headers["Location"] == "/"
    assert here.client.get("/whoami").json()["session"]["user"]["team"] == "blue"
    with here.client.session_transaction() as session:
        assert session["theme"] == "dark"
    assert len(loops) == 1
