"""Which pages of Dash's public routes open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import Dash

from dash_auth import _dash_internals as internals
from dash_auth._core import Gate, Routed, RouteMap, Standing
from dash_auth._dash.group_page import group_page
from dash_auth._dash.page_rules import PageRules
from dash_auth._quoted import quoted


class OpenPages:
    """Tells which pages of one app may be shown with no login."""

    def __init__(self, app: Dash, rules: PageRules, gate: Gate) -> None:
        """Remember what decides.

        :param app: Dash app
        :param rules: which of the declared rules lead to pages
        :param gate: says whether they mean a page
        """
        self._app = app
        self._rules = rules
        self._gate = gate
        self._prefix = internals.routes_prefix(app)

    def templates(self) -> list[str] | None:
        """Return the templates that the gate is to be asked with; it knows the rules by then.

        A client chooses what Dash compares with all of them.
        """
        self._rules.examine()
        return internals.page_templates() if self._app.use_pages else None

    def opens(self, page: Mapping[str, Any]) -> bool:
        """Tell whether a rule opens a page to anyone, or some of the paths of its template.

        :param page: the page as it was registered
        """
        rules, template = self._rules.showing(), page.get("path_template")
        if rules.opens_page(page["path"], path=page["path"]):
            return True
        paths = (path for rule in rules.rules for path in RouteMap.sample_paths(rule))
        return template is not None and any(
            rules.opens_page(path, template=template) for path in (page["path"], *paths)
        )

    def index_is_open(self, requested: str, standing: Standing) -> bool:
        """Tell whether a path's index page is open, once a rule matches it.

        :param requested: the path as the server has it
        :param standing: how the rule matches
        """
        path = requested[len(self._prefix) - 1 :]
        if not self._rules.means(path, standing):
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

    def why_closed(self, routed: Routed, *, is_page_router: bool) -> str | None:
        """Return why what a callback shows is closed, None if it is an open page.

        :param routed: where the callback leads
        :param is_page_router: whether it is the one with which Dash shows pages
        """
        closed = f"no rule opens the page that it would show, {quoted(routed.pathname)}"
        if routed.standing is Standing.CLOSED:
            return closed
        if not is_page_router:
            return None if self._rules.means(routed.path, routed.standing) else closed
        try:
            found = internals.resolve_page(self._app.strip_relative_path(routed.pathname) or "")
            keys = internals.query_names(routed.search)
            inputs = set(self._app.routing_callback_inputs)
        except Exception:
            return closed
        page = found or internals.not_found_page()
        if self._means(routed.path, page, keys | inputs):
            return None
        if page is None or not self._means(routed.path, page, frozenset()):
            return closed
        variables = page.variables
        what = "the query key" if variables & keys else "the routing callback input"
        names = ", ".join(map(quoted, sorted(variables & keys or variables & inputs)))
        return f"{what} {names} would replace a variable of the page at {quoted(routed.pathname)}"

    def _means(
        self, path: str, page: internals.ResolvedPage | None, supplied: frozenset[str]
    ) -> bool:
        """Tell whether the rules that match a path mean a page.

        :param path: path relative to the app's prefix
        :param page: the page that Dash finds
        :param supplied: names that Dash merges over the variables of the page
        """
        if page is None:
            return self._gate.ask_page(path, None, None, False)
        if group_page(page.registered) is not None:
            # However broad a rule is: whoever may see it has to log in.
            return False
        is_replaced = bool(page.variables & supplied)
        return self._gate.ask_page(path, page.path, page.template, is_replaced)
