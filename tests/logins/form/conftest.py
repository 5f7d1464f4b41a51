"""Fixtures of the tests of the login page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from attacks.apps import reset_dash


@pytest.fixture(autouse=True)
def fresh_dash() -> Iterator[None]:
    """Start and leave with empty registries of Dash."""
    reset_dash()
    yield
    reset_dash()
