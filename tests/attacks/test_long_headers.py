"""S10: a long header or query is not worked on before it is known whose it is."""

from __future__ import annotations

import types
from typing import Any

import pytest

from .apps import IS_UPSTREAM, plain_app
from .callbacks import PUBLIC_BODY, simple_app
from .http import PUBLIC, held, honest

if not IS_UPSTREAM:
    from dash_auth import _core
    from dash_auth.logins import navigation

only_ours = pytest.mark.skipif(IS_UPSTREAM, reason="upstream has no such part")


class Asked:
    """A request with an Accept header."""

    method = "GET"

    def __init__(self, accept: str | None, **more: str) -> None:
        self.headers = {"Accept": accept, **more}

    def header(self, name: str) -> str | None:
        return self.headers.get(name)


@only_ours
@pytest.mark.parametrize(
    "accept,expected",
    [
        (None, True),
        ("text/html", True),
        ("application/json", False),
        ("a/b," * 200 + "text/html", True),
        ("a/b," * 500_000 + "text/html", False),
        ("text/html," + "a/b," * 500_000, True),
    ],
    ids=["none", "html", "json", "early", "late", "first"],
)
def test_the_beginning_of_an_accept_header_is_read(
    monkeypatch: pytest.MonkeyPatch, accept: str | None, expected: bool
) -> None:
    parse, read = navigation.parse_accept_header, []

    def note(value: str, kind: Any) -> Any:
        read.append(len(value))
        return parse(value, kind)

    monkeypatch.setattr(navigation, "parse_accept_header", note)
    assert navigation.is_navigation(Asked(accept)) is expected  # type: ignore[arg-type]
    assert all(length <= 1024 for length in read)


@only_ours
@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        (None, False),
        ("http://here", False),
        ("http://there", True),
        ("http://" + "a" * 2_000_000, True),
        ("http://here/" + "a" * 2_000_000, True),
    ],
    ids=["none", "own", "other", "long host", "long path"],
)
def test_a_long_origin_is_another(origin: str | None, expected: bool) -> None:
    gate = _core.Gate(_core.RouteMap(), "/", "/", [])
    sender = (None, origin, "http://here")
    assert gate.ask(_core.Endpoint.SERVER, "POST", "/", *sender)[1] is expected
    assert gate.ask_socket(_core.Endpoint.SERVER, "/", *sender, False)[1] is expected


@only_ours
@pytest.mark.parametrize(
    ("path", "query", "expected"),
    [
        ("/a", "b=c", "/a?b=c"),
        ("/a", "b" * 2_000_000, "/a"),
        ("/" + "a" * 2_000_000, "", None),
        ("/a", "\xff" * 300, "/a"),
    ],
    ids=["short", "long query", "long path", "longer when quoted"],
)
def test_a_long_way_back_is_not_gone(path: str, query: str, expected: str | None) -> None:
    request = types.SimpleNamespace(method="GET", path=path, query=query, root_path="", target=None)
    assert navigation.target(plain_app(), request) == expected  # type: ignore[arg-type]


@pytest.mark.rule("S17")
@pytest.mark.parametrize("query", ["a=" + "1" * 16_384, "&" * 1_000], ids=["long", "parameters"])
def test_a_long_query_of_a_callback_is_not_parsed(serve: Any, query: str) -> None:
    site = serve(simple_app())
    honest(site.call(PUBLIC_BODY, query="a=" + "1" * 16_000))
    honest(site.call(PUBLIC_BODY, query="a&" * 900))
    held(site.call(PUBLIC_BODY, query=query), PUBLIC, status=(401, 414))
