"""What fits in a cookie: five tabs that log in share one."""

from __future__ import annotations

from dash_auth._request import PageServer
from dash_auth._shown import IDP, USER, Session
from dash_auth.logins.oidc import pending
from dash_auth.sessions.parked import PARKED

COOKIE_LIMIT = 4000
"""The longest name and value of a cookie, in bytes: below what browsers take (RFC 6265 6.1)."""


def fits(server: PageServer, session: Session, *, with_user: bool = False) -> bool:
    """Tell whether a session can be kept; paths of other tabs, and other logins give way.

    :param server: the server
    :param session: the session of the current request
    :param with_user: whether what is shown of the user is kept too
    """
    for give_way in (pending.forget_older_target, _forget_parked, pending.forget_older_login):
        while not _is_short(server, session, with_user):
            if not give_way(session):
                break
        else:
            return True
    return False


def _forget_parked(session: Session) -> bool:
    return session.pop(PARKED, None) is not None


def _is_short(server: PageServer, session: Session, with_user: bool) -> bool:
    shown = () if with_user else (USER, IDP)
    kept = {key: value for key, value in session.items() if key not in shown}
    length = server.session_cookie_length(kept)
    return length is None or length <= COOKIE_LIMIT
