"""What the developer declares wrongly is an error at start, which says what to do instead."""

from __future__ import annotations

import inspect
import math
import numbers
import re
from collections.abc import Callable, Iterable, Mapping, Set
from typing import Any

from dash import Dash

Pair = tuple[str, str] | list[str]
"""A row of the table. No sequence of text in general: text itself is one."""

_TABLE = "the users must be a dict, or a list of pairs of user name and password"

_PLAIN_PATH = re.compile(r"(/[^/\\<>{}?#\s]+)+")

_DEFAULT_PORTS = {"http": ":80", "https": ":443"}

_HOST = re.compile(r"([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]+)?")


def takes(function: Callable[..., Any], *arguments: object) -> bool:
    """Tell whether a function can be called with these; one that does not say so can.

    :param function: the function
    :param arguments: its positional arguments
    """
    try:
        # Not what is wrapped: a decorator may give it arguments of its own.
        signature = inspect.signature(function, follow_wrapped=False)
    except (TypeError, ValueError):
        return True
    try:
        signature.bind(*arguments)
    except TypeError:
        return False
    return True


def check_auth_func(auth_func: object) -> None:
    """Refuse what cannot be asked about a user name and a password.

    :raises TypeError: if it is no function of two arguments
    """
    if not callable(auth_func):
        raise TypeError(
            "auth_func must be a function of user name and password, not "
            f"{type(auth_func).__name__}; a table of users is users="
        )
    if not takes(auth_func, "name", "password"):
        raise TypeError(
            "auth_func must take two positional arguments: def auth_func(username, password)"
        )


def check_number(name: str, value: object, unit: str, *, above: float | None = None) -> None:
    """Refuse what is no finite number that is large enough.

    :param name: the argument's name
    :param value: what was given
    :param unit: what it counts
    :param above: what it has to exceed; None takes 0 too
    :raises TypeError: if it is no number
    :raises ValueError: if it is too small, infinite or none
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number of {unit}, not {type(value).__name__}")
    if not math.isfinite(value) or value < 0 or (above is not None and value <= above):
        least = "0 or more" if above is None else f"above {above:g}"
        raise ValueError(f"{name} must be a number of {unit}, {least}")


def check_bytes(name: str, value: object) -> None:
    """Refuse what is no number of bytes.

    :raises TypeError: if it is no whole number
    :raises ValueError: if it is negative
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be a number of bytes, an int, not {type(value).__name__}")
    if value < 0:
        raise ValueError(f"{name} must be a number of bytes, 0 or more")


def check_path(name: str, value: object) -> None:
    """Refuse what is no path on the server.

    :raises TypeError: if it is no text
    :raises ValueError: if it does not begin with a slash
    """
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, not {type(value).__name__}")
    if not value.startswith("/"):
        raise ValueError(f"{name} must begin with a slash: {'/' + value!r}")


def check_page_route(name: str, route: object) -> None:
    """Refuse what is no path of a page of ours.

    :raises TypeError: if it is no text
    :raises ValueError: if it is no plain path below the start
    """
    check_path(name, route)
    if not _is_plain(str(route)):
        raise ValueError(f"{name} must be a plain path such as '/login', with no slash at its end")


def check_own_page(name: str, path: object) -> None:
    """Refuse what is no path of one page of the app: a rule that takes many would open them.

    :raises TypeError: if it is no text
    :raises ValueError: if it is no plain path
    """
    check_path(name, path)
    if path != "/" and not _is_plain(str(path).removesuffix("/")):
        raise ValueError(f"{name} must be the plain path of one page, such as '/welcome'")


def _is_plain(path: str) -> bool:
    """Tell whether a path leads to one place on this server, whatever a browser makes of it."""
    is_one = _PLAIN_PATH.fullmatch(path) is not None and path.isprintable()
    return is_one and not {".", ".."} & set(path.split("/"))


def is_store(declared: object) -> bool:
    """Tell whether something keeps users, as :class:`dash_auth.users.UserStore` does.

    :raises TypeError: if it would answer later
    """
    return _answers(declared, "find", "names", "version")


def is_verifier(declared: object) -> bool:
    """Tell whether something checks passwords, as :class:`dash_auth.logins.Verifier` does.

    :raises TypeError: if it would answer later where it must not
    """
    return _answers(declared, "find", "check")


def _answers(declared: object, *names: str) -> bool:
    methods = {name: getattr(declared, name, None) for name in names}
    if isinstance(declared, Mapping | type) or not all(map(callable, methods.values())):
        return False
    for name, method in methods.items():
        if name != "check" and inspect.iscoroutinefunction(method):
            kind = type(declared).__name__
            raise TypeError(f"{kind}.{name} must return at once: it cannot be async")
    return True


def either(whose: str, **given: Any) -> Any:
    """Return the value of an argument that has two names, None if neither is given.

    :param whose: name of what was called
    :param given: what was given under each of the names; None is nothing
    :raises TypeError: if both are given
    """
    values = [value for value in given.values() if value is not None]
    if len(values) > 1:
        names = " or ".join(f"{name}=" for name in given)
        raise TypeError(f"{whose}() takes {names}, not both: they are two names of one argument")
    return values[0] if values else None


def either_users(whose: str, declared: Any, auth_func: Any) -> Any:
    """Return the users where they are given, and not a function that knows them.

    :param whose: name of the class that was called
    :param declared: the users, None for none
    :param auth_func: a function of user name and password, None for none
    :raises TypeError: if the function is none
    :raises ValueError: if both or neither are given
    """
    if auth_func is None:
        if declared is None:
            raise ValueError(
                f"{whose} requires username/password map or user-defined authorization function."
            )
        return declared
    if declared is not None:
        raise ValueError(
            f"{whose} can only use authorization function (auth_func kwarg) or "
            "username_password_list, it cannot use both."
        )
    check_auth_func(auth_func)
    return None


def users_of(declared: Any) -> Any:
    """Return the users, as a mapping where they are rows; anything else stays live.

    :param declared: a mapping, a store, a verifier, or rows of user name and stored password, as
        databases, numpy and csv give them
    :raises TypeError: if it is something else
    :raises ValueError: if a row is no pair, or names a user again
    """
    if isinstance(declared, Mapping) or is_store(declared) or is_verifier(declared):
        return declared
    kind = type(declared).__name__
    if isinstance(declared, Dash):
        raise TypeError(f"{_TABLE}, not a Dash app; the app comes first: BasicAuth(app, users)")
    if isinstance(declared, bytes):
        raise TypeError(f"{_TABLE}, not {kind}")
    if callable(declared):
        raise TypeError(f"{_TABLE}; pass a function as auth_func=")
    if not isinstance(declared, Iterable):
        raise TypeError(f"{_TABLE}, not {kind}")
    users: dict[str, str] = {}
    for number, row in enumerate(declared, start=1):
        pair = _pair(row)
        if pair is None:
            raise ValueError(
                f"{_TABLE}; entry {number} is no pair: write {{'alice': '...'}} "
                "or [('alice', '...')]"
            )
        if pair[0] in users:
            raise ValueError(f"the users have {pair[0]!r} twice; remove one")
        users[pair[0]] = pair[1]
    return users


def _pair(row: Any) -> tuple[Any, ...] | None:
    # What has no order, and text, of which each letter would be an item, are no rows.
    if isinstance(row, str | bytes | bytearray | memoryview | Mapping | Set):
        return None
    try:
        values = tuple(row)
    except TypeError:
        return None
    return tuple(map(_plain, values)) if len(values) == 2 else None


def _plain(value: Any) -> Any:
    """Return text of a type of its own, such as numpy's, as a str."""
    return str.__str__(value) if isinstance(value, str) else value


def origins_of(declared: Iterable[str]) -> tuple[str, ...]:
    """Return the trusted origins, each as browsers send it (RFC 6454 section 6.2).

    :raises TypeError: if they are no list of text
    :raises ValueError: if one never arrives in this form; the message says the right one
    """
    if isinstance(declared, str):
        raise TypeError(f"trusted_origins must be a list: [{declared!r}]")
    if not isinstance(declared, Iterable):
        raise TypeError(f"trusted_origins must be a list, not {type(declared).__name__}")
    origins = tuple(declared)
    for origin in origins:
        if not isinstance(origin, str):
            raise TypeError(f"a trusted origin must be a str, not {type(origin).__name__}")
        right = _as_sent(origin)
        if right is None:
            raise ValueError(
                f"{origin!r} in trusted_origins is no origin: write scheme and host, "
                "'https://example.com', one entry for each"
            )
        if right != origin:
            raise ValueError(
                f"{origin!r} in trusted_origins is no origin as browsers send it: write {right!r}"
            )
    return origins


def _as_sent(origin: str) -> str | None:
    scheme, separator, rest = origin.strip().partition("://")
    if not separator:
        scheme, rest = "https", scheme.lstrip("/")
    scheme = scheme.lower()
    host = re.split(r"[/?#\\]", rest)[0].rpartition("@")[2].lower()
    host = host.removesuffix(_DEFAULT_PORTS.get(scheme, "\0"))
    try:
        host = host.encode("idna").decode() if not host.isascii() else host
    except UnicodeError:
        return None
    if host in ("", "null") or not _HOST.fullmatch(host):
        return None
    return f"{scheme}://{host}" if re.fullmatch(r"[a-z][a-z0-9+.-]*", scheme) else None
