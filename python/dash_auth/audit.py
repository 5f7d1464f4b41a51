"""What happened: who logged in, who failed to, and who was turned away, for logs and machines.

Each event is one record of the logger `dash_auth.audit`, with fields that name what OWASP's Logging
Vocabulary Cheat Sheet and ASVS 5.0 (V16.2, V16.3) ask for. No record holds a password, a token, a
header or the id of a session.
"""

from __future__ import annotations

import contextlib
import hashlib
import ipaddress
import json
import logging
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime, timezone
from enum import Enum
from typing import TypeVar

from dash_auth._arguments import takes
from dash_auth._listeners import Listeners

__all__ = ["Event", "JSONFormatter", "Kind", "configure", "on_event", "record"]

logger: logging.Logger = logging.getLogger("dash_auth.audit")
"""Where each event goes, as one record."""

_own_logger = logging.getLogger("dash_auth")

_LONGEST = 200
"""How much of a field is kept, in characters."""

_KEY = secrets.token_bytes(32)
"""Under it unknown names are hashed. It leaves no trace, so what was typed cannot be tried out."""

_PLAIN = re.compile(r"[\w.:-]+", re.ASCII)


class Kind(Enum):
    """What can happen.

    Attributes:
        event: the name, as it stands in the field `event`.
        event_code: its name in OWASP's Logging Vocabulary Cheat Sheet.
        level: the level of its record.
        text: how its line in a log begins.
    """

    LOGIN_SUCCESS = "login_success", "authn_login_success", logging.INFO, "login"
    LOGIN_FAIL = "login_fail", "authn_login_fail", logging.WARNING, "failed login"
    LOGIN_THROTTLED = "login_throttled", "authn_login_fail_max", logging.WARNING, "throttled login"
    # No name of OWASP's says it.
    USERS_UNREADABLE = "users_unreadable", "users_unreadable", logging.WARNING, "unreadable users"
    LOGOUT = "logout", "session_expired", logging.INFO, "logout"
    PASSWORD_CHANGED = (
        "password_changed",
        "authn_password_change",
        logging.INFO,
        "changed password",
    )
    INVITATION_USED = "invitation_used", "authn_password_change", logging.INFO, "used invitation"
    INVITATION_REFUSED = (
        "invitation_refused",
        "authn_token_reuse",
        logging.WARNING,
        "refused invitation",
    )
    SESSION_ENDED = "session_ended", "session_use_after_expire", logging.INFO, "ended session"
    ACCESS_DENIED = "access_denied", "authz_fail", logging.WARNING, "access denied"
    USER_ADDED = "user_added", "user_created", logging.WARNING, "added user"
    USER_REMOVED = "user_removed", "user_deleted", logging.WARNING, "removed user"
    USER_DISABLED = "user_disabled", "user_archived", logging.WARNING, "disabled user"
    USER_ENABLED = "user_enabled", "user_updated", logging.WARNING, "enabled user"
    USER_GROUPS_CHANGED = "user_groups_changed", "authz_change", logging.WARNING, "changed groups"
    USER_INVITED = "user_invited", "authn_token_created", logging.WARNING, "invited user"
    USER_LOGGED_OUT = "user_logged_out", "authn_token_revoked", logging.WARNING, "logged out user"

    event: str
    event_code: str
    level: int
    text: str

    def __init__(self, event: str, event_code: str, level: int, text: str) -> None:
        self.event = event
        self.event_code = event_code
        self.level = level
        self.text = text


@dataclass(frozen=True)
class Event:
    """Something that happened.

    All text is of one line, with no control characters, and of at most 200 characters.

    Attributes:
        time: when, in UTC.
        event: what: `login_success`, `login_fail`, `login_throttled`, `logout`, `session_ended`,
            `access_denied` or `users_unreadable`; of what users do to their passwords
            `password_changed`, `invitation_used` or `invitation_refused`; of what an
            administrator did `user_added`, `user_removed`, `user_disabled`, `user_enabled`,
            `user_groups_changed`, `user_invited` or `user_logged_out`; there may be more with time.
        event_code: the same in OWASP's vocabulary, such as `authn_login_fail`.
        user: the name of the user's account; what was typed where it failed. `unknown:` and eight
            digits stand for a name that no store knows, see :func:`configure`. None if there is no
            name.
        address: the client's address, empty where no client has to do with it.
        method: the way to log in: `basic`, `form`, `oidc`, or `own` for a check of the app's own;
            empty where there is none.
        session: what tells the session from others, None if there is none. It is the beginning of
            a hash: the session cannot be used with it.
        reason: why, None where there is nothing to explain.
        user_agent: the browser, as it calls itself; None if it does not.
        by: the name of the administrator who did it to the user; None for what users do themselves.
    """

    time: datetime
    event: str
    event_code: str
    user: str | None
    address: str
    method: str
    session: str | None = None
    reason: str | None = None
    user_agent: str | None = None
    by: str | None = None


_FIELDS = tuple(field.name for field in fields(Event) if field.name != "time")

Function = TypeVar("Function", bound=Callable[[Event], object])


class _Settings:
    """What :func:`configure` sets."""

    log_unknown_names = False


_settings = _Settings()
_listeners: Listeners[Event] = Listeners()


def configure(*, log_unknown_names: bool) -> None:
    """Set what is logged.

    :param log_unknown_names: whether a name that no store knows is logged as it was typed. People
        type passwords there, so by default a keyed hash stands for it, `unknown:` and eight digits:
        the same for the same name, until the process ends.
    :raises TypeError: if it is no bool
    """
    given: object = log_unknown_names
    if not isinstance(given, bool):
        raise TypeError(f"log_unknown_names must be True or False, not {type(given).__name__}")
    _settings.log_unknown_names = log_unknown_names


def on_event(function: Function) -> Function:
    """Have a function called with each event from now on; it can be used as a decorator.

    It is called in a thread of its own, one event after another, so it may take its time and may be
    async. It does not see the request. What it raises is logged once, and breaks nothing. If it is
    so slow that 1000 events wait, further events do not reach it, and the log says so.

    :param function: called with an :class:`Event`
    :return: the function
    :raises TypeError: if it cannot be called with an event
    """
    given: object = function
    if not callable(given) or not takes(given, "event"):
        raise TypeError("on_event takes a function of one argument: def store(event)")
    _listeners.add(function)
    return function


def record(
    kind: Kind,
    *,
    user: str | None,
    address: str,
    method: str,
    session: str | None = None,
    reason: str | None = None,
    user_agent: str | None = None,
    is_known: bool = True,
    by: str | None = None,
) -> None:
    """Record what happened. It never raises, whatever a handler or a formatter does.

    :param kind: what happened
    :param user: the name of the user's account, or what was typed; None if there is none
    :param address: the client's address
    :param method: the way to log in, see :class:`Event`
    :param session: the id of the ticket, None if there is none; only the beginning of its hash is
        recorded
    :param reason: why, None where there is nothing to explain
    :param user_agent: the value of the header of that name
    :param is_known: whether `user` is the name of an account
    :param by: the name of the administrator who did it, None for what users do themselves
    """
    if not _listeners and not logger.isEnabledFor(kind.level):
        return
    # A filter or a handler of the app's own may raise, and may stand before the other logger too.
    with contextlib.suppress(Exception):
        try:
            is_hashed = user is not None and not (is_known or _settings.log_unknown_names)
            event = Event(
                time=datetime.now(timezone.utc),
                event=kind.event,
                event_code=kind.event_code,
                user=_hashed(user) if user is not None and is_hashed else _cleaned(user),
                address=_cleaned(address) or "",
                method=method,
                session=None if session is None else _digest(session.encode(), 12),
                reason=_cleaned(reason),
                user_agent=_cleaned(user_agent),
                by=_cleaned(by),
            )
            try:
                if logger.isEnabledFor(kind.level):
                    _log(kind, event, _text(kind, event, is_hashed=is_hashed))
            finally:
                _listeners.tell(event)
        except Exception:
            _own_logger.exception("An event could not be logged")


def _log(kind: Kind, event: Event, text: str) -> None:
    # Not `logger.log(extra=...)`: that raises where the app's own record factory has such a field.
    made = logger.makeRecord(logger.name, kind.level, __file__, 0, text, (), None)
    for name in _FIELDS:
        setattr(made, name, getattr(event, name))
    logger.handle(made)


def _hashed(user: str) -> str:
    return f"unknown:{_digest(user.encode('utf-8', 'surrogatepass'), 8, _KEY)}"


def _digest(value: bytes, digits: int, key: bytes = b"") -> str:
    return hashlib.blake2b(value, key=key).hexdigest()[:digits]


def _cleaned(value: str | None) -> str | None:
    """Return text in one line that a database, a terminal and UTF-8 can take."""
    if value is None:
        return None
    cut = value[: _LONGEST + 1]
    if not cut.isprintable():
        cut = "".join(char if char.isprintable() else _escaped(char) for char in cut)
    return cut if len(cut) <= _LONGEST else f"{cut[: _LONGEST - 3]}..."


def _escaped(char: str) -> str:
    return json.dumps(char)[1:-1]


def _text(kind: Kind, event: Event, *, is_hashed: bool) -> str:
    """Return an event as one line, which holds ASCII alone: any file and any terminal takes it."""
    user = event.user
    if user is None:
        user = "-"
    elif not is_hashed:
        # In quotes, unlike what stands for it: that cannot be anybody's name.
        user = json.dumps(user)
    parts = [kind.text, f"user={user}", f"address={_address(event.address)}"]
    if event.by is not None:
        parts.append(f"by={json.dumps(event.by)}")
    if event.reason is not None:
        reason = event.reason
        parts.append(f"reason={reason if _PLAIN.fullmatch(reason) else json.dumps(reason)}")
    return " ".join(parts)


def _address(address: str) -> str:
    """Return an address, in quotes if it is none: a proxy may have taken it from a client."""
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return json.dumps(address)
    return address


class JSONFormatter(logging.Formatter):
    """Formats each record as one line of JSON: ASCII alone, the time in ISO 8601 with its offset.

    The members are `time`, `level`, `logger` and `message`; those of an :class:`Event`; and
    `exception` where a record has one. It formats the records of other loggers as well, which have
    no event.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as one line of JSON.

        :param record: the record
        """
        time = datetime.fromtimestamp(record.created, timezone.utc)
        line: dict[str, object] = {
            "time": time.isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.name == logger.name:
            line.update((name, getattr(record, name, None)) for name in _FIELDS)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)
