"""Which pages are for some users only, and which callbacks belong to them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from dash import Dash, html

from dash_auth import _dash_internals as internals
from dash_auth._current import current_facts
from dash_auth._dash.callback_functions import (
    checks_groups,
    module_of_layout,
    modules_of,
    unwrapped,
)
from dash_auth._dash.closed import source
from dash_auth._dash.group_page import UNSAID, GroupPage, as_key, declared, group_page
from dash_auth.public_routes import is_public_callback

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
        functions = list(unwrapped(function))
        if checks_groups(functions):
            return []
        listing = [page for page in self.all() if page.lists(functions)]
        return listing or [page for page in self._beside(functions)[0] if page is not None]

    def _beside(self, functions: list[object]) -> tuple[list[GroupPage | None], bool]:
        """Return the pages that are made where a function is, and whether that is clear.

        A package's page has what is below it. None stands for a page for all users. It is not clear
        where just the layout of a page is made there.

        :param functions: the function, and what it wraps
        """
        modules = modules_of(functions)
        made = [
            (group_page(page), page["module"] in modules)
            for page in internals.page_entries()
            if modules & {page["module"], module_of_layout(page)}
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
            functions = list(unwrapped(internals.registered_function(entry)))
            has_groups = checks_groups(functions)
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
        functions = list(unwrapped(function))
        if checks_groups(functions):
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
        known = [one for each in entries for one in unwrapped(internals.registered_function(each))]
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


def _fill(name: str, shown: str | dict[str, Any]) -> bool:
    """Tell whether an output is that of a component; a pattern is if it has the same keys.

    :param name: the id of the output, as a callback declares it
    :param shown: the id of the component
    """
    if isinstance(shown, str):
        return name == shown
    return name.startswith("{") and set(json.loads(name)) == set(shown)
