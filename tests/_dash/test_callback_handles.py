"""Handles of background jobs: a stranger may use those issued to strangers for that callback."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import dash_auth
import flask
import pytest
from dash import Dash, Input, Output
from dash_auth._core import HandleSeal
from dash_auth._dash.handles import seal_answer
from flask.testing import FlaskClient
from guarded import ALICE, call, client_of, guarded_app
from waiting import wait_for

KEY = b"a key"
SECRET = [KEY]


# Seals


def test_a_handle_is_unsealed_for_the_callback_that_it_was_sealed_for() -> None:
    seal = HandleSeal("guard")
    for handle in ("abc~def.ghi", "4711", "", "a.b"):
        sealed = seal.seal(KEY, "job", "a.children", handle)
        assert seal.unseal(SECRET, "job", ["a.children"], sealed) == handle
        assert seal.unseal(SECRET, "job", ["b.children", "a.children"], sealed) == handle
        assert seal.unseal(SECRET, "job", ["b.children"], sealed) is None
        assert seal.unseal(SECRET, "job", [], sealed) is None
        assert seal.unseal([b"another key"], "job", ["a.children"], sealed) is None
        rotated = [b"another key", *SECRET]
        assert seal.unseal(rotated, "job", ["a.children"], sealed) == handle
        assert HandleSeal("another").unseal(SECRET, "job", ["a.children"], sealed) is None
        assert seal.unseal(SECRET, "job", ["a.children"], f"1{sealed}") is None
    for forged in ("", "abc", ".", "abc.", "abc.abc", "\ud800.abc"):
        assert seal.unseal(SECRET, "job", ["a.children"], forged) is None
    with pytest.raises(ValueError, match="takes no handle"):
        seal.unseal(SECRET, "state", ["a.children"], sealed)


def test_an_answers_handles_are_sealed_and_all_else_stays() -> None:
    seal = HandleSeal("guard")
    answer = {"cacheKey": "key", "job": 7, "cancel": [1], "progressDefault": {"a": "b"}}
    sealed = json.loads(seal_answer(seal, KEY, "a.children", json.dumps(answer).encode()))
    assert seal.unseal(SECRET, "cacheKey", ["a.children"], sealed["cacheKey"]) == "key"
    assert seal.unseal(SECRET, "job", ["a.children"], sealed["job"]) == "7"
    assert seal.unseal(SECRET, "job", ["a.children"], sealed["cacheKey"]) is None
    assert {**sealed, "cacheKey": "key", "job": 7} == answer
    empty = json.loads(seal_answer(seal, KEY, "a.children", b'{"cacheKey": "k", "job": null}'))
    assert empty["job"] is None


@pytest.mark.parametrize("answer", [b"", b"\xff", b"no json", b"[1]", b'"job"', b'{"multi": true}'])
def test_any_other_answer_stays_as_it_is(answer: bytes) -> None:
    assert seal_answer(HandleSeal("guard"), KEY, "a.children", answer) is answer


# Jobs


class Manager:
    """Builds a background manager of diskcache, and ends its jobs."""

    def __init__(self, folder: Path) -> None:
        import diskcache
        from dash import DiskcacheManager

        self.cache = diskcache.Cache(str(folder))
        self.manager = DiskcacheManager(self.cache)


@pytest.fixture
def manager(tmp_path: Path) -> Any:
    kept = Manager(tmp_path / "jobs")
    yield kept.manager
    kept.cache.close()


def job_app(manager: Any) -> Dash:
    app = guarded_app(secret_key="a key")
    options: dict[str, Any] = {"background": True, "manager": manager, "prevent_initial_call": True}

    @dash_auth.public_callback(
        Output("open", "children"),
        Input("in", "value"),
        cancel=[Input("stop", "n_clicks")],
        **options,
    )
    def open_job(value: str) -> str:
        return f"open result {value}"

    @dash_auth.public_callback(Output("other", "children"), Input("in", "value"), **options)
    def other_job(value: str) -> str:
        return f"other result {value}"

    @app.callback(Output("closed", "children"), Input("in", "value"), **options)
    def closed_job(value: str) -> str:
        return f"closed result {value}"

    return app


def start(client: FlaskClient, output: str, **options: Any) -> dict[str, Any]:
    reply = call(client, output, ("in", "value", "x"), **options)
    assert reply.status_code == 200, reply.text
    answer: dict[str, Any] = reply.json
    assert {"cacheKey", "job"} <= set(answer)
    return answer


def poll(client: FlaskClient, output: str, handles: dict[str, Any], **options: Any) -> Any:
    query = urlencode({"cacheKey": handles["cacheKey"], "job": handles["job"]})

    def answered() -> Any:
        reply = call(client, output, ("in", "value", "x"), query=query, **options)
        # Dash says 204 to a job that ends while it looks: the next time it has the result.
        return reply if reply.status_code not in (200, 204) or "result" in reply.text else None

    return wait_for(answered, "the job did not end")


def test_a_stranger_gets_the_result_of_a_public_job(manager: Any) -> None:
    client = client_of(job_app(manager))
    handles = start(client, "open.children")
    assert "open result x" in poll(client, "open.children", handles).text


def test_a_stranger_who_logs_in_meanwhile_gets_it_too(manager: Any) -> None:
    client = client_of(job_app(manager))
    handles = start(client, "open.children")
    assert "open result x" in poll(client, "open.children", handles, auth=ALICE).text
    # And a user's own handles are Dash's.
    own = start(client, "closed.children", auth=ALICE)
    assert "closed result x" in poll(client, "closed.children", own, auth=ALICE).text


def test_a_handle_of_another_job_is_refused_before_dash_sees_it(
    manager: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "dash_auth")
    client = client_of(job_app(manager))
    mine = start(client, "open.children")
    private = start(client, "closed.children", auth=ALICE)
    poll(client, "closed.children", private, auth=ALICE)
    for handles in (
        private,
        {**mine, "cacheKey": private["cacheKey"]},
        {**mine, "job": private["job"]},
        {**mine, "job": "1"},
        start(client, "other.children"),
    ):
        reply = poll(client, "open.children", handles)
        assert (reply.status_code, reply.text) == (401, "Login Required")
    assert caplog.text.count("a handle that was not issued for this callback") == 5
    assert "open result x" in poll(client, "open.children", mine).text


@pytest.mark.parametrize("name", ["oldJob", "cancelJob", "job", "cacheKey"])
def test_no_parameter_takes_a_foreign_handle(manager: Any, name: str) -> None:
    client = client_of(job_app(manager))
    handles = start(client, "open.children")
    sealed = handles["cacheKey" if name == "cacheKey" else "job"]
    inputs = ("in", "value", "x")
    for value in ("1", f"{sealed}0", "", start(client, "other.children")["job"]):
        query = urlencode({name: value})
        assert call(client, "open.children", inputs, query=query).status_code == 401
    # One good handle does not vouch for another.
    query = urlencode([(name, sealed), (name, "1")])
    assert call(client, "open.children", inputs, query=query).status_code == 401


def test_a_job_is_cancelled_by_who_started_it(manager: Any) -> None:
    client = client_of(job_app(manager))
    job = start(client, "open.children")["job"]
    again = call(client, "open.children", ("in", "value", "y"), query=urlencode({"oldJob": job}))
    assert again.status_code == 200
    (cancel,) = [
        output
        for output in dash_auth.public_routes.get_public_callbacks(client_app(client))
        if output.endswith(".id")
    ]
    clicked = ("stop", "n_clicks", 1)
    query = urlencode({"cancelJob": again.json["job"]})
    assert call(client, cancel, clicked, query=query).status_code in (200, 204)
    foreign = urlencode({"cancelJob": start(client, "other.children")["job"]})
    assert call(client, cancel, clicked, query=foreign).status_code == 401


def client_app(client: FlaskClient) -> Dash:
    from dash import get_app

    return get_app()


def test_the_cancel_callback_is_public_when_all_that_it_cancels_is(manager: Any) -> None:
    app = guarded_app()
    options: dict[str, Any] = {
        "background": True,
        "manager": manager,
        "cancel": [Input("stop", "n_clicks")],
        "prevent_initial_call": True,
    }
    dash_auth.public_callback(Output("a", "children"), Input("in", "value"), **options)(
        lambda value: "a"
    )
    app.callback(Output("b", "children"), Input("in", "value"), **options)(lambda value: "b")
    client_of(app).get("/", auth=ALICE)
    assert dash_auth.public_routes.get_public_callbacks(app) == ["a.children"]


def test_handles_can_be_sealed_where_nothing_has_a_key(
    manager: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Before 4.4.1 Dash signs nothing and so has no key.
    monkeypatch.setattr("dash_auth._dash_internals.signing_secret", lambda app: None)
    app = job_app(manager)
    app.server.secret_key = None
    client = client_of(app)
    handles = start(client, "open.children")
    assert "open result x" in poll(client, "open.children", handles).text
    assert poll(client, "open.children", {**handles, "job": "1"}).status_code == 401


def test_a_users_query_without_handles_stays_as_it_was_written() -> None:
    app = guarded_app()
    dash_auth.public_callback(Output("a", "children"), Input("in", "value"))(lambda value: value)

    @app.callback(Output("b", "children"), Input("in", "value"))
    def show(value: str) -> str:
        return flask.request.query_string.decode()

    query = "endId=1&note=a%20b"
    reply = call(client_of(app), "b.children", ("in", "value", 1), auth=ALICE, query=query)
    assert reply.json is not None
    assert reply.json["response"]["b"]["children"] == query


def test_an_answer_that_is_no_json_passes_unchanged() -> None:
    app = guarded_app()
    app.server.register_error_handler(Exception, lambda error: ('{"job": "1"}', 500))
    # With no manager Dash raises an error of its own.
    dash_auth.public_callback(Output("a", "children"), Input("in", "value"), background=True)(
        lambda value: value
    )
    reply = call(client_of(app), "a.children", ("in", "value", "x"))
    assert (reply.status_code, reply.text) == (500, '{"job": "1"}')
