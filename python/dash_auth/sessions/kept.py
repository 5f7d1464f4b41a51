"""What a session keeps of a login beside its ticket.

The ticket says who logged in, and holds the claims. What the app has made of them since, and all of
them where the server keeps sessions, stands in the app's own session: for this one login, so that
what is left of another counts for nothing. Apps on one server share the session, and each has a
place of its own there.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

from dash_auth._core import Ticket
from dash_auth._shown import Session

KEPT = "_dash_auth"
"""The key in the app's session, of what is kept by the name of each guard's ticket."""

_ID = "id"
_VALUES = "values"

# A cookie holds 4 KB in all: two more apps.
_OTHERS = 2


def keep(session: Session, name: str, ticket: Ticket, values: Mapping[str, Any]) -> None:
    """Keep what the app reads of a user in the session.

    :param session: the session of the current request
    :param name: the name of the guard's tickets
    :param ticket: the ticket of the login
    :param values: what stands under the names that are shown
    """
    session[KEPT] = {**of_others(session, name), name: {_ID: ticket.id, _VALUES: dict(values)}}


def values_of(session: Mapping[str, Any], name: str, ticket: Ticket) -> dict[str, Any] | None:
    """Return what the app reads of a user, None if that is nowhere any more.

    :param session: the session of the current request
    :param name: the name of the guard's tickets
    :param ticket: the ticket of the login
    """
    kept = _places(session).get(name)
    if kept is not None and kept[_ID] == ticket.id:
        values = kept[_VALUES]
        # A copy: what the app does to it is a change of what is kept, however deep within.
        return copy.deepcopy(dict(values)) if isinstance(values, Mapping) else None
    return json.loads(ticket.claims) if ticket.claims else None


def is_kept(session: Mapping[str, Any], name: str, ticket: Ticket) -> bool:
    """Tell whether anything is kept beside a ticket.

    :param session: the session of the current request
    :param name: the name of the guard's tickets
    :param ticket: the ticket of the login
    """
    held = _places(session).get(name)
    return held is not None and held[_ID] == ticket.id


def forget(session: Session, name: str) -> None:
    """Keep nothing of a guard's login any more.

    :param session: the session of the current request
    :param name: the name of the guard's tickets
    """
    if name in _places(session):
        _put(session, of_others(session, name))


def empty(session: Session, name: str, *outlive: str) -> None:
    """Empty a session, but for what it keeps of logins to other apps.

    :param session: the session of the current request
    :param name: the name of the guard's tickets
    :param outlive: what is to stay as well
    """
    others = of_others(session, name)
    staying = {key: session[key] for key in outlive if key in session}
    session.clear()
    session.update(staying)
    _put(session, others)


def end_older_other(session: Session, name: str) -> bool:
    """End the oldest login to another app, where a cookie is too short; tell whether there was one.

    What it kept must not be as it was at the login again, with what the app took away since.

    :param session: the session of the current request
    :param name: the name of the guard's tickets
    """
    places = _places(session)
    for other, kept in places.items():
        if other != name and kept[_VALUES] is not None:
            session[KEPT] = {**places, other: {_ID: kept[_ID], _VALUES: None}}
            return True
    return False


def of_others(session: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return what a session keeps of logins to other apps.

    :param session: the session of the current request
    :param name: the name of the guard's tickets
    """
    others = [(other, kept) for other, kept in _places(session).items() if other != name]
    return dict(others[-_OTHERS:])


def _places(session: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return what a session keeps, by names; what was never kept here is left out."""
    held = session.get(KEPT)
    places = held.items() if isinstance(held, Mapping) else ()
    return {name: kept for name, kept in places if _is_place(kept)}


def _is_place(kept: object) -> bool:
    return isinstance(kept, Mapping) and set(kept) == {_ID, _VALUES}


def _put(session: Session, places: Mapping[str, Any]) -> None:
    if places:
        session[KEPT] = places
    else:
        session.pop(KEPT, None)
