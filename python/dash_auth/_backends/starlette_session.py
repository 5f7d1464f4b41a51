"""The session of a FastAPI server: a cookie that Starlette signs."""

from __future__ import annotations

import inspect
import json
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import itsdangerous
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware


class SessionCookie:
    """What signs the session's cookie, and who may have it."""

    def __init__(self) -> None:
        self._secret_key: str | None = None
        self._only_over_https = False

    def set_secret_key(self, key: str | bytes) -> None:
        """Set the key with which the cookie is signed, unless the developer has sessions."""
        # An empty key is none: anyone could sign with it.
        self._secret_key = (key if isinstance(key, str) else key.decode("latin-1")) or None

    def only_over_https(self) -> None:
        """Have the cookie sent over https only, the developer's own too."""
        self._only_over_https = True

    def fit(self, declared: list[Middleware]) -> list[Middleware]:
        """Return what may stand before the guard, with sessions among it if there is a key.

        :param declared: the developer's own
        """
        fitted = [self._fit(one) if _is_session(one) else one for one in declared]
        if self._secret_key is not None and _own(declared) is None:
            # Without `max_age` it ends with the browser, as Flask's does.
            sessions = Middleware(SessionMiddleware, secret_key=self._secret_key, max_age=None)
            fitted.append(self._fit(sessions))
        return fitted

    def _fit(self, sessions: Middleware) -> Middleware:
        if not self._only_over_https:
            return sessions
        return Middleware(SessionMiddleware, **{**_arguments(sessions), "https_only": True})

    def secret_key(self, declared: list[Middleware]) -> bytes | None:
        """Return the key with which the cookie is signed, None if there is none."""
        own = _own(declared)
        key = self._secret_key if own is None else _arguments(own).get("secret_key")
        return None if key is None else str(key).encode() or None

    def length(self, declared: list[Middleware], session: Mapping[str, Any]) -> int:
        """Return the length of the cookie that holds a session, name and value, in bytes."""
        own = _own(declared)
        name = "session" if own is None else _arguments(own).get("session_cookie", "session")
        signer = itsdangerous.TimestampSigner(self.secret_key(declared) or b"")
        return len(name) + len(signer.sign(b64encode(json.dumps(dict(session)).encode())))


def _own(declared: list[Middleware]) -> Middleware | None:
    """Return the developer's own sessions, None if there are none."""
    return next((one for one in declared if _is_session(one)), None)


def _is_session(one: Middleware) -> bool:
    kind: object = one.cls
    return kind is SessionMiddleware


def _arguments(sessions: Middleware) -> dict[str, Any]:
    bound = inspect.signature(SessionMiddleware).bind(None, *sessions.args, **sessions.kwargs)
    return {name: value for name, value in bound.arguments.items() if name != "app"}
