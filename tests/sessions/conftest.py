"""Real stores for the tests of sessions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from databases import Database, PostgresServer, RedisServer, started


@pytest.fixture(scope="package")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """Give a Redis."""
    yield from started(RedisServer, tmp_path_factory)


@pytest.fixture(scope="package")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """Give a PostgreSQL."""
    yield from started(PostgresServer, tmp_path_factory)
