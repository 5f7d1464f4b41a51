"""What happens once, with the first request: Dash sets the app up, and the developer is told."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable

from dash import Dash

from dash_auth import _dash_internals as internals
from dash_auth._request import Server
from dash_auth._secret_keys import weakness

logger = logging.getLogger("dash_auth")

_WEAK_KEY = (
    "The secret key %s: whoever finds it out signs sessions of any user. Make one with "
    'python -c "import secrets; print(secrets.token_urlsafe(32))" and keep it outside of the code.'
)


class FirstRequest:
    """Sets one app up before its first request goes on, and holds the others until then."""

    def __init__(
        self, app: Dash, server: Server, check: Callable[[], None], tell: Callable[[], None]
    ) -> None:
        """Remember what to set up.

        :param app: Dash app
        :param server: its server
        :param check: raises an error for what is declared wrongly; until it is mended, each request
            ends in that error
        :param tell: tells the developer, once, what there is to tell
        """
        self._app = app
        self._server = server
        self._check = check
        self._tell = tell
        self._lock = threading.RLock()
        self.is_over = False

    def set_up(self, *, layout_of_visitor: bool = False) -> None:
        """Run Dash's set-up, unless it has run.

        :param layout_of_visitor: whether the app's layout function may run for who is asking
        """
        if not self.is_over:
            with self._lock:
                self._set_up_once(layout_of_visitor)

    def _set_up_once(self, layout_of_visitor: bool) -> None:
        if self.is_over:
            return
        internals.suppress_validation_layout(self._app)
        unseen = internals.layout_unseen(self._app)
        with contextlib.nullcontext() if layout_of_visitor else unseen:
            self._server.run_first_request_hooks(self._app)
        self._check()
        self.is_over = True
        self._tell()
        for key in self._server.secret_keys()[:1]:
            weak = weakness(key)
            if weak is not None:
                logger.warning(_WEAK_KEY, weak)
