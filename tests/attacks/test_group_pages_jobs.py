"""S17: the handles of jobs that a page for groups has started."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import dash
import pytest
import waiting
from dash import Dash, DiskcacheManager, html

from .apps import IS_UPSTREAM, body, guard, item, page_module, pages_app
from .http import ALICE, BOB, PRIVATE, PUBLIC, held, honest
from .test_background import as_query, cancel_body, polled, start, wait_for

diskcache = pytest.importorskip("diskcache")
pytest.importorskip("multiprocess")
if IS_UPSTREAM:
    pytest.skip("upstream has no pages for groups", allow_module_level=True)

pytestmark = [
    pytest.mark.rule("S17"),
    # A job is a fork of this process, which has threads; newer interpreters warn of that.
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning"),
]

JOB = """
@dash.callback(
    Output("{output}", "children"),
    Input("go", "n_clicks"),
    background=True,
    interval=100,
    prevent_initial_call=True,
    cancel=[Input("{output}-stop", "n_clicks")],
)
def job(clicks):
    return "{marker}"
"""


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Any]:
    """Open a store for the results of jobs."""
    store = diskcache.Cache(str(tmp_path / "jobs"))
    yield store
    store.close()


def jobs_app(cache: Any) -> Dash:
    """Return a guarded app with background callbacks of a page for the board, and of another."""
    app = pages_app(background_callback_manager=DiskcacheManager(cache))
    dash.register_page("own.board", path="/board", layout=html.Div(), groups=["board"])
    dash.register_page("own.home", path="/", layout=html.Div())
    page_module("own.board", JOB.format(output="figure", marker=PRIVATE))
    page_module("own.home", JOB.format(output="other", marker=PUBLIC))
    guard(app, user_groups={"alice": ["board"]}, secret_key="k" * 32)
    return app


def sent(output: str) -> dict[str, Any]:
    return body(f"{output}.children", [item("go", "n_clicks", 1)], changed=["go.n_clicks"])


def test_the_board_gets_its_result(serve: Any, cache: Any) -> None:
    site = serve(jobs_app(cache))
    handles = start(site, sent("figure"), auth=ALICE)
    wait_for(site, sent("figure"), as_query(handles), PRIVATE, auth=ALICE)


def test_the_board_cancels_its_job(serve: Any, cache: Any) -> None:
    site = serve(jobs_app(cache))
    handles = start(site, sent("figure"), auth=ALICE)
    stop, query = cancel_body("figure-stop"), f"cancelJob={handles['job']}"
    held(site.call(stop, query=query), status=401)
    held(site.call(stop, query="cancelJob=1", auth=ALICE), status=403)
    assert site.call(stop, query=query, auth=ALICE).status in (200, 204)


def test_others_get_theirs(serve: Any, cache: Any) -> None:
    site = serve(jobs_app(cache))
    handles = start(site, sent("other"), auth=BOB)
    wait_for(site, sent("other"), as_query(handles), PUBLIC, auth=BOB)


def test_they_get_no_result_of_the_board(serve: Any, cache: Any) -> None:
    """Neither through the handle of the job, nor through the key that it is stored by."""
    site = serve(jobs_app(cache))
    held(site.call(sent("figure"), auth=BOB), status=403)
    handles = start(site, sent("figure"), auth=ALICE)
    keys = waiting.wait_for(
        lambda: [str(key) for key in cache.iterkeys() if PRIVATE in str(cache.get(key))],
        "the job left no result to steal",
    )
    for key in [*keys, handles["cacheKey"], handles["cacheKey"].split("~")[0]]:
        for query in (f"cacheKey={key}", f"cacheKey={quote(key)}&job=0", f"%63acheKey={key}"):
            for output in ("figure", "other"):
                reply = site.call(polled(sent(output)), query=query, auth=BOB)
                held(reply, status=403)
    for parameter in ("job", "oldJob", "cancelJob"):
        query = f"{parameter}={handles['job']}"
        held(site.call(polled(sent("other")), query=query, auth=BOB), status=403)
    honest(site.call(polled(sent("figure")), query=as_query(handles), auth=ALICE), None)
