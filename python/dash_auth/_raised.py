"""What code of the app's own raises to have a request refused: its guard answers in its place."""

from __future__ import annotations

from dash.exceptions import PreventUpdate

LOGIN, RECENT, FORBIDDEN = "login", "recent", "forbidden"
"""Why: nobody is logged in; the user logged in too long ago; the user may not have it."""


class Refused(PreventUpdate):
    """Refuses what a request asks for, in a callback, a layout function or a route.

    It is a `PreventUpdate`, so that Dash hands it to no `on_error` and shows no traceback of it.

    Attributes:
        why: :data:`LOGIN`, :data:`RECENT` or :data:`FORBIDDEN`.
        text: what the client reads, where it is shown no page.
    """

    def __init__(self, why: str, text: str) -> None:
        """Say why.

        :param why: :data:`LOGIN`, :data:`RECENT` or :data:`FORBIDDEN`
        :param text: what the client reads, where it is shown no page
        """
        super().__init__(text)  # type: ignore[no-untyped-call]
        self.why: str = why
        self.text: str = text
