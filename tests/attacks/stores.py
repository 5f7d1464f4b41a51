"""Sessions that a Flask or Quart server keeps, of which the client has the id alone."""

from __future__ import annotations

import json
import secrets
from typing import Any

import flask.sessions
from dash import Dash
from werkzeug.datastructures import CallbackDict

from . import apps


class KeptSession(CallbackDict[str, Any], flask.sessions.SessionMixin):
    """A session with an id, as Flask-Session has it."""

    def __init__(self, sid: str, content: dict[str, Any]) -> None:
        def changed(_: Any) -> None:
            self.modified = True

        super().__init__(content, changed)
        self.sid = sid
        self.modified = False


class Store:
    """Keeps sessions as text, and takes any id that a client sends, as many do."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def content(self, sid: str) -> Any:
        return json.loads(self.kept.get(sid, "{}"))

    def open(self, request: Any) -> KeptSession:
        sid = request.cookies.get("session") or secrets.token_urlsafe()
        return KeptSession(sid, self.content(sid))

    def save(self, session: Any, response: Any) -> None:
        if not session.modified:
            return
        if session:
            self.kept[session.sid] = json.dumps(dict(session))
            response.set_cookie("session", session.sid)
        else:
            self.kept.pop(session.sid, None)
            response.delete_cookie("session")

    def regenerate(self, session: Any) -> None:
        if session:
            self.kept.pop(session.sid, None)
            session.sid = secrets.token_urlsafe()
            session.modified = True


def keep_sessions(app: Dash, *, regenerates: bool = True) -> Store:
    """Have a server keep its sessions, and return where."""
    store = Store()
    interface: Any
    if apps.backend == "quart":
        from quart.sessions import SessionInterface

        class AsyncInterface(SessionInterface):
            async def open_session(self, app: Any, request: Any) -> Any:
                return store.open(request)

            async def save_session(self, app: Any, session: Any, response: Any) -> None:
                store.save(session, response)

        interface = AsyncInterface()
    else:

        class Interface(flask.sessions.SessionInterface):
            def open_session(self, app: Any, request: Any) -> Any:
                return store.open(request)

            def save_session(self, app: Any, session: Any, response: Any) -> None:
                store.save(session, response)

        interface = Interface()
    if regenerates:
        interface.regenerate = store.regenerate
    app.server.session_interface = interface
    return store
