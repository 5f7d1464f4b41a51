"""S6: a path with a segment `.` or `..` matches no rule, however it is spelt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from . import apps
from .apps import guard, new_app, plain_app
from .http import ALICE, PRIVATE, PUBLIC, REFUSED, held, honest, no_server_error
from .routes import add_route

pytestmark = pytest.mark.rule("S6")

DOTS = [
    "../secret.txt", "%2e%2e/secret.txt", ".%2E/secret.txt", "..%2fsecret.txt", "x/../../secret.txt",
    "..//secret.txt", "../open/../secret.txt", "x%2f..%2f..%2fsecret.txt", "./../secret.txt",
    "%2e/%2e%2e/secret.txt", "..\\secret.txt", "..%5csecret.txt", "x%5c..%5c..%5csecret.txt",
    "../secret.txt?x=1", "../../assets/secret.txt",
]  # fmt: skip
TWICE = [
    "%252e%252e/secret.txt",
    "..%252fsecret.txt",
    "%252e%252e%252fsecret.txt",
    "..;/secret.txt",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a folder with a public subfolder, and private files beside it."""
    folder = tmp_path / "assets"
    (folder / "open" / "by" / "eve").mkdir(parents=True)
    (folder / "open" / "note.txt").write_text(PUBLIC)
    (folder / "open" / "by" / "eve" / "note.txt").write_text(PUBLIC)
    for name in ("secret.txt", "open/secret.txt", "open/by/secret.txt"):
        (folder / name).write_text(PRIVATE)
    return folder


def serve_files(app: Any, url: str, folder: Path) -> None:
    """Serve the files of a folder as each server's documentation has it."""
    if apps.backend == "fastapi":
        from starlette.staticfiles import StaticFiles

        app.server.mount(url, StaticFiles(directory=folder))
    elif apps.backend == "quart":
        import quart

        @app.server.route(f"{url}/<path:name>")
        async def files(name: str) -> Any:
            return await quart.send_from_directory(folder, name)
    else:
        import flask

        app.server.add_url_rule(
            f"{url}/<path:name>", "files", lambda name: flask.send_from_directory(folder, name)
        )


@pytest.mark.parametrize("prefix", ["/", "/app/"])
@pytest.mark.parametrize("form", ["relative", "in full"])
def test_dashs_assets(serve: Any, folder: Path, prefix: str, form: str) -> None:
    app = plain_app(assets_folder=str(folder), url_base_pathname=prefix)
    base = prefix if form == "in full" else "/"
    guard(app, public_routes=[f"{base}assets/open/note.txt", f"{base}assets/open/by/<path:n>"])
    site = serve(app)
    honest(site.get(f"{prefix}assets/open/note.txt"))
    honest(site.get(f"{prefix}assets/open/by/eve/note.txt"))
    honest(site.get(f"{prefix}assets/secret.txt", auth=ALICE), PRIVATE)
    for dots in DOTS:
        held(site.get(f"{prefix}assets/open/by/{dots}"), PUBLIC, status=REFUSED)
    for dots in TWICE:
        no_server_error(site.get(f"{prefix}assets/open/by/{dots}"))


def test_files_that_the_server_sends(serve: Any, folder: Path) -> None:
    app = plain_app()
    serve_files(app, "/files", folder / "open")
    if apps.backend == "fastapi":
        # There the first route that matches is taken.
        app.server.router.routes.insert(0, app.server.router.routes.pop())
    guard(app, public_routes=["/files/by/<name>/note.txt", "/files/by/<name>/secret.txt"])
    site = serve(app)
    honest(site.get("/files/by/eve/note.txt"))
    honest(site.get("/files/secret.txt", auth=ALICE), PRIVATE)
    for name in ("..", "%2e%2e", ".", "%2E", "..%5c..", "x%5c..%5c.."):
        held(site.get(f"/files/by/{name}/secret.txt"), status=REFUSED)
    for name in ("%252e%252e", "..;", "...", "%00.."):
        no_server_error(site.get(f"/files/by/{name}/secret.txt"))


def test_views_that_are_given_the_dots(serve: Any) -> None:
    """The view would take them out by itself, whatever it does with them."""
    app = plain_app()
    ran: list[str] = []
    add_route(app, "/read/<path:name>", lambda name: ran.append(name) or PUBLIC, before_dash=True)
    guard(app, public_routes=["/read/open/<path:name>"])
    site = serve(app)
    honest(site.get("/read/open/a/b.txt"))
    honest(site.get("/read/open/a..b/...c/d.."))
    honest(site.get("/read/open/.hidden"))
    ran.clear()
    for dots in (
        "..",
        ".",
        "a/..",
        "./a",
        "../x",
        "..%2fx",
        "%2e%2e/x",
        "a//../x",
        "..%5cx",
        "a%5c.",
    ):
        held(site.get(f"/read/open/{dots}"), PUBLIC, status=REFUSED, ran=ran)


def test_pages_and_static_files_with_dots_are_closed(serve: Any, folder: Path) -> None:
    (folder / "open" / "x.css").write_text(PUBLIC)
    app = new_app(assets_folder=str(folder))
    app.layout = []
    guard(app, public_routes=["/", "/docs/<path:p>"])
    site = serve(app)
    honest(site.get("/docs/a"), None)
    honest(site.get("/assets/open/x.css"))
    for path in ("/docs/../private", "/docs/./x", "/.", "/..", "/docs/a/..%2f..%2fprivate",
                 "/assets/x/../open/x.css", "/assets/open/./x.css", "/assets/%2e/open/x.css"):  # fmt: skip
        held(site.get(path), PUBLIC, status=REFUSED)
