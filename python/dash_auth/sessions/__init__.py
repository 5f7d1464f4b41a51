"""Where a login is remembered, and the sessions that a store keeps."""

from dash_auth.sessions.known import Session, end, end_all, of
from dash_auth.sessions.store import SessionStore, StoredSession

__all__ = ["Session", "SessionStore", "StoredSession", "end", "end_all", "of"]
