"""Providers on the login page: a button each, beside the form or in its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from dash import Dash

from dash_auth._request import Answer, Request
from dash_auth.logins import pages
from dash_auth.logins.form.flow import FormFlow
from dash_auth.logins.form.places import is_again
from dash_auth.logins.oidc import pending
from dash_auth.logins.oidc.flow import Methods, OpenIDConnect, wanted
from dash_auth.logins.oidc.keeping import Keeping
from dash_auth.logins.oidc.login import LoginFailed
from dash_auth.logins.oidc.providers import Providers
from dash_auth.logins.oidc.public import PLACES

_NAMES = {
    "auth0": "Auth0",
    "github": "GitHub",
    "google": "Google",
    "keycloak": "Keycloak",
    "microsoft": "Microsoft",
    "okta": "Okta",
}
"""What people call the providers that have a mark."""

_HOSTS = {
    "auth0.com": "auth0",
    "github.com": "github",
    "accounts.google.com": "google",
    "microsoftonline.com": "microsoft",
    "okta.com": "okta",
    "oktapreview.com": "okta",
}


@dataclass(frozen=True)
class Button:
    """What the page shows of a provider.

    Attributes:
        label: what people call it.
        mark: which mark stands before that.
    """

    label: str
    mark: str


def button_of(name: str, label: str | None, arguments: Mapping[str, Any]) -> Button:
    """Return what the page shows of a provider.

    :param name: the name under which it was registered
    :param label: what the developer calls it, None for its own name
    :param arguments: how it was registered
    """
    mark = name.lower() if name.lower() in _NAMES else _mark_at(arguments)
    if label is None:
        label = _NAMES[mark] if mark == name.lower() else name
    return Button(label, mark)


def _mark_at(arguments: Mapping[str, Any]) -> str:
    for place in PLACES:
        address = arguments.get(place)
        if not isinstance(address, str):
            continue
        try:
            parts = urlsplit(address)
            host = parts.hostname or ""
        except ValueError:
            continue
        for known, mark in _HOSTS.items():
            if host == known or host.endswith(f".{known}"):
                return mark
        if "/realms/" in parts.path:
            return "keycloak"
    return ""


class OnPage(OpenIDConnect):
    """Leads to providers from the login page, and back to it where a login comes to nothing."""

    def __init__(
        self, app: Dash, form: FormFlow, providers: Providers, buttons: Mapping[str, Button]
    ) -> None:
        """Put the providers on a page.

        :param app: the Dash app
        :param form: the flow whose page it is
        :param providers: the providers
        :param buttons: what the page shows of each, by its name
        """
        parts = form.parts
        self._form = form
        self._places = parts.places
        self._buttons = buttons
        self._keeping = Keeping(providers, is_stored=parts.tickets.are_stored)
        methods = Methods(
            redirect_uri=lambda idp: self.redirect_uri(parts.server.request(), idp, None),
            callback=lambda idp: self.callback(idp, self._store),
            may_pass=parts.session.found,
            selection_route=lambda: None,
            app_of=parts.app_of,
        )
        super().__init__(
            app, parts.server, providers, parts.session.provider, methods, with_user=False
        )

    def shown(self, request: Request, asked: str, again: bool) -> list[pages.Provider]:
        """Return the ways to the providers.

        :param request: the request for the page
        :param asked: where the login is to lead
        :param again: whether the user is to log in anew there
        """
        parameters = {**({"next": asked} if asked else {}), **({"again": "1"} if again else {})}
        query = f"?{urlencode(parameters, safe='/')}" if parameters else ""
        login = self._places.seen(request, self._places.login)
        return [
            pages.Provider(button.label, f"{login}/{quote(name)}{query}", button.mark)
            for name, button in self._buttons.items()
        ]

    def lead(self, idp: str) -> Any:
        """Return the redirect to a provider.

        :param idp: its name
        """
        request = self._server.request()
        asked = "".join(request.query_values("next")[:1])
        request.target = self._places.landing(request, asked) if asked else None
        return self.begin(request, request.target, idp, again=is_again(request))

    def come_back(self, idp: str) -> Any:
        request = self._server.request()
        state = next(iter(request.query_values("state")), None)
        # The page that says what went wrong is to lead there as well.
        request.target = pending.target(request.session, idp, state)
        return super().come_back(idp)

    def _store(self, user: Any, idp: str, token: dict[str, Any]) -> Any:
        request = self._server.request()
        if not self._keeping.store(self._server, request, user, idp, token, self.warn_once):
            raise LoginFailed(401, "Login failed: the identity provider named no user")
        done = self._places.done(request, self._places.landing(request, wanted()))
        return self._server.respond(Answer(303, "", {"Location": done, **pages.HEADERS}))

    def refuse(self, request: Request, failed: LoginFailed) -> Any:
        note = pages.Note.UNAVAILABLE if failed.status in (502, 503) else pages.Note.PROVIDER
        answer = self._form.show_failed(request, failed.status, note, request.target or "")
        return self._server.respond(answer)

    def offer_anew(self, request: Request, idp: str, failed: LoginFailed) -> Any:
        return self.refuse(request, failed)

    def plain(self, request: Request, status: int, text: str) -> Any:
        return self.refuse(request, LoginFailed(status, text))
