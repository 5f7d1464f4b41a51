"""A Redis in which guesses are counted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from databases import Database


@pytest.fixture
def redis(redis_server: Database) -> Iterator[Any]:
    """Give a client of a Redis in which nothing is counted yet."""
    from dash_auth.sessions.redis import client_of

    client = client_of(redis_server.url)
    client.flushall()
    yield client
    client.close()
