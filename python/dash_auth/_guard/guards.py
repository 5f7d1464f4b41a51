"""The guards of the Dash apps on one server, and which of them decides on a request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from dash_auth._request import Request
from dash_auth._shown import Shown

if TYPE_CHECKING:
    from dash_auth._guard.guard import Guard


class Guards:
    """The guards of the Dash apps on one server."""

    def __init__(self) -> None:
        self._guards: list[Guard] = []

    def add(self, guard: Guard) -> None:
        """Add the guard of an app."""
        self._guards.append(guard)
        # The longest prefix first: it decides alone.
        self._guards.sort(key=lambda guard: -len(guard.prefix))

    def __iter__(self) -> Iterator[Guard]:
        return iter(self._guards)

    def begin(self, request: Request) -> None:
        """Mask what the session says of the user, and show what the guards know in its place.

        Before any hook of the developer's runs.
        """
        for guard in self.mask(request):
            guard.begin(request)

    def mask(self, request: Request) -> list[Guard]:
        """Mask what the session says of the user; return the guards that show what they know."""
        guards = self.responsible(request)
        showing = [guard for guard in guards if guard.shows_user]
        if showing and request.shown is not None:
            # A hook of the developer's has changed the request: who was shown may not be who asks.
            request.shown.show({})
        elif showing:
            request.shown = Shown(
                request.bare_session,
                masks=len(showing) == len(guards),
                restores=not all(guard.shows_user for guard in self._guards),
            )
        return showing

    def begin_waits(self, request: Request) -> bool:
        """Tell whether to begin may take long, so not in an event loop."""
        return any(guard.begin_waits(request) for guard in self.responsible(request))

    def end(self, request: Request) -> None:
        """Take out of the session what was shown, before it is saved."""
        if request.shown is None:
            return
        kept: dict[str, Any] | None = None
        for guard in self.responsible(request):
            own = guard.end(request) if guard.shows_user else None
            kept = kept if own is None else {**(kept or {}), **own}
        request.shown.take_out(kept)

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
            if guard.owns(request.endpoint):
                return [guard]
        for guard in self._guards:
            if request.path.startswith(guard.prefix):
                # FastAPI has one catch-all, that of the last app, for the paths of all of them.
                others = [one for one in self._guards if one.serves(request.endpoint)]
                return list(dict.fromkeys([guard, *others]))
        return self._guards
