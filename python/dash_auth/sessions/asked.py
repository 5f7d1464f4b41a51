"""When a provider last asked a user to log in, as the provider says: a ticket keeps it.

The ticket's own time says when the user came back from there, perhaps with nobody asked.
"""

from __future__ import annotations

from collections.abc import Sequence

from dash_auth._core import Ticket

_AMONG_METHODS = "asked_at="
"""How it begins among the methods of a ticket, which renewals keep as they are."""


def among(methods: Sequence[str], at: int | None) -> list[str]:
    """Return the methods of a ticket with a time among them.

    :param methods: how the user logged in (RFC 8176), as the provider says
    :param at: when the provider last asked the user, in seconds since 1970; None if it says nothing
    """
    own = [one for one in methods if not one.startswith(_AMONG_METHODS)]
    return own if at is None else [*own, f"{_AMONG_METHODS}{at}"]


def time_of(ticket: Ticket) -> int | None:
    """Return when the provider last asked a ticket's user, in seconds since 1970, None if unknown.

    :param ticket: the ticket
    """
    for method in ticket.methods:
        if method.startswith(_AMONG_METHODS):
            return int(method.removeprefix(_AMONG_METHODS))
    return None
