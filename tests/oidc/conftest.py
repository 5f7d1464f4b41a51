"""Fixtures: providers that run, visitors with a browser, apps whose provider is skipped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from .apps import ALICE, Direct
from .certified_provider import CertifiedProvider, certified, what_is_missing
from .mock_provider import Provider, providing
from .servers import KINDS, Chosen, serving
from .visitor import Serve, Visitor


@pytest.fixture(scope="package")
def provider() -> Iterator[Provider]:
    """Give a provider that demands PKCE."""
    with providing(pkce=True) as provider:
        provider.has("alice", **ALICE)
        provider.has("bob", email="bob@example.com", email_verified=True)
        yield provider


@pytest.fixture(scope="package")
def old_provider() -> Iterator[Provider]:
    """Give a provider that knows no PKCE, so that the nonce alone binds a code to a login."""
    with providing(pkce=False) as provider:
        provider.has("alice", **ALICE)
        yield provider


@pytest.fixture(scope="package")
def certified_provider() -> Iterator[CertifiedProvider]:
    """Give a certified provider, written by others; without Node.js the test is skipped."""
    missing = what_is_missing()
    if missing is not None:
        pytest.skip(missing)
    with certified() as provider:
        yield provider


@pytest.fixture
def visit(serve: Serve) -> Iterator[Callable[[Any], Visitor]]:
    """Give `visit(app)`, or `visit(address)`: somebody with a browser of their own."""
    with ExitStack() as clients:

        def visitor(place: Any) -> Visitor:
            visitor = Visitor(place if isinstance(place, str) else serve(place))
            clients.enter_context(visitor.client)
            return visitor

        yield visitor


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Give `serve(app)`: its address; the server ends with the test."""
    with ExitStack() as servers:
        yield lambda app: servers.enter_context(serving(app))


@pytest.fixture
def direct(monkeypatch: pytest.MonkeyPatch, serve: Serve) -> Iterator[Callable[..., Direct]]:
    """Give `direct(**options)`: an app of OIDCAuth with these options."""
    with ExitStack() as clients:

        def made(**options: Any) -> Direct:
            direct = Direct(monkeypatch, serve, **options)
            clients.callback(direct.close)
            return direct

        yield made


@pytest.fixture(params=KINDS)
def each_server(request: pytest.FixtureRequest) -> Iterator[str]:
    """Have a test run on each of the three servers."""
    Chosen.kind = request.param
    yield request.param
    Chosen.kind = "flask"
