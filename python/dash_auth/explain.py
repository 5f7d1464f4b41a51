"""What is open in an app, as one table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dash import Dash

from dash_auth import _dash_internals as internals
from dash_auth._core import RouteMap
from dash_auth._dash.closed import source
from dash_auth._dash.public_layouts import ids_on_public_pages
from dash_auth._dash.rule_warnings import hint, leads_nowhere
from dash_auth._guard.guard import Guard
from dash_auth.auth import auth_of, decides, guard_of
from dash_auth.public_routes import is_public_callback, public_assets_extensions, public_rules

__all__ = ["Report", "explain"]


@dataclass(frozen=True)
class Report:
    """What is open in an app. Printed, it is a table.

    Attributes:
        protected_by: the name of the class that protects the app.
        public_routes: each declared rule with the endpoints that it reaches.
        dead_rules: each rule that leads to nothing, with what was probably meant.
        public_callbacks: name and place of each function that runs with no login.
        routing_callbacks: ids of the callbacks that run with no login where their pathname is
            public.
        private_on_public_pages: name and place of each callback that needs a login though it has to
            do with what stands on a public page; pages that are functions are not looked into.
        group_pages: each page for some groups, with what it needs, and its callbacks.
        callbacks_for_all_users: name and place of each private callback that any user may run, if
            there are pages for groups.
        open_assets: the files among the assets that anyone may have.
        layout_is_public: whether anyone may have the app's layout.
        weak_passwords: names of users whose stored password should be stored anew, and why.
        session: what a session is good for.
    """

    protected_by: str
    public_routes: tuple[tuple[str, str], ...]
    dead_rules: tuple[tuple[str, str], ...]
    public_callbacks: tuple[tuple[str, str], ...]
    routing_callbacks: tuple[str, ...]
    private_on_public_pages: tuple[tuple[str, str], ...]
    group_pages: tuple[tuple[str, str], ...]
    callbacks_for_all_users: tuple[tuple[str, str], ...]
    open_assets: tuple[str, ...]
    layout_is_public: bool
    weak_passwords: tuple[tuple[str, str], ...]
    session: str

    def __str__(self) -> str:
        layout = "yes: app.layout is sent to anyone" if self.layout_is_public else "no"
        sections: list[tuple[str, list[str]]] = [
            ("Protected by", [self.protected_by]),
            ("Public routes", _columns(self.public_routes)),
            ("Rules that lead to nothing", _columns(self.dead_rules)),
            ("Public callbacks", _columns(self.public_callbacks)),
            ("Routing callbacks, where the pathname is public", list(self.routing_callbacks)),
            ("Private callbacks on public pages", _columns(self.private_on_public_pages)),
            ("Pages for groups", _columns(self.group_pages)),
            ("Private callbacks with no group", _columns(self.callbacks_for_all_users)),
            ("Open assets", list(self.open_assets)),
            ("Layout public", [layout]),
            ("Passwords to store anew", _columns(self.weak_passwords)),
            ("A session is good for", [self.session]),
        ]
        width = max(len(title) for title, _ in sections)
        lines = []
        for title, rows in sections:
            for row in rows or ["none"]:
                lines.append(f"{title:<{width}} | {row}")
                title = ""
        return "\n".join(lines)


def explain(app: Dash) -> Report:
    """Return what is open in an app, for a person to read.

    Everything that is not in the report needs a login.

    :param app: Dash app that is protected
    :return: the report; `print` it
    :raises ValueError: if nothing protects the app, or what a subclass put in the place of
        `_protect`; if it has no server yet, or no users; if something about pages for groups is
        declared wrongly
    """
    auth = auth_of(app)
    if auth is None:
        raise ValueError("nothing protects the app: everything in it is open")
    if not decides(auth):
        raise ValueError(f"{type(auth).__name__}._protect() decides what is open, not dash_auth")
    guard = guard_of(app)
    if guard is None:
        raise ValueError("the app has no server yet: call app.init_app first")
    lacking = auth._dash_auth_lacks()
    if lacking is not None:
        raise ValueError(lacking)
    guard.parts.group_pages.check()
    rules = public_rules(app)
    return Report(
        protected_by=type(auth).__name__,
        public_routes=tuple(
            (rule, ", ".join(guard.parts.page_rules.reached(rule)) or "nothing")
            for rule in rules.rules
        ),
        dead_rules=tuple(
            (rule, hint(guard.parts.page_rules, rule))
            for rule in rules.rules
            if leads_nowhere(guard.parts.page_rules, rule)
        ),
        public_callbacks=tuple(_public_callbacks(app)),
        routing_callbacks=tuple(_routing_callbacks(app, guard.parts.callbacks.routing(), rules)),
        private_on_public_pages=tuple(_private_on_public_pages(app, guard)),
        group_pages=tuple(_group_pages(guard)),
        callbacks_for_all_users=tuple(_callbacks_for_all_users(guard)),
        open_assets=tuple(_open_assets(app)) if len(rules) else (),
        layout_is_public=guard.parts.page_rules.lead_to_pages(),
        weak_passwords=tuple(
            row for login in guard.visitors.logins.public for row in login.weak_passwords()
        ),
        session=_session_use(guard),
    )


def _session_use(guard: Guard) -> str:
    session = guard.visitors.session
    return "whatever is_authorized makes of it" if session is None else session.use()


def _public_callbacks(app: Dash) -> Iterable[tuple[str, str]]:
    for output, entry in internals.callback_entries(app):
        if is_public_callback(app, entry):
            yield source(internals.registered_function(entry), output)


def _private_on_public_pages(app: Dash, guard: Guard) -> Iterable[tuple[str, str]]:
    shown = ids_on_public_pages(app, guard.parts.page_rules)
    routing = {internals.PAGE_ROUTER_ID, *guard.parts.callbacks.routing()}
    for output, entry in internals.callback_entries(app):
        # A clientside callback asks the server for nothing.
        if "callback" not in entry or output in routing or is_public_callback(app, entry):
            continue
        if shown.include_any(internals.ids_of(entry)):
            yield source(internals.registered_function(entry), output)


def _group_pages(guard: Guard) -> Iterable[tuple[str, str]]:
    pages = guard.parts.group_pages
    for page in pages.all():
        needs = f"{page.path} needs {page.need}"
        names = [_name(output, entry) for output, entry in pages.of_page(page)]
        yield needs, f"callbacks: {', '.join(names) or 'none'}"


def _name(output: str, entry: internals.CallbackEntry) -> str:
    return source(internals.registered_function(entry), output)[0]


def _callbacks_for_all_users(guard: Guard) -> Iterable[tuple[str, str]]:
    pages = guard.parts.group_pages
    if pages.exist():
        for output, entry in pages.unowned():
            yield source(internals.registered_function(entry), output)


def _routing_callbacks(app: Dash, registered: list[str], rules: RouteMap) -> list[str]:
    # Dash registers its page router with the first request.
    if app.use_pages and len(rules) and internals.PAGE_ROUTER_ID not in registered:
        return [*registered, internals.PAGE_ROUTER_ID]
    return registered


def _open_assets(app: Dash) -> list[str]:
    folder = Path(app.config.assets_folder)
    extensions = public_assets_extensions()
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix.lower().removeprefix(".") in extensions
    )


def _columns(rows: Iterable[tuple[str, str]]) -> list[str]:
    rows = list(rows)
    width = max((len(first) for first, _ in rows), default=0)
    return [f"{first:<{width}}  {second}" for first, second in rows]
