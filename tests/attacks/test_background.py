"""S17: the handles of background callbacks, and who may use which."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import dash
import dash_auth
import pytest
import waiting
from dash import Dash, DiskcacheManager, Input, Output

from .apps import DASH_VERSION, body, guard, item, plain_app
from .http import (
    ALICE,
    PRIVATE,
    PUBLIC,
    REFUSED,
    AttackSucceeded,
    HonestRefused,
    Reply,
    Site,
    held,
    honest,
    no_server_error,
)

diskcache = pytest.importorskip("diskcache")
pytest.importorskip("multiprocess")

# A job is a fork of this process, which has threads; newer interpreters warn of that.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")


HOLD = "hold"
"""The key under which a test's store says that the public job is not to end yet."""


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Any]:
    """Open a store for the results of jobs."""
    store = diskcache.Cache(str(tmp_path / "jobs"))
    yield store
    store.close()


def jobs_app(cache: Any, **options: Any) -> Dash:
    """Return a guarded app with public and private background callbacks."""
    app = plain_app(background_callback_manager=DiskcacheManager(cache), **options)
    background: dict[str, Any] = {"background": True, "interval": 100, "prevent_initial_call": True}

    @dash_auth.public_callback(
        Output("pub", "children"),
        Input("go", "n_clicks"),
        progress=Output("bar", "value"),
        **background,
    )
    def public_job(set_progress: Any, clicks: Any) -> str:
        import time

        set_progress("half")
        time.sleep(0.3)
        while HOLD in cache:
            time.sleep(0.01)
        return f"PUBLIC-MARKER {clicks}"

    @dash_auth.public_callback(
        Output("slow", "children"),
        Input("go2", "n_clicks"),
        cancel=[Input("stop", "n_clicks")],
        **background,
    )
    def slow_public_job(clicks: Any) -> str:
        import time

        time.sleep(30)
        return f"PUBLIC-MARKER slow {clicks}"

    @dash.callback(
        Output("priv", "children"),
        Input("go3", "n_clicks"),
        cancel=[Input("halt", "n_clicks")],
        **background,
    )
    def private_job(clicks: Any) -> str:
        import time

        time.sleep(0.2)
        return f"PRIVATE-MARKER {clicks}"

    @dash.callback(
        Output("slowpriv", "children"),
        Input("go4", "n_clicks"),
        cancel=[Input("both", "n_clicks")],
        **background,
    )
    def slow_private_job(clicks: Any) -> str:
        import time

        time.sleep(30)
        return f"PRIVATE-MARKER slow {clicks}"

    @dash_auth.public_callback(
        Output("third", "children"),
        Input("go5", "n_clicks"),
        cancel=[Input("both", "n_clicks")],
        **background,
    )
    def third_public_job(clicks: Any) -> str:
        return f"PUBLIC-MARKER third {clicks}"

    dash_auth.public_callback(Output("now", "children"), Input("x", "value"))(lambda _: PUBLIC)
    guard(app, public_routes=["/open"])
    return app


def job_body(output: str, trigger: str, clicks: Any = 1) -> dict[str, Any]:
    """Return the body that starts, or asks after, a job."""
    return body(
        f"{output}.children", [item(trigger, "n_clicks", clicks)], changed=[f"{trigger}.n_clicks"]
    )


PUBLIC_JOB = job_body("pub", "go")
SLOW_JOB = job_body("slow", "go2")
PRIVATE_JOB = job_body("priv", "go3")
SLOW_PRIVATE_JOB = job_body("slowpriv", "go4")
THIRD_JOB = job_body("third", "go5")


def cancel_body(component: str) -> dict[str, Any]:
    """Return the body of the callback that Dash derives from `cancel=`."""
    return body(
        f"{component}.id", [item(component, "n_clicks", 1)], changed=[f"{component}.n_clicks"]
    )


def start(site: Site, sent: dict[str, Any], query: str = "", **options: Any) -> dict[str, str]:
    """Start a job and return its handles, as text."""
    reply = honest(site.call(sent, query=query, **options), None)
    handles = reply.json()
    if not {"cacheKey", "job"} <= set(handles):
        raise HonestRefused(f"no handles: {reply.text[:200]}")
    return {"cacheKey": str(handles["cacheKey"]), "job": str(handles["job"])}


def as_query(handles: dict[str, str], *more: str) -> str:
    """Return handles as a query, unquoted as the renderer sends them."""
    return "&".join([*more, *(f"{name}={value}" for name, value in handles.items())])


def polled(sent: dict[str, Any]) -> dict[str, Any]:
    """Return the body of a poll, in which newer renderers send no values."""
    if DASH_VERSION < (3,):
        return sent
    return {**sent, "inputs": [{**each, "value": None} for each in sent["inputs"]]}


def ask_after(site: Site, sent: dict[str, Any], query: str, **options: Any) -> Reply:
    """Ask once after a job.

    Dash looks for a result first and whether the job runs next. To a job that ends in between it
    answers 204, as to one that was cancelled; its result is there for who asks again.
    """
    reply = site.call(polled(sent), query=query, **options)
    return reply if reply.status == 204 else honest(reply, None)


def wait_for(site: Site, sent: dict[str, Any], query: str, marker: str, **options: Any) -> Reply:
    """Ask after a job until its result is there."""

    def reply() -> Reply | None:
        reply = ask_after(site, sent, query, **options)
        return reply if marker in reply.text else None

    try:
        return waiting.wait_for(reply)  # type: ignore[no-any-return]
    except TimeoutError as error:
        raise HonestRefused("the job gave no result") from error


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    """Run a process that has nothing to do with the app."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield process
    process.kill()
    process.wait()


def lives(process: subprocess.Popen[bytes], reply: Reply) -> None:
    """Demand that a process was not ended by a request."""
    time.sleep(0.1)
    if process.poll() is not None:
        raise AttackSucceeded(f"a process was ended: {reply.status}")


def process_id(cache_handle: str) -> int | None:
    """Return the process id in a job's handle, where the handle shows it."""
    digits = cache_handle.split("~")[0]
    return int(digits) if digits.isdigit() else None


def jobs_alive() -> set[int]:
    """Return the ids of the processes in which jobs run."""
    import psutil

    children = psutil.Process().children(recursive=True)
    alive = set()
    for child in children:
        with contextlib.suppress(psutil.NoSuchProcess):
            if child.status() != psutil.STATUS_ZOMBIE:
                alive.add(child.pid)
    return alive


# honest jobs


@pytest.mark.rule("S17")
def test_a_public_job_runs_to_its_end(serve: Any, cache: Any) -> None:
    site = serve(jobs_app(cache))
    cache[HOLD] = True
    handles = start(site, PUBLIC_JOB)
    wait_for(site, PUBLIC_JOB, as_query(handles), '"bar.value":"half"')
    del cache[HOLD]
    wait_for(site, PUBLIC_JOB, as_query(handles), PUBLIC)
    held(site.call(PRIVATE_JOB))
    held(site.call(SLOW_PRIVATE_JOB))


@pytest.mark.rule("S17")
@pytest.mark.event_loops
@pytest.mark.not_on("quart", "FastAPI's middleware")
def test_a_public_job_where_a_middleware_compresses(serve: Any, cache: Any) -> None:
    """The guard seals the handles in an answer, which it has to read."""
    from starlette.middleware.gzip import GZipMiddleware

    class Compressing(GZipMiddleware):
        """Stands for one of the developer's, behind the guard."""

    app = jobs_app(cache)
    app.server.add_middleware(Compressing, minimum_size=1)
    site = serve(app)
    coded = [("Accept-Encoding", "gzip, br")]
    handles = start(site, PUBLIC_JOB, headers=coded)
    wait_for(site, PUBLIC_JOB, as_query(handles), PUBLIC, headers=coded)
    now = body("now.children", [item("x", "value", 1)])
    assert honest(site.call(now, headers=coded), None).headers["Content-Encoding"] == "gzip"


@pytest.mark.rule("S17")
def test_a_private_job_for_a_user(serve: Any, cache: Any) -> None:
    site = serve(jobs_app(cache))
    handles = start(site, PRIVATE_JOB, auth=ALICE)
    held(site.call(polled(PRIVATE_JOB), query=as_query(handles)))
    wait_for(site, PRIVATE_JOB, as_query(handles), PRIVATE, auth=ALICE)


@pytest.mark.rule("S17")
def test_a_public_job_for_a_user(serve: Any, cache: Any) -> None:
    site = serve(jobs_app(cache))
    handles = start(site, PUBLIC_JOB, auth=ALICE)
    wait_for(site, PUBLIC_JOB, as_query(handles), PUBLIC, auth=ALICE)


@pytest.mark.rule("S17")
def test_what_a_start_gives_is_plain_text_for_a_query(serve: Any, cache: Any) -> None:
    """The renderer does not percent-encode handles."""
    site = serve(jobs_app(cache))
    for value in start(site, PUBLIC_JOB).values():
        assert quote(value, safe="~") == value


@pytest.mark.rule("S17")
@pytest.mark.skipif(DASH_VERSION < (4, 4), reason="page loads have no endId here")
def test_with_the_end_id_of_a_page_load(serve: Any, cache: Any) -> None:
    import re

    site = serve(jobs_app(cache))
    found = re.search(r'"end_?[iI]d":\s*"([^"]+)"', honest(site.get("/open"), None).text)
    assert found, "the page names no endId"
    end = f"endId={found.group(1)}"
    handles = start(site, PUBLIC_JOB, query=end)
    wait_for(site, PUBLIC_JOB, as_query(handles, end), PUBLIC)


@pytest.mark.rule("S17")
def test_a_job_started_anew_ends_the_old_one(serve: Any, cache: Any) -> None:
    site = serve(jobs_app(cache))
    before = jobs_alive()
    old = start(site, SLOW_JOB)
    started = waiting.wait_for(lambda: jobs_alive() - before)
    new = start(site, job_body("slow", "go2", 2), query=f"oldJob={old['job']}")
    waiting.wait_for(lambda: not started & jobs_alive(), "the old job still runs")
    honest(
        site.call(cancel_body("stop"), query=f"cancelJob={new['job']}"),
        None,
        (204 if DASH_VERSION < (3,) else 200),
    )


@pytest.mark.rule("S17")
def test_a_public_job_can_be_cancelled(serve: Any, cache: Any) -> None:
    site = serve(jobs_app(cache))
    before = jobs_alive()
    handles = start(site, SLOW_JOB)
    started = waiting.wait_for(lambda: jobs_alive() - before)
    reply = no_server_error(site.call(cancel_body("stop"), query=f"cancelJob={handles['job']}"))
    if reply.status not in (200, 204):
        raise HonestRefused(f"{reply.status}: {reply.text[:200]}")
    waiting.wait_for(lambda: not started & jobs_alive(), "the cancelled job still runs")
    no_server_error(site.call(polled(SLOW_JOB), query=as_query(handles)))


# handles that were not issued for that callback


@pytest.mark.rule("S17")
@pytest.mark.parametrize("reader", ["pub", "third", "now"])
def test_the_result_of_a_private_job_stays_private(serve: Any, cache: Any, reader: str) -> None:
    """Neither through the handle of the user's job, nor through the key that it is stored by."""
    app = jobs_app(cache)
    site = serve(app)
    sent = {
        "pub": PUBLIC_JOB,
        "third": THIRD_JOB,
        "now": body("now.children", [item("x", "value", 1)]),
    }[reader]
    handles = start(site, PRIVATE_JOB, auth=ALICE)
    keys = waiting.wait_for(
        lambda: [str(key) for key in cache.iterkeys() if PRIVATE in str(cache.get(key))],
        "the private job left no result to steal",
    )
    for key in [*keys, handles["cacheKey"], handles["cacheKey"].split("~")[0]]:
        for query in (
            f"cacheKey={key}", f"cacheKey={key}&job=0", f"cacheKey={key}&job={handles['job']}",
            f"job=0&cacheKey={key}", f"cacheKey={quote(key)}&job=1",
        ):  # fmt: skip
            reply = no_server_error(site.call(sent, query=query))
            if reader != "now":
                held(reply)
    wait_for(site, PRIVATE_JOB, as_query(handles), PRIVATE, auth=ALICE)


@pytest.mark.rule("S17")
def test_a_handle_counts_for_its_own_callback_only(serve: Any, cache: Any) -> None:
    site = serve(jobs_app(cache))
    handles = start(site, PUBLIC_JOB)
    waiting.wait_for(lambda: [key for key in cache.iterkeys() if PUBLIC in str(cache.get(key))])
    held(site.call(polled(THIRD_JOB), query=as_query(handles)), PUBLIC)
    held(site.call(polled(SLOW_JOB), query=as_query(handles)), PUBLIC)
    held(site.call(polled(SLOW_JOB), query=f"oldJob={handles['job']}"))
    held(site.call(cancel_body("stop"), query=f"cancelJob={handles['job']}"))
    wait_for(site, PUBLIC_JOB, as_query(handles), PUBLIC)


@pytest.mark.rule("S17")
def test_handles_of_two_jobs_and_two_kinds(serve: Any, cache: Any) -> None:
    site = serve(jobs_app(cache))
    handles = start(site, PUBLIC_JOB)
    swapped = {"cacheKey": handles["job"], "job": handles["cacheKey"]}
    held(site.call(polled(PUBLIC_JOB), query=as_query(swapped)), PUBLIC)
    held(site.call(polled(PUBLIC_JOB), query=f"oldJob={handles['cacheKey']}"))
    wait_for(site, PUBLIC_JOB, as_query(handles), PUBLIC)


QUERIES = [
    "oldJob={pid}", "oldJob=0&oldJob={pid}", "cacheKey=x&job={pid}", "job={pid}",
    "cacheKey={key}&job={pid}", "cacheKey={key}&job={job}&oldJob={pid}",
    "oldJob={job}&oldJob={pid}", "oldJob={pid}&oldJob={job}", "cancelJob={pid}",
    "cacheKey={key}&cacheKey=x&job={pid}", "cacheKey={key}&job={job}&job={pid}",
    "cacheKey={key}&job={pid}&job={job}", "oldJob={pid}~", "oldJob={pid}~" + "0" * 64,
    "oldJob=%2b{pid}", "oldJob=%20{pid}", "oldJob={pid}%00", "old%4Aob={pid}", "oldJob={pid};x=1",
    "x=1;oldJob={pid}", "endId=x&oldJob={pid}", "endId=&oldJob={pid}",
]  # fmt: skip


@pytest.mark.rule("S17")
@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("through", ["job", "cancel"])
def test_no_process_is_ended_by_its_number(
    serve: Any, cache: Any, bystander: subprocess.Popen[bytes], query: str, through: str
) -> None:
    site = serve(jobs_app(cache))
    handles = start(site, PUBLIC_JOB)
    filled = query.format(pid=bystander.pid, key=handles["cacheKey"], job=handles["job"])
    if through == "job":
        reply = site.call(polled(PUBLIC_JOB), query=filled)
    else:
        reply = site.call(cancel_body("stop"), query=filled.replace("oldJob", "cancelJob"))
    lives(bystander, reply)
    no_server_error(reply)
    names = ("oldJob", "cancelJob", "cacheKey", "job=")
    if any(filled.startswith(name) for name in names) and ";" not in filled:
        held(reply, status=REFUSED)


@pytest.mark.rule("S17")
def test_a_users_job_is_not_ended_by_a_stranger(serve: Any, cache: Any) -> None:
    import psutil

    site = serve(jobs_app(cache))
    children = psutil.Process()
    before = {p.pid for p in children.children(recursive=True)}
    handles = start(site, SLOW_PRIVATE_JOB, auth=ALICE)
    (job,) = waiting.wait_for(
        lambda: [p for p in children.children(recursive=True) if p.pid not in before]
    )
    own = start(site, PUBLIC_JOB)
    for value in (handles["job"], str(job.pid)):
        for sent, query in (
            (PUBLIC_JOB, f"oldJob={value}"),
            (THIRD_JOB, f"oldJob={value}"),
            (PUBLIC_JOB, f"cacheKey={own['cacheKey']}&job={value}"),
            (cancel_body("stop"), f"cancelJob={value}"),
            (cancel_body("both"), f"cancelJob={value}"),
            (cancel_body("halt"), f"cancelJob={value}"),
        ):
            reply = site.call(sent, query=query)
            time.sleep(0.05)
            if not job.is_running() or job.status() == psutil.STATUS_ZOMBIE:
                raise AttackSucceeded(f"the user's job was ended by {query}")
            held(reply)
    reply = site.call(cancel_body("both"), query=f"cancelJob={handles['job']}", auth=ALICE)
    honest(reply, None, 204 if DASH_VERSION < (3,) else 200)
    waiting.wait_for(lambda: not job.is_running() or job.status() == psutil.STATUS_ZOMBIE)


@pytest.mark.rule("S17")
def test_a_cancel_callback_is_as_public_as_all_that_it_cancels(serve: Any, cache: Any) -> None:
    """`stop` cancels a public job, `halt` a private one, `both` one of each."""
    site = serve(jobs_app(cache))
    done = (200, 204)
    public = no_server_error(site.call(cancel_body("stop")))
    if public.status not in done:
        raise HonestRefused(f"{public.status}: {public.text[:200]}")
    held(site.call(cancel_body("halt")))
    held(site.call(cancel_body("both")))
    for name in ("stop", "halt", "both"):
        assert site.call(cancel_body(name), auth=ALICE).status in done


@pytest.mark.rule("S17")
@pytest.mark.parametrize("part", ["cacheKey", "job"])
def test_handles_that_were_changed(serve: Any, cache: Any, part: str) -> None:
    site = serve(jobs_app(cache))
    handles = start(site, PUBLIC_JOB)
    good = handles[part]
    changed = [
        good[:-1] + ("0" if good[-1] != "0" else "1"), good[:-1], good + "0", "x" + good,
        good + "~", "~" + good, good.upper(), good.split("~")[0], good.rsplit(".", 1)[0],
        "None", "null", "0", "-1", "%ff", "%00", good + "%00", good + "%20", "9" * 5000,
    ]  # fmt: skip
    for bad in changed:
        if bad == good:
            continue
        reply = site.call(polled(PUBLIC_JOB), query=as_query({**handles, part: bad}))
        held(reply, PUBLIC, status=REFUSED)
    wait_for(site, PUBLIC_JOB, as_query(handles), PUBLIC)


@pytest.mark.rule("S17")
@pytest.mark.parametrize(
    "query",
    ["cacheKey=", "cacheKey=&job=", "job=", "oldJob=", "cancelJob=", "cacheKey", "&&=", "%ff=%ff"],
)
def test_empty_handles_are_no_server_error(serve: Any, cache: Any, query: str) -> None:
    site = serve(jobs_app(cache))
    start(site, PUBLIC_JOB)
    no_server_error(site.call(polled(PUBLIC_JOB), query=query))
    no_server_error(site.call(cancel_body("stop"), query=query))


@pytest.mark.rule("S17")
def test_handles_are_not_shared_between_apps(serve: Any, tmp_path: Path, cache: Any) -> None:
    """What one server issued means nothing to another, whatever its callbacks are named."""
    first = serve(jobs_app(cache))
    handles = start(first, PUBLIC_JOB)
    app = plain_app(background_callback_manager=DiskcacheManager(cache))

    @app.callback(Output("pub", "children"), Input("go", "n_clicks"), background=True)
    def private_twin(clicks: Any) -> str:
        return f"PRIVATE-MARKER {clicks}"

    guard(app, public_routes=["/open"])
    second = serve(app)
    held(second.call(polled(PUBLIC_JOB), query=as_query(handles)))
    wait_for(first, PUBLIC_JOB, as_query(handles), PUBLIC)
