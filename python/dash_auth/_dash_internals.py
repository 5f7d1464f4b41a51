"""What is read of Dash beyond its public API, in one place.

Everything here holds for Dash 2.18, 3.x and 4.x. Where Dash changes, this file is what to mend.
"""

from __future__ import annotations

import functools
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, TypedDict, cast
from urllib.parse import parse_qs

import dash
from dash import Dash
from dash._callback import GLOBAL_CALLBACK_LIST, GLOBAL_CALLBACK_MAP
from dash._callback_context import context_value
from dash._jupyter import jupyter_dash
from dash.development.base_component import Component

# Dash leaves these untyped.
_check_fingerprint: Callable[[str], tuple[str, bool]] = dash.fingerprint.check_fingerprint
_path_to_page: Callable[[str], tuple[dict[str, Any], dict[str, str] | None]] = (
    dash._pages._path_to_page
)

PAGE_ROUTER_ID = ".._pages_content.children..._pages_store.data.."
"""The callback that Dash derives from `use_pages=True`."""

COMPONENT_SUITES = "_dash-component-suites/<string:package_name>/<path:fingerprinted_path>"
"""The endpoint that serves the files of component packages."""

WEBSOCKET = "_dash-ws-callback"
"""The endpoint of the WebSocket that carries callbacks."""

_UNNAMED_KEYWORDS = (
    "output",
    "inputs",
    "state",
    "prevent_initial_call",
    "config_prevent_initial_callbacks",
    "callback_map",
    "callback_list",
    "_allow_dynamic_callbacks",
)
"""The keywords of `dash.callback` that its signature leaves out: it looks for them by name."""


class CallbackEntry(TypedDict, total=False):
    """A registered callback, as `Dash.callback_map` holds it."""

    inputs: list[dict[str, Any]]
    state: list[dict[str, Any]]
    output: Any
    callback: Callable[..., Any]
    no_output: bool
    websocket: bool
    background: dict[str, Any] | None
    long: dict[str, Any] | None


@dataclass(frozen=True)
class ResolvedPage:
    """The page that Dash finds for a path.

    Attributes:
        path: the page's own path.
        template: its template, if the path was found through one.
        variables: the names of its template's variables, however the path was found.
        registered: the page as it was registered.
    """

    path: str
    template: str | None = None
    variables: frozenset[str] = frozenset()
    registered: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


def routes_prefix(app: Dash) -> str:
    """Return the prefix of the app's paths as the server sees them; it ends in a slash."""
    return str(app.config.routes_pathname_prefix)


def requests_prefix(app: Dash) -> str:
    """Return the prefix of the app's paths as the browser sees them; it ends in a slash."""
    return str(app.config.requests_pathname_prefix)


def endpoint_name(app: Dash, name: str) -> str:
    """Return the name of the endpoint that Dash registers under a name of its own."""
    return routes_prefix(app) + name


def assets_endpoint_name(app: Dash) -> str:
    """Return the name of the endpoint that serves the app's assets."""
    prefix = routes_prefix(app).replace("/", "_").replace(".", "_")
    return f"{prefix}dash_assets.static"


def is_own_view(view: Callable[..., Any] | None) -> bool:
    """Tell whether a view function is Dash's, not the developer's."""
    module = getattr(inspect.unwrap(view), "__module__", None) if view is not None else None
    return isinstance(module, str) and module.split(".")[0] == "dash"


def is_own_hook(hook: Callable[..., Any]) -> bool:
    """Tell whether a hook of a server's is Dash's, in a subclass of the developer's too."""
    owner = getattr(hook, "__self__", None)
    overrides = isinstance(owner, Dash) and hasattr(Dash, getattr(hook, "__name__", ""))
    return overrides or is_own_view(hook)


def is_notebook_check(app: Dash, endpoint: str | None, view: Callable[..., Any] | None) -> bool:
    """Tell whether an endpoint is the one that a notebook asks whether its app is up yet."""
    name = endpoint_name(app, f"_alive_{jupyter_dash.alive_token}")
    return endpoint == name and is_own_view(view)


def _is_wrapped_by_dash(view: Callable[..., Any] | None) -> bool:
    """Tell whether a view is a developer's function that Dash serves: a startup route, a hook's."""
    return getattr(view, "__globals__", {}).get("__name__") == "dash._get_app"


def is_redirect(view: Callable[..., Any] | None) -> bool:
    """Tell whether a view function is what Dash makes of a page's `redirect_from`."""
    # Dash 4 puts the underscore before it.
    return is_own_view(view) and getattr(view, "__name__", "") in ("_redirect", "redirect")


def is_component_suite(app: Dash, package: object, path: object) -> bool:
    """Tell whether Dash serves this file of a component package; else it raises."""
    if not isinstance(package, str) or not isinstance(path, str):
        return False
    try:
        return _check_fingerprint(path)[0] in app.registered_paths.get(package, ())
    except Exception:  # whatever a crafted path does to Dash's parser, it names no file
        return False


def first_request_hooks(app: Dash, hooks: list[Callable[..., Any]]) -> list[Callable[..., Any]]:
    """Return those of a server's hooks in which Dash sets this app up at its first request."""
    return [hook for hook in hooks if _is_first_request_hook(app, hook)]


def _is_first_request_hook(app: Dash, hook: Callable[..., Any]) -> bool:
    if getattr(hook, "__self__", None) is app:
        return getattr(hook, "__name__", "") == "_setup_server"
    if not getattr(hook, "__qualname__", "").startswith("Dash.enable_pages.<locals>."):
        return False
    return inspect.getclosurevars(hook).nonlocals.get("self") is app


def callback_entry(app: Dash, output: str) -> CallbackEntry | None:
    """Return the callback that Dash runs for a body with this `output`."""
    return cast("CallbackEntry | None", app.callback_map.get(output))


def awaited_entry(app: Dash, output: str) -> CallbackEntry | None:
    """Return the callback with an id, one that the app has not yet taken over included."""
    entry = callback_entry(app, output)
    return entry or cast("CallbackEntry | None", GLOBAL_CALLBACK_MAP.get(output))


def callback_entries(app: Dash) -> Iterator[tuple[str, CallbackEntry]]:
    """Return the callbacks of the app with their ids, those not yet taken over included."""
    for entries in (app.callback_map, GLOBAL_CALLBACK_MAP):
        for output, entry in list(entries.items()):
            yield output, cast("CallbackEntry", entry)


def callbacks_registered(app: Dash) -> tuple[int, int, int, int]:
    """Return what changes with each callback of the app's, and with each it has yet to take over.

    One that takes another's place is listed beside it.
    """
    listed = len(app._callback_list), len(GLOBAL_CALLBACK_LIST)
    return len(app.callback_map), len(GLOBAL_CALLBACK_MAP), *listed


def registered_function(entry: CallbackEntry) -> object:
    """Return the very function that was registered, None for a clientside callback."""
    # One `__wrapped__` deep: what Dash wrapped. Deeper lies what the developer wrapped.
    return vars(entry["callback"]).get("__wrapped__") if "callback" in entry else None


def ids_of(entry: CallbackEntry) -> list[str]:
    """Return the ids of a callback's inputs, states and outputs."""
    declared = [*entry.get("inputs", ()), *entry.get("state", ())]
    return [str(item["id"]) for item in declared] + [name for name, _ in outputs(entry)[0]]


def component_ids(layouts: Iterable[Any]) -> Iterator[str | dict[str, Any]]:
    """Return the ids of all components in some layouts; what is no component has none."""
    for layout in layouts:
        if isinstance(layout, list | tuple):
            yield from component_ids(layout)
        elif isinstance(layout, Component):
            below: Iterator[Any] = layout._traverse()  # type: ignore[no-untyped-call]
            for one in (layout, *below):
                found = getattr(one, "id", None)
                if isinstance(found, str | dict):
                    yield found


def outputs(entry: CallbackEntry) -> tuple[list[tuple[str, str]], bool]:
    """Return the outputs as pairs of id and property, and whether they are a list of outputs."""
    if entry.get("no_output"):
        return [], True
    declared: Any = entry["output"]
    multiple = isinstance(declared, list | tuple)
    dependencies = declared if multiple else [declared]
    return [(item.component_id_str(), item.component_property) for item in dependencies], multiple


def background(entry: CallbackEntry) -> dict[str, Any] | None:
    """Return the settings of a callback that runs in the background, None for any other."""
    # Dash 2 names it `long`.
    return entry.get("background") or entry.get("long") or None


def has_websockets(app: Dash) -> bool:
    """Tell whether the app's server can carry callbacks over WebSockets."""
    return bool(getattr(getattr(app, "backend", None), "websocket_capability", False))


def is_for_websocket(app: Dash, entry: CallbackEntry) -> bool:
    """Tell whether Dash runs this callback over a WebSocket."""
    every = getattr(app, "_websocket_callbacks", False)
    return bool(every or entry.get("websocket"))


def callback_api_paths(app: Dash) -> Iterable[str]:
    """Return the paths of the API routes made of callbacks; older versions of Dash have none."""
    paths: Iterable[str] = getattr(app, "callback_api_paths", ())
    return paths


def api_function(app: Dash, endpoint: str | None) -> object:
    """Return the function that an API route made of a callback runs, None for another endpoint."""
    functions: Mapping[str, object] = getattr(app, "callback_api_paths", {})
    for path, function in functions.items():
        if endpoint in (f"dash_callback_api_{path}", endpoint_name(app, path)):
            return function
    return None


def is_mcp(app: Dash, endpoint: str | None) -> bool:
    """Tell whether an endpoint is the one by which programs run any callback, and read any page."""
    url, _, method = (endpoint or "").rpartition(":")
    return url in app.routes and method in _MCP_METHODS


def background_managers(app: Dash) -> list[Any]:
    """Return what starts the jobs of an app's background callbacks."""
    managers = [getattr(app, "_background_manager", None)]
    managers += [cast("Any", entry).get("manager") for _, entry in callback_entries(app)]
    managers += [(background(entry) or {}).get("manager") for _, entry in callback_entries(app)]
    return list({id(manager): manager for manager in managers if manager is not None}.values())


def callback_context() -> Mapping[str, Any]:
    """Return what Dash knows of the callback that runs, nothing outside of one."""
    return context_value.get({})


def tell_page(refusal: str) -> None:
    """Have our script in a page hear that a callback of its refuses, if that is over a WebSocket.

    Dash answers the callback itself, and says nothing of why. To the renderer this is the answer to
    a request that it never sent.

    :param refusal: what the script knows
    """
    socket: Any = callback_context().get("dash_websocket")
    if socket is None:
        return
    told = {"type": "callback_response", "rendererId": socket._renderer_id, "requestId": ""}
    socket._queue_message({**told, "payload": {"status": "error", "message": refusal}})


@functools.cache
def callback_keywords() -> tuple[str, ...]:
    """Return the keywords that `dash.callback` of the installed version knows.

    It takes any others as well, and forgets them.
    """
    named = inspect.signature(dash.callback).parameters.values()
    explicit = (one.name for one in named if one.kind == one.KEYWORD_ONLY)
    return (*explicit, *_UNNAMED_KEYWORDS)


def is_cancel_callback(entry: CallbackEntry) -> bool:
    """Tell whether Dash derived this callback from another's `cancel=`."""
    function = registered_function(entry)
    return (
        getattr(function, "__module__", None) == "dash.dash"
        and getattr(function, "__qualname__", None) == "Dash._setup_server.<locals>.cancel_call"
    )


def cancelled_by(app: Dash, entry: CallbackEntry) -> dict[str, CallbackEntry]:
    """Return the callbacks, with their ids, that a cancel callback cancels."""
    inputs = entry.get("inputs", [])
    return {
        output: other
        for output, other in callback_entries(app)
        if any(item in inputs for item in (background(other) or {}).get("cancel") or [])
    }


def resolve_page(path: str) -> ResolvedPage | None:
    """Return the page that Dash finds for a path without its prefix, None if there is none.

    :raises Exception: whatever Dash raises for a path that upsets it
    """
    page, variables = _path_to_page(path.strip("/"))
    if not page:
        return None
    return _as_resolved(page, by_template=bool(variables))


def _as_resolved(page: Mapping[str, Any], *, by_template: bool = False) -> ResolvedPage:
    template: str | None = page.get("path_template")
    variables = frozenset(re.findall("<(.*?)>", template or ""))
    return ResolvedPage(page["path"], template if by_template else None, variables, page)


def page_templates() -> list[str]:
    """Return the templates of all pages, which Dash compares a path with until one fits."""
    templates = [page.get("path_template") for page in list(dash.page_registry.values())]
    return [template for template in templates if template]


def page_count() -> int:
    """Return how many pages there are."""
    return len(dash.page_registry)


def registered_pages() -> list[ResolvedPage]:
    """Return the pages, each with its own path and its template."""
    pages = list(dash.page_registry.values())
    return [
        ResolvedPage(page["path"], page.get("path_template"), registered=page) for page in pages
    ]


def not_found_page() -> ResolvedPage | None:
    """Return the developer's own page for paths that have none, None if there is none."""
    for module, page in dash.page_registry.items():
        if module.split(".")[-1] == "not_found_404":
            return _as_resolved(page)
    return None


def current_app() -> Dash:
    """Return the app that is asked, or else the one that was made last.

    :raises Exception: if there is none
    """
    return cast("Dash", dash.get_app())  # type: ignore[no-untyped-call]


def page_entries() -> list[dict[str, Any]]:
    """Return the pages as they were registered, with the keywords that Dash does not know."""
    return list(dash.page_registry.values())


def find_page(path: str) -> dict[str, Any] | None:
    """Return the page that Dash finds for a path without its prefix, as it was registered.

    :raises Exception: whatever Dash raises for a path that upsets it
    """
    return _path_to_page(path.strip("/"))[0] or None


def is_not_found_page(page: Mapping[str, Any]) -> bool:
    """Tell whether Dash shows a page for the paths that have none, without looking for it."""
    return str(page["module"]).split(".")[-1] == "not_found_404"


_STANDS_BEFORE = "_dash_auth_stands_before"


def stand_before_pages(fit: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Have Dash show, and put into the index page, what is returned for a page that it has found.

    :param fit: returns the page, or another one; an empty one is none
    """
    # The index page and the page router look a page up under a name of their own.
    for module in (dash._pages, dash.dash):
        find = vars(module)["_path_to_page"]
        if getattr(find, _STANDS_BEFORE, None) is not fit:
            vars(module)["_path_to_page"] = _standing_before(find, fit)


def _standing_before(
    find: Callable[[str], tuple[dict[str, Any], dict[str, str] | None]],
    fit: Callable[[dict[str, Any]], dict[str, Any]],
) -> Callable[[str], tuple[dict[str, Any], dict[str, str] | None]]:
    def find_fitting(path_id: str) -> tuple[dict[str, Any], dict[str, str] | None]:
        page, variables = find(path_id)
        fitting = fit(page) if page else page
        return (page, variables) if fitting is page else (fitting, None)

    vars(find_fitting)[_STANDS_BEFORE] = fit
    return find_fitting


def query_names(search: str) -> frozenset[str]:
    """Return the names in a query string, those without a value, which Dash 2 drops, included."""
    return frozenset(parse_qs(search.removeprefix("?"), keep_blank_values=True))


def source_file(app: Dash) -> str:
    """Return what tells this app from another on the same host."""
    module = sys.modules.get(app.config.name)
    return str(getattr(module, "__file__", None) or app.config.name)


def signing_secret(app: Dash) -> bytes | None:
    """Return the secret with which Dash signs handles of jobs, None before Dash 4.4.1."""
    secret = getattr(app, "_get_signing_secret", None)
    return bytes(secret()) if secret is not None else None


def suppress_validation_layout(app: Dash) -> None:
    """Keep Dash from running every page's layout function for whoever comes first."""
    if app.use_pages:
        app.config.suppress_callback_exceptions = True


def wrap_config(app: Dash, fit: Callable[[dict[str, Any]], None]) -> None:
    """Have what Dash tells the renderer in the index page changed for who is asking.

    :param app: Dash app
    :param fit: changes the settings in place
    """
    original: Callable[[], dict[str, Any]] = app._config

    def config() -> dict[str, Any]:
        settings = original()
        fit(settings)
        return settings

    vars(app)["_config"] = config


def wrap_index_page(app: Dash, fit: Callable[[str], str]) -> None:
    """Have the index page changed, however the developer has it made.

    :param app: Dash app
    :param fit: returns what is sent in its place
    """
    original: Callable[..., Any] = app.interpolate_index

    def interpolate_index(*arguments: Any, **keywords: Any) -> Any:
        page = original(*arguments, **keywords)
        return fit(page) if isinstance(page, str) else page

    vars(app)["interpolate_index"] = interpolate_index


class layout_unseen:
    """Let Dash's set-up validate an empty layout in place of a layout function's.

    The function would run for whoever comes first, logged in or not.
    """

    def __init__(self, app: Dash) -> None:
        self._app = app

    def __enter__(self) -> None:
        if self._app._layout_is_function:
            vars(self._app)["_layout_value"] = lambda: dash.html.Div()

    def __exit__(self, *_: object) -> None:
        vars(self._app).pop("_layout_value", None)


def declared(dependency: Mapping[str, Any]) -> tuple[str, str, bool]:
    """Return id and property of a declared Input or State, and whether it may be absent."""
    optional = bool(dependency.get("allow_optional", False))
    return str(dependency["id"]), str(dependency["property"]), optional


def route_path(scope: MutableMapping[str, Any]) -> str:
    """Return the path of an ASGI scope as the server's own routes have it."""
    path, root = str(scope["path"]), str(scope.get("root_path", ""))
    if root and path.startswith(root) and path[len(root) : len(root) + 1] in ("", "/"):
        return path[len(root) :]
    return path


def apps_of(owners: Iterable[Any]) -> list[Dash]:
    """Return the Dash apps on a server.

    :param owners: what may have put something before the server's requests: hooks, middleware
    """
    found = (getattr(one, "__self__", one) for one in owners)
    return list({id(app): app for app in found if isinstance(app, Dash)}.values())


def fastapi_apps(server: Any) -> list[Dash]:
    """Return the Dash apps on a FastAPI server."""
    kept = (vars(one).get("kwargs") or {} for one in server.user_middleware)
    return apps_of(one.get("dash_app") for one in kept)


_MCP_METHODS = ("GET", "POST", "DELETE")


def is_closed_name(app: Dash, endpoint: str) -> bool:
    """Tell whether Dash gave this name to an endpoint that no rule opens: MCP, API, WebSocket."""
    if is_mcp(app, endpoint) or endpoint == endpoint_name(app, WEBSOCKET):
        return True
    return any(
        endpoint in (f"dash_callback_api_{path}", endpoint_name(app, path))
        for path in callback_api_paths(app)
    )


def has_named(app: Dash, endpoint: str) -> bool:
    """Tell whether Dash gave this name to an endpoint of an app."""
    own = endpoint in app.routes or is_closed_name(app, endpoint)
    # On FastAPI Dash calls these two something else.
    return own or endpoint in (
        endpoint_name(app, "<path:path>"),
        endpoint_name(app, COMPONENT_SUITES),
    )


def is_websocket_path(apps: Iterable[Dash], path: str) -> bool:
    """Tell whether a WebSocket's path is that of one of Dash's own."""
    return any(path == endpoint_name(app, WEBSOCKET) for app in apps)


_FASTAPI_SUITES = "_dash-component-suites/{package_name}/{fingerprinted_path:path}"
FASTAPI_CATCH_ALL = "{path:path}"
"""The path of Dash's catch-all on FastAPI, with no slash before it: no developer writes that."""


def fastapi_endpoint(route: Any, apps: list[Dash], *, shadows: bool) -> tuple[str, Any]:
    """Return what a route of FastAPI runs, under the name that Dash gives it on Flask.

    :param route: one of the server's routes
    :param apps: the Dash apps on the server
    :param shadows: whether another route of the same path is Dash's own
    :return: name and function of the endpoint
    """
    view: Any = getattr(route, "endpoint", None) or getattr(route, "app", None)
    path, name = str(getattr(route, "path", "")), str(getattr(route, "name", ""))
    if path == FASTAPI_CATCH_ALL and apps:
        of_view = inspect.getclosurevars(view).nonlocals if inspect.isfunction(view) else {}
        return endpoint_name(of_view.get("dash_app", apps[-1]), "<path:path>"), view
    for app in apps:
        # Whatever function stands there by now.
        known = _fastapi_name(app, path)
        if known is not None and not (shadows and path == routes_prefix(app)):
            return known, view
    if not is_own_view(view) and not _is_wrapped_by_dash(view):
        # No name that a developer gives a route is taken for one of Dash's.
        return f"{name} at {path}", view
    return name or path, view


def _fastapi_name(app: Dash, path: str) -> str | None:
    """Return the name under which Dash put an endpoint at a path, None if it did not."""
    prefix = routes_prefix(app)
    if path == prefix + app.config.assets_url_path.strip("/"):
        return assets_endpoint_name(app)
    if path == prefix + _FASTAPI_SUITES:
        return prefix + COMPONENT_SUITES
    if path == prefix + str(getattr(app, "_mcp_path", None)):
        return f"{path}:POST"
    for api in callback_api_paths(app):
        if path == f"/{api.removeprefix('/')}":
            return f"dash_callback_api_{api}"
    return path if path in app.routes or path == prefix + WEBSOCKET else None
