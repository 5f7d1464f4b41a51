"""What a page is told of WebSockets, by who asks for it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from attacks.http import ALICE, BOB
from dash_auth import explain

from .apps import simple_app


def settings(site: Any, **options: Any) -> Any:
    """Return what the index page tells the renderer of WebSockets, None if nothing."""
    text = site.get("/", **options).text
    found = re.search(r'<script id="_dash-config" type="application/json">(.*?)</script>', text)
    assert found is not None
    return json.loads(found[1]).get("websocket")


def marked(site: Any, **options: Any) -> dict[str, Any]:
    """Return for each callback whether the renderer is told to use the WebSocket."""
    callbacks = site.get("/_dash-dependencies", **options).json()
    return {one["output"]: one.get("websocket") for one in callbacks}


@pytest.mark.parametrize("per_callback", [False, True], ids=["all", "each"])
def test_a_stranger_uses_it_for_public_callbacks_alone(
    serve: Any, backend: str, per_callback: bool
) -> None:
    site = serve(simple_app(backend, per_callback=per_callback, public_routes=["/"]))
    strangers = ({}, {"auth": ("alice", "wrong")}, {"cookie": "session=x"})
    for options in strangers:
        assert settings(site, **options)["enabled"] is False
        assert marked(site, **options) == {"pub.children": True, "priv.children": False}


def test_a_stranger_is_told_nothing_where_no_callback_is_public(serve: Any, backend: str) -> None:
    site = serve(simple_app(backend, with_public=False, public_routes=["/"]))
    assert settings(site) is None
    assert marked(site) == {"priv.children": False}
    assert settings(site, auth=ALICE)["enabled"] is True


def test_each_user_has_a_worker_of_their_own(serve: Any, backend: str) -> None:
    site = serve(simple_app(backend, public_routes=["/"]))
    tags = [settings(site, **options)["worker_url"] for options in ({}, {"auth": ALICE}, {"auth": BOB})]  # fmt: skip
    assert len(set(tags)) == 3
    assert [("user=" in tag) for tag in tags] == [False, True, True]
    assert not any("alice" in tag or "bob" in tag for tag in tags)
    assert settings(site, auth=ALICE)["worker_url"] == tags[1]
    for tag in tags:
        assert site.get(tag, auth=ALICE).status == 200
    assert settings(site, auth=ALICE)["enabled"] is True


def test_without_a_secret_key_a_users_page_uses_http(serve: Any, backend: str) -> None:
    site = serve(simple_app(backend, secret_key=None, public_routes=["/"]))
    assert settings(site, auth=ALICE) is None
    assert settings(site)["enabled"] is False


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "BREW"])
def test_a_method_that_the_list_of_callbacks_does_not_have_is_no_fault(
    serve: Any, backend: str, method: str
) -> None:
    site = serve(simple_app(backend, public_routes=["/"]))
    assert site.request(method, "/_dash-dependencies").status < 500


def test_the_report_says_that_a_session_opens_a_websocket(backend: str) -> None:
    report = explain(simple_app(backend, with_public=False))
    assert report.session.startswith("WebSockets open with it")


def test_without_a_secret_key_the_developer_is_told_what_becomes_of_websockets(
    serve: Any, backend: str, caplog: pytest.LogCaptureFixture
) -> None:
    site = serve(simple_app(backend, with_public=False, secret_key=None))
    assert site.get("/", auth=ALICE).status == 200
    assert caplog.text.count("callbacks will go by HTTP, not over WebSockets") == 1
