"""S8: a notebook finds out that its app is up, and nothing else passes by that."""

from __future__ import annotations

from typing import Any

import pytest
from dash._jupyter import JupyterDash, jupyter_dash

from .apps import guard, plain_app
from .http import ALICE, PRIVATE, REFUSED, held, honest
from .routes import add_route

NAME = f"_alive_{jupyter_dash.alive_token}"


@pytest.fixture(autouse=True)
def in_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(JupyterDash, "active", True)


@pytest.mark.rule("S8")
@pytest.mark.parametrize("prefix", ["/", "/board/"])
@pytest.mark.parametrize("public", [None, ["/open"]])
def test_the_check_of_this_process_passes(serve: Any, prefix: str, public: Any) -> None:
    app = plain_app(url_base_pathname=prefix)
    guard(app, public_routes=public)
    site = serve(app)
    honest(site.get(prefix + NAME), "Alive")
    held(site.get(prefix))
    honest(site.get(f"{prefix}_dash-layout", auth=ALICE), PRIVATE)


@pytest.mark.rule("S8")
@pytest.mark.parametrize(
    "method,path",
    [
        ("POST", NAME), ("HEAD", NAME), ("PUT", NAME), ("OPTIONS", NAME),
        ("GET", f"{NAME}/"), ("GET", f"{NAME}0"), ("GET", NAME[:-1]), ("GET", "_alive_"),
        ("GET", "_alive_00000000-0000-4000-8000-000000000000"), ("GET", NAME.upper()),
        ("GET", f"x/{NAME}"), ("GET", f"{NAME}/../_dash-layout"),
        ("GET", f"_dash-layout?{NAME}"), ("GET", f"_dash-layout/{NAME}"),
    ],
)  # fmt: skip
def test_nothing_else_passes(serve: Any, method: str, path: str) -> None:
    app = plain_app()
    guard(app)
    held(serve(app).request(method, f"/{path}"), "Alive", status=(*REFUSED, 308))


@pytest.mark.rule("S8")
@pytest.mark.parametrize("prefix", ["/_alive_/", f"/{NAME}/"])
def test_a_prefix_that_is_like_the_check_opens_nothing(serve: Any, prefix: str) -> None:
    app = plain_app(url_base_pathname=prefix)
    guard(app)
    site = serve(app)
    honest(site.get(prefix + NAME), "Alive")
    for name in ("", "_dash-layout", "_dash-dependencies", "_reload-hash", "_favicon.ico"):
        held(site.get(prefix + name))


@pytest.mark.rule("S8")
def test_where_dash_registers_none_a_route_of_that_path_is_private(
    serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(JupyterDash, "active", False)
    app = plain_app()
    add_route(app, f"/{NAME}", lambda: PRIVATE, name=f"/{NAME}", before_dash=True)
    guard(app)
    site = serve(app)
    held(site.get(f"/{NAME}"))
    honest(site.get(f"/{NAME}", auth=ALICE), PRIVATE)
