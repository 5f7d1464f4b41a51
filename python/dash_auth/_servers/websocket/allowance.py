"""How much a stranger may have an app do at once over one WebSocket.

Over HTTP a connection carries one request at a time. A WebSocket takes any number, which Dash
queues without end; compressed, ten megabytes of them fill ten gigabytes of memory.
"""

from __future__ import annotations

import json
import re
from typing import Any

_START = re.compile(
    r'\{"type":"callback_request","rendererId":"([^"\\]*)","requestId":"([^"\\]*)",'
)
"""How a request of the renderer's begins: enough to answer one that is too large to be parsed."""


class Allowance:
    """Counts the bytes of a stranger's callbacks that the app has not answered yet."""

    __slots__ = ("_limit", "_pending", "_total")

    def __init__(self, limit: int) -> None:
        """Start with nothing pending.

        :param limit: the largest message that is parsed, and how much may be pending when another
            comes, in bytes
        """
        self._limit = limit
        self._pending: dict[str, list[int]] = {}
        self._total = 0

    def admits(self, text: str) -> bool:
        """Tell whether a message is small enough to be parsed.

        :param text: the message
        """
        return len(text) <= self._limit and size(text) <= self._limit

    def take(self, request: dict[str, Any], text: str) -> bool:
        """Count a callback as pending; tell whether it may be.

        :param request: the message that asks for it
        :param text: the same as it was sent
        """
        if self._total > self._limit:
            return False
        taken = size(text)
        self._pending.setdefault(request["requestId"], []).append(taken)
        self._total += taken
        return True

    def give_back(self, text: str) -> None:
        """Count as done what a message of the app's answers.

        :param text: what the app sends: one message, or a list of them
        """
        if not self._pending:
            return
        # Parsed, not searched: an answer may hold what the stranger sent, ids of requests too.
        try:
            sent = json.loads(text)
        except ValueError:
            return
        for message in sent if isinstance(sent, list) else [sent]:
            if message.get("type") != "callback_response":
                continue
            number = message.get("requestId")
            sizes = self._pending.get(number, [])
            if sizes:
                self._total -= sizes.pop()
            if not sizes:
                self._pending.pop(number, None)


def unread_request(text: str) -> dict[str, str] | None:
    """Return whom to answer if a message that is not parsed asks for a callback, else None.

    :param text: the message
    """
    found = _START.match(text)
    return None if found is None else {"rendererId": found[1], "requestId": found[2]}


def size(text: str) -> int:
    """Return how many bytes a message had on its way."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
