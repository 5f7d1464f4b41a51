"""The user in background callbacks: who started the job, whatever server the app is on."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dash_auth
import pytest
from dash import CeleryManager, Dash, DiskcacheManager, Input, Output
from waiting import wait_for

from .apps import body, guard, item, plain_app
from .http import ALICE, BOB, CALLBACK_URL, Site

# A job is a fork of this process, which has threads; newer interpreters warn of that.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")


@pytest.fixture
def diskcache_manager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Give what runs each job in a process of its own."""
    diskcache = pytest.importorskip("diskcache")
    pytest.importorskip("multiprocess")
    with diskcache.Cache(str(tmp_path_factory.mktemp("jobs"))) as store:
        yield DiskcacheManager(store)


@pytest.fixture
def celery_manager() -> Iterator[Any]:
    """Give what runs jobs in a Celery worker, which is handed JSON."""
    celery = pytest.importorskip("celery")
    from celery._state import _on_app_finalizers as shared

    # Celery hands each task on to all later queues: the next test's would run this one's job.
    before = set(shared)
    queue = celery.Celery("jobs", broker="memory://", backend="cache+memory://")
    queue.loader.import_default_modules()
    yield CeleryManager(queue)
    shared &= before


def jobs_app(manager: Any) -> Dash:
    """Return an app whose jobs say who started them."""
    app = plain_app(background_callback_manager=manager)
    background: dict[str, Any] = {"background": True, "interval": 100, "prevent_initial_call": True}

    @dash_auth.public_callback(Output("who", "children"), Input("go", "n_clicks"), **background)
    def job(clicks: Any) -> str:

        import dash_auth

        time.sleep(0.3)
        user = dash_auth.current_user()
        groups = dash_auth.list_groups()
        return f"started by {user} of {groups} {dash_auth.check_groups(['makers'])}"

    guard(app, user_groups={"bob": ["makers"]}, secret_key="a secret key of the tests")
    return app


def leave_logging(**_: Any) -> None:
    """Set nothing up."""


@contextmanager
def worker(manager: Any) -> Iterator[None]:
    """Run a Celery worker in a thread."""
    from celery.contrib.testing.worker import start_worker
    from celery.signals import setup_logging

    # Who listens to this signal sets logging up in Celery's place: the tests' own stays.
    setup_logging.connect(leave_logging)
    with start_worker(manager.handle, pool="solo", perform_ping_check=False):
        yield


def start(site: Site, auth: tuple[str, str] | None) -> dict[str, Any]:
    answer = site.call(body("who.children", [item("go", "n_clicks", 1)]), auth=auth)
    assert answer.status == 200, answer.text
    started: dict[str, Any] = answer.json()
    return started


def result(site: Site, auth: tuple[str, str] | None, started: dict[str, Any]) -> str:
    from urllib.parse import urlencode

    query = urlencode({"cacheKey": started["cacheKey"], "job": started["job"]})

    def said() -> str | None:
        answer = site.call(
            body("who.children", [item("go", "n_clicks", 1)]),
            url=CALLBACK_URL,
            query=query,
            auth=auth,
        )
        if "started by" not in answer.text:
            return None
        return str(answer.json()["response"]["who"]["children"])

    return str(wait_for(said, "the job did not end"))


def each_job_knows_who_started_it(site: Site) -> None:
    jobs = [(auth, start(site, auth)) for auth in (ALICE, BOB, None)]
    assert [result(site, auth, started) for auth, started in jobs] == [
        "started by alice of [] False",
        "started by bob of ['makers'] True",
        "started by None of None None",
    ]


def test_a_process_knows_who_started_it(serve: Any, diskcache_manager: Any) -> None:
    each_job_knows_who_started_it(serve(jobs_app(diskcache_manager)))


def test_users_with_the_same_name_share_no_result() -> None:
    one, two = (dash_auth.User("", claims={"groups": [group]}) for group in ("admin", "staff"))
    assert one.identifying_claims() != two.identifying_claims()


def test_nobody_works_out_where_the_result_of_another_is(
    serve: Any, diskcache_manager: Any
) -> None:
    site = serve(jobs_app(diskcache_manager))
    public = start(site, None)["cacheKey"].rpartition(".")[0].split("~")[0]
    bobs = start(site, BOB)["cacheKey"]
    for name in ("bob", '{"email": "bob", "groups": ["makers"]}'):
        assert hashlib.sha256(f"{public} {name}".encode()).hexdigest() not in bobs


@pytest.mark.parametrize("in_place_of_another", [False, True])
def test_a_callback_that_is_added_later_knows_the_user_too(
    serve: Any, diskcache_manager: Any, in_place_of_another: bool
) -> None:
    app = plain_app()
    if in_place_of_another:
        app.callback(Output("who", "children"), Input("go", "n_clicks"))(lambda _: "no job")
    guard(app, secret_key="a secret key of the tests")
    site = serve(app)
    assert site.get("/", auth=BOB).status == 200

    @app.callback(
        Output("who", "children"),
        Input("go", "n_clicks"),
        background=True,
        manager=diskcache_manager,
        prevent_initial_call=True,
    )
    def later(clicks: Any) -> str:

        import dash_auth

        time.sleep(0.3)
        return f"started by {dash_auth.current_user()}"

    assert site.get("/", auth=BOB).status == 200
    jobs = [(auth, start(site, auth)) for auth in (ALICE, BOB)]
    found = [result(site, auth, started) for auth, started in jobs]
    assert found == ["started by alice", "started by bob"]


def test_a_celery_worker_knows_who_started_its_job(serve: Any, celery_manager: Any) -> None:
    site = serve(jobs_app(celery_manager))
    with worker(celery_manager):
        each_job_knows_who_started_it(site)
