"""Tickets that a store keeps: the cookie holds a token alone, by which its ticket is found.

So a login ends for all servers that ask the store. What the store holds is the ticket, sealed as in
a cookie: who can write to the store can make none, nor have one count as another user's.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import logging
import re
import secrets
import threading
import time
from collections.abc import Callable
from functools import partial
from hmac import compare_digest
from weakref import WeakSet

from dash_auth._core import Ticket
from dash_auth._out_of_order import is_out_of_order
from dash_auth._request import Request, Server
from dash_auth._steps import Steps, Wait
from dash_auth._unavailable import Unavailable
from dash_auth.sessions import ended
from dash_auth.sessions.store import SessionStore, StoredSession
from dash_auth.sessions.ticket import Tickets, noted_every

logger: logging.Logger = logging.getLogger("dash_auth")

_TOKEN = re.compile(r"([A-Za-z0-9_-]{32})([A-Za-z0-9_-]{22})")
"""What the cookie holds: a random part, and a seal by which made-up ones are known unasked."""

_TRIES = 5
"""How often a change is tried anew because another one came first."""

_MOST_UNENDED = 10_000
"""So many logins are remembered that were ended while the store was away."""

_AT_ONCE = 20
"""How many of these are ended before one session is looked up."""

_LONGEST = 256 * 1024
"""The longest ticket that is stored, in bytes."""

_A_HUNDRED_YEARS = 100 * 365 * 24 * 60 * 60

_LEAST = 1000
"""So many times are kept before those that are over are looked for."""


class StoredTickets(Tickets):
    """Issues, reads and withdraws tickets that a store keeps.

    Attributes:
        store: where they are kept.
    """

    are_stored = True

    def __init__(self, server: Server, guard: str, store: SessionStore) -> None:
        """Name the guard.

        :param server: the app's server, whose keys seal the tickets
        :param guard: what tells this guard from any other that shares the keys, or the store
        :param store: where they are kept
        """
        super().__init__(server, guard)
        self._guard = guard
        self._mark = self._digest("token", "")
        self.store: SessionStore = store
        # When each login is to be noted next, by the monotonic clock.
        self._noted: dict[str, float] = {}
        self._most_noted = _LEAST
        # Those that were ended while the store was away.
        self._unended: set[str] = set()
        self._ending = threading.Lock()
        _all.add(self)

    def id_of(self, token: str) -> str:
        """Return the id under which the ticket of a token is stored; it does not give the token.

        :param token: what the cookie holds
        """
        return self._digest("session", token)

    def key_of(self, user: str) -> str:
        """Return what stands for a user in the store, which learns no name from it.

        :param user: the name by which the app knows the user
        """
        return self._digest("user", user)

    def _digest(self, kind: str, value: str) -> str:
        parts = (part.encode("utf-8", "surrogatepass") for part in (kind, self._guard, value))
        return hashlib.sha256(b"".join(b"%d:%b" % (len(part), part) for part in parts)).hexdigest()

    # To find a ticket

    def load(self, request: Request) -> Steps[None] | None:
        is_there = self in request.tickets or self._token(request) is None
        return None if is_there else self._loading(request)

    def _loading(self, request: Request) -> Steps[None]:
        yield Wait(partial(self._load, request), is_remembered=True)

    def _load(self, request: Request) -> None:
        try:
            request.tickets[self] = self._open(request)
        except Exception as error:
            # Told to who asks for it: what is public goes on without.
            request.tickets[self] = error

    def held(self, request: Request) -> Ticket | None:
        if self not in request.tickets:
            self._load(request)
        held: Ticket | Exception | None = request.tickets[self]
        if isinstance(held, Exception):
            raise held.with_traceback(None)
        return held

    def _token(self, request: Request) -> str | None:
        """Return the token that came along, None for none, and for one that was made up."""
        if (self, "token") not in request.tickets:
            text = self.text(request)
            found = None if text is None else _TOKEN.fullmatch(text)
            is_ours = found is not None and any(
                compare_digest(self._seal(key, found[1]), found[2])
                for key in self._server.secret_keys()
            )
            request.tickets[self, "token"] = text if is_ours else None
        token: str | None = request.tickets[self, "token"]
        return token

    def _seal(self, key: bytes, random: str) -> str:
        sealed = hmac.digest(key, f"{self._mark} {random}".encode(), "sha256")[:16]
        return base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def _open(self, request: Request) -> Ticket | None:
        token = self._token(request)
        row = None if token is None else self._read(self.id_of(token))
        if row is None:
            return None
        request.tickets[self, "key"] = row.user
        return self._opened(row, row.id)

    def _read(self, id: str) -> StoredSession | None:
        """Return what is stored under an id, None if that was ended."""
        self._end_those_left()
        return None if id in self._unended else self.store.load(id)

    def _opened(self, row: StoredSession, id: str) -> Ticket | None:
        if not row.data.isascii():
            return None
        # When its user has been idle for too long is for the store to know.
        ticket = self._tickets.open(self._server.secret_keys(), row.data, 0)
        if ticket is None or ticket.id != id or ended.is_ended(ticket):
            return None
        return ticket if self.lasts(ticket) else None

    def of(self, key: str) -> list[StoredSession]:
        """Return the sessions of a user that count.

        :param key: what stands for the user in the store
        """
        return [row for row in self.store.of(key) if self._opened(row, row.id)]

    def lasts(self, ticket: Ticket) -> bool:
        return ticket.until is None or ticket.until > time.time()

    def look_up(self, ticket: Ticket) -> Steps[None] | None:
        return self._looking_up(ticket)

    def _looking_up(self, ticket: Ticket) -> Steps[None]:
        row = yield Wait(partial(self._read, ticket.id), is_remembered=True)
        if row is None or self._opened(row, ticket.id) is None:
            # `holds` is asked again and again, and must not wait.
            ended.end(ticket)

    # To keep a ticket

    def _drawn(self) -> tuple[str, str]:
        random = secrets.token_urlsafe(24)
        token = random + self._seal(self._server.secret_keys()[0], random)
        return token, self.id_of(token)

    def _keep(
        self, request: Request, token: str, ticket: Ticket, text: str, user: str
    ) -> str | None:
        if len(text) > _LONGEST:
            return None
        self._end_those_left()
        # A login that began before all of the user's were ended is one of those.
        age = time.monotonic() - request.began
        seconds = self._seconds_left(ticket, _seconds_idle(ticket))
        if not self.store.create(ticket.id, self.key_of(user), text, seconds, began=age):
            raise Unavailable("All sessions of this user were ended during the login")
        self._note(ticket, _seconds_idle(ticket))
        return token

    def _seconds_left(self, ticket: Ticket, idle_seconds: int | None) -> int:
        left = _A_HUNDRED_YEARS if ticket.until is None else ticket.until - int(time.time())
        return max(1, left if idle_seconds is None else min(left, idle_seconds))

    def renew(
        self,
        request: Request,
        ticket: Ticket,
        verified_against: str,
        idle_seconds: int | None,
        *,
        is_over_tls: bool = False,
    ) -> None:
        idle = None if ticket.idle_until is None else idle_seconds
        if time.monotonic() < self._noted.get(ticket.id, 0.0):
            return
        self._note(ticket, idle)
        try:
            self.store.touch(ticket.id, self._seconds_left(ticket, idle))
        except Exception:
            # The login counts while it is there.
            logger.debug("A session could not be renewed", exc_info=True)

    def _note(self, ticket: Ticket, idle_seconds: int | None) -> None:
        now = time.monotonic()
        self._noted[ticket.id] = now + noted_every(idle_seconds)
        if len(self._noted) > self._most_noted:
            for id, until in list(self._noted.items()):
                if until <= now:
                    self._noted.pop(id, None)
            # Seldom enough that it costs a login nothing.
            self._most_noted = max(_LEAST, 2 * len(self._noted))

    def change(
        self, ticket: Ticket, verified_against: str, change: Callable[[bytes], bytes]
    ) -> None:
        try:
            is_kept = any(self._changed(ticket, verified_against, change) for _ in range(_TRIES))
        except Exception:
            # It may have taken something from the user, who would have it back.
            self.end(ticket)
            raise
        if not is_kept:
            self.end(ticket)
            logger.error("A login was ended: what the app made of its user could not be kept")

    def _changed(
        self, ticket: Ticket, verified_against: str, change: Callable[[bytes], bytes]
    ) -> bool:
        """Tell whether a change was made, or there is nothing to change any more."""
        row = self._read(ticket.id)
        held = None if row is None else self._opened(row, ticket.id)
        if row is None or held is None:
            return True
        text = self._tickets.issue(
            self._server.secret_keys()[0],
            held.name,
            verified_against,
            id=held.id,
            auth_time=held.auth_time,
            until=held.until,
            idle_until=held.idle_until,
            methods=held.methods,
            is_for_public=held.is_for_public,
            claims=change(held.claims),
        )
        return len(text) <= _LONGEST and self.store.change(held.id, text, row.data)

    # To end a login

    def end(self, ticket: Ticket) -> None:
        super().end(ticket)
        self._end(ticket.id)

    def leave(self, request: Request) -> Ticket | None:
        try:
            return super().leave(request)
        except Exception as error:
            token = self._token(request)
            if token is None or not is_out_of_order(error):
                raise
            self._end(self.id_of(token))
        self.withdraw(request)
        return None

    def _end(self, id: str) -> None:
        try:
            self.store.end(id)
        except Exception as error:
            logger.debug("A login is ended in this process alone for now: %s", error)
            if len(self._unended) < _MOST_UNENDED:
                self._unended.add(id)

    def _end_those_left(self) -> None:
        """End in the store what was ended in this process, as far as it can be asked by now."""
        if not self._unended or not self._ending.acquire(blocking=False):
            return
        try:
            for id in list(self._unended)[:_AT_ONCE]:
                # One that makes an error each time keeps no other from being ended.
                with contextlib.suppress(Exception):
                    self.store.end(id)
                    self._unended.discard(id)
        finally:
            self._ending.release()


def _seconds_idle(ticket: Ticket) -> int | None:
    """Return for how long the user of a new ticket may be idle, None for no such limit."""
    return None if ticket.idle_until is None else ticket.idle_until - ticket.auth_time


def tickets_of(server: Server, guard: str, store: SessionStore | None) -> Tickets:
    """Return the tickets of a guard.

    :param server: the app's server
    :param guard: what tells this guard from any other
    :param store: where they are kept, None for cookies
    """
    return Tickets(server, guard) if store is None else StoredTickets(server, guard, store)


_all: WeakSet[StoredTickets] = WeakSet()


def all_stored() -> list[StoredTickets]:
    """Return the tickets of this process that stores keep, of each guard."""
    return list(_all)
