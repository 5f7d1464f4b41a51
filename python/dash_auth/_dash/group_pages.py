"""Which pages are for some users only, and which callbacks belong to them."""

from __future__ import annotations

import inspect
import json
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakSet

from dash import Dash, html

from dash_auth import _dash_internals as internals
from dash_auth._arguments import check_path
from dash_auth._current import current_facts
from dash_auth._dash.closed import source
from dash_auth._dash.page_need import KEYWORDS, PageNeed, refuse_misnamed
from dash_auth.public_routes import is_public_callback

_MOST = 50
"""So many functions are looked at that one holds."""

UNSAID = object()
"""Stands for the callbacks of a page where nothing says which they are."""


class _Declared(dict[str, dict[str, Any]]):
    """What `protect_page` was told, by the paths of the pages."""

    is_closed = False
    """Whether a first request has come: from then on nothing is added."""


declared = _Declared()

_with_groups: WeakSet[Any] = WeakSet()

NO_ACCESS: dict[str, Any] = {
    "module": "dash_auth.no_access",
    "path": "",
    "path_template": None,
    "title": "Access denied",
    "layout": html.Div(
        [
            html.H1("Access denied"),
            html.P("Your account may not see this page. Ask for access if you need it."),
        ]
    ),
}
"""The page that is shown in the place of one that a user may not see."""


def noting_groups(decorator: Callable[..., Any]) -> Callable[..., Any]:
    """Return a decorator that notes of each function that it checks its user's groups itself.

    :param decorator: has functions check groups
    """

    def noting(*outputs: Any, **variables: Any) -> Any:
        made = decorator(*outputs, **variables)
        if inspect.isfunction(made):
            _with_groups.add(made)
        return made

    return noting


@dataclass(frozen=True)
class GroupPage:
    """A page for some users only.

    Attributes:
        module: what it is registered under.
        path: its path, or its template.
        need: what a user needs to see it.
        hide: whether it is unknown to anybody else.
        callbacks: the functions of its callbacks; `UNSAID` where nothing says which they are.
    """

    module: str
    path: str
    need: PageNeed
    hide: bool
    callbacks: object

    def lists(self, functions: Iterable[object]) -> bool:
        """Tell whether one of some functions is said to be a callback of the page."""
        said = self.callbacks if isinstance(self.callbacks, tuple) else ()
        return any(one is function for one in said for function in functions)


def _declaration(page: Mapping[str, Any]) -> dict[str, Any] | None:
    if not declared:
        return None
    paths = (page["path"], page.get("path_template") or page["path"])
    return next((declared[path] for path in map(as_key, paths) if path in declared), None)


def declare(path: str, said: dict[str, Any]) -> None:
    """Remember what is said of a page by its path.

    :param path: its path, or its template
    :param said: what is said, under the keywords of a page
    :raises TypeError: if it is of a wrong type
    :raises ValueError: if it says nothing, or is said twice
    :raises RuntimeError: after the first request
    """
    if declared.is_closed:
        raise RuntimeError("protect_page comes too late: call it before the app's first request")
    check_path("path", path)
    if as_key(path) in declared:
        raise ValueError(f"protect_page was called for {path!r} already")
    if not said:
        raise ValueError(f"protect_page needs to know who may see {path!r}: groups=[...]")
    if "groups" in said:
        if not callable(said["groups"]) and isinstance(said["groups"], Iterable):
            if not isinstance(said["groups"], str | bytes | Mapping):
                said = {**said, "groups": tuple(said["groups"])}
        PageNeed(said["groups"], said["check_type"])
    if not isinstance(said.get("hide", False), bool):
        raise TypeError(f"hide must be True or False, not {type(said['hide']).__name__}")
    if "callbacks" in said:
        said = {**said, "callbacks": functions_of(said["callbacks"])}
    declared[as_key(path)] = said


def as_key(path: str) -> str:
    """Return a page's path as Dash compares it."""
    return path.strip("/")


_read: dict[str, tuple[tuple[object, ...], GroupPage | None]] = {}
"""What was read of each page, and of what: it is asked for at each request."""


def group_page(page: Mapping[str, Any]) -> GroupPage | None:
    """Return a page as one for some users only, None if it is for all of them.

    :param page: the page as it was registered
    :raises ValueError: if what is registered says no clear thing
    """
    of = (page, len(page), len(declared), *map(page.get, KEYWORDS))
    known = _read.get(page["module"])
    if known is not None and all(map(operator.is_, known[0], of)):
        return known[1]
    found = _as_group_page(page)
    _read[page["module"]] = of, found
    return found


def _as_group_page(page: Mapping[str, Any]) -> GroupPage | None:
    by_name = _declaration(page)
    path = page.get("path_template") or page["path"]
    try:
        refuse_misnamed(page)
        said = dict(page)
        if by_name is not None:
            if by_name.get("groups") is not None and page.get("groups") is not None:
                raise ValueError("it has groups already, so protect_page must have none")
            said.update(by_name)
        if said.get("groups") is None:
            if by_name is not None:
                raise ValueError("protect_page needs groups=, which register_page has not")
            return None
        need = PageNeed(said["groups"], said.get("check_type", "one_of"))
        hide = said.get("hide", False)
        if not isinstance(hide, bool):
            raise ValueError(f"hide must be True or False, not {type(hide).__name__}")
        callbacks = functions_of(said.get("callbacks", UNSAID))
    except (TypeError, ValueError) as error:
        raise ValueError(f"The page {path!r}: {error}") from error
    return GroupPage(str(page["module"]), path, need, hide, callbacks)


def functions_of(callbacks: object) -> object:
    """Return the functions of a page's callbacks; `UNSAID` stays.

    :param callbacks: what was declared; None says that there are none
    :raises TypeError: if it is no list of functions
    """
    if callbacks is UNSAID:
        return UNSAID
    if callbacks is None:
        return ()
    if isinstance(callbacks, str | bytes | Mapping) or not isinstance(callbacks, Iterable):
        raise TypeError(f"callbacks must be a list of functions, not {type(callbacks).__name__}")
    functions = tuple(callbacks)
    for function in functions:
        if not callable(function):
            raise TypeError(f"callbacks has functions, not {type(function).__name__}")
    return functions


class GroupPages:
    """The pages of one app that are for some users only."""

    def __init__(self, app: Dash, opens: Callable[[Mapping[str, Any]], bool]) -> None:
        """Remember what decides.

        :param app: Dash app
        :param opens: tells whether a rule opens a page
        """
        self._app = app
        self._opens = opens

    def exist(self) -> bool:
        """Tell whether there are any."""
        return bool(declared) or any(
            page.get("groups") is not None for page in internals.page_entries()
        )

    def stand_before(self) -> None:
        """Have Dash find none of them but for a user who may see it."""
        internals.stand_before_pages(_fitting)

    def all(self) -> list[GroupPage]:
        """Return them."""
        found = map(group_page, internals.page_entries())
        return [page for page in found if page is not None]

    def at(self, path: str) -> GroupPage | None:
        """Return the one that Dash finds for a path, None where it finds another, or none.

        :param path: the path relative to the app's prefix, or whatever Dash looks up
        :raises Exception: whatever Dash raises for a path that upsets it
        """
        page = internals.find_page(path)
        return None if page is None else group_page(page)

    # Callbacks

    def owners(self, entry: internals.CallbackEntry) -> list[GroupPage]:
        """Return the pages that a callback belongs to: whoever runs it has to see each of them.

        :param entry: the callback as Dash keeps it
        """
        if is_public_callback(self._app, entry):
            return []
        return self.owners_of(internals.registered_function(entry))

    def owners_of(self, function: object) -> list[GroupPage]:
        """Return the pages that a private function belongs to.

        :param function: the function that was registered for a callback
        """
        functions = list(_unwrapped(function))
        if any(one in _with_groups for one in functions if inspect.isfunction(one)):
            return []
        listing = [page for page in self.all() if page.lists(functions)]
        return listing or [page for page in self._beside(functions)[0] if page is not None]

    def _beside(self, functions: list[object]) -> tuple[list[GroupPage | None], bool]:
        """Return the pages that are made where a function is, and whether that is clear.

        A package's page has what is below it. None stands for a page for all users. It is not clear
        where just the layout of a page is made there.

        :param functions: the function, and what it wraps
        """
        modules = _modules_of(functions)
        made = [
            (group_page(page), page["module"] in modules)
            for page in internals.page_entries()
            if modules & {page["module"], _module_of_layout(page)}
        ]
        while not made and modules:
            modules = {module.rpartition(".")[0] for module in modules} - {""}
            made = [
                (group_page(page), True)
                for page in internals.page_entries()
                if page["module"] in modules
            ]
        if not any(page is not None and page.callbacks is UNSAID for page, _ in made):
            return [], True
        # Of a page that says which its callbacks are, this is none.
        left = [one for one in made if one[0] is None or one[0].callbacks is UNSAID]
        is_clear = any(registers and page is not None for page, registers in left)
        return [page for page, _ in left], is_clear

    def unowned(self) -> Iterator[tuple[str, internals.CallbackEntry]]:
        """Return the private callbacks, with their ids, that any user may run."""
        for output, entry in self._private():
            functions = list(_unwrapped(internals.registered_function(entry)))
            has_groups = any(one in _with_groups for one in functions if inspect.isfunction(one))
            if not has_groups and not self.owners(entry):
                yield output, entry

    def of_page(self, page: GroupPage) -> Iterator[tuple[str, internals.CallbackEntry]]:
        """Return the callbacks that belong to a page, with their ids."""
        for output, entry in self._private():
            if page.module in (owner.module for owner in self.owners(entry)):
                yield output, entry

    def _private(self) -> Iterator[tuple[str, internals.CallbackEntry]]:
        """Return the callbacks of the developer's that are not public, with their ids."""
        for output, entry in dict(internals.callback_entries(self._app)).items():
            # A clientside callback asks the server for nothing.
            if "callback" not in entry or output == internals.PAGE_ROUTER_ID:
                continue
            if internals.is_cancel_callback(entry) or is_public_callback(self._app, entry):
                continue
            yield output, entry

    def have_background_callbacks(self) -> bool:
        """Tell whether a callback of theirs runs in the background."""
        return any(
            internals.background(entry) and self.owners(entry)
            for _, entry in internals.callback_entries(self._app)
        )

    # What is declared wrongly

    def close(self) -> None:
        """Take no more declarations: the first request is there.

        :raises ValueError: as :meth:`check` does
        """
        declared.is_closed = True
        self.check()

    def check(self) -> None:
        """Refuse what would open something of a page by mistake.

        :raises ValueError: names the page or the callback, and what to do
        """
        pages = self.all()
        known = {as_key(page["path"]) for page in internals.page_entries()}
        known |= {as_key(page.get("path_template") or "") for page in internals.page_entries()}
        for path in declared:
            if path not in known:
                raise ValueError(f"protect_page names {'/' + path!r}, and there is no such page")
        if not pages:
            return
        self._check_pages()
        for output, entry in self._private():
            self._check_callback(output, entry)
        for page in internals.page_entries():
            found = group_page(page)
            if found is not None:
                self._check_listed(found)
                self._check_layout(found, page)

    def _check_pages(self) -> None:
        for page in internals.page_entries():
            found = group_page(page)
            if found is None:
                continue
            if internals.is_not_found_page(page):
                raise ValueError("The page not_found_404 is shown to everybody: it has no groups")
            if self._opens(page):
                raise ValueError(
                    f"The page {found.path!r} has groups, and a public route opens it: remove one"
                )

    def _check_callback(self, output: str, entry: internals.CallbackEntry) -> None:
        function = internals.registered_function(entry)
        functions = list(_unwrapped(function))
        if any(one in _with_groups for one in functions if inspect.isfunction(one)):
            return
        listing = [page for page in self.all() if page.lists(functions)]
        beside, is_clear = ([], True) if listing else self._beside(functions)
        owners: list[GroupPage | None] = [*listing] or beside
        if not is_clear or len({None if one is None else one.need for one in owners}) > 1:
            name, place = source(function, output)
            paths = ", ".join(repr(one.path) for one in owners if one is not None)
            raise ValueError(
                f"The callback {name} ({place}) may belong to the page {paths}, which is for some "
                "groups only, or not. Say so: register it with dash_auth.protected_callback(..., "
                "groups=[...]), keep it in a module that registers this page alone, or list the "
                "page's callbacks: dash_auth.protect_page(path, callbacks=[...])"
            )

    def _check_listed(self, page: GroupPage) -> None:
        if not isinstance(page.callbacks, tuple):
            return
        entries = dict(internals.callback_entries(self._app)).values()
        known = [one for each in entries for one in _unwrapped(internals.registered_function(each))]
        for function in page.callbacks:
            if not any(one is function for one in known):
                name = getattr(function, "__name__", type(function).__name__)
                raise ValueError(f"The page {page.path!r} lists {name}, which is no callback")

    def _check_layout(self, page: GroupPage, registered: Mapping[str, Any]) -> None:
        layout = registered.get("layout")
        if page.callbacks is not UNSAID or callable(layout):
            return
        open_to_all = dict(self.unowned())
        filling = [
            (name, output)
            for output, entry in internals.callback_entries(self._app)
            if "callback" in entry
            for name, _ in internals.outputs(entry)[0]
        ]
        for shown in internals.component_ids([layout]):
            outputs = [output for name, output in filling if _fill(name, shown)]
            if outputs and all(output in open_to_all for output in outputs):
                function = internals.registered_function(open_to_all[outputs[0]])
                name, place = source(function, outputs[0])
                raise ValueError(
                    f"The page {page.path!r} is for some groups only, and any user may run the "
                    f"callback {name} ({place}), which fills {shown!r} on it. Register it with "
                    "dash_auth.protected_callback(..., groups=[...]), or say which callbacks are "
                    f"the page's: dash_auth.protect_page({page.path!r}, callbacks=[...]); None "
                    "says that there are none"
                )


def _fitting(page: dict[str, Any]) -> dict[str, Any]:
    """Return what the current visitor is shown for a page that Dash has found."""
    try:
        found = group_page(page)
    except ValueError:
        # It was registered since the first request, which would have told.
        return {}
    if found is None:
        return page
    request = current_facts()
    if request is not None and request.pages.get(found.module) is True:
        return page
    return {} if found.hide else NO_ACCESS


def _unwrapped(function: object) -> Iterator[object]:
    """Return a function, and what it wraps."""
    seen: list[object] = []
    while function is not None and not any(function is one for one in seen):
        seen.append(function)
        yield function
        partial_of = getattr(function, "func", None)
        function = getattr(function, "__wrapped__", partial_of)


def _within(functions: Iterable[object]) -> list[object]:
    """Return functions, and those that they hold.

    So a decorator that does not say what it wraps holds it, and what a factory makes its own.

    :param functions: the functions
    """
    found = list(functions)
    # What is found is looked at in turn.
    for one in found:
        for cell in getattr(one, "__closure__", None) or ():
            held = cell.cell_contents if _is_bound(cell) else None
            if inspect.isfunction(held) and len(found) < _MOST and held not in found:
                found.append(held)
    return found


def _is_bound(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True


def _modules_of(functions: Iterable[object]) -> set[str]:
    return {str(getattr(one, "__module__", None) or "") for one in _within(functions)} - {""}


def _module_of_layout(page: Mapping[str, Any]) -> object:
    layout = page.get("layout")
    function = list(_unwrapped(layout))[-1] if callable(layout) else None
    return getattr(function, "__module__", None)


def _fill(name: str, shown: str | dict[str, Any]) -> bool:
    """Tell whether an output is that of a component; a pattern is if it has the same keys.

    :param name: the id of the output, as a callback declares it
    :param shown: the id of the component
    """
    if isinstance(shown, str):
        return name == shown
    return name.startswith("{") and set(json.loads(name)) == set(shown)
