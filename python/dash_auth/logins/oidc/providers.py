"""The identity providers of one app, by the names under which they were registered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_TIMEOUT = 10
"""How long a provider is waited for, in seconds."""

_PLACES = ("_server_metadata_url", "authorize_url")
"""Where Authlib's client keeps what tells one provider from another."""


class Providers:
    """The identity providers of one app."""

    def __init__(self) -> None:
        """Begin with none.

        :raises ImportError: if Authlib is not installed
        """
        try:
            from dash_auth.logins.oidc.client import Registry
        except ImportError as error:
            raise ImportError(
                "a login through providers needs Authlib and requests: "
                'pip install "dash-auth-rs[oidc]"'
            ) from error
        self.registry: Any = Registry()
        self._of_trusted_email: set[str] = set()

    def __contains__(self, name: object) -> bool:
        return name in self.registry._registry

    def __iter__(self) -> Iterator[str]:
        return iter(list(self.registry._registry))

    def register(self, name: str, *, trust_email: bool = False, **kwargs: Any) -> None:
        """Add a provider.

        :param name: its name, which stands in paths
        :param trust_email: whether its e-mail addresses count where it does not say that it has
            verified them
        :param kwargs: arguments of Authlib's `OAuth.register`
        :raises ValueError: if the name cannot stand in a path, or another provider has it
        """
        if not isinstance(name, str) or not re.fullmatch(r"[\w\-. ]+", name):
            raise ValueError(
                "`idp_name` should only contain letters, numbers, hyphens, "
                "underscores, periods and spaces"
            )
        if name in self:
            # Authlib would go on with the first one, with the second one's arguments.
            raise ValueError(f"an identity provider is named {name!r} already")
        client_kwargs = {"scope": "openid email", **(kwargs.pop("client_kwargs", None) or {})}
        if "request_token_url" not in kwargs:
            client_kwargs.setdefault("default_timeout", _TIMEOUT)
        self.registry.register(name, client_kwargs=client_kwargs, **kwargs)
        if trust_email:
            self._of_trusted_email.add(name)

    def trusts_email(self, name: str) -> bool:
        """Tell whether a provider's e-mail addresses count though it says nothing of them."""
        return name in self._of_trusted_email

    def client(self, name: str) -> Any:
        """Return Authlib's client of a provider.

        :raises ValueError: if no provider has that name
        """
        self._check(name)
        return self.registry.create_client(name)

    def arguments(self, name: str) -> dict[str, Any]:
        """Return the arguments with which a provider was registered.

        :raises ValueError: if no provider has that name
        """
        self._check(name)
        arguments: dict[str, Any] = self.registry._registry[name][1]
        return arguments

    def registration(self, name: str) -> str:
        """Return what the app is registered as at a provider, nothing at one that it lacks."""
        if name not in self:
            return ""
        client = self.client(name)
        places = (getattr(client, place, None) for place in _PLACES)
        return " ".join([str(client.client_id), *(str(place) for place in places if place)])

    def asks_for(self, name: str, scope: str) -> bool:
        """Tell whether a provider is asked for a scope."""
        asked = self.client(name).client_kwargs.get("scope") or ""
        return scope in (asked.split() if isinstance(asked, str) else asked)

    def _check(self, name: str) -> None:
        if name not in self:
            raise ValueError(f"'{name}' is not a valid registered idp")
