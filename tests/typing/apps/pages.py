"""Protected functions and outputs, groups, and who is asking."""

from collections.abc import Callable, Coroutine

import dash_auth
import flask
from dash import Dash, html
from dash_auth.group_protection import CheckType
from typing_extensions import assert_type

app = Dash("pages")
dash_auth.BasicAuth(app, [["alice", "wonderland"]], secret_key="key" * 12, session_cookie=True)

log_in = html.Div("Please log in.")
HOW: CheckType = "one_of"


def refused() -> html.Div:
    return html.Div("Not for you.")


@dash_auth.protected(log_in)
def layout(item: str = "") -> html.Div:
    user = dash_auth.current_user()
    assert user is not None
    return html.Div(f"{user.name} looks at {item}")


@dash_auth.protected(refused, missing_permissions_output=refused, groups=["admin"], check_type=HOW)
def for_admins() -> html.Div:
    return html.Div("Figures")


@dash_auth.protected("log in", groups=("admin",), groups_key="roles", groups_str_split=r",\s*")
async def figure(year: int, *, color: str = "red") -> str:
    return f"{year} {color}"


class Page:
    """Holds layouts."""

    @dash_auth.protected(log_in)
    def layout(self, item: str = "") -> html.Div:
        return html.Div(item)

    @staticmethod
    @dash_auth.protected(log_in)
    async def later(item: str) -> html.Div:
        return html.Div(item)


assert_type(layout.__name__, str)
of_page: Callable[[str], html.Div] = Page().layout
of_page_later: Callable[[str], Coroutine[object, object, html.Div]] = Page.later
of_item: Callable[[str], html.Div] = layout
with_nothing: Callable[[], html.Div] = for_admins


async def ask() -> None:
    assert_type(await figure(2026, color="blue"), str)


def greeting() -> html.Div:
    user = dash_auth.current_user()
    if user is None:
        return html.Div("Hello")
    assert_type(user.name, str)
    assert_type(user.groups, tuple[str, ...])
    assert_type(dash_auth.list_groups(), list[str] | None)
    may_see: bool | None = dash_auth.check_groups(["admin"], check_type="none_of")
    shown: html.Div = dash_auth.protected(log_in)(html.Div("secret"))
    rows: list[html.Div] = dash_auth.protected([log_in], groups=["admin"])([shown])
    return html.Div([*rows, str(may_see)])


app.layout = greeting


server: flask.Flask = app.server


@server.route("/me")
def me() -> flask.Response:
    user = dash_auth.current_user()
    return flask.jsonify(name=user and user.name, office=user and user.claims.get("office"))
