"""Which pages of Dash's public routes open."""

from __future__ import annotations

from dash import Dash

from dash_auth import _dash_internals as internals
from dash_auth._dash.page_rules import PageRules
from dash_auth._quoted import quoted


class OpenPages:
    """Tells which pages of one app may be shown with no login."""

    def __init__(self, app: Dash, rules: PageRules) -> None:
        """Remember what decides.

        :param app: Dash app
        :param rules: which of the declared rules lead to pages
        """
        self._app = app
        self._rules = rules

    def pathname_is_open(self, path: str) -> bool:
        """Tell whether what a routing callback shows for a pathname is open.

        :param path: path relative to the app's prefix
        """
        return self._may_resolve(path) and self._rules.means(path)

    def index_is_open(self, requested: str, path: str) -> bool:
        """Tell whether a path's index page is open.

        :param requested: the path as the server has it
        :param path: the same relative to the app's prefix
        """
        if not self._may_resolve(path) or not self._rules.means(path):
            return False
        if not self._app.use_pages:
            return True
        # Dash puts title and description of the page into the index, and runs them if they are
        # functions. It looks the page up by the path with the prefix, whatever that finds.
        try:
            page = internals.resolve_page(requested)
        except Exception:
            return False
        return self._means(path, page, frozenset())

    def why_router_is_closed(self, path: str, pathname: str, search: str) -> str | None:
        """Return why what Dash's page router shows for a pathname is closed, None if it is open.

        :param path: path relative to the app's prefix
        :param pathname: the same as the browser has it
        :param search: the query string
        """
        closed = f"no rule opens the page that it would show, {quoted(pathname)}"
        if not self._may_resolve(path):
            return closed
        try:
            found = internals.resolve_page(self._app.strip_relative_path(pathname) or "")
            keys, inputs = internals.query_names(search), set(self._app.routing_callback_inputs)
        except Exception:
            return closed
        page = found or internals.not_found_page()
        if self._means(path, page, keys | inputs):
            return None
        if page is None or not self._means(path, page, frozenset()):
            return closed
        variables = page.variables
        what = "the query key" if variables & keys else "the routing callback input"
        names = ", ".join(map(quoted, sorted(variables & keys or variables & inputs)))
        return f"{what} {names} would replace a variable of the page at {quoted(pathname)}"

    def _may_resolve(self, path: str) -> bool:
        """Tell whether Dash may be asked for the page: a stranger chooses what it works on."""
        templates = internals.page_templates() if self._app.use_pages else []
        return self._rules.showing().may_resolve_page(path, templates)

    def _means(
        self, path: str, page: internals.ResolvedPage | None, supplied: frozenset[str]
    ) -> bool:
        """Tell whether the rules that match a path mean a page.

        :param path: path relative to the app's prefix
        :param page: the page that Dash finds
        :param supplied: names that Dash merges over the variables of the page
        """
        rules = self._rules.showing()
        if page is None:
            return rules.opens_page(path)
        return rules.opens_page(
            path,
            path=page.path,
            template=page.template,
            variables_are_replaced=bool(page.variables & supplied),
        )
