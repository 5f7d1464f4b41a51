"""What apps read of the user in the session: shown for the length of a request.

`session["user"]` and `session["idp"]` are what the guard knows, or absent. What a cookie holds
under these names decides nothing: another app with the key may have written it, dash-auth itself,
or a login that has ended since. So it is masked before the app can read it, and what is shown is
taken out before the session is saved. Neither makes the server write a cookie.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any, Protocol

USER = "user"
"""The key under which apps read the user."""

IDP = "idp"
"""The key under which apps read the name of the provider."""

Session = MutableMapping[str, Any]

REFRESH_TOKEN = "refresh_token"
"""The key under which apps read the refresh token, where it is kept at all."""

NAMES = (USER, IDP)
"""What every login shows, and masks."""


class Shown:
    """What one request's session shows of the user."""

    __slots__ = ("_kept", "_masks", "_names", "_put_back", "_restores", "session", "values")

    def __init__(
        self,
        session: Session,
        names: tuple[str, ...] = NAMES,
        *,
        masks: bool = True,
        restores: bool = False,
    ) -> None:
        """Mask what the session holds.

        :param session: the session of the request
        :param names: the names under which something is shown
        :param masks: whether to; else what it holds stays until something is shown in its place
        :param restores: whether to put back what was masked when the session is saved: a login of
            the developer's own on this server may go by it
        """
        self.session: Session = session
        self.values: dict[str, Any] = {}
        self._names = names
        self._kept = {name: session[name] for name in names if name in session}
        self._masks = masks
        self._restores = restores or not masks
        self._put_back: dict[str, Any] = {}
        if masks and self._kept:
            _replace(session, {}, names)

    def show(self, values: Mapping[str, Any]) -> None:
        """Let the app read something of the user in this request; nothing, if that is empty."""
        if values or self.values or self._masks:
            _replace(self.session, values, self._names)
        self.values = dict(values)

    @property
    def is_taken_away(self) -> bool:
        """Whether the app has taken the user out of the session: it has logged the user out."""
        return USER in self.values and USER not in self.session

    def take_out(self, kept: Mapping[str, Any] | None = None) -> None:
        """Take out what was shown before the session is saved.

        :param kept: what the cookie is to hold in its place; None leaves that as it is
        """
        session = self.session
        self._put_back = {name: session[name] for name in self._names if name in session}
        if kept is not None:
            _replace(session, self._kept, self._names)
            for name in self._names:
                # In a way that the server notices, if it is not there already.
                if name in kept and session.get(name) != kept[name]:
                    session[name] = kept[name]
                elif name not in kept and name in session:
                    del session[name]
        elif self._masks or self.values:
            # An app that has emptied the session wants nothing left of it.
            is_restored = self._restores and not set(session) <= set(self._names)
            _replace(session, self._kept if is_restored else {}, self._names)

    def put_back(self) -> None:
        """Let the app read on, in what it does when the answer is on its way."""
        if self._put_back or self._masks:
            _replace(self.session, self._put_back, self._names)


class Shows(Protocol):
    """A request, whose session shows something of the user."""

    shown: Shown | None

    @property
    def session(self) -> Session:
        """The session."""


def show(request: Shows, values: Mapping[str, Any]) -> None:
    """Let the app read something of the user in this request.

    :param request: the facts of the request
    :param values: what stands under `"user"` and `"idp"`; with neither it is nobody
    """
    if request.shown is None:
        # Outside of the server's own way.
        request.shown = Shown(request.session)
    request.shown.show(values)


def _replace(session: Session, values: Mapping[str, Any], names: tuple[str, ...]) -> None:
    """Have the session hold these values and no others under the names that are shown."""
    if isinstance(session, dict):
        # Past the session's own bookkeeping, by which the server knows what to send.
        for name in names:
            if name in values:
                dict.__setitem__(session, name, values[name])
            else:
                dict.pop(session, name, None)
        return
    for name in names:
        if name not in values:
            session.pop(name, None)
        elif name not in session or session[name] != values[name]:
            session[name] = values[name]
