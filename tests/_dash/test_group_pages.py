"""Which callbacks belong to a page for groups, and what is an error at the first request."""

from __future__ import annotations

import functools
import logging
from typing import Any

import dash
import dash_auth
import pytest
from attacks.apps import page_module, pages_app
from dash import Dash, Input, Output, State, html
from dash_auth.auth import guard_of

FILL = """
@dash.callback(Output("figure", "children"), Input("year", "value"))
def fill(_):
    return 1
"""


def layout(**_: Any) -> html.Div:
    return html.Div()


def app_with(*pages: tuple[str, Any], **options: Any) -> Dash:
    """Return a guarded app with pages: their modules, and their groups."""
    app = pages_app()
    for name, groups in pages:
        path = "/" + name.split(".")[-1]
        keywords = {} if groups is None else {"groups": groups}
        keywords = {"layout": lambda: html.Div(), **keywords, **options.pop(name, {})}
        page_layout = keywords.pop("layout")
        if callable(page_layout):
            # As if it stood in the page's module.
            page_layout = page_module(name, "def layout(**_): return html.Div()").layout
        dash.register_page(name, path=path, layout=page_layout, **keywords)
    dash_auth.BasicAuth(app, {"alice": "wonderland"}, **options)
    return app


def owners(app: Dash, output: str = "figure.children") -> list[str]:
    """Return the paths of the pages that a callback belongs to."""
    guard = guard_of(app)
    assert guard is not None
    entry = dash._callback.GLOBAL_CALLBACK_MAP[output]
    return [page.path for page in guard.parts.group_pages.owners(entry)]


def check(app: Dash) -> None:
    """Do what is done with the first request."""
    guard = guard_of(app)
    assert guard is not None
    guard.parts.group_pages.check()


def test_a_callback_belongs_to_the_page_that_its_module_registers() -> None:
    app = app_with(("pages.board", ["board"]), ("pages.home", None))
    page_module("pages.board", FILL)
    check(app)
    assert owners(app) == ["/board"]


def test_a_callback_of_another_module_does_not() -> None:
    app = app_with(("pages.board", ["board"]), ("pages.home", None))
    page_module("pages.home", FILL)
    check(app)
    assert owners(app) == []


def test_a_page_that_is_a_package_has_the_callbacks_below_it() -> None:
    app = app_with(("pages.board", ["board"]), ("pages.board.more", None), ("pages.home", None))
    for number, name in enumerate(("board.parts.table", "board.more.parts", "home", "boards")):
        page_module(f"pages.{name}", FILL.replace("figure", f"figure{number}"))
    check(app)
    found = [owners(app, f"figure{number}.children") for number in range(4)]
    assert found == [["/board"], [], [], []]


def test_what_a_decorator_wraps_belongs_to_it() -> None:
    app = app_with(("pages.board", ["board"]))

    def timed(function: Any) -> Any:
        @functools.wraps(function)
        def run(*arguments: Any) -> Any:
            return function(*arguments)

        run.__module__ = __name__
        return run

    source = FILL.replace("def fill", "@timed\ndef fill")
    page_module("pages.board", source, timed=timed)
    assert owners(app) == ["/board"]


CLASS = "class Timed:\n    def __init__(self, f): self.f = f\n    def __call__(self, *a): return self.f(*a)\n"
INNER = "\n    def run(*a): return held(a)\n    return run"
HOLDING = {
    "a closure": "def timed(f):\n    def run(*a): return f(*a)\n    return run",
    "an object": f"{CLASS}timed = Timed",
    "slots": f"{CLASS}timed = Timed".replace("Timed:\n", "Timed:\n    __slots__ = ('f',)\n"),
    "a method": f"{CLASS}def timed(f): return Timed(f).__call__",
    "an object in a closure": f"{CLASS}def timed(f):\n    held = Timed(f){INNER}",
    "a partial in a closure": f"import functools\ndef timed(f):\n    held = functools.partial(f){INNER}",
    "a partial": "import functools\ndef timed(f): return functools.partial(lambda f, *a: f(*a), f)",
    "a default": "def timed(f):\n    def run(*a, f=f): return f(*a)\n    return run",
    "a keyword's default": "def timed(f):\n    def run(a, *, f=f): return f(a)\n    return run",
    "an attribute": "def timed(f):\n    def run(a): return run.f(a)\n    run.f = f\n    return run",
    "a list": f"def timed(f):\n    held = [f]{INNER}",
    "a dict": f"def timed(f):\n    held = {{'f': f}}{INNER}",
    "a cache": f"import functools\ndef timed(f):\n    held = functools.lru_cache(lambda a: f(a)){INNER}",
}


@pytest.mark.parametrize("source", HOLDING.values(), ids=HOLDING.keys())
def test_what_another_module_holds_belongs_to_it(source: str) -> None:
    """As a decorator has it that does not say what it wraps."""
    app = app_with(("pages.board", ["board"]), ("pages.home", None))
    tools = page_module("tools.timing", source)
    page_module("pages.board", FILL.replace("def fill", "@timed\ndef fill"), timed=tools.timed)
    check(app)
    assert owners(app) == ["/board"]


def test_what_a_factory_of_another_module_makes_of_it_belongs_to_it() -> None:
    app = app_with(("pages.board", ["board"]))
    source = "def table(query):" + FILL.replace("\n", "\n    ").replace(
        "return 1", "return query()"
    )
    factory = page_module("tools.tables", source)
    page_module("pages.board", "table(lambda: 1)", table=factory.table)
    assert owners(app) == ["/board"]


def test_who_holds_the_app_holds_no_callback_of_its() -> None:
    """The app and its server know all functions, and are part of none."""
    app = app_with(("pages.board", ["board"]), ("pages.home", None))
    page_module("pages.board", FILL.replace("@dash", "@app"), app=app)
    source = "def add(*held):" + FILL.replace("\n", "\n    ").replace("return 1", "return held")
    page_module("pages.home", source.replace("figure", "other")).add(
        app, app.server, app.callback, html.Div(), logging.getLogger("dash_auth"), dash
    )
    check(app)
    assert owners(app, "other.children") == []


def test_a_partial_of_it_belongs_to_it() -> None:
    app = app_with(("pages.board", ["board"]))
    made = page_module("pages.board", "def fill(more, value): return 1")
    dash.callback(Output("figure", "children"), Input("year", "value"))(
        functools.partial(made.fill, 1)
    )
    assert owners(app) == ["/board"]


def test_a_callback_with_groups_of_its_own_needs_no_page() -> None:
    app = app_with(("pages.board", ["board"]))
    source = FILL.replace('"value"))', '"value"), groups=["sales"])')
    page_module("pages.board", source.replace("@dash.callback", "@dash_auth.protected_callback"))
    check(app)
    assert owners(app) == []


def test_one_that_needs_a_login_alone_does() -> None:
    app = app_with(("pages.board", ["board"]))
    page_module("pages.board", FILL.replace("@dash.callback", "@dash_auth.protected_callback"))
    assert owners(app) == ["/board"]


def test_a_public_callback_stays_public() -> None:
    app = app_with(("pages.board", ["board"]))
    page_module("pages.board", FILL.replace("@dash.callback", "@dash_auth.public_callback"))
    check(app)
    assert owners(app) == []


def test_two_pages_of_one_module_with_the_same_groups() -> None:
    app = app_with(("pages.board", ["board"]))
    made = page_module("pages.board", "def more(): return html.Div()" + FILL)
    dash.register_page("pages.more", path="/more", layout=made.more, groups=["board"])
    check(app)
    assert owners(app) == ["/board", "/more"]


@pytest.mark.parametrize("groups", [None, ["sales"], ["board", "sales"], lambda _: True])
def test_two_pages_of_one_module_with_different_groups_are_an_error(groups: Any) -> None:
    app = app_with(("pages.board", ["board"]))
    made = page_module("pages.board", "def more(): return html.Div()" + FILL)
    keywords = {} if groups is None else {"groups": groups}
    dash.register_page("pages.more", path="/more", layout=made.more, **keywords)
    with pytest.raises(ValueError, match=r"callback fill .*pages\.board\.py:\d+.*'/board'"):
        check(app)
    # Until then whoever runs it has to see both.
    assert owners(app)[0] == "/board"


def test_a_page_that_says_which_its_callbacks_are_has_no_part_in_others() -> None:
    app = app_with(("pages.board", ["board"]))
    made = page_module("pages.board", "def more(): return html.Div()" + FILL)
    dash.register_page("pages.more", path="/more", layout=made.more, groups=["sales"])
    dash_auth.protect_page("/more", callbacks=None)
    check(app)
    assert owners(app) == ["/board"]


def test_what_no_guard_was_asked_about_dash_does_not_find() -> None:
    app = app_with(("pages.board", ["board"]), ("pages.home", None))
    app.server.route("/found")(lambda: dash._pages._path_to_page("board")[0]["title"])
    client = app.server.test_client()
    assert client.get("/", auth=("alice", "wonderland")).status_code == 200
    assert client.get("/found", auth=("alice", "wonderland")).text == "Access denied"
    # Nor where there is no request at all.
    assert dash._pages._path_to_page("board")[0]["title"] == "Access denied"
    assert dash._pages._path_to_page("home")[0]["title"] == "Home"


def test_a_page_that_another_module_registers_is_an_error() -> None:
    """Whether the callbacks of an app in one file belong to one of its pages can't be known."""
    app = pages_app()
    made = page_module("app", "def layout(): return html.Div()" + FILL)
    dash.register_page("board", path="/board", layout=made.layout, groups=["board"])
    dash_auth.BasicAuth(app, {"alice": "wonderland"})
    with pytest.raises(ValueError, match="callback fill"):
        check(app)


@pytest.mark.parametrize("said", ["none", "it", "another"])
def test_an_app_in_one_file_says_what_belongs(said: str) -> None:
    app = pages_app()
    more = FILL.replace("figure", "other").replace("fill", "more")
    made = page_module("app", "def layout(): return html.Div()" + FILL + more)
    dash.register_page("board", path="/board", layout=made.layout, groups=["board"])
    dash_auth.BasicAuth(app, {"alice": "wonderland"})
    callbacks = {"none": None, "it": [made.fill], "another": [made.more]}[said]
    dash_auth.protect_page("/board", callbacks=callbacks)
    check(app)
    assert owners(app) == (["/board"] if said == "it" else [])


def test_a_callback_of_two_pages_with_different_groups_is_an_error() -> None:
    app = app_with(("a", ["board"]), ("b", ["sales"]))
    made = page_module("app", FILL)
    for path in ("/a", "/b"):
        dash_auth.protect_page(path, callbacks=[made.fill])
    with pytest.raises(ValueError, match="'/a', '/b'"):
        check(app)
    assert owners(app) == ["/a", "/b"]


def test_a_listed_function_that_is_no_callback_is_an_error() -> None:
    app = app_with(("a", ["board"]))
    dash_auth.protect_page("/a", callbacks=[layout])
    with pytest.raises(ValueError, match="lists layout, which is no callback"):
        check(app)


STATIC = {"pages.board": {"layout": html.Div([html.P(id="figure")])}}


def test_a_static_page_that_open_callbacks_fill_is_an_error() -> None:
    app = app_with(("pages.board", ["board"]), **STATIC)
    page_module("shared", FILL)
    with pytest.raises(ValueError, match=r"callback fill .*shared\.py:\d+.*fills 'figure'"):
        check(app)


def test_a_pattern_that_open_callbacks_fill_is_one_too() -> None:
    shown = html.Div([html.P(id={"kind": "figure", "year": 2026})])
    app = app_with(("pages.board", ["board"]), **{"pages.board": {"layout": shown}})
    pattern = '{"kind": "figure", "year": dash.MATCH}'
    page_module(
        "shared", FILL.replace('"figure"', pattern).replace('"year", "value"', pattern + ', "n"')
    )
    with pytest.raises(ValueError, match="fills"):
        check(app)


@pytest.mark.parametrize("how", ["own", "groups", "said", "public", "elsewhere", "both"])
def test_a_static_page_that_others_fill_is_none(how: str) -> None:
    app = app_with(("pages.board", ["board"]), **STATIC)
    source = FILL
    if how == "groups":
        source = FILL.replace('"value"))', '"value"), groups=["sales"])')
        source = source.replace("@dash.callback", "@dash_auth.protected_callback")
    elif how == "public":
        source = FILL.replace("@dash.callback", "@dash_auth.public_callback")
    elif how == "elsewhere":
        source = FILL.replace("figure", "no-figure")
    elif how == "said":
        dash_auth.protect_page("/board", callbacks=None)
    elif how == "both":
        page_module("pages.board", FILL.replace('"children")', '"title")'))
    page_module("pages.board" if how == "own" else "shared", source)
    check(app)


def test_a_clientside_callback_asks_the_server_for_nothing() -> None:
    app = app_with(("pages.board", ["board"]), **STATIC)
    dash.clientside_callback("x => x", Output("figure", "children"), Input("year", "value"))
    check(app)


@pytest.mark.parametrize("rule", ["/board", "/<path:rest>", "/<name>"])
def test_a_page_with_groups_that_a_rule_opens_is_an_error(rule: str) -> None:
    app = app_with(("pages.board", ["board"]), public_routes=[rule])
    with pytest.raises(ValueError, match="'/board' has groups, and a public route opens it"):
        check(app)


def test_a_template_that_a_rule_opens_in_part_is_an_error() -> None:
    app = pages_app()
    dash.register_page("item", path_template="/item/<id>", layout=layout, groups=["board"])
    dash_auth.BasicAuth(app, {"alice": "wonderland"}, public_routes=["/item/<id>"])
    with pytest.raises(ValueError, match="a public route opens it"):
        check(app)


def test_the_page_for_paths_that_have_none_has_no_groups() -> None:
    app = app_with(("pages.not_found_404", ["board"]))
    with pytest.raises(ValueError, match="not_found_404"):
        check(app)


def test_protect_page_needs_a_page_with_that_path() -> None:
    app = app_with(("pages.board", None))
    dash_auth.protect_page("/bord", groups=["board"])
    with pytest.raises(ValueError, match="names '/bord', and there is no such page"):
        check(app)


@pytest.mark.parametrize("groups", [None, ["board"]])
def test_the_groups_are_said_in_one_place(groups: Any) -> None:
    app = app_with(("pages.board", groups))
    keywords = {"callbacks": None} if groups is None else {"groups": ["board"]}
    dash_auth.protect_page("/board", **keywords)
    with pytest.raises(ValueError, match="protect_page"):
        check(app)


def test_a_page_that_is_registered_again_is_read_again() -> None:
    app = app_with(("pages.board", ["board"]))
    page_module("pages.board", FILL)
    assert owners(app) == ["/board"]
    dash.register_page("pages.board", path="/board", layout=layout)
    assert owners(app) == []
    dash.page_registry["pages.board"]["groups"] = ["board"]
    assert owners(app) == ["/board"]


def test_states_and_cancel_callbacks_are_no_matter() -> None:
    app = app_with(("pages.board", ["board"]))
    app.callback(Output("x", "children"), Input("y", "value"), State("figure", "children"))(
        lambda *_: 1
    )
    check(app)
