"""Parts of a layout: log out, who is logged in, and a login form for a page of your own."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import dash
from dash import Dash, dcc, html
from dash.development.base_component import Component

from dash_auth._current import current_facts, current_user
from dash_auth.auth import Auth, auth_of

__all__ = ["login_form", "logout_button", "user_menu"]

LOGIN_NOTE = "dash-auth-note"
"""The id of the element of :func:`login_form` in which our script says why a login failed."""

T = TypeVar("T", bound=Component)

_ROW = {"display": "flex", "alignItems": "center", "gap": "0.5rem"}
_INITIALS = {
    "display": "inline-grid",
    "placeItems": "center",
    "width": "2rem",
    "height": "2rem",
    "borderRadius": "50%",
    "border": "1px solid currentColor",
    "fontSize": "0.8rem",
}
_FIELD = {"display": "block", "marginBottom": "1rem"}


def logout_button(
    label: str = "Log out", className: str | None = None, id: str | None = None
) -> html.Form:
    """Return a button that logs the user out. It needs no callback.

    :param label: what it says
    :param className: class of the button, for your CSS
    :param id: id of the button
    :raises RuntimeError: if the app has no logout route; where the app is protected later only, it
        is raised when the button is sent
    """
    button = html.Button(label, type="submit", **_given(className=className, id=id))
    return _posting_to(_logout_path, [button], style={"display": "inline"})


def user_menu(className: str | None = None) -> html.Div:
    """Return a menu with initials and name of the user, and "Log out".

    For an anonymous visitor it is a link, "Log in". Each part has a class for your CSS:
    `dash-auth-initials`, `dash-auth-name`, `dash-auth-log-out`, `dash-auth-log-in`.

    :param className: class of the whole; with one, nothing else styles it
    :raises RuntimeError: if the app has no logout route; where the app is protected later only, it
        is raised when the menu is sent
    """
    app = _current_app()

    def content() -> list[Component]:
        return _menu(_auth_of(app), styled=className is None)

    menu = html.Div(**_given(className=className))
    if current_facts() is not None:
        menu.children = content()
        return menu

    # Made before any request, as a part of a layout that all users share: made for each of them.
    def filled() -> html.Div:
        return html.Div(content(), **_given(className=className))

    return _when_sent(menu, filled)


def login_form(className: str | None = None) -> html.Form:
    """Return a login form for a public page of your own: `FormAuth(..., page="/welcome")`.

    Its note, the element with the id `dash-auth-note`, says why a login has failed.

    :param className: class of the form, for your CSS; with one, nothing else styles it
    :raises RuntimeError: if the app has no login route; where the app is protected later only, it
        is raised when the form is sent
    """
    style: dict[str, Any] = {} if className is not None else {"style": _FIELD}
    name = dcc.Input(
        type="text",
        name="username",
        autoComplete="username",
        spellCheck="false",
        required=True,
        debounce=True,
    )
    password = dcc.Input(
        type="password",
        name="password",
        autoComplete="current-password",
        required=True,
        debounce=True,
    )
    children = [
        html.Div(id=LOGIN_NOTE, className=LOGIN_NOTE, role="alert"),
        html.Label([html.Span("User name"), html.Div(name)], **style),
        html.Label([html.Span("Password"), html.Div(password)], **style),
        html.Button("Log in", type="submit"),
    ]
    return _posting_to(_form_path, children, **_given(className=className))


def _menu(auth: Auth, *, styled: bool) -> list[Component]:
    user = current_user()

    def style(**css: str) -> dict[str, Any]:
        return {"style": css} if styled else {}

    if user is None:
        return [html.A("Log in", href=auth.login_path, className="dash-auth-log-in")]
    # What OpenID Connect calls the full name (OpenID Connect Core, section 5.1).
    name = user.claims.get("name")
    name = name if isinstance(name, str) and name.strip() else user.name
    hidden: dict[str, Any] = {"aria-hidden": "true"}
    summary = [
        html.Span(
            initials(name),
            className="dash-auth-initials",
            **hidden,
            **style(**_INITIALS),
        ),
        html.Span(name, className="dash-auth-name"),
    ]
    log_out = html.Form(
        html.Button("Log out", type="submit", className="dash-auth-log-out"),
        method="post",
        action=_logout_path(auth),
    )
    return [html.Details([html.Summary(summary, **style(**_ROW, cursor="pointer")), log_out])]


def initials(name: str) -> str:
    """Return the first letters of a name: of its first word and of its last.

    :param name: a full name, a user name or an e-mail address
    """
    words = re.findall(r"[^\W_]+", name.partition("@")[0]) or re.findall(r"[^\W_]+", name)
    return "".join(word[0] for word in dict.fromkeys([*words[:1], *words[1:][-1:]])).upper()


def _given(**properties: Any) -> dict[str, Any]:
    """Return the properties that are given: Dash takes no None for what is missing."""
    return {name: value for name, value in properties.items() if value is not None}


def _posting_to(path: Callable[[Auth], str], children: list[Any], **properties: Any) -> html.Form:
    """Return a form that posts to a path of the login, which is known once the app is protected."""
    app = _current_app()
    if app is not None and (auth := auth_of(app)) is not None:
        return html.Form(children, method="post", action=path(auth), **properties)

    def filled() -> html.Form:
        action = path(_auth_of(app))
        return html.Form(children, method="post", action=action, **properties)

    return _when_sent(html.Form(children, method="post", **properties), filled)


def _when_sent(component: T, filled: Callable[[], T]) -> T:
    """Return a component that is made anew whenever it is sent to a browser."""
    # Not a class of its own: Dash takes the module of each for a package with scripts.
    vars(component)["to_plotly_json"] = lambda: _as_json(filled())
    return component


def _as_json(component: Component) -> Any:
    return component.to_plotly_json()  # type: ignore[no-untyped-call]


def _current_app() -> Dash | None:
    """Return the app that a part is made for, None where there is none yet."""
    try:
        app: Dash = dash.get_app()  # type: ignore[no-untyped-call]
    except Exception:
        # Dash 2.18 raises no class of its own.
        return None
    return app


def _auth_of(app: Dash | None) -> Auth:
    app = app or _current_app()
    auth = None if app is None else auth_of(app)
    if auth is None:
        raise RuntimeError(
            "login_form, logout_button and user_menu are for an app that is protected: call "
            "dash_auth.FormAuth(app, users), or another class, before the app answers"
        )
    return auth


def _logout_path(auth: Auth) -> str:
    if auth.logout_path is None:
        kind = type(auth).__name__
        raise RuntimeError(f"there is no way to log out yet: pass logout_route='/logout' to {kind}")
    return auth.logout_path


def _form_path(auth: Auth) -> str:
    if auth._dash_auth_form_path is None:
        kind = type(auth).__name__
        raise RuntimeError(f"{kind} has no login page: login_form is for dash_auth.FormAuth")
    return auth._dash_auth_form_path
