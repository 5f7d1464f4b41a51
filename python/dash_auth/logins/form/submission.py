"""What a browser sends with a form, read within bounds."""

from __future__ import annotations

from dash_auth._request import TOO_LARGE, UNREADABLE, Answer, Request
from dash_auth._steps import Read, Steps
from dash_auth.logins import pages

LARGEST = 64 * 1024
"""The largest form that is read, in bytes."""

_KIND = "application/x-www-form-urlencoded"


def read_form(request: Request) -> Steps[dict[str, str] | Answer]:
    """Return the fields of a form that came along, or what to answer where there is none.

    :param request: the request that brought it
    """
    kind = (request.header("Content-Type") or "").partition(";")[0].strip().lower()
    if kind != _KIND:
        return Answer(415, f"Only {_KIND} is read", pages.HEADERS)
    try:
        fields = yield Read(LARGEST, is_form=True)
    except TimeoutError:
        return Answer(408, "The form did not end in time", pages.HEADERS)
    if fields is TOO_LARGE:
        return Answer(413, "Request too large", pages.HEADERS)
    if fields is UNREADABLE:
        return Answer(400, "The form cannot be read", pages.HEADERS)
    found: dict[str, str] = fields
    return found
