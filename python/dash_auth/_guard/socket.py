"""The way of a WebSocket: its handshake, and each of Dash's callbacks that comes over it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from dash_auth._core import Refusal
from dash_auth._current import RequestIdentity
from dash_auth._dash.closed import Closed
from dash_auth._guard.guard import Guard
from dash_auth._login import Visitor
from dash_auth._quoted import quoted
from dash_auth._request import Request
from dash_auth._shown import USER, show
from dash_auth._steps import Steps

logger = logging.getLogger("dash_auth")


@dataclass(frozen=True)
class Admission:
    """A handshake that a guard lets pass.

    Attributes:
        visitor: who logged in, None for an anonymous visitor.
        is_for_callbacks: whether it is the WebSocket for Dash's callbacks.
    """

    visitor: Visitor | None
    is_for_callbacks: bool


def admit(guard: Guard, request: Request) -> Steps[Admission | None]:
    """Decide on the handshake of a WebSocket; return None if it may not be opened.

    :param guard: who decides
    :param request: the handshake
    """
    yield from guard.set_up()
    request.refusing = guard
    is_for_callbacks = request.endpoint == guard.parts.endpoints.websocket
    standing, is_hijack = guard.parts.ask(request, guard.parts.kind(request))
    visitor = None
    if not is_hijack:
        visitor = yield from guard.visitors.recognise(request, guard.visitors.logins.socket)
        if visitor is not None and visitor.is_for_public:
            visitor = None
    request.logged_in = visitor is not None
    request.identity = RequestIdentity()
    if visitor is not None:
        _name(guard, request, visitor)
    if visitor is not None:
        return Admission(visitor, is_for_callbacks)
    if is_for_callbacks:
        if guard.parts.callbacks.any_public():
            return Admission(None, True)
        request.closed = Closed("no callback is public")
    elif guard.parts.is_open(request, standing):
        return Admission(None, False)
    reasons = guard.refusals.reasons
    if is_hijack:
        reasons.tell_of_foreign(request)
    else:
        reasons.tell(request)
    return None


def judge(
    guard: Guard, request: Request, visitor: Visitor | None, payload: dict[str, Any]
) -> Steps[str | Refusal | None]:
    """Tell why a callback may not run, None if it may.

    :param guard: who decides
    :param request: the handshake of the WebSocket
    :param visitor: who opened it, None for an anonymous visitor
    :param payload: what the callback is asked with
    :return: the text for the renderer; a refusal if the visitor is to log in again
    """
    if visitor is None:
        request.identity = RequestIdentity()
        closed = guard.parts.websocket_callbacks.why_closed(payload)
        if closed is not None:
            logger.debug("Refused: a WebSocket's %s; no login came along", closed)
        return None if closed is None else "Login required"
    looking_up = visitor.login.look_up(visitor)
    if looking_up is not None:
        yield from looking_up
    if not visitor.login.holds(visitor):
        return Refusal.WRONG
    # Anew each time: the user may be gone, or in other groups.
    again = yield from guard.visitors.recognise_again(request, visitor)
    if again is None or again.is_for_public:
        return Refusal.WRONG
    _name(guard, request, again)
    if guard.parts.websocket_callbacks.include(payload):
        if guard.keeps_pages and not (yield from guard.pages.may_run(request, payload)):
            return "Access denied"
        return None
    logger.debug("Refused: no callback %s runs over a WebSocket", quoted(payload["output"]))
    return "No such callback"


def _name(guard: Guard, request: Request, visitor: Visitor) -> None:
    """Tell the app who a WebSocket's user is, and what is known of the user by now."""
    request.identity = visitor.identity
    if guard.visitors.session is not None:
        user = visitor.identity.user(request)
        claims = {} if user is None else user.claims
        shown = {} if request.shown is None else request.shown.values
        show(request, {**shown, USER: claims, **(visitor.shown or {})})
