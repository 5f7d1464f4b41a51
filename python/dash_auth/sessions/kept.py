"""What a session keeps of a login beside its ticket.

The ticket says who logged in, and holds the claims. What the app has made of them since, and all of
them where the server keeps sessions, stands in the app's own session: for this one login, so that
what is left of another counts for nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from dash_auth._core import Ticket
from dash_auth._shown import Session

KEPT = "_dash_auth"
"""The key in the app's session."""

_ID = "id"
_VALUES = "values"


def keep(session: Session, ticket: Ticket, values: Mapping[str, Any]) -> None:
    """Keep what the app reads of a user in the session.

    :param session: the session of the current request
    :param ticket: the ticket of the login
    :param values: what stands under the names that are shown
    """
    session[KEPT] = {_ID: ticket.id, _VALUES: dict(values)}


def values_of(session: Mapping[str, Any], ticket: Ticket) -> dict[str, Any] | None:
    """Return what the app reads of a user, None if that is nowhere any more.

    :param session: the session of the current request
    :param ticket: the ticket of the login
    """
    kept = session.get(KEPT)
    if isinstance(kept, Mapping) and kept.get(_ID) == ticket.id:
        values = kept.get(_VALUES)
        return dict(values) if isinstance(values, Mapping) else None
    return json.loads(ticket.claims) if ticket.claims else None
