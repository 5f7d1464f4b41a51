"""The report of what is open: everything in it, and nothing that is closed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dash
import dash_auth
import pytest
from attacks.apps import PAGE_ROUTER
from dash import ALL, MATCH, Dash, Input, Output, State, html
from dash_auth import explain
from dash_auth.auth import Auth
from dash_auth.security import generate_password_hash
from guarded import ALICE, SCRYPT_OF_ALICE, USERS, add_witness, client_of, guarded_app, new_app


def press(clicks: int) -> str:
    return "pressed"


PRESS_LINE = press.__code__.co_firstlineno


@pytest.fixture
def app(tmp_path: Path) -> Dash:
    tmp_path.joinpath("css").mkdir()
    for name in ("b.js", "css/a.CSS", "data.csv"):
        tmp_path.joinpath(name).write_text("")
    app = Dash("reported", assets_folder=str(tmp_path))
    app.layout = html.Div()
    add_witness(app.server, "/health", "/users/<path>")
    return app


def test_what_is_open_is_reported(app: Dash) -> None:
    strong = generate_password_hash("x", "argon2")
    users = {"alice": "plain", "bob": SCRYPT_OF_ALICE, "carol": strong}
    routes = ["/", "/health", "/users/<name>", "/assets/data.csv", "/items/<int:n>"]
    dash_auth.BasicAuth(app, users, public_routes=routes, secret_key="a key")
    dash_auth.public_callback(Output("a", "children"), Input("in", "n_clicks"))(press)
    app.callback(Output("b", "children"), Input("in", "n_clicks"))(press)
    app.callback(Output("page", "children"), Input("url", "pathname"))(lambda pathname: "")
    report = explain(app)
    assert report.protected_by == "BasicAuth"
    assert dict(report.public_routes) == {
        "/": "a page of Dash's",
        "/health": "/health",
        "/users/<name>": "/users/<path>",
        "/assets/data.csv": "_dash_assets.static",
        "/items/<int:n>": "a page of Dash's",
    }
    assert report.public_callbacks == (("press", f"{__file__}:{PRESS_LINE}"),)
    assert report.routing_callbacks == ("page.children",)
    assert report.open_assets == ("b.js", "css/a.CSS")
    assert report.layout_is_public is True
    assert report.weak_passwords == (
        ("alice", "stored as plaintext"),
        ("bob", "hash is outdated"),
    )
    assert "while the stored password is the same" in report.session
    text = str(report)
    for shown in ("alice", "press", "/items/<int:n>", "css/a.CSS", "page.children"):
        assert shown in text
    for secret in ("plain\n", SCRYPT_OF_ALICE.split("$")[2], strong, "a key"):
        assert secret not in text


def test_an_app_with_nothing_public_has_a_short_report(app: Dash) -> None:
    dash_auth.BasicAuth(app, {"carol": generate_password_hash("x", "argon2")})
    rows = [line.split("|") for line in str(explain(app)).splitlines()]
    assert [(title.strip(), row.strip()) for title, row in rows] == [
        ("Protected by", "BasicAuth"),
        ("Public routes", "none"),
        ("Rules that lead to nothing", "none"),
        ("Public callbacks", "none"),
        ("Routing callbacks, where the pathname is public", "none"),
        ("Private callbacks on public pages", "none"),
        ("Pages for groups", "none"),
        ("Private callbacks with no group", "none"),
        ("Open assets", "none"),
        ("Layout public", "no"),
        ("Passwords to store anew", "none"),
        (
            "A session is good for",
            "nothing: no cookie is written, each request carries its credentials",
        ),
    ]
    assert len({line.index("|") for line in str(explain(app)).splitlines()}) == 1


def test_the_report_says_the_same_before_and_after_the_first_request() -> None:
    app = Dash("pages", use_pages=True, pages_folder="", assets_folder="no-assets")
    app.layout = html.Div([dash.page_container])
    dash.register_page("pages.open", path="/open", layout=html.P("open"))
    dash_auth.BasicAuth(app, USERS, public_routes=["/open"])
    dash_auth.public_callback(Output("a", "children"), Input("in", "n_clicks"))(press)
    before = explain(app)
    assert before.routing_callbacks == (PAGE_ROUTER,)
    client_of(app).get("/", auth=ALICE)
    assert explain(app) == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"public_routes": ["/open"]}, "nothing: there is no secret key"),
        ({"secret_key": "k"}, "nothing: no cookie is written"),
        (
            {"public_routes": [], "auth_func": lambda name, password: True, "secret_key": "k"},
            "nothing: no cookie is written",
        ),
        (
            {
                "public_routes": ["/open"],
                "auth_func": lambda name, password: True,
                "secret_key": "k",
                "auth_func_session_seconds": 5400,
            },
            "public pages know the user for 1.5 hours; it opens no private page",
        ),
    ],
)
def test_the_report_says_what_a_session_is_good_for(options: dict[str, Any], words: str) -> None:
    assert words in explain(guarded_app(**options)).session


def test_a_value_put_in_later_that_cannot_be_read_is_reported() -> None:
    users: dict[str, Any] = {"alice": generate_password_hash("x", "argon2")}
    app = guarded_app(users)
    assert explain(app).weak_passwords == ()
    users.update(bob="$2b$12$abc", carol=None, dave="")
    cannot = "cannot be read"
    assert explain(app).weak_passwords == (("bob", cannot), ("carol", cannot), ("dave", cannot))


def test_rules_are_seen_from_the_apps_prefix() -> None:
    app = new_app(url_base_pathname="/app/")
    add_witness(app.server, "/health", "/app/health")
    dash_auth.BasicAuth(app, USERS, public_routes=["/health", "/page"])
    assert dict(explain(app).public_routes) == {
        "/health": "/app/health, /health",
        "/page": "a page of Dash's",
    }


def test_a_rule_that_reaches_nothing_says_so(app: Dash) -> None:
    app.server.add_url_rule("/folder/", "folder", lambda: "")
    dash_auth.BasicAuth(app, USERS, public_routes=["/folder"])
    # The server redirects from it, and the rule does not mean where to.
    assert dict(explain(app).public_routes) == {"/folder": "nothing"}
    assert client_of(app).get("/folder/").status_code == 401


def test_functions_without_a_source_are_named_by_their_callback() -> None:
    app = guarded_app()

    class Press:
        def __call__(self, clicks: int) -> str:
            return "pressed"

    dash_auth.public_callback(Output("a", "children"), Input("in", "n_clicks"))(Press())
    assert explain(app).public_callbacks == (("a.children", "a.children"),)


def test_an_app_that_nothing_protects_or_that_has_no_server_has_no_report(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(ValueError, match="nothing protects the app"):
        explain(new_app())
    app = new_app(server=False)
    # Dash gives such an app a server for the time being; before 4.4 it did not.
    monkeypatch.setattr(app, "server", None)
    dash_auth.BasicAuth(app, USERS)
    with pytest.raises(ValueError, match="no server yet"):
        explain(app)


def test_a_subclass_is_reported_by_its_name() -> None:
    class Door(Auth):
        def is_authorized(self) -> bool:
            return False

        def login_request(self) -> Any:
            return "no", 401

    app = new_app()
    Door(app)
    report = explain(app)
    assert (report.protected_by, report.weak_passwords) == ("Door", ())
    assert report.session == "whatever is_authorized makes of it"


def test_private_callbacks_that_public_pages_use_are_reported() -> None:
    app = Dash("pages", use_pages=True, pages_folder="", assets_folder="no-assets")
    app.layout = html.Div([html.Button(id="menu"), dash.page_container])
    pattern: Any = {"type": "row", "index": 1}
    dash.register_page(
        "pages.open", path="/open", layout=html.P([html.B(id="b"), html.I(id=pattern)])
    )
    dash.register_page("pages.item", path_template="/item/<n>", layout=[html.Div(id="item")])
    dash.register_page("pages.called", path="/called", layout=lambda: html.Div(id="called"))
    dash.register_page("pages.closed", path="/closed", layout=html.Div(id="closed"))
    dash_auth.BasicAuth(app, USERS, public_routes=["/open", "/item/<name>", "/called"])

    def private(name: str, *arguments: Any) -> None:
        def function(*_: Any) -> str:
            return ""

        function.__name__ = name
        app.callback(*arguments)(function)

    private("by_input", Output("x", "children"), Input("menu", "n_clicks"))
    private("by_output", Output("b", "children"), Input("x", "n_clicks"))
    private("by_state", Output("y", "children"), Input("x", "n_clicks"), State("item", "title"))
    matched = {"type": "row", "index": MATCH}
    private("by_pattern", Output(matched, "children"), Input(matched, "n_clicks"))
    private("other_pattern", Output({"kind": ALL}, "children"), Input("x", "n_clicks"))
    private("on_closed", Output("closed", "children"), Input("x", "n_clicks"))
    private("on_called", Output("called", "children"), Input("x", "n_clicks"))
    app.clientside_callback("() => 1", Output("b", "title"), Input("menu", "n_clicks"))
    dash_auth.public_callback(Output("b", "lang"), Input("menu", "n_clicks"))(press)
    for _ in range(2):
        report = explain(app)
        names = [name for name, _ in report.private_on_public_pages]
        assert names == ["by_input", "by_output", "by_state", "by_pattern"]
        assert "by_pattern" in str(report)
        client_of(app).get("/open")


def test_the_layout_of_an_app_with_no_pages_counts_where_it_is_public() -> None:
    for routes, expected in (([], ()), (["/"], ("shown",))):
        app = new_app()
        app.layout = html.Div(id="here")

        def shown(clicks: int) -> str:
            return ""

        app.callback(Output("x", "children"), Input("here", "n_clicks"))(shown)
        dash_auth.BasicAuth(app, USERS, public_routes=routes)
        found = explain(app).private_on_public_pages
        assert tuple(name for name, _ in found) == expected


def test_pages_for_groups_are_reported_with_their_callbacks() -> None:
    app = Dash("reported", use_pages=True, pages_folder="")
    app.layout = html.Div([dash.page_container])
    dash.register_page("home", path="/", layout=html.Div())
    dash.register_page("board", path="/board", layout=html.Div(), groups=["board", "audit"])
    dash.register_page("empty", path="/empty", layout=html.Div(), groups=guarded_app)
    dash_auth.BasicAuth(app, dict(USERS))
    app.callback(Output("a", "children"), Input("in", "n_clicks"))(press)
    app.callback(Output("b", "children"), Input("in", "n_clicks"))(lambda _: "for all")
    dash_auth.protected_callback(Output("c", "children"), Input("in", "n_clicks"), groups=["x"])(
        lambda _: "with groups of its own"
    )
    dash_auth.protect_page("/board", callbacks=[press])
    report = explain(app)
    assert report.group_pages == (
        ("/board needs board or audit", "callbacks: press"),
        ("/empty needs guarded_app", "callbacks: none"),
    )
    assert [name for name, _ in report.callbacks_for_all_users] == ["<lambda>"]
    # Nothing is closed by it.
    dash_auth.protect_page("/", groups=["board"])


def test_what_is_wrong_with_them_is_told_already() -> None:
    app = Dash("reported", use_pages=True, pages_folder="")
    app.layout = html.Div([dash.page_container])
    dash.register_page("board", path="/board", layout=html.Div(), role="board")
    dash_auth.BasicAuth(app, dict(USERS))
    with pytest.raises(ValueError, match="'/board': role= says nothing"):
        explain(app)
