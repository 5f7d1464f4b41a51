"""Small Dash apps behind dash_auth, and the bodies that the renderer sends for them.

Everything here uses the public API. The shapes of the bodies were recorded in Chromium with the
renderers of Dash 2.18.2, 3.4.0 and 4.4.1; HONEST.md lists them.
"""

from __future__ import annotations

import inspect
import linecache
from types import ModuleType
from typing import Any

import dash
import dash_auth
from dash import Dash, Input, Output, html

from .http import PRIVATE, USERS

AUDIT = "dash_auth.audit"
"""The logger of events, which tells of each failed login."""
DASH_VERSION = tuple(int(part) for part in dash.__version__.split(".")[:3])
IS_UPSTREAM = not hasattr(dash_auth, "current_user")
PAGE_ROUTER = ".._pages_content.children..._pages_store.data.."

backend = "flask"
"""The kind of server that `new_app` puts an app on; the fixture of that name sets it."""


def reset_dash() -> None:
    """Forget what earlier apps left in Dash's process-wide registries."""
    import dash._callback as registry
    import dash._get_app as current
    import dash._pages as pages

    registry.GLOBAL_CALLBACK_LIST.clear()
    registry.GLOBAL_CALLBACK_MAP.clear()
    registry.GLOBAL_INLINE_SCRIPTS.clear()
    getattr(registry, "GLOBAL_API_PATHS", {}).clear()
    pages.PAGE_REGISTRY.clear()
    pages.CONFIG.clear()
    current.APP = None
    if hasattr(current, "app_context"):
        current.app_context.set(None)
    if hasattr(Dash, "STARTUP_ROUTES"):
        Dash.STARTUP_ROUTES = []
    try:
        from dash.background_callback.managers import BaseBackgroundCallbackManager as Manager
    except ImportError:
        from dash.long_callback.managers import BaseLongCallbackManager as Manager
    Manager.managers.clear()
    Manager.functions.clear()
    if not IS_UPSTREAM:
        from dash_auth._dash.group_page import declared

        declared.clear()
        declared.is_closed = False


def guard(app: Dash, users: Any = None, **options: Any) -> Any:
    """Put BasicAuth before an app; options that upstream 2.3.0 lacks are left out there.

    :param app: the app
    :param users: stored passwords, the usual two users when neither they nor auth_func are given
    :param options: what BasicAuth takes
    :return: the guard
    """
    if users is None and "auth_func" not in options:
        users = dict(USERS)
    if IS_UPSTREAM:
        known = inspect.signature(dash_auth.BasicAuth).parameters
        options = {name: value for name, value in options.items() if name in known}
    return dash_auth.BasicAuth(app, users, **options)


def new_app(name: str = "attacked", **options: Any) -> Dash:
    """Return an app on a server of the kind at hand.

    :param name: its name
    :param options: what Dash takes
    :return: the app
    """
    # Older versions of Dash know Flask alone, and no such option.
    if backend != "flask" and "server" not in options:
        options["backend"] = backend
    return Dash(name, assets_folder=options.pop("assets_folder", "no-such-folder"), **options)


def plain_app(**options: Any) -> Dash:
    """Return an app with a private layout, not guarded yet.

    :param options: what Dash takes
    :return: the app
    """
    app = new_app(**options)
    app.layout = html.Div([html.Div(PRIVATE, id="private-layout")])
    return app


def pages_app(**options: Any) -> Dash:
    """Return an app with use_pages and no page yet; every test registers its own.

    :param options: what Dash takes
    :return: the app
    """
    app = new_app(use_pages=True, pages_folder="", **options)
    app.layout = html.Div([dash.page_container])
    return app


def page_module(name: str, source: str, **names: Any) -> ModuleType:
    """Return a module of a page's, as Dash imports one.

    :param name: its name
    :param source: its text
    :param names: what it has at hand beside Dash and dash_auth
    """
    made = ModuleType(name)
    own = {"dash": dash, "dash_auth": dash_auth, "html": html, "Input": Input, "Output": Output}
    vars(made).update(own, **names)
    # Older versions of Dash look for the source of a background callback.
    linecache.cache[f"{name}.py"] = len(source), None, source.splitlines(True), f"{name}.py"
    exec(compile(source, f"{name}.py", "exec"), vars(made))
    return made


def item(component: Any, prop: str, *value: Any) -> dict[str, Any]:
    """Return one input or state as the renderer sends it; without a value, the key is absent.

    :param component: the id
    :param prop: the property
    :param value: the value, if there is one
    :return: the JSON object
    """
    found: dict[str, Any] = {"id": component, "property": prop}
    if value:
        found["value"] = value[0]
    return found


def outputs_of(output: str) -> Any:
    """Return `outputs` for an id without wildcards, None for a callback that has none."""
    if output.startswith("..") and output.endswith(".."):
        return [outputs_of(part) for part in output[2:-2].split("...")]
    component, dot, prop = output.rpartition(".")
    return {"id": component, "property": prop} if dot else None


def body(
    output: str,
    inputs: list[Any],
    state: list[Any] | None = None,
    *,
    outputs: Any = None,
    changed: list[str] | None = None,
) -> dict[str, Any]:
    """Return a callback body in the renderer's shape.

    :param output: the callback's id
    :param inputs: inputs, as `item` or lists of them
    :param state: states, None leaves the key out, as the renderer does
    :param outputs: `outputs`, if it is more than the id says
    :param changed: `changedPropIds`, empty for an initial call
    :return: the JSON object
    """
    found: dict[str, Any] = {"output": output}
    shape = outputs if outputs is not None else outputs_of(output)
    if shape is not None:
        found["outputs"] = shape
    found["inputs"] = inputs
    found["changedPropIds"] = changed or []
    found["parsedChangedPropsIds"] = changed or []
    if state is not None:
        found["state"] = state
    return found


def route_body(pathname: Any, search: Any = "", extra: tuple[Any, ...] = ()) -> dict[str, Any]:
    """Return the body that the renderer sends to Dash's page router.

    :param pathname: the pathname
    :param search: the query string with its question mark
    :param extra: further inputs, of routing_callback_inputs
    :return: the JSON object
    """
    return body(
        PAGE_ROUTER,
        [
            item("_pages_location", "pathname", pathname),
            item("_pages_location", "search", search),
            *extra,
        ],
        changed=["_pages_location.pathname", "_pages_location.search"],
    )
