"""What a session's cookie says, whoever signed it: good for a hint to the developer alone."""

from __future__ import annotations

import binascii
import zlib
from base64 import b64decode, urlsafe_b64decode

_LONGEST = 8 * 1024
"""The longest cookie and content that are looked at, in bytes: a client chooses them."""


def content_of(payload: str) -> str | None:
    """Return the content of a cookie without its signature, None where that cannot be read.

    :param payload: as Flask writes it: in base64, compressed if it begins with a full stop
    """
    if len(payload) > _LONGEST:
        return None
    try:
        encoded = payload.removeprefix(".").encode("ascii")
        content = urlsafe_b64decode(encoded + b"=" * (-len(encoded) % 4))
        if payload.startswith("."):
            content = zlib.decompressobj().decompress(content, _LONGEST)
        return content.decode("utf-8", "replace")
    except (binascii.Error, ValueError, zlib.error):
        return None


def starlettes_content_of(payload: str) -> str | None:
    """Return the content of a cookie of Starlette's without its signature, None likewise."""
    if len(payload) > _LONGEST:
        return None
    try:
        return b64decode(payload).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return None
