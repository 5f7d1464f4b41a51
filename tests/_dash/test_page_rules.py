"""How a rule is read: which of them lead to pages of Dash's, and which paths they mean (S6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import dash
import pytest
from dash import Dash, html
from dash_auth._core import Endpoint, Gate, RouteMap, Standing
from dash_auth._dash.endpoints import Endpoints
from dash_auth._dash.page_rules import PageRules
from dash_auth._servers import server_for
from guarded import add_witness
from werkzeug.routing import BaseConverter


class Year(BaseConverter):
    regex = "[0-9]{4}"


def page_rules(
    rule: str, *, prefix: str = "/", own: Any = (), pages: Any = None
) -> tuple[PageRules, Callable[[str], bool]]:
    """Return how a rule is read, and whether it means a page by a path below the prefix.

    :param rule: the rule
    :param prefix: the app's prefix
    :param own: routes of the server's own
    :param pages: paths of registered pages; None for an app with none
    """
    app = Dash(
        "some",
        use_pages=pages is not None,
        pages_folder="",
        assets_folder="no-assets",
        url_base_pathname=prefix,
    )
    app.layout = html.Div([] if pages is None else [dash.page_container])
    for path in pages or ():
        named = {"path_template": path} if "<" in path else {"path": path}
        dash.register_page(path, layout=html.P("page"), **named)
    app.server.url_map.converters["year"] = Year
    add_witness(app.server, *own)
    rules, server = RouteMap(), server_for(app.server)
    rules.add(rule)
    gate = Gate(rules, prefix, prefix, [])
    found = PageRules(app, rules, Endpoints(app, server), server, show=gate.show)

    def means(path: str) -> bool:
        found.examine()
        standing, _ = gate.ask(Endpoint.PAGE, "GET", prefix.removesuffix("/") + path)
        return standing is not Standing.CLOSED and found.means(path, standing)

    return found, means


class Case(NamedTuple):
    rule: str
    leads: bool
    means: dict[str, bool]
    options: dict[str, Any]


CASES = {
    "a route of the server's own in any place of a list": Case(
        "/<any(x,y,z,about):page>", False, {"/x": False}, {"own": ["/about"]}
    ),
    "the same below the prefix": Case(
        "/<any(x,y,z,about):page>",
        False,
        {"/x": False},
        {"own": ["/board/about"], "prefix": "/board/"},
    ),
    "a rule for all pages beside a route of the server's own": Case(
        "/<path:page>", True, {"/x": True, "/about": False}, {"own": ["/about"]}
    ),
    "a route of the server's own outside of the prefix": Case(
        "/<path:page>",
        True,
        {"/x": True, "/about": False},
        {"own": ["/about"], "prefix": "/board/"},
    ),
    "a rule in full means nothing outside of the prefix": Case(
        "/board/<path:page>",
        True,
        {"/x": True, "/about": True},
        {"own": ["/about"], "prefix": "/board/"},
    ),
    "a route with a converter of the developer's": Case(
        "/archive/<path:rest>", False, {"/archive/x": False}, {"own": ["/archive/<year:year>"]}
    ),
    "the same below a list": Case(
        "/<any(x,about):section>/<rest>", False, {"/x/y": False}, {"own": ["/about/<year:path>"]}
    ),
    "the same, which the rule spells out beyond": Case(
        "/archive/<year>/print", True, {"/archive/x/print": True}, {"own": ["/archive/<year:path>"]}
    ),
    "a page beside what is Dash's own": Case(
        "/<any('_dash-layout',x):page>", True, {"/x": True}, {}
    ),
    "what is Dash's own alone": Case("/<any('_dash-layout','_reload-hash'):page>", False, {}, {}),
    "a mark of mistakes among the values of a variable": Case(
        "/<any('c#','f#'):language>", True, {"/c#": True, "/x": False}, {}
    ),
    "a mark of mistakes beside a variable": Case("/<language>/#top", False, {"/c/#top": False}, {}),
    "a template whose variable is a number": Case(
        "/item/<int:number>", True, {"/item/5": True, "/item/x": False}, {"pages": ["/item/<name>"]}
    ),
    "a template that a variable stands for": Case(
        "/<any(other,item):kind>/5", False, {}, {"pages": ["/item/<name>"]}
    ),
    "a page that a rule with variables means": Case(
        "/<any(x,home):page>", True, {"/home": True}, {"pages": ["/home"]}
    ),
    # What comes there is the page for missing ones.
    "no page that is registered": Case("/hoem", False, {"/hoem": True}, {"pages": ["/home"]}),
    "a route of the server's own, as the rule stands": Case(
        "/about", False, {"/about": False}, {"own": ["/about"], "prefix": "/board/"}
    ),
    "a route of the server's own for more than the rule means": Case(
        "/archive/<int:year>", False, {"/archive/5": False}, {"own": ["/archive/<path>"]}
    ),
    "a page with a route of the server's own on its path": Case(
        "/home", True, {"/home": True}, {"pages": ["/home"], "own": ["/home"]}
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_rule_is_read(name: str) -> None:
    case = CASES[name]
    found, means = page_rules(case.rule, **case.options)
    assert found.lead_to_pages() is case.leads
    assert found.leads_to_page(case.rule) is case.leads
    assert {path: means(path) for path in case.means} == case.means
