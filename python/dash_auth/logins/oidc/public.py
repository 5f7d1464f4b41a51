"""Providers at which anybody may have an account: to be recognised there is not to be allowed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

_PUBLIC = {
    "accounts.google.com": "Google",
    "github.com": "GitHub",
    "api.github.com": "GitHub",
    "gitlab.com": "GitLab",
    "appleid.apple.com": "Apple",
    "www.facebook.com": "Facebook",
    "www.linkedin.com": "LinkedIn",
    "login.live.com": "Microsoft",
}

_MICROSOFT = ("login.microsoftonline.com", "login.windows.net", "sts.windows.net")
"""Where a tenant stands in the path: that of a company, or one of these for everybody."""

_EVERYBODY = (
    *("common", "organizations", "consumers"),
    # The tenant of private accounts.
    "9188040d-6c67-4c5b-b112-36a304b66dad",
)

PLACES = ("server_metadata_url", "authorize_url", "access_token_url", "api_base_url", "issuer")
"""The arguments that say where a provider is."""


def public_provider(arguments: Mapping[str, Any]) -> str | None:
    """Return the name of a provider at which anybody may have an account, None for any other.

    :param arguments: how the provider was registered
    """
    for place in PLACES:
        address = arguments.get(place)
        found = _at(address) if isinstance(address, str) else None
        if found is not None:
            return found
    return None


def _at(address: str) -> str | None:
    try:
        parts = urlsplit(address.strip())
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return None
    if host in _MICROSOFT:
        tenant = parts.path.strip("/").partition("/")[0].lower()
        return "Microsoft" if tenant in _EVERYBODY else None
    return _PUBLIC.get(host)


def needs_allow(idp: str, public: str, kind: str) -> str:
    """Return what to tell a developer who lets everybody in.

    :param idp: the name of the provider
    :param public: what the provider is
    :param kind: the class that was called
    """
    return (
        f"anybody can have an account at {public}, so the provider {idp!r} lets everybody in. Say "
        f"who may enter: {kind}(app, ..., allow=lambda user: user.email in STAFF), or "
        "allow=lambda user: True if that is what you mean"
    )
