"""Parts of a layout: log out, who is logged in, and a login form for a page of your own."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import dash
from dash import dcc, html
from dash.development.base_component import Component

from dash_auth._current import current_facts, current_user
from dash_auth.auth import Auth, auth_of
from dash_auth.logins.pages.phrases import ENGLISH, Phrases

__all__ = ["login_form", "logout_button", "user_menu"]

LOGIN_NOTE = "dash-auth-note"
"""The id, and the class, of the empty element of :func:`login_form`."""

T = TypeVar("T", bound=Component)

_MENU = {"position": "relative", "display": "inline-block"}
_SUMMARY = {"display": "flex", "alignItems": "center", "gap": "0.5rem", "cursor": "pointer"}
_INITIALS = {
    "display": "inline-grid",
    "placeItems": "center",
    "flex": "none",
    "width": "2rem",
    "height": "2rem",
    "borderRadius": "50%",
    "border": "1px solid currentColor",
    "fontSize": "0.8rem",
    "lineHeight": "1",
}
_BELOW = {
    "position": "absolute",
    "right": "0",
    "zIndex": "10",
    "minWidth": "100%",
    "marginTop": "0.25rem",
    "padding": "0.5rem",
    "boxSizing": "border-box",
    "border": "1px solid #8a93a6",
    "borderRadius": "4px",
    "color": "#1f2a44",
    "background": "#fff",
}
_LOG_OUT = {
    "width": "100%",
    "padding": "0.25rem 0.5rem",
    "border": "0",
    "color": "inherit",
    "background": "none",
    "font": "inherit",
    "textAlign": "start",
    "whiteSpace": "nowrap",
    "cursor": "pointer",
}
_FIELD = {"display": "block", "marginBottom": "1rem"}


def logout_button(
    label: str | None = None, className: str | None = None, id: str | None = None
) -> html.Form:
    """Return a button that logs the user out. It needs no callback.

    :param label: what it says; by default "Log out", in the language of the login page
    :param className: class of the button, for your CSS
    :param id: id of the button
    :raises RuntimeError: if the app is not protected, or has no logout route; in a layout that is
        no function, once that is sent
    """

    def children(say: Phrases) -> list[Component]:
        text = say("log_out") if label is None else label
        return [html.Button(text, type="submit", **_given(className=className, id=id))]

    return _posting_to(_logout_path, children, style={"display": "inline"})


def user_menu(className: str | None = None) -> html.Div:
    """Return a menu with initials and name of the user, and "Log out".

    For an anonymous visitor it is a link, "Log in". It speaks the language of the login page. Each
    part has a class for your CSS: `dash-auth-initials`, `dash-auth-name`, `dash-auth-log-out`,
    `dash-auth-log-in`.

    :param className: class of the whole; with one, nothing else styles it
    :raises RuntimeError: if the app is not protected, or has no logout route; in a layout that is
        no function, once that is sent
    """

    def made() -> html.Div:
        content = _menu(_current_auth(), styled=className is None)
        return html.Div(content, **_given(className=className))

    return _now_or_when_sent(html.Div(), made)


def login_form(className: str | None = None) -> html.Form:
    """Return a login form for a public page of your own: `FormAuth(..., page="/welcome")`.

    A wrong password leads to our own login page, which says so. The empty element with the id
    `dash-auth-note` is for what you have to say: screen readers announce what is written into it.

    :param className: class of the form, for your CSS; with one, nothing else styles it
    :raises RuntimeError: if the app is not protected, or has no login page; in a layout that is no
        function, once that is sent
    """
    style: dict[str, Any] = {} if className is not None else {"style": _FIELD}

    def children(say: Phrases) -> list[Component]:
        name, password = _inputs()
        return [
            html.Div(id=LOGIN_NOTE, className=LOGIN_NOTE, role="alert"),
            html.Label([html.Span(say("user_name")), html.Div(name)], **style),
            html.Label([html.Span(say("password")), html.Div(password)], **style),
            html.Button(say("log_in"), type="submit"),
        ]

    return _posting_to(_form_path, children, **_given(className=className))


def _inputs() -> tuple[dcc.Input, dcc.Input]:
    # Without `debounce`: with it Dash puts the cursor back a moment after each key, and who types
    # fast has letters in another order.
    name = dcc.Input(
        type="text",
        name="username",
        autoComplete="username",
        spellCheck="false",
        required=True,
    )
    password = dcc.Input(
        type="password",
        name="password",
        autoComplete="current-password",
        required=True,
    )
    return name, password


def _menu(auth: Auth, *, styled: bool) -> list[Component]:
    user, say = current_user(), _phrases(auth)

    def style(css: dict[str, str]) -> dict[str, Any]:
        return {"style": css} if styled else {}

    if user is None:
        return [html.A(say("log_in"), href=auth.login_path, className="dash-auth-log-in")]
    # What OpenID Connect calls the full name (OpenID Connect Core, section 5.1).
    name = user.claims.get("name")
    name = name if isinstance(name, str) and name.strip() else user.name
    hidden: dict[str, Any] = {"aria-hidden": "true", **style(_INITIALS)}
    summary = [
        html.Span(initials(name), className="dash-auth-initials", **hidden),
        html.Span(name, className="dash-auth-name"),
    ]
    button = html.Button(
        say("log_out"), type="submit", className="dash-auth-log-out", **style(_LOG_OUT)
    )
    log_out = html.Form(button, method="post", action=_logout_path(auth), **style(_BELOW))
    return [html.Details([html.Summary(summary, **style(_SUMMARY)), log_out], **style(_MENU))]


def initials(name: str) -> str:
    """Return the first letters of a name: of its first word and of its last.

    :param name: a full name, a user name or an e-mail address
    """
    words = re.findall(r"[^\W_]+", name.partition("@")[0]) or re.findall(r"[^\W_]+", name)
    return "".join(word[0] for word in [*words[:1], *words[1:][-1:]]).upper() or "?"


def _given(**properties: Any) -> dict[str, Any]:
    """Return the properties that are given: Dash takes no None for what is missing."""
    return {name: value for name, value in properties.items() if value is not None}


def _posting_to(
    path: Callable[[Auth], str], children: Callable[[Phrases], list[Component]], **properties: Any
) -> html.Form:

    def made() -> html.Form:
        auth = _current_auth()
        action, content = path(auth), children(_phrases(auth))
        return html.Form(content, method="post", action=action, **properties)

    return _now_or_when_sent(html.Form(children(ENGLISH)), made)


def _phrases(auth: Auth) -> Phrases:
    """Return what the parts say, in the language of the login page."""
    request = current_facts()
    return auth._dash_auth_phrases(None if request is None else request.header("Accept-Language"))


def _now_or_when_sent(stand_in: T, made: Callable[[], T]) -> T:
    """Return what is made for the current request; outside of one, what is made for each.

    A layout that is no function is made once, often before the app is protected.

    :param stand_in: what is in the layout until then
    :param made: makes it
    """
    if current_facts() is not None:
        return made()
    # Not a class of its own: Dash takes the module of each for a package with scripts.
    vars(stand_in)["to_plotly_json"] = lambda: _as_json(made())
    return stand_in


def _as_json(component: Component) -> Any:
    return component.to_plotly_json()  # type: ignore[no-untyped-call]


def _current_auth() -> Auth:
    try:
        auth = auth_of(dash.get_app())  # type: ignore[no-untyped-call]
    except Exception:
        # There is no app: of no class of its own in Dash 2.18.
        auth = None
    if auth is None:
        raise RuntimeError(
            "login_form, logout_button and user_menu are for an app that is protected: call "
            "dash_auth.FormAuth(app, users), or another class, before the app answers"
        )
    return auth


def _logout_path(auth: Auth) -> str:
    path = auth._dash_auth_logout_path(current_facts())
    if path is None:
        kind = type(auth).__name__
        raise RuntimeError(f"there is no way to log out yet: pass logout_route='/logout' to {kind}")
    return path


def _form_path(auth: Auth) -> str:
    if auth._dash_auth_form_path is None:
        kind = type(auth).__name__
        raise RuntimeError(f"{kind} has no login page: login_form is for dash_auth.FormAuth")
    return auth._dash_auth_form_path
