"""What fits in a cookie: five tabs that log in share one."""

from __future__ import annotations

from dash_auth._request import PageServer
from dash_auth._shown import NAMES, REFRESH_TOKEN, Session
from dash_auth.logins.oidc import pending
from dash_auth.logins.oidc.session import ProviderSession
from dash_auth.sessions.ticket import LONGEST_COOKIE


def fits(
    server: PageServer,
    session: Session,
    remembering: ProviderSession | None = None,
    *,
    with_user: bool = False,
) -> bool:
    """Tell whether a session can be kept; paths and logins of other tabs, and apps, give way.

    :param server: the server
    :param session: the session of the current request
    :param remembering: what remembers logins to the app; with None no login gives way
    :param with_user: whether what is shown of the user is kept too
    """
    end_other = () if remembering is None else (remembering.end_older_other,)
    for give_way in (pending.forget_older_target, *end_other, pending.forget_older_login):
        while not _is_short(server, session, with_user):
            if not give_way(session):
                break
        else:
            return True
    return False


def _is_short(server: PageServer, session: Session, with_user: bool) -> bool:
    shown = (REFRESH_TOKEN,) if with_user else (*NAMES, REFRESH_TOKEN)
    kept = {key: value for key, value in session.items() if key not in shown}
    length = server.session_cookie_length(kept)
    return length is None or length <= LONGEST_COOKIE
