"""The guards of the Dash apps on one server, and which of them decides on a request."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from dash_auth._guard.guard import Guard
from dash_auth._raised import FORBIDDEN, Refused
from dash_auth._request import Answer, Request
from dash_auth._shown import NAMES, Shown
from dash_auth._steps import Steps

logger = logging.getLogger("dash_auth")


class Guards:
    """The guards of the Dash apps on one server."""

    def __init__(self) -> None:
        self._guards: list[Guard] = []

    def add(self, guard: Guard) -> None:
        """Add the guard of an app."""
        self._guards.append(guard)
        # The longest prefix first: it decides alone.
        self._guards.sort(key=lambda guard: -len(guard.parts.prefix))

    def __iter__(self) -> Iterator[Guard]:
        return iter(self._guards)

    def begin(self, request: Request) -> Steps[None]:
        """Mask what the session says of the user, and show what the guards know in its place.

        Before any hook of the developer's runs.
        """
        guards = self.responsible(request)
        showing: list[Guard] = []
        names: tuple[str, ...] = NAMES
        for guard in guards:
            session = guard.visitors.session
            if session is not None:
                showing.append(guard)
                # Those of a login with more to show are more.
                names = max(names, session.names, key=len)
        if showing and request.shown is not None:
            # A hook of the developer's has changed the request: who was shown may not be who asks.
            request.shown.show({})
        elif showing:
            all_show = len(showing) == len(guards)
            restores = guards is not self._guards and not self._all_show()
            request.shown = Shown(request.bare_session, names, masks=all_show, restores=restores)
        request.visitor = None
        for guard in showing:
            yield from guard.visitors.begin(request)

    def _all_show(self) -> bool:
        return all(guard.visitors.session is not None for guard in self._guards)

    def decide(self, request: Request) -> Steps[Any]:
        """Return what to answer in place of an app, None if the request may pass.

        :param request: the request
        """
        responsible = self.responsible(request)
        request.refusing = next(reversed(responsible), None)
        for guard in responsible:
            answer = yield from guard.decide(request)
            if answer is not None:
                return answer
        # Outside of the guards' net: what goes wrong in Dash's set-up is for the developer to see.
        # Who logged in to one of several may be anonymous to the others.
        is_user = request.logged_in and len(responsible) == 1
        for guard in responsible:
            if not guard.is_set_up:
                yield from guard.set_up(layout_of_visitor=is_user)
            guard.parts.hand_user_to_jobs()
        for guard in self._guards:
            # Dash's hooks set up all apps of the server, to whichever of them the request is.
            if not guard.is_set_up:
                yield from guard.set_up()
        for guard in responsible:
            if guard.keeps_pages:
                answer = yield from guard.keep_out(request)
                if answer is not None:
                    return answer
        return None

    def refuse(self, request: Request, refused: Refused) -> Steps[Answer | Any]:
        """Return what is answered where code of the app's own refuses what has passed.

        :param request: the request
        :param refused: why
        """
        for guard in reversed(self.responsible(request)):
            return (yield from guard.refuse(request, refused))
        return Answer(403 if refused.why == FORBIDDEN else 401, refused.text)

    def end(self, request: Request) -> None:
        """Take out of the session what was shown, before it is saved."""
        if request.shown is None:
            return
        kept: dict[str, Any] | None = None
        for guard in self.responsible(request):
            own = guard.visitors.end(request)
            kept = kept if own is None else {**(kept or {}), **own}
        request.shown.take_out(kept)

    @staticmethod
    def write(request: Request) -> None:
        """Write to a store what the app did to its user's session; it may take a while."""
        while request.writes:
            try:
                request.writes.pop()()
            except Exception:
                logger.exception("An error while a session was to be written to its store")

    def after(self, request: Request) -> None:
        """Show again what was taken out, for what reads the session after it was saved."""
        if request.shown is not None:
            request.shown.put_back()

    def responsible(self, request: Request) -> list[Guard]:
        """Return the guard of the app that a request is to, else all of them."""
        if len(self._guards) == 1:
            return self._guards
        for guard in self._guards:
            # The routes of a login may lie under no app's prefix, or under another's.
            if guard.parts.endpoints.is_of_login(request.endpoint):
                return [guard]
        for guard in self._guards:
            if request.path.startswith(guard.parts.prefix):
                # FastAPI has one catch-all, that of the last app, for the paths of all of them.
                others = [
                    one for one in self._guards if one.parts.endpoints.are_own(request.endpoint)
                ]
                return list(dict.fromkeys([guard, *others]))
        return self._guards
