"""Who may see a page for some users only: its index page, its layout, and what its callbacks do."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from dash import Dash

from dash_auth import _dash_internals as internals
from dash_auth import _refused, _witness
from dash_auth._caching import demand
from dash_auth._core import Endpoint
from dash_auth._current import User
from dash_auth._dash.callbacks import OpenCallback
from dash_auth._dash.group_page import GroupPage, group_page
from dash_auth._dash.parts import Parts
from dash_auth._quoted import quoted
from dash_auth._request import NO_LIMIT, Caching, Request
from dash_auth._steps import Read, Steps

logger = logging.getLogger("dash_auth")


class PagesForGroups:
    """Decides what of an app's pages for groups a user may have, once the user may enter."""

    def __init__(self, app: Dash, parts: Parts) -> None:
        """Remember what decides.

        :param app: Dash app
        :param parts: its parts
        """
        self._app = app
        self._parts = parts
        self._pages = parts.group_pages

    def exist(self) -> bool:
        """Tell whether there are such pages."""
        return self._pages.exist()

    def let_pass(self, request: Request) -> Steps[bool]:
        """Tell whether a request may go on, which may run nothing of a page that is closed to it.

        A page itself goes on either way: Dash finds another one in its place.

        :param request: a request that a guard lets pass
        """
        kind = self._parts.kind(request)
        # What goes wrong from here on refuses, and asks nobody to log in again.
        request.is_of_closed_page = True
        if kind is Endpoint.PAGE:
            yield from self._look_at_index(request)
        elif kind is Endpoint.CALLBACK and request.logged_in and request.method == "POST":
            body = yield Read(NO_LIMIT)
            if not (yield from self.may_run(request, body)):
                return False
            if not self._admit_handles(request, body):
                return False
        elif any(internals.is_mcp(app, request.endpoint) for app in self._apps()):
            if not (yield from self._sees_all(request, self._pages.all())):
                return False
        else:
            function = internals.api_function(self._app, request.endpoint)
            owners = [] if function is None else self._pages.owners_of(function)
            if not (yield from self._sees_all(request, owners)):
                return False
        request.is_of_closed_page = False
        return True

    def _look_at_index(self, request: Request) -> Steps[None]:
        """Find out whether a user may see the page of a path, before Dash tells of it."""
        self._pages.stand_before()
        below = request.path[len(self._parts.prefix) - 1 :]
        # Dash looks for the title by the path with the prefix, the browser shows the other.
        for path in dict.fromkeys((below, request.path)):
            page = self._found(path)
            if page is not None and not (yield from self._sees(request, page)) and not page.hide:
                request.status = 403
                _refused.note(request, brought=False)
                demand(request, Caching.PRIVATE)

    def _found(self, path: str) -> GroupPage | None:
        try:
            return self._pages.at(path)
        except ValueError:
            raise
        except Exception:
            # Dash makes the same error of it, and finds no page.
            return None

    def may_run(self, request: Request, body: Any) -> Steps[bool]:
        """Tell whether a user may run the callback that a body names.

        :param request: the request, or the handshake of the WebSocket over which it came
        :param body: what Dash will be given
        """
        output = body.get("output") if isinstance(body, dict) else None
        if not isinstance(output, str):
            return False
        entry = internals.callback_entry(self._app, output)
        if entry is None or "callback" not in entry:
            # Nothing runs: Dash knows no such callback.
            return True
        if self._parts.callbacks.is_page_router(output):
            return (yield from self._look_at_route(request, body))
        if request.is_socket and request.query and internals.background(entry):
            # Dash would take handles from the query of the handshake, which is no callback's.
            return False
        return (yield from self._sees_all(request, self._pages.owners(entry)))

    def _look_at_route(self, request: Request, body: dict[str, Any]) -> Steps[bool]:
        self._pages.stand_before()
        routed = self._parts.callbacks.routed(body)
        if isinstance(routed, str):
            logger.debug("Refused: the page router: %s", routed)
            return False
        page = self._pages.at(self._app.strip_relative_path(routed.pathname) or "")
        if page is not None:
            yield from self._sees(request, page)
        return True

    def _admit_handles(self, request: Request, body: dict[str, Any]) -> bool:
        """Tell whether a user may use the handles of jobs in the query, and seal new ones.

        Each job could be one that a page's callback has started.
        """
        entry = internals.callback_entry(self._app, body["output"])
        if entry is None or not (request.query or internals.background(entry)):
            return True
        if not self._pages.have_background_callbacks():
            return True
        called = OpenCallback(body["output"], entry, is_public=False)
        return self._parts.handles.admit(request, called, of_user=True)

    # The user

    def _sees_all(self, request: Request, pages: Iterable[GroupPage]) -> Steps[bool]:
        for page in pages:
            if not (yield from self._sees(request, page)):
                return False
        return True

    def _sees(self, request: Request, page: GroupPage) -> Steps[bool]:
        """Tell whether the user of a request may see a page, and have Dash know."""
        user = None if request.identity is None else request.identity.user(request)
        sees = user is not None and (yield from page.need.admits(user))
        request.pages[page.module] = sees
        if not sees:
            name = "" if user is None else user.name
            logger.debug("Refused: the page %s needs %s", quoted(page.path), page.need)
            _witness.denied(request, name, f"the page {page.path} needs {page.need}")
        return sees

    def shows(self, user: User | None, page: Mapping[str, Any]) -> Steps[bool]:
        """Tell whether a page is one that somebody may see.

        :param user: who is logged in, None for an anonymous visitor
        :param page: the page as it was registered
        """
        found = group_page(page)
        if found is not None:
            return user is not None and (yield from found.need.admits(user))
        return user is not None or self._parts.pages.opens(page)

    def _apps(self) -> list[Dash]:
        return self._parts.dash_apps()
