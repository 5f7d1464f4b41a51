"""Parts of layouts: they know the paths of their app, whenever and wherever they are made."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import dash
import dash_auth
import pytest
from attacks import apps
from attacks.apps import body, item, new_app, pages_app, reset_dash
from attacks.http import ALICE, USERS
from dash import Dash, Input, Output, html
from dash_auth.components import initials
from everywhere import Serve

LAYOUT, CALLBACKS = "/_dash-layout", "/_dash-update-component"


class WithPages(dash_auth.BasicAuth):
    """Knows where its pages are, as FormAuth does."""

    login_path = "/app/login"
    logout_path = "/app/logout"
    _dash_auth_form_path = "/app/login"


class WithNone(dash_auth.BasicAuth):
    logout_path = None
    _dash_auth_form_path = None


@pytest.fixture(autouse=True)
def no_earlier_app() -> Iterator[None]:
    reset_dash()
    yield
    reset_dash()


def found(part: Any, kind: str, **props: Any) -> list[dict[str, Any]]:
    """Return the properties of the parts of a kind that have these, in a layout as it is sent."""
    if isinstance(part, list):
        return [one for inner in part for one in found(inner, kind, **props)]
    if not isinstance(part, dict) or "props" not in part:
        return []
    inside = found(part["props"].get("children"), kind, **props)
    fits = part["type"] == kind and props.items() <= part["props"].items()
    return [part["props"], *inside] if fits else inside


def actions(layout: Any) -> list[tuple[str, str]]:
    return [(form["method"], form["action"]) for form in found(layout, "Form")]


def parts() -> html.Div:
    return html.Div([dash_auth.user_menu(), dash_auth.logout_button(), dash_auth.login_form()])


def static(app: Dash) -> None:
    app.layout = parts()


def function(app: Dash) -> None:
    app.layout = parts


@pytest.mark.parametrize("laid_out", [static, function])
@pytest.mark.parametrize("is_first", [True, False], ids=["before", "after"])
def test_the_layout_may_be_made_before_the_app_is_protected(
    everywhere: Serve, laid_out: Callable[[Dash], None], is_first: bool
) -> None:
    app = new_app()
    if is_first:
        laid_out(app)
    WithPages(app, USERS)
    if not is_first:
        laid_out(app)
    layout = everywhere(app).get(LAYOUT, auth=ALICE).json()
    assert actions(layout) == [
        ("post", "/app/logout"),
        ("post", "/app/logout"),
        ("post", "/app/login"),
    ]
    assert found(layout, "Span", className="dash-auth-name")[0]["children"] == "alice"


def test_each_user_sees_the_own_name_in_a_layout_that_all_share(everywhere: Serve) -> None:
    app = new_app()
    app.layout = html.Div([dash_auth.user_menu()])
    WithPages(app, USERS, public_routes=["/"])
    site = everywhere(app)

    def names(**credentials: Any) -> list[Any]:
        layout = site.get(LAYOUT, **credentials).json()
        shown = found(layout, "Span", className="dash-auth-name") + found(layout, "A")
        return [one["children"] for one in shown]

    assert names(auth=ALICE) == ["alice"]
    assert names() == ["Log in"]
    assert names(auth=("bob", USERS["bob"])) == ["bob"]
    assert names(auth=("bob", "wrong")) == ["Log in"]
    anonymous = site.get(LAYOUT).json()
    assert found(anonymous, "A")[0]["href"] == "/app/login"
    assert found(anonymous, "Form") == []
    assert "alice" not in site.get(LAYOUT, auth=("bob", USERS["bob"])).text


def test_a_callback_may_return_them(everywhere: Serve) -> None:
    app = new_app()
    app.layout = html.Div(id="in")
    WithPages(app, USERS)
    app.callback(Output("out", "children"), Input("in", "n_clicks"))(lambda _: parts())
    sent = body("out.children", [item("in", "n_clicks", 1)])
    answer = everywhere(app).call(sent, auth=ALICE).json()
    children = answer["response"]["out"]["children"]
    assert len(actions(children)) == 3
    assert found(children, "Span", className="dash-auth-name")[0]["children"] == "alice"


def test_a_page_may_show_them() -> None:
    app = pages_app()
    dash.register_page("home", path="/", layout=lambda **_: parts())
    dash.register_page("other", path="/other", layout=parts())
    WithPages(app, USERS)
    client = app.server.test_client()
    inputs = [item("_pages_location", "pathname", "/other"), item("_pages_location", "search", "")]
    for path in ("/", "/other"):
        inputs[0]["value"] = path
        sent = body(apps.PAGE_ROUTER, inputs)
        answer = client.post(CALLBACKS, json=sent, auth=ALICE).get_json()
        content = answer["response"]["_pages_content"]["children"]
        assert len(actions(content)) == 3


NO_LOGOUT = r"pass logout_route='/logout' to WithNone"


@pytest.mark.parametrize(
    ("part", "protect", "says"),
    [
        (dash_auth.logout_button, WithNone, NO_LOGOUT),
        (dash_auth.user_menu, WithNone, NO_LOGOUT),
        (dash_auth.login_form, WithNone, "WithNone has no login page: login_form is for"),
        (dash_auth.logout_button, None, "for an app that is protected"),
        (dash_auth.user_menu, None, "for an app that is protected"),
        (dash_auth.login_form, None, "for an app that is protected"),
    ],
)
def test_a_path_that_is_not_there_is_an_error_that_says_what_to_do(
    part: Any, protect: Any, says: str
) -> None:
    app = new_app()
    app.layout = html.Div([part()])
    app.server.testing = True
    if protect is not None:
        protect(app, USERS)
    with pytest.raises(RuntimeError, match=says):
        app.server.test_client().get(LAYOUT, auth=ALICE)
    app.layout = part
    with pytest.raises(RuntimeError, match=says):
        app.server.test_client().get(LAYOUT, auth=ALICE)


def test_with_no_app_at_all_they_are_an_error_once_they_are_sent() -> None:
    with pytest.raises(RuntimeError, match="for an app that is protected"):
        dash_auth.logout_button().to_plotly_json()


def sent(part: Any, **options: Any) -> Any:
    """Return a part as it is sent to alice."""
    app = new_app()
    app.layout = lambda: html.Div([part(**options)])
    WithPages(app, USERS)
    return app.server.test_client().get(LAYOUT, auth=ALICE).get_json()


def test_a_button_says_what_it_is_told() -> None:
    layout = sent(dash_auth.logout_button, label="Bye", className="link", id="bye")
    (button,) = found(layout, "Button")
    assert button == {"children": "Bye", "type": "submit", "className": "link", "id": "bye"}
    assert found(sent(dash_auth.logout_button), "Button") == [
        {"children": "Log out", "type": "submit"}
    ]


def test_within_a_request_a_part_is_whole_at_once() -> None:
    app = new_app()
    app.layout = html.P()
    WithPages(app, USERS)
    made: list[Any] = []
    app.layout = lambda: made.append(dash_auth.logout_button()) or html.P()
    made.clear()
    app.server.test_client().get(LAYOUT, auth=ALICE)
    assert made[0].action == "/app/logout"


def styles(layout: Any) -> list[Any]:
    kinds = ("Div", "Details", "Summary", "Span", "Form", "Button", "Label")
    return [one["style"] for kind in kinds for one in found(layout, kind) if "style" in one]


@pytest.mark.parametrize("part", [dash_auth.user_menu, dash_auth.login_form])
def test_a_class_leaves_the_style_to_the_app(part: Any) -> None:
    layout = sent(part, className="mine")
    assert (
        len(found(layout, "Form" if part is dash_auth.login_form else "Div", className="mine")) == 1
    )
    assert styles(layout) == []
    assert len(styles(sent(part))) > 1


def test_each_part_of_the_menu_has_its_class() -> None:
    layout = sent(dash_auth.user_menu)
    (mark,) = found(layout, "Span", className="dash-auth-initials")
    # The name beside it says it all.
    assert (mark["children"], mark["aria-hidden"]) == ("A", "true")
    assert len(found(layout, "Button", className="dash-auth-log-out", type="submit")) == 1


def test_the_form_is_one_that_password_managers_fill() -> None:
    layout = sent(dash_auth.login_form)
    name, password = found(layout, "Input")
    assert (name["name"], name["type"], name["autoComplete"]) == ("username", "text", "username")
    assert (password["name"], password["type"]) == ("password", "password")
    assert password["autoComplete"] == "current-password"
    (note,) = found(layout, "Div", id="dash-auth-note")
    assert (note["role"], note["className"]) == ("alert", "dash-auth-note")
    # With no id no callback is sent what is typed.
    assert "id" not in name and "id" not in password
    assert not name.get("debounce") and not password.get("debounce")


def test_the_full_name_is_shown_where_a_provider_says_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def shown(**claims: Any) -> list[Any]:
        user = dash_auth.User("a.liddell@example.com", (), claims)
        monkeypatch.setattr("dash_auth.components.current_user", lambda: user)
        layout = sent(dash_auth.user_menu)
        reset_dash()
        return [
            found(layout, "Span", className=f"dash-auth-{part}")[0]["children"]
            for part in ("initials", "name")
        ]

    assert shown(name="Alice Pleasance Liddell") == ["AL", "Alice Pleasance Liddell"]
    for odd in ({}, {"name": " "}, {"name": ["Alice"]}, {"name": None}):
        assert shown(**odd) == ["AL", "a.liddell@example.com"]


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("alice", "A"),
        ("Alice Liddell", "AL"),
        ("alice.pleasance_liddell@example.com", "AL"),
        ("Jean-Luc", "JL"),
        ("ali ali", "AA"),
        ("  eve  ", "E"),
        ("élodie d'Arc", "ÉA"),
        ("王小明", "王"),
        ("@acme", "A"),
        ("7 of 9", "79"),
        ("", "?"),
        ("--", "?"),
    ],
)
def test_initials(name: str, letters: str) -> None:
    assert initials(name) == letters


def test_they_speak_as_the_login_page_does() -> None:
    app = Dash("speaking", suppress_callback_exceptions=True)
    dash_auth.FormAuth(app, {"alice": "wonderland"}, secret_key="k" * 32, public_routes=["/"])

    def layout() -> Any:
        return html.Div([dash_auth.user_menu(), dash_auth.logout_button(), dash_auth.login_form()])

    app.layout = layout
    client = app.server.test_client()
    for language, words in [
        ("de", ["Anmelden", "Abmelden", "Benutzername", "Passwort"]),
        ("en-GB", ["Log in", "Log out", "User name", "Password"]),
    ]:
        sent = json.dumps(
            client.get("/_dash-layout", headers={"Accept-Language": language}).json,
            ensure_ascii=False,
        )
        assert [word for word in words if word not in sent] == []
