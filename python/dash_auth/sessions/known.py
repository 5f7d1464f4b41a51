"""The sessions that a store keeps: which there are, and their end."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TypeVar

from dash_auth._core import Ticket
from dash_auth._current import User, current_facts, current_user
from dash_auth._unavailable import Unavailable
from dash_auth.sessions.stored import StoredTickets, all_stored

T = TypeVar("T")

_ID = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Session:
    """A session of a user.

    Attributes:
        id: what names it; it opens nothing.
        created: when the user logged in.
        seen: when the user was last seen, give or take a minute.
        is_current: whether it is that of the current request.
    """

    id: str
    created: datetime
    seen: datetime
    is_current: bool


def of(user: str | User) -> list[Session]:
    """Return the sessions of a user, the latest first.

    :param user: a user, or the name of one: what `User.name` says
    :return: the sessions, of all servers that share the store
    :raises RuntimeError: if no app of this process has `sessions=`
    :raises Unavailable: if the store cannot be asked
    """
    current, name = set(_current_ids().values()), _name_of(user)
    found = {
        row.id: Session(row.id, _time(row.created), _time(row.seen), row.id in current)
        for tickets in _stored()
        for key in _keys_of(tickets, name)
        for row in tickets.of(key)
    }
    return sorted(found.values(), key=lambda session: session.created, reverse=True)


def end(id: str) -> bool:
    """End one session, on all servers that share the store, at its next request.

    It ends that of any user: where an id comes from a browser, see whether it is among those that
    :func:`of` gives for the user.

    :param id: :attr:`Session.id`
    :return: whether it was there
    :raises RuntimeError: if no app of this process has `sessions=`
    :raises Unavailable: if the store cannot be asked
    """
    if not isinstance(id, str) or not _ID.fullmatch(id):
        return False
    # Of each: two guards may share a store, or have one each.
    return any(_of_each(lambda tickets: tickets.store.end(id)))


def end_all(user: str | User, *, except_current: bool = False) -> int:
    """End all sessions of a user, those of logins under way too.

    :param user: a user, or the name of one: what `User.name` says
    :param except_current: whether the session of the current request stays
    :return: how many were ended
    :raises RuntimeError: if no app of this process has `sessions=`
    :raises Unavailable: if the store cannot be asked
    """
    name = _name_of(user)
    current = _current_ids() if except_current else {}

    def ending(tickets: StoredTickets) -> int:
        keys = _keys_of(tickets, name)
        return sum(tickets.store.end_all(key, current.get(tickets)) for key in keys)

    return sum(_of_each(ending))


def _stored() -> list[StoredTickets]:
    stored = all_stored()
    if not stored:
        raise RuntimeError(
            "no app of this process keeps sessions in a store, which could be asked: pass "
            'sessions="redis://localhost", or the URL of a database, to FormAuth or OIDCAuth'
        )
    return stored


def _of_each(ask: Callable[[StoredTickets], T]) -> list[T]:
    """Return what comes of each of the stores; one that is away keeps no other from being asked."""
    found: list[T] = []
    away: Unavailable | None = None
    for tickets in _stored():
        try:
            found.append(ask(tickets))
        except Unavailable as error:
            away = error
    if away is not None:
        raise away
    return found


def _current_ids() -> dict[StoredTickets, str]:
    """Return the session of the current request, by the guard whose it is."""
    request = current_facts()
    found = {} if request is None else request.tickets
    return {
        tickets: ticket.id
        for tickets in all_stored()
        if isinstance(ticket := found.get(tickets), Ticket)
    }


def _keys_of(tickets: StoredTickets, name: str) -> set[str]:
    """Return what stands for a user in a store, also for one whose name the app has changed."""
    request, user = current_facts(), current_user()
    keys = {tickets.key_of(name)}
    if request is not None and user is not None and user.name == name:
        keys.add(request.tickets.get((tickets, "key"), tickets.key_of(name)))
    return keys


def _name_of(user: str | User) -> str:
    if isinstance(user, User):
        return user.name
    if not isinstance(user, str):
        raise TypeError(f"user must be a User or a name, not {type(user).__name__}")
    return user


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)
