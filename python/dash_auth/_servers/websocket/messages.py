"""The messages of Dash's WebSockets: what the app can read, and what answers in its place."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any


def message_of_dash(text: str, parse: Callable[[str], Any]) -> dict[str, Any] | None:
    """Return a message of the client's, None if it is none that Dash can read.

    :param text: the message
    :param parse: the parser that the app's messages go through
    """
    try:
        content = parse(text)
    except (RecursionError, ValueError):
        return None
    return content if _is_of_dash(content) else None


def refusal_of(request: dict[str, Any], reason: str) -> str:
    """Return what answers one callback in the app's place; the socket stays.

    :param request: the message that asks for it
    :param reason: why it does not run
    """
    answer = {
        "type": "callback_response",
        "rendererId": request.get("rendererId", ""),
        "requestId": request["requestId"],
        "payload": {"status": "error", "message": reason},
    }
    return json.dumps(answer)


def _is_of_dash(content: Any) -> bool:
    """Tell whether a message has the shape that Dash reads without a fault."""
    if not isinstance(content, dict):
        return False
    kind, payload = content.get("type"), content.get("payload")
    if kind == "heartbeat":
        return True
    if not isinstance(content.get("requestId"), str):
        return False
    if kind == "get_props_response":
        return payload is None or isinstance(payload, dict)
    if kind != "callback_request" or not isinstance(content.get("rendererId", ""), str):
        return False
    return isinstance(payload, dict) and isinstance(payload.get("output"), str)
