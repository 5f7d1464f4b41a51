"""S3: which pathnames open a routing callback, and which page Dash's router may serve."""

from __future__ import annotations

from typing import Any

import dash
import pytest
from dash import Dash, Input, Output, State, dcc, html

from .apps import DASH_VERSION, body, guard, item, pages_app, plain_app, route_body
from .http import ALICE, CALLBACK_URL, PRIVATE, PUBLIC, held, honest, no_server_error

ran: list[str] = []


@pytest.fixture(autouse=True)
def nothing_ran() -> None:
    ran.clear()


def secret_layout(**_: Any) -> html.Div:
    """Stand for a private page."""
    ran.append("private")
    return html.Div(PRIVATE)


def open_layout(**variables: Any) -> html.Div:
    """Stand for a public page: show what came in."""
    return html.Div(f"{PUBLIC} {sorted(variables.items())}")


def location_app(routes: list[str], **options: Any) -> Dash:
    """Return a guarded app with a routing callback that answers every pathname with a secret."""
    app = plain_app(**options)
    app.layout = html.Div([dcc.Location(id="url"), html.Div(id="content")])
    app.callback(Output("content", "children"), Input("url", "pathname"))(
        lambda path: f"{PUBLIC} {PRIVATE} {path!r}"
    )
    guard(app, public_routes=routes)
    return app


def at(pathname: Any) -> dict[str, Any]:
    """Return the body of the routing callback on a pathname."""
    return body("content.children", [item("url", "pathname", pathname)])


@pytest.mark.rule("S3")
@pytest.mark.parametrize(
    "pathname", [5, None, True, 0, [], ["/open"], {"value": "/open"}, [["/open"]], 1.5], ids=str
)
def test_a_pathname_is_a_string(serve: Any, pathname: Any) -> None:
    site = serve(location_app(["/open"]))
    honest(site.call(at("/open")))
    held(site.call(at(pathname)))
    held(site.call(body("content.children", [item("url", "pathname")])))


@pytest.mark.rule("S3")
@pytest.mark.parametrize("kind", ["location", "pages"])
@pytest.mark.parametrize(
    "options,prefix",
    [
        ({"url_base_pathname": "/app/"}, "/app"),
        ({"routes_pathname_prefix": "/app/", "requests_pathname_prefix": "/out/"}, "/out"),
        ({"routes_pathname_prefix": "/", "requests_pathname_prefix": "/out/in/"}, "/out/in"),
    ],
    ids=["prefix", "split", "stripped"],
)
def test_a_pathname_starts_with_the_prefix(
    serve: Any, kind: str, options: dict[str, str], prefix: str
) -> None:
    if kind == "location":
        app, sent = location_app(["/open"], **options), at
    else:
        app, sent = pages_app(**options), route_body
        dash.register_page("open", path="/open", layout=open_layout)
        dash.register_page("closed", path="/closed", layout=secret_layout)
        guard(app, public_routes=["/open"])
    site = serve(app)
    url = options.get("url_base_pathname", options.get("routes_pathname_prefix", "")).rstrip("/")
    url += CALLBACK_URL
    honest(site.call(sent(f"{prefix}/open"), url=url))
    for pathname in (
        "/open", "open", f"{prefix}open", f"{prefix}x/open", f"/x{prefix}/open",
        f"{prefix[1:]}/open", f"{prefix}/closed", f"{prefix}", f"/{prefix}/open",
        f"{prefix}//open", f"{prefix.upper()}/open", f"{prefix}{prefix}/open",
    ):  # fmt: skip
        reply = held(site.call(sent(pathname), url=url), ran=ran)
        assert PUBLIC not in reply.text


@pytest.mark.rule("S3")
@pytest.mark.parametrize(
    "pathname",
    [
        "/_dash-layout", "/_dash-dependencies", "/_favicon.ico", "/_reload-hash", "/assets/x.css",
        "/assets/x.js", "/_dash-component-suites/dash/x.js", "/_dash-component-suites/private",
        "/assets/private/x.css",
    ],
)  # fmt: skip
def test_only_the_developers_own_rules_count(serve: Any, pathname: str) -> None:
    site = serve(location_app(["/open"]))
    honest(site.call(at("/open")))
    held(site.call(at(pathname)))


@pytest.mark.rule("S3")
def test_a_page_behind_an_always_public_prefix_is_private(serve: Any) -> None:
    app = pages_app()
    dash.register_page("open", path="/open", layout=open_layout)
    dash.register_page("a", path="/assets/report.css", layout=secret_layout)
    dash.register_page("b", path_template="/assets/<name>", layout=secret_layout)
    guard(app, public_routes=["/open"])
    site = serve(app)
    honest(site.call(route_body("/open")))
    for path in ("/assets/report.css", "/assets/other.js", "/_dash-component-suites/x/y"):
        held(site.call(route_body(path)), ran=ran)


@pytest.mark.rule("S3")
@pytest.mark.parametrize(
    "rule,good,bad",
    [
        ("/open", "/open", ["/open/", "//open", "/open//", "open", "", "/", "/OPEN", "/open?"]),
        ("/open/", "/open/", ["/open", "//open/", "/open//", "open/"]),
        ("/a/b", "/a/b", ["/a//b", "//a/b", "/a/b/", "/a/./b", "/a/x/../b", "/a%2fb", "\\a\\b"]),
        ("/", "/", ["", "//", "///", " /", "/ ", "/\n", "?", "/?", "/.", "/%2e"]),
        ("/n/<int:n>", "/n/5", ["/n/x", "/n/-1", "/n/5/6", "/n/5.0", "/n/", "/n/" + "9" * 5000]),
        ("/s/<x>", "/s/y", ["/s/y/z", "/s/", "/s", "/s//"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_pathname_matches_or_does_not(serve: Any, rule: str, good: str, bad: list[str]) -> None:
    """A redirect is no match, and slashes are not merged."""
    site = serve(location_app([rule]))
    honest(site.call(at(good)))
    for pathname in bad:
        held(site.call(at(pathname)))


@pytest.mark.rule("S3")
@pytest.mark.parametrize(
    "pathname",
    ["/open\n", "\n/open", "/open\x00", "/open\ud800", "\ud800", "/\u043epen", "/open\u200b",
     "/o%70en", "/open;x", "/open/..", "/x/../open", "/open\\", "/" + "a" * 100_000, "/" * 10_000,
     "http://x/open", "//x/open", "javascript:x", "/open\u2028", "/\u0660"],
    ids=lambda path: repr(path[:20]),
)  # fmt: skip
def test_odd_pathnames(serve: Any, pathname: str) -> None:
    site = serve(location_app(["/open", "/n/<int:n>"]))
    honest(site.call(at("/open")))
    held(site.call(at(pathname)))


@pytest.mark.rule("S3")
@pytest.mark.parametrize("pathname", ["/t/\ud800", "/t/\x00", "/t/\n", "/t/é", "/t/a\ud800b"])
def test_odd_pathnames_of_a_public_template(serve: Any, pathname: str) -> None:
    app = pages_app()
    dash.register_page("t", path_template="/t/<x>", layout=lambda x=None, **_: html.Div(PUBLIC))
    guard(app, public_routes=["/t/<x>"])
    site = serve(app)
    honest(site.call(route_body("/t/y")))
    no_server_error(site.call(route_body(pathname)))


@pytest.mark.rule("S3")
def test_static_pages_by_their_own_path(serve: Any) -> None:
    app = pages_app()
    dash.register_page("home", path="/", layout=secret_layout)
    dash.register_page("open", path="/open", layout=open_layout)
    dash.register_page("closed", path="/closed", layout=secret_layout)
    dash.register_page("deep", path="/open/closed", layout=secret_layout)
    guard(app, public_routes=["/open"])
    site = serve(app)
    honest(site.call(route_body("/open")))
    for path in (
        "/",
        "/closed",
        "/open/closed",
        "/open/",
        "//open",
        "//closed",
        "",
        "closed",
        "/nowhere",
    ):
        held(site.call(route_body(path)), ran=ran)
    honest(site.call(route_body("/closed"), auth=ALICE), PRIVATE)


@pytest.mark.rule("S3")
@pytest.mark.parametrize(
    "rule,path",
    [
        ("/closed/", "/closed/"),
        ("/<x>/", "/closed/"),
        ("/<path:p>/", "/closed/"),
        ("/closed/<path:p>", "/closed//"),
    ],
)
def test_stripped_slashes_reach_no_private_page(serve: Any, rule: str, path: str) -> None:
    """Dash strips slashes at both ends before it looks for a page."""
    app = pages_app()
    dash.register_page("open", path="/open", layout=open_layout)
    dash.register_page("closed", path="/closed", layout=secret_layout)
    guard(app, public_routes=["/open", rule])
    site = serve(app)
    honest(site.call(route_body("/open")))
    held(site.call(route_body(path)), ran=ran)


@pytest.mark.rule("S3")
def test_static_pages_under_a_rule_with_a_variable(serve: Any) -> None:
    app = pages_app()
    dash.register_page("one", path="/docs/intro", layout=open_layout)
    dash.register_page("two", path="/docs/a/b", layout=open_layout)
    dash.register_page("three", path="/docsx/intro", layout=secret_layout)
    dash.register_page("four", path="/docs", layout=secret_layout)
    guard(app, public_routes=["/docs/<path:p>"])
    site = serve(app)
    honest(site.call(route_body("/docs/intro")))
    honest(site.call(route_body("/docs/a/b")))
    for path in ("/docsx/intro", "/docs", "/docs/", "//docs/intro", "/x/docs/intro"):
        held(site.call(route_body(path)), ran=ran)


@pytest.mark.rule("S3")
@pytest.mark.parametrize("first", ["private", "public"])
@pytest.mark.parametrize(
    "path", ["/docs/dashboard", "/docs/acme/dashboard", "/docs/a/b/c/dashboard", "/docs//dashboard"]
)
def test_a_private_template_is_not_reached_across_slashes(
    serve: Any, first: str, path: str
) -> None:
    app = pages_app()

    def register_private() -> None:
        dash.register_page("m", path_template="/<tenant>/dashboard", layout=secret_layout, order=1)

    if first == "private":
        register_private()
    dash.register_page("one", path="/docs/intro", layout=open_layout, order=2)
    dash.register_page("z", path_template="/docs/<chapter>", layout=open_layout, order=3)
    if first == "public":
        register_private()
    guard(app, public_routes=["/docs/<path:p>"])
    site = serve(app)
    honest(site.call(route_body("/docs/intro")))
    honest(site.call(route_body("/docs/two")))
    held(site.call(route_body(path)), ran=ran)
    honest(site.call(route_body("/acme/dashboard"), auth=ALICE), PRIVATE)


@pytest.mark.rule("S3")
@pytest.mark.parametrize(
    "rule,template,path",
    [
        ("/user/<name>", "/user/<name>", "/user/ann"),
        ("/user/<other>", "/user/<name>", "/user/ann"),
        ("/user/<int:n>", "/user/<name>", "/user/5"),
        ("/user/<name>/posts/<int:n>", "/user/<name>/posts/<n>", "/user/ann/posts/5"),
        ("/docs/<path:p>", "/docs/<a>", "/docs/x"),
        ("/docs/<path:p>", "/docs/<a>/<b>", "/docs/x/y"),
        ("/docs/<path:p>", "/docs/<a>/more/<b>", "/docs/x/more/y"),
    ],
)
def test_templates_that_the_rule_means(serve: Any, rule: str, template: str, path: str) -> None:
    app = pages_app()
    dash.register_page("t", path_template=template, layout=open_layout)
    dash.register_page("closed", path_template="/closed/<x>", layout=secret_layout)
    guard(app, public_routes=[rule])
    site = serve(app)
    honest(site.call(route_body(path)))
    held(site.call(route_body("/closed/x")), ran=ran)


@pytest.mark.rule("S3")
@pytest.mark.parametrize(
    "rule,template,path",
    [
        ("/docs/<path:p>", "/<tenant>/<page>", "/docs/x"),
        ("/docs/<path:p>", "/<tenant>/settings", "/docs/settings"),
        ("/docs/<path:p>", "/<tenant>", "/docs/x"),
        ("/docs/<path:p>", "/<a>/<b>/<c>", "/docs/x/y"),
        ("/<x>/docs", "/<a>/<b>", "/acme/docs"),
        ("/docs/<x>", "/<tenant>/<page>", "/docs/x"),
        ("/docs/<x>", "/<tenant>", "/docs/x"),
        ("/<x>", "/<tenant>/x", "/x"),
    ],
)
def test_templates_that_the_rule_does_not_mean(
    serve: Any, rule: str, template: str, path: str
) -> None:
    app = pages_app()
    dash.register_page("open", path="/open", layout=open_layout)
    dash.register_page("t", path_template=template, layout=secret_layout)
    guard(app, public_routes=["/open", rule])
    site = serve(app)
    honest(site.call(route_body("/open"), auth=ALICE), None)
    reply = site.call(route_body(path))
    held(reply, ran=ran, status=(200, 401))


@pytest.mark.rule("S3")
@pytest.mark.parametrize(
    "search",
    ["?name=secret", "?x=1&name=secret", "?name=", "?name=a&name=secret", "?%6eame=secret",
     "?name=secret#x", "?na%6de=secret", "?x=1;name=secret&name=secret"],
)  # fmt: skip
def test_a_query_key_does_not_replace_a_path_variable(serve: Any, search: str) -> None:
    if search == "?name=" and DASH_VERSION < (3,):
        pytest.skip("this Dash drops query keys with no value")
    app = pages_app()

    def report(name: Any = None, **_: Any) -> html.Div:
        return html.Div(PUBLIC) if name == "summary" else secret_layout()

    dash.register_page("r", path_template="/report/<name>", layout=report)
    guard(app, public_routes=["/report/<any(summary):name>"])
    site = serve(app)
    honest(site.call(route_body("/report/summary")))
    honest(site.call(route_body("/report/summary", "?page=2")))
    held(site.call(route_body("/report/summary", search)), ran=ran)
    held(site.call(route_body("/report/secret")), ran=ran)


@pytest.mark.parametrize(
    ("inputs", "path", "search", "why"),
    [
        ({}, "/report/summary", "?x=1&name=b", "the query key 'name' would replace a variable of the page at '/report/summary'"),
        ({"name": State("store", "data")}, "/report/summary", "", "the routing callback input 'name' would"),
        ({}, "/report/other", "?name=b", "no rule opens the page that it would show, '/report/other'"),
        ({}, "/nowhere", "?name=b", "no rule opens the page that it would show, '/nowhere'"),
    ],
)  # fmt: skip
def test_the_log_names_what_would_replace_a_path_variable(
    serve: Any, caplog: pytest.LogCaptureFixture, inputs: Any, path: str, search: str, why: str
) -> None:
    app = pages_app(routing_callback_inputs=inputs)
    dash.register_page("r", path_template="/report/<name>", layout=secret_layout)
    guard(app, public_routes=["/report/<any(summary):name>"])
    site = serve(app)
    sent = {**route_body(path, search), "state": [item("store", "data", "b")] if inputs else []}
    caplog.set_level("DEBUG", "dash_auth")
    held(site.call(sent), ran=ran)
    (line,) = [r.getMessage() for r in caplog.records if "Refused" in r.getMessage()]
    assert why in line


@pytest.mark.rule("S3")
@pytest.mark.parametrize("kind", [Input, State])
def test_a_routing_callback_input_does_not_replace_a_path_variable(serve: Any, kind: Any) -> None:
    def report(name: Any = None, **_: Any) -> html.Div:
        return html.Div(PUBLIC) if name == "summary" else secret_layout()

    app = pages_app(routing_callback_inputs={"name": kind("store", "data")})
    dash.register_page("r", path_template="/report/<name>", layout=report)
    dash.register_page("s", path="/plain", layout=open_layout)
    guard(app, public_routes=["/report/<any(summary):name>", "/plain"])
    site = serve(app)
    extra = item("store", "data", "secret")

    def sent(path: str, search: str = "") -> dict[str, Any]:
        if kind is Input:
            return route_body(path, search, (extra,))
        return {**route_body(path, search), "state": [extra]}

    honest(site.call(sent("/plain")))
    held(site.call(sent("/report/summary")), ran=ran)
    held(site.call(route_body("/report/summary")), ran=ran)


@pytest.mark.rule("S3")
@pytest.mark.parametrize("kind", [Input, State])
def test_routing_callback_inputs_of_other_names_are_honest(serve: Any, kind: Any) -> None:
    app = pages_app(routing_callback_inputs={"lang": kind("lang", "value")})
    dash.register_page("open", path="/open", layout=open_layout)
    dash.register_page("t", path_template="/t/<name>", layout=open_layout)
    dash.register_page("closed", path="/closed", layout=secret_layout)
    guard(app, public_routes=["/open", "/t/<name>"])
    site = serve(app)
    extra = item("lang", "value", "fr")

    def sent(path: str) -> dict[str, Any]:
        if kind is Input:
            return route_body(path, "", (extra,))
        return {**route_body(path), "state": [extra]}

    honest(site.call(sent("/open")), "'lang', 'fr'")
    honest(site.call(sent("/t/x")), "'lang', 'fr'")
    held(site.call(sent("/closed")), ran=ran)
    held(site.call(route_body("/open")), PUBLIC, ran=ran)


@pytest.mark.rule("S3")
def test_swapped_inputs_of_the_page_router(serve: Any) -> None:
    app = pages_app()
    dash.register_page("open", path="/open", layout=open_layout)
    dash.register_page("closed", path="/closed", layout=secret_layout)
    guard(app, public_routes=["/open"])
    site = serve(app)
    good = route_body("/open")
    honest(site.call(good))
    path, search = good["inputs"]
    swapped = [{**search, "value": "/closed"}, {**path, "value": "/open"}]
    held(site.call({**good, "inputs": swapped}), ran=ran)
    doubled = [{**path, "value": "/closed"}, path, search]
    held(site.call({**good, "inputs": doubled}), ran=ran)
    lured = [{**search, "value": "/closed"}, search, path]
    held(site.call({**good, "inputs": lured}), ran=ran)


@pytest.mark.rule("S3")
def test_rules_added_later(serve: Any) -> None:
    import dash_auth

    app = pages_app()
    dash.register_page("open", path="/open", layout=open_layout)
    dash.register_page("closed", path="/closed", layout=secret_layout)
    guard(app)
    dash_auth.add_public_routes(app, ["/open"])
    site = serve(app)
    honest(site.call(route_body("/open")))
    held(site.call(route_body("/closed")), ran=ran)
