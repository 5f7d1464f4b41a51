"""The current request, and its user."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import Enum
from numbers import Number
from typing import Any

import flask

from dash_auth import _dash_internals as internals
from dash_auth._out_of_order import is_out_of_order

logger = logging.getLogger("dash_auth")

FACTS = "_dash_auth"
"""The attribute of `flask.g` that holds the facts of a request, its identity among them."""

EVENT_LOOP_FACTS: ContextVar[Any] = ContextVar("dash_auth_facts", default=None)
"""The facts of the current request or WebSocket on a server with an event loop."""


JOB_USER = "dash_auth_user"
"""The key of a background job's context that holds what is known of who started the job."""


def groups_in(held: object, split: str | None = None) -> list[str]:
    """Return the groups that claims hold, as text.

    One text is one group, unless it is to be split. An `Enum` stands for its value; a UUID, a
    number, and whatever else says itself what it is as text, for that. What is neither is no group,
    nor is anything in a dict: `{"admin": false}` says that somebody is none. The log says so once.

    :param held: what stands under the key of the groups
    :param split: regular expression that parts the groups where they are one text
    """
    held = held.value if isinstance(held, Enum) else held
    if held is None:
        return []
    if isinstance(held, str):
        return [str(held)] if split is None else re.split(split, held)
    if isinstance(held, Mapping | bytes) or not isinstance(held, Iterable):
        _say_once("Groups must be a list, not %s: there are none.", held)
        return []
    texts = [_text_of(group) for group in held]
    found = [text for text in texts if text is not None]
    # Of these each process has an order of its own.
    return sorted(found) if isinstance(held, set | frozenset) else found


def _text_of(group: object) -> str | None:
    value = group.value if isinstance(group, Enum) else group
    if isinstance(value, str):
        return str.__str__(value)
    says = isinstance(value, Number) or type(value).__str__ is not object.__str__
    if says and not isinstance(value, bool | bytes | bytearray):
        try:
            return str(value)
        except Exception:
            logger.debug("A group that does not say what it is", exc_info=True)
    _say_once("A group must be text, not %s: it is none.", value)
    return None


_said: set[tuple[str, str]] = set()


def _say_once(text: str, value: object) -> None:
    kind = type(value).__name__
    if (text, kind) not in _said:
        _said.add((text, kind))
        logger.error(text, kind)


@dataclass(frozen=True)
class User:
    """The authenticated user of a request.

    Attributes:
        name: the user's name; of a provider's user the e-mail address that the provider has
            verified, else the subject, `sub`, which nobody can choose.
        groups: the groups that the user belongs to.
        claims: what `flask.session["user"]` holds of the user.
    """

    name: str
    groups: tuple[str, ...] = ()
    claims: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_claims(cls, claims: Mapping[str, Any]) -> User:
        """Return the user that some claims describe.

        :param claims: mapping with `"email"` or another name of the user, and perhaps `"groups"`
        """
        email = claims.get("email") if _may_trust_email(claims) else None
        # A provider's users choose the others, and may choose the address of somebody else
        # (OpenID Connect Core, section 5.7).
        names = (email, *(claims.get(key) for key in ("sub", "preferred_username", "name")))
        return cls(
            name=next((name for name in names if isinstance(name, str) and name), ""),
            groups=tuple(groups_in(claims.get("groups"))),
            claims=claims,
        )

    def __str__(self) -> str:
        return self.name

    @property
    def email(self) -> str | None:
        """The user's e-mail address, None if none is known.

        That of a provider's user only where the provider says that it has verified it
        (OpenID Connect Core, section 5.1).
        """
        if SUBJECT not in self.claims and isinstance(self.claims.get(EMAIL_ADDRESS), str):
            return str(self.claims[EMAIL_ADDRESS])
        email = self.claims.get("email") if _may_trust_email(self.claims) else None
        # Under this name dash-auth has the name of an account, which may be no address.
        return email if isinstance(email, str) and "@" in email else None

    @property
    def full_name(self) -> str | None:
        """The name that people call the user by, None if none is known.

        A provider's users choose theirs: show it, and decide nothing by it.
        """
        name = self.claims.get("name" if SUBJECT in self.claims else FULL_NAME)
        return name if isinstance(name, str) and name else None

    def identifying_claims(self) -> str:
        """Return all that is known of the user as one text, the same for the same user alone."""
        return json.dumps(dict(self.claims), sort_keys=True, default=str)


EMAIL_ADDRESS = "email_address"
"""The key of the session's user under which the e-mail address of an account is."""

FULL_NAME = "full_name"
"""The key of the session's user under which the full name of an account is."""

SUBJECT = "sub"
"""The claim under which each provider names a user for good."""

EMAIL_VERIFIED = "email_verified"
"""The claim that says whether a provider has verified the e-mail address."""


def _may_trust_email(claims: Mapping[str, Any]) -> bool:
    """Tell whether claims may be believed about the e-mail address.

    Those of a provider have a `sub` (OpenID Connect Core, section 2), and are not, unless they say
    that it is verified.
    """
    return claims.get(EMAIL_VERIFIED, SUBJECT not in claims) is True


def named(name: str, claims: Mapping[str, Any]) -> dict[str, Any]:
    """Return the claims of a user whose name a login has found out itself.

    :param name: the name
    :param claims: what else is known of the user, perhaps as a provider has it
    """
    if SUBJECT in claims or EMAIL_VERIFIED in claims:
        return {**claims, "email": name, EMAIL_VERIFIED: True}
    return {**claims, "email": name}


class RequestIdentity:
    """Who makes a request, worked out when first asked for."""

    __slots__ = ("_auth_time", "_claims", "_find", "_user", "_when_asked", "was_asked")

    def __init__(
        self,
        find: Callable[[Any], User | RequestIdentity | None] | None = None,
        claims: Mapping[str, Any] | None = None,
        *,
        auth_time: float | None = None,
    ) -> None:
        """Remember how to find the user; with neither argument it is nobody.

        :param find: returns the user of the request's facts, or who else that is by now, None for
            nobody; called once at most
        :param claims: what is known of the user, if known already
        :param auth_time: when the user was last asked to log in, in seconds since 1970; None where
            that is not known
        """
        self._find = find
        self._claims = claims
        self._auth_time = auth_time
        self._user: User | None = None
        self._when_asked: Callable[[], None] | None = None
        self.was_asked: bool = False

    def otherwise(self, other: RequestIdentity) -> RequestIdentity:
        """Return this user; where it is nobody, another.

        :param other: who makes the request as somebody else knows
        """
        return RequestIdentity(lambda request: self if self.user(request) else other)

    def when_asked(self, call: Callable[[], None]) -> None:
        """Have a function called before the user is looked for."""
        self._when_asked = call

    def user(self, facts: object) -> User | None:
        """Return the user, None for nobody.

        :param facts: the facts of the request. They are handed in, since what holds a request and
            is held by it lives on until the next garbage collection.
        """
        self.was_asked = True
        claims = self._claims
        if claims is not None:
            # The user first: several callbacks of a WebSocket ask at once, in threads.
            self._user = User.from_claims(claims)
            self._claims = None
        elif self._find is not None:
            if self._when_asked is not None:
                self._when_asked()
            find, self._find = self._find, None
            try:
                found = find(facts)
                if isinstance(found, RequestIdentity):
                    self._auth_time = found.auth_time(facts)
                    found = found.user(facts)
                self._user = found
            except Exception as error:
                # It is told elsewhere that users cannot be asked.
                level = logging.DEBUG if is_out_of_order(error) else logging.ERROR
                text = "An error while finding out who makes a request: nobody"
                logger.log(level, text, exc_info=error)
        return self._user

    def auth_time(self, facts: object) -> float | None:
        """Return when the user was last asked to log in, in seconds since 1970.

        :param facts: see :meth:`user`
        :return: None for nobody, and where that is not known
        """
        return None if self.user(facts) is None else self._auth_time


def current_facts() -> Any:
    """Return the facts that a guard gathered of the current request, None if none did."""
    if flask.has_request_context():
        # Several requests may share one application context, as in tests.
        facts = vars(flask.g._get_current_object()).get(FACTS)
        if facts is not None and facts.is_of(flask.request._get_current_object()):  # type: ignore[attr-defined]
            return facts
    return EVENT_LOOP_FACTS.get()


def current_session() -> Mapping[str, Any]:
    """Return the session of the current request, an empty one outside of a request."""
    facts = current_facts()
    if facts is not None:
        return facts.session  # type: ignore[no-any-return]
    return flask.session if flask.has_request_context() else {}


def session_user(_: object = None) -> User | None:
    """Return the user that the session holds, None if it holds none."""
    claims = current_session().get("user")
    return User.from_claims(claims) if isinstance(claims, Mapping) else None


def current_user() -> User | None:
    """Return the user of the current request, anywhere in a callback or a layout function.

    On a public page or callback this is the user whose credentials came along or who logged in
    before, None for a stranger. In a background callback it is the user who started the job. It
    works with and without a secret key.

    :return: the user; None if nobody is logged in, or outside of a request
    """
    job = internals.callback_context()
    if JOB_USER in job:
        return None if job[JOB_USER] is None else User.from_claims(job[JOB_USER])
    facts = current_facts()
    identity = _identity_of(facts)
    return session_user() if identity is None else identity.user(facts)


def current_auth_time() -> float | None:
    """Return when the user of the current request was last asked to log in.

    :return: the time in seconds since 1970; None if nobody is logged in, where that is not known,
        and outside of a request
    """
    facts = current_facts()
    identity = _identity_of(facts)
    return None if identity is None else identity.auth_time(facts)


def _identity_of(facts: Any) -> RequestIdentity | None:
    # Before the guard has decided, in a hook of the developer's, the visitor is asked for.
    return None if facts is None else facts.identity or facts.visitor


def is_in_job() -> bool:
    """Tell whether this is a background job, which knows who started it and has no request."""
    return JOB_USER in internals.callback_context()


def is_logged_in(request: Any) -> bool:
    """Tell whether a request carries a login; what a session remembers is none.

    :param request: the current request
    """
    return request.logged_in or (request.authorization is not None and current_user() is not None)
