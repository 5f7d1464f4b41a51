"""What our pages go out with."""

from __future__ import annotations

HEADERS: dict[str, str] = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
"""What every answer of ours carries."""

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'"
)


def headers(*, in_frame: bool = False, retry_after: int | None = None) -> dict[str, str]:
    """Return what the login page and the cards go out with.

    Nothing but our own style, script and logo counts in them; no other site shows them in a frame
    or learns where they were left from (CSP 3; OWASP, Clickjacking Defense Cheat Sheet).

    :param in_frame: whether a frame may show the page: the one that leads out of it
    :param retry_after: when to try again, in seconds (RFC 9110 section 10.2.3)
    """
    policy = _POLICY if in_frame else f"{_POLICY}; frame-ancestors 'none'"
    later = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return {
        **HEADERS,
        "Content-Security-Policy": policy,
        "Referrer-Policy": "same-origin",
        "Vary": "Accept-Language, Cookie",
        **later,
    }
