"""Which errors say that the users cannot be asked, and nothing about the user.

A database that is down looks like a wrong password to everybody if whatever a check raises refuses.
"""

from __future__ import annotations

import logging
import time

from dash_auth._unavailable import Unavailable

logger = logging.getLogger("dash_auth")

_OUT_OF_ORDER = frozenset(
    {
        # PEP 249, and those that SQLAlchemy, peewee and Django make of them.
        "OperationalError",
        "InterfaceError",
        "DisconnectionError",
        # asyncpg.
        "PostgresConnectionError",
        "CannotConnectNowError",
        "TooManyConnectionsError",
        # redis, httpx, aiohttp, botocore, pymongo, elasticsearch.
        "ConnectionError",
        "TransportError",
        "ClientConnectionError",
        "HTTPClientError",
        "ConnectionFailure",
        "ConnectionTimeout",
        # SQLAlchemy, redis, asyncio and concurrent.futures before Python 3.11.
        "TimeoutError",
        # python-ldap.
        "SERVER_DOWN",
        "CONNECT_ERROR",
        "TIMEOUT",
        "BUSY",
        "UNAVAILABLE",
        # ldap3.
        "LDAPCommunicationError",
        "LDAPServerPoolExhaustedError",
        "LDAPMaximumRetriesError",
        "LDAPResponseTimeoutError",
    }
)
"""Names of errors that libraries raise where a database, directory or service is out of reach."""


def is_out_of_order(error: BaseException) -> bool:
    """Tell whether an error says that the users cannot be asked, and nothing about the user.

    :param error: what a function of the developer's raised
    """
    status = _status(error)
    if status is not None:
        # The service answered: what it says of the user is its answer.
        return status >= 500 or status == 429
    if isinstance(error, Unavailable | OSError):
        return True
    if any(kind.__name__ in _OUT_OF_ORDER for kind in type(error).__mro__):
        return True
    # A group of errors, as a TaskGroup raises it, says so if each of them does.
    grouped = getattr(error, "exceptions", None)
    if not (isinstance(grouped, tuple) and grouped):
        return False
    return all(isinstance(one, BaseException) and is_out_of_order(one) for one in grouped)


def _status(error: BaseException) -> int | None:
    """Return the status with which an HTTP service answered, None if the error is not about one."""
    # requests and httpx name it in the response, urllib and aiohttp in the error.
    response = getattr(error, "response", None)
    for holder, name in ((response, "status_code"), (error, "code"), (error, "status")):
        status = getattr(holder, name, None)
        if isinstance(status, int) and 100 <= status < 600:
            return status
    return None


_SECONDS_BETWEEN_REPORTS = 60
_said: dict[str, float] = {}


def say_out_of_order(what: str, error: BaseException) -> None:
    """Log that something is out of order, once a minute: at each request it would fill the log.

    :param what: what cannot be asked
    :param error: the error that says so
    """
    now = time.monotonic()
    is_new = not getattr(error, "is_told", False) and now >= _said.get(what, 0.0)
    if is_new:
        _said[what] = now + _SECONDS_BETWEEN_REPORTS
    logger.log(
        logging.ERROR if is_new else logging.DEBUG,
        "Answered 503: %s cannot be asked: %s",
        what,
        type(error).__name__,
        exc_info=error,
    )
