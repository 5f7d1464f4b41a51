"""What the claims of an ID token have to say, whatever version of Authlib verified it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NOT_ASKED_AGAIN = "The identity provider does not say that it asked you to log in again"
"""What a user reads of a provider that ignores `max_age` and `prompt`."""

_SKEW = 60
"""By how much the clocks may differ, in seconds."""

_NO_TIME = 1e12
"""What is no time in seconds since 1970, but perhaps in milliseconds."""


class BadClaim(ValueError):
    """A claim for which an ID token is refused."""


def check(claims: Mapping[str, Any], client_id: str, nonce: str | None) -> None:
    """Refuse an ID token that is for another client, of another login, or of nobody.

    :param claims: the claims of a token whose signature, issuer and times are right
    :param client_id: what the app is registered as
    :param nonce: what was sent to the provider with this login, None if nothing was
    :raises BadClaim: if a claim is wrong, with what the user may read
    """
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    # OpenID Connect Core, section 3.1.3.7 (3): `azp` makes up for nothing.
    if client_id not in audiences:
        raise BadClaim("the aud of the ID token is another client")
    azp = claims.get("azp")
    if azp != client_id and (azp is not None or len(audiences) > 1):
        raise BadClaim("the azp of the ID token is another client")
    # Authlib 1.3 lets a claim of the token switch this off.
    if nonce and claims.get("nonce") != nonce:
        raise BadClaim("the nonce of the ID token is of another login")
    sub = claims.get("sub")
    if not isinstance(sub, str) or not sub.strip():
        raise BadClaim("the sub of the ID token names nobody")
    if readable(sub) != sub:
        # With another letter in its place it might be somebody else's.
        raise BadClaim("the sub of the ID token is no Unicode text")


def asked_at(claims: Mapping[str, Any], now: int) -> int | None:
    """Return when the provider says that it last asked the user (`auth_time`), None if it does not.

    OpenID Connect Core, section 2. What lies ahead, by a clock that is fast, is now.

    :param claims: the claims of an ID token that was verified
    :param now: the time, in seconds since 1970
    """
    at = claims.get("auth_time")
    if isinstance(at, bool) or not isinstance(at, int | float) or not 0 < at < _NO_TIME:
        return None
    return min(int(at), now)


def is_recent(at: int | None, since: int | None) -> bool:
    """Tell whether a provider has asked the user as it was told to.

    OpenID Connect Core, section 3.1.3.7 (13): with `max_age` the ID token has to say so.

    :param at: when it did, as it says; None if it says nothing
    :param since: since when it was to, None where that is all the same
    """
    return since is None or (at is not None and at >= since - _SKEW)


def readable(value: Any) -> Any:
    """Return a value with U+FFFD for each lone surrogate, at whatever depth.

    JSON can hold them, and nothing that encodes text can write them: neither a page nor a seal.
    """
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {readable(key): readable(one) for key, one in value.items()}
    if isinstance(value, list):
        return [readable(one) for one in value]
    return value


def methods_of(user: object) -> list[str]:
    """Return how the provider says that a user logged in (RFC 8176), nothing if it does not.

    :param user: the claims of the user, as the app made them
    """
    methods = user.get("amr") if isinstance(user, Mapping) else None
    return [one for one in methods if isinstance(one, str)] if isinstance(methods, list) else []
