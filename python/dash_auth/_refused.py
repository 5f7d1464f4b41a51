"""What an answer that refuses says to the script in Dash's index page."""

from __future__ import annotations

from dash_auth._raised import FORBIDDEN, LOGIN, RECENT
from dash_auth._request import Request

HEADER = "Dash-Auth"
"""The header by which the script in Dash's index page knows our refusals, and nothing else."""

_ENDED = "ended"

_BY_STATUS = {403: FORBIDDEN, 429: "throttled", 503: "busy"}
"""What is said where it does not depend on what came along."""


def note_recent(request: Request) -> None:
    """Note that the user of a request is to log in again for it.

    :param request: the request
    """
    request.refused = RECENT


def note(request: Request, *, brought: bool) -> None:
    """Note that a request is refused, or asked to log in; what its answer says is found out then.

    :param request: the request
    :param brought: whether a ticket came along, which does not hold
    """
    request.refused = _ENDED if brought else LOGIN


def word(request: Request, status: int) -> str | None:
    """Return what the header of an answer says, None where it has none.

    :param request: the request
    :param status: the status of its answer, be it ours or made by the developer's `login_request`
    """
    if request.refused is None:
        return None
    # What is too large for an anonymous visitor may be sent after a login.
    return request.refused if status in (401, 413) else _BY_STATUS.get(status)
