"""The session of a FastAPI server: a cookie that Starlette signs."""

from __future__ import annotations

import functools
import inspect
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

import itsdangerous
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.types import ASGIApp

from dash_auth._request import CookieAttributes
from dash_auth._secret_keys import Keys, keys_of

_SECONDS: int = inspect.signature(SessionMiddleware).parameters["max_age"].default
"""For how long Starlette's cookie counts unless it is told, in seconds."""


class RotatingSessions(SessionMiddleware):
    """Starlette's sessions, where what was signed with an old key counts as well."""

    def __init__(self, app: ASGIApp, secret_keys: Sequence[str], **options: Any) -> None:
        """Name the keys.

        :param app: what stands behind
        :param secret_keys: the keys, the current one first
        :param options: what Starlette's sessions take
        """
        super().__init__(app, secret_keys[0], **options)
        # The last is the one that signs.
        self.signer = itsdangerous.TimestampSigner(list(reversed(secret_keys)))


class SessionCookie:
    """What signs the session's cookie, and who may have it."""

    def __init__(self) -> None:
        self._secret_keys: list[str] = []
        self._only_over_https = False

    def set_secret_keys(self, keys: Sequence[str | bytes]) -> None:
        """Set the keys with which the cookie is signed, unless the developer has sessions."""
        # An empty key is none: anyone could sign with it.
        self._secret_keys = [
            key if isinstance(key, str) else key.decode("latin-1") for key in keys if key
        ]

    def only_over_https(self) -> None:
        """Have the cookie sent over https only, the developer's own too."""
        self._only_over_https = True

    def fit(self, declared: list[Middleware]) -> list[Middleware]:
        """Return what may stand before the guard, with sessions among it if there is a key.

        :param declared: the developer's own
        """
        fitted = [self._fit(one) if _is_session(one) else one for one in declared]
        if self._secret_keys and _own(declared) is None:
            # Without `max_age` it ends with the browser, as Flask's does.
            options: dict[str, Any] = {"max_age": None, "https_only": self._only_over_https}
            sessions: Any = RotatingSessions
            fitted.append(Middleware(sessions, secret_keys=self._secret_keys, **options))
        return fitted

    def _fit(self, sessions: Middleware) -> Middleware:
        if not self._only_over_https:
            return sessions
        return Middleware(SessionMiddleware, **{**_arguments(sessions), "https_only": True})

    def secret_keys(self, declared: list[Middleware]) -> Keys:
        """Return the keys with which the cookie is signed, the current one first."""
        own = _own(declared)
        if own is None:
            return keys_of(next(iter(self._secret_keys), None), self._secret_keys[1:])
        key = _arguments(own).get("secret_key")
        return keys_of(None if key is None else str(key))

    def length(self, declared: list[Middleware], session: Mapping[str, Any]) -> int:
        """Return the length of the cookie that holds a session, name and value, in bytes."""
        signer = itsdangerous.TimestampSigner(next(iter(self.secret_keys(declared)), b""))
        signed = signer.sign(b64encode(json.dumps(dict(session)).encode()))
        return len(_name(declared)) + len(signed)

    def attributes(self, declared: list[Middleware]) -> CookieAttributes:
        """Return what is said of the cookie.

        :param declared: the developer's own
        """
        own = _own(declared)
        arguments = {} if own is None else _arguments(own)
        is_secure = self._only_over_https or bool(arguments.get("https_only"))
        is_for_frames = str(arguments.get("same_site", "lax")).lower() == "none"
        seconds = None if own is None else arguments.get("max_age", _SECONDS)
        return CookieAttributes(is_secure, is_for_frames, seconds=seconds)


def _own(declared: list[Middleware]) -> Middleware | None:
    """Return the developer's own sessions, None if there are none."""
    return next((one for one in declared if _is_session(one)), None)


def _name(declared: list[Middleware]) -> str:
    own = _own(declared)
    return str("session" if own is None else _arguments(own).get("session_cookie", "session"))


def _is_session(one: Middleware) -> bool:
    kind: object = one.cls
    return kind is SessionMiddleware


@functools.lru_cache(16)
def _arguments(sessions: Middleware) -> dict[str, Any]:
    bound = inspect.signature(SessionMiddleware).bind(None, *sessions.args, **sessions.kwargs)
    return {name: value for name, value in bound.arguments.items() if name != "app"}
