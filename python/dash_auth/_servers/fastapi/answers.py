"""Answers on a FastAPI server, whatever they were made as."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.responses import Response
from starlette.types import Message, Send
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as WerkzeugResponse

from dash_auth import _refused
from dash_auth._caching import cache_control
from dash_auth._request import Request

_CACHE_CONTROL = b"cache-control"
_REFUSED = _refused.HEADER.lower().encode()


def answer_of_error(error: HTTPException) -> Response:
    """Return what `flask.abort` and its like raised as a response."""
    return Response(error.get_body(), error.code or 500, dict(error.get_headers()))


def answer_of(answer: Any) -> Response:
    """Return what a login answered as a response: a body, or body, status and headers."""
    if isinstance(answer, Response):
        return answer
    if isinstance(answer, WerkzeugResponse):
        # As `flask.redirect` makes it.
        return Response(answer.get_data(), answer.status_code, dict(answer.headers))
    body, status, headers = answer, 200, {}
    if isinstance(answer, tuple):
        body, status, headers = answer if len(answer) == 3 else (*answer, {})
    return Response(body, status, dict(headers), media_type="text/html")


def caching(send: Send, asked: list[Request]) -> Send:
    """Return what sends an answer with what says who may keep it, and why it refuses.

    :param send: sends messages to the client
    :param asked: holds the facts of the request, once a guard was asked about it
    """

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start" and asked:
            request = asked[-1]
            headers = list(message.get("headers", ()))
            declared = [v.decode("latin-1") for k, v in headers if k.lower() == _CACHE_CONTROL]
            fitting = cache_control(request, ", ".join(declared) if declared else None)
            if fitting is not None:
                headers = [one for one in headers if one[0].lower() != _CACHE_CONTROL]
                message["headers"] = [*headers, (_CACHE_CONTROL, fitting.encode("latin-1"))]
            if request.status is not None and message["status"] == 200:
                message["status"] = request.status
            word = _refused.word(request, message["status"])
            if word is not None:
                headers = [one for one in message.get("headers", ()) if one[0].lower() != _REFUSED]
                message["headers"] = [*headers, (_REFUSED, word.encode())]
        await send(message)

    return sent


def rewriting(send: Send, rewrite: Callable[[bytes], bytes]) -> Send:
    """Return what sends the messages of an answer with its body rewritten."""
    start: Message = {}
    parts: list[bytes] = []

    async def rewritten(message: Message) -> None:
        nonlocal start
        if message["type"] == "http.response.start":
            start = message
            return
        if message["type"] != "http.response.body":
            await send(message)
            return
        parts.append(message.get("body", b""))
        if message.get("more_body", False):
            return
        body = rewrite(b"".join(parts))
        headers = [(k, v) for k, v in start["headers"] if k.lower() != b"content-length"]
        start["headers"] = [*headers, (b"content-length", str(len(body)).encode())]
        await send(start)
        await send({"type": "http.response.body", "body": body})

    return rewritten
