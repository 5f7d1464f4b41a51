"""What the claims of an ID token have to say, whatever version of Authlib verified it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


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
