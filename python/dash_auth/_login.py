"""A login, as the guard and the servers see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class SocketLogin:
    """Who opened a WebSocket, and for how long that counts.

    Attributes:
        holds: tells, at once, whether the login still holds.
        claims: returns what `session["user"]` would hold of the user now.
        claims_wait: whether that may take long.
        ask: asks again whether the user may use the app, where that is to be asked at each message.
    """

    holds: Callable[[], bool]
    claims: Callable[[], Mapping[str, Any]]
    claims_wait: bool = False
    ask: Callable[[], bool] | None = None
