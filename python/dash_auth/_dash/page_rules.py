"""How a rule is read: which routes of the server's own it names, and which pages of Dash's."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from dash import Dash

from dash_auth import _dash_internals as internals
from dash_auth._core import RouteMap, Standing, below_prefix
from dash_auth._dash.endpoints import Endpoints
from dash_auth._request import Server

A_PAGE = "a page of Dash's"

Surroundings = tuple[int, tuple[object, int]]
"""How many rules there are, which routes, and how many pages."""

_NO_PATH = re.compile(r"[*?#{}]")
"""What stands in no path that a person would declare: a mistake opens no page."""


class PageRules:
    """Tells which rules of an app lead to pages, and what else a rule leads to.

    A rule that names a route of the server's own means that route, and no page of Dash's: the same
    rule on the same server opens the same routes with dash-auth.
    """

    def __init__(
        self,
        app: Dash,
        rules: RouteMap,
        endpoints: Endpoints,
        server: Server,
        *,
        show: Callable[[RouteMap, RouteMap, bool], None] = lambda *_: None,
    ) -> None:
        """Remember what decides.

        :param app: Dash app
        :param rules: the declared rules; they are only ever added to
        :param endpoints: what the endpoints of the app's server are
        :param server: adapter of the server
        :param show: tells the gate which rules are about pages, which of them were declared with
            the app's prefix, and whether one leads to a page
        """
        self._app = app
        self._show = show
        self._rules = rules
        self._endpoints = endpoints
        self._server = server
        self._prefix = internals.routes_prefix(app)
        self._showing = RouteMap()
        self._in_full = RouteMap()
        self._leading: set[str] = set()
        self._own_paths: list[tuple[str, str]] = []
        self._examined: Surroundings = (0, (None, 0))

    def showing(self) -> RouteMap:
        """Return the rules that are about pages, each relative to the app's prefix."""
        self.examine()
        return self._showing

    def lead_to_pages(self) -> bool:
        """Tell whether a rule leads to a page of Dash's, so that its layout opens."""
        self.examine()
        return bool(self._leading)

    def leads_to_page(self, rule: str) -> bool:
        """Tell whether one of the declared rules leads to a page of Dash's."""
        self.examine()
        return rule in self._leading

    def means(self, path: str, standing: Standing) -> bool:
        """Tell whether the rules that match a path mean a page of Dash's by it.

        Dash's catch-all takes a GET for any path. Where the server has a route of its own for that
        path, be it for another method or outside of the app's prefix, that is what is meant, unless
        there is a page with that path.

        :param path: path relative to the app's prefix
        :param standing: whether it matches as it is written, or relative to the prefix
        """
        others = self._endpoints.without_pages(self._server.endpoints_of(self._in_full_text(path)))
        if standing is Standing.RELATIVE_PAGE:
            elsewhere = self._server.endpoints_of(path)
            others += filter(self._endpoints.is_of_server, elsewhere)
        return not others or (bool(self._app.use_pages) and _is_page(path))

    def surroundings(self) -> Surroundings:
        """Return what changes once there are other rules, routes or pages."""
        return len(self._rules), (self._server.routes_version(), internals.page_count())

    def examine(self) -> None:
        """Look at what was added since: rules, routes, pages."""
        examined = self.surroundings()
        if examined == self._examined:
            return
        first = self._examined[0] if examined[1] == self._examined[1] else 0
        if first == 0:
            showing, in_full, leading = RouteMap(), RouteMap(), set[str]()
            self._own_paths = list(self._sampled_routes())
        else:
            showing, in_full, leading = self._showing, self._in_full, self._leading
        for rule in self._rules.rules[first : examined[0]]:
            below = below_prefix(rule, self._prefix)
            shows, leads = self._reading(rule, below)
            if shows:
                showing.add(rule if below is None else below)
                if below is not None:
                    in_full.add(below)
            if leads:
                leading.add(rule)
        self._showing, self._in_full, self._leading = showing, in_full, leading
        self._show(showing, in_full, bool(leading))
        self._examined = examined

    def _reading(self, rule: str, below: str | None) -> tuple[bool, bool]:
        """Tell whether a rule is about pages, and whether it leads to one.

        :param rule: the rule as it was declared
        :param below: the same relative to the prefix, None if it is declared so
        """
        relative = rule if below is None else below
        samples = RouteMap.sample_paths(relative)
        if not samples or (
            below is None and self._is_own(rule, relative, self._endpoints_on(samples))
        ):
            return False, False
        in_full = self._endpoints_on(map(self._in_full_text, samples))
        is_own = self._is_own(self._in_full_text(relative), relative, in_full)
        if self._app.use_pages:
            leads = _means_registered(relative, samples)
            return leads or not is_own, leads
        if is_own or _NO_PATH.search(re.sub("<[^>]*>", "", relative)):
            return False, False
        return True, any(map(self._endpoints.are_pages, in_full))

    def _in_full_text(self, relative: str) -> str:
        return self._prefix + relative.removeprefix("/")

    def _is_own(self, rule: str, relative: str, found: list[list[str]]) -> bool:
        """Tell whether a rule names a route of the server's own.

        :param rule: the rule as the server has its paths
        :param relative: the same relative to the app's prefix
        :param found: the endpoints that serve paths which the rule matches
        """
        if any(self._endpoints.is_of_server(name) for names in found for name in names):
            return True
        # A rule that spells nothing out is one for all pages, whatever the server has beside.
        spells_out = re.sub(r"<(?!any\b)[^>]*>", "", relative).strip("/")
        return bool(spells_out) and any(self._own_under(rule))

    def _own_under(self, rule: str) -> Iterator[str]:
        matcher = RouteMap()
        matcher.add(rule)
        for endpoint, path in self._own_paths:
            if matcher.matches(path) and self._endpoints.is_of_server(endpoint):
                yield endpoint

    def _sampled_routes(self) -> Iterator[tuple[str, str]]:
        """Return a few paths of each of the server's routes, with their endpoints."""
        for endpoint, rule in self._server.routes():
            try:
                paths = RouteMap.sample_paths(rule)
            except ValueError:
                # A converter of the developer's.
                paths = [re.sub("<[^>]*>", "a-sample", rule)]
            for path in paths:
                yield endpoint, path

    def _endpoints_on(self, paths: Iterable[str]) -> list[list[str]]:
        return [self._server.endpoints_of(path) for path in paths]

    def reached(self, rule: str) -> list[str]:
        """Return what a declared rule leads to and opens.

        :param rule: the rule
        """
        found = dict.fromkeys([A_PAGE] if self.leads_to_page(rule) else [])
        for endpoint in self._named_by(rule):
            # Those of the login open by themselves, and to everybody.
            is_of_login = self._endpoints.is_of_login(endpoint)
            if not is_of_login and self._endpoints.is_opened_by(endpoint, rule):
                found[endpoint] = None
        return list(found)

    def is_needless(self, rule: str) -> bool:
        """Tell whether a rule names what opens by itself, as dash-auth's own list of rules does."""
        return any(map(self._endpoints.open_by_themselves, self._named_by(rule)))

    def _named_by(self, rule: str) -> Iterator[str]:
        """Return the endpoints that a rule names, below the prefix and as it stands."""
        for text in dict.fromkeys((self._in_full_text(rule), rule)):
            for names in self._endpoints_on(RouteMap.sample_paths(text)):
                yield from names
            yield from self._own_under(text)

    def names(self) -> list[str]:
        """Return the rules that would lead to something: pages, and routes of the server's own."""
        pages = internals.registered_pages() if self._app.use_pages else []
        own = self._server.routes()
        return [
            *(page.template or page.path for page in pages),
            *(rule for endpoint, rule in own if self._endpoints.is_of_server(endpoint)),
        ]


def _means_registered(relative: str, samples: list[str]) -> bool:
    matcher = RouteMap()
    matcher.add(relative)
    return any(
        matcher.matches(page.path)
        or (page.template and any(matcher.opens_page(s, template=page.template) for s in samples))
        for page in internals.registered_pages()
    )


def _is_page(path: str) -> bool:
    try:
        return internals.resolve_page(path) is not None
    except Exception:  # whatever Dash makes of it, it finds no page
        return False
