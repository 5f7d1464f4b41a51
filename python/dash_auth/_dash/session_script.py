"""The script of ours in Dash's index page, and the routes that it asks (`session.js`)."""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from dash import Dash

from dash_auth import _dash_internals as internals
from dash_auth._core import landing
from dash_auth._current import User, current_facts, current_user, is_logged_in
from dash_auth._dash.endpoints import Endpoints
from dash_auth._request import Answer, PageServer, Request
from dash_auth._secret_keys import Keys, seal
from dash_auth._shown import USER
from dash_auth._steps import Steps

FOLDER = "_dash-auth"
"""Below the app's prefix: where the routes of every class are."""

SECONDS_BETWEEN_TOUCHES = 60
"""How long the script waits at least before it says again that somebody is there, in seconds."""

_SCRIPT = re.sub(
    r"^[ ]*(?://.*)?\n?",
    "",
    files("dash_auth").joinpath("_dash/session.js").read_text(encoding="utf-8"),
    flags=re.MULTILINE,
)
"""The script, without its comments and indentation."""

_VERSION = hashlib.sha256(_SCRIPT.encode()).hexdigest()[:12]

TEXTS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "ended": "Your login has ended.",
        "recent": "Log in again to do this.",
        "login": "Please log in.",
        "again": "Log in again",
        "in": "Log in",
        "busy": "The server is busy.",
        "throttled": "Too many attempts. Try again in % s.",
        "close": "Close",
    },
    "de": {
        "ended": "Ihre Anmeldung ist abgelaufen.",
        "recent": "Melden Sie sich dafür bitte erneut an.",
        "login": "Bitte melden Sie sich an.",
        "again": "Erneut anmelden",
        "in": "Anmelden",
        "busy": "Der Server ist ausgelastet.",
        "throttled": "Zu viele Versuche. Bitte warten Sie % s.",
        "close": "Schließen",
    },
    "fr": {
        "ended": "Votre session est terminée.",
        "recent": "Reconnectez-vous pour continuer.",
        "login": "Veuillez vous connecter.",
        "again": "Se reconnecter",
        "in": "Se connecter",
        "busy": "Le serveur est occupé.",
        "throttled": "Trop de tentatives. Réessayez dans % s.",
        "close": "Fermer",
    },
    "es": {
        "ended": "Su sesión ha terminado.",
        "recent": "Vuelva a iniciar sesión para continuar.",
        "login": "Inicie sesión.",
        "again": "Volver a iniciar sesión",
        "in": "Iniciar sesión",
        "busy": "El servidor está ocupado.",
        "throttled": "Demasiados intentos. Espere % s.",
        "close": "Cerrar",
    },
}
"""What an open page shows, by the language of the browser; the first where it has none of them."""

_UNCACHED = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_CACHED = {**_UNCACHED, "Cache-Control": "private, max-age=31536000, immutable"}

_BEGINNING = re.compile(r"<!--.*?-->|<head(?:\s[^>]*)?>", re.DOTALL | re.IGNORECASE)
_DOCUMENT = re.compile(r"\s*(?:<!doctype[^>]*>)?(?:\s*<html(?:\s[^>]*)?>)?", re.IGNORECASE)

_NO_KEYS: Keys = (b"names nobody beyond the page of the user's own",)
"""Where the server has no keys: another worker has to name a user alike."""


@dataclass(frozen=True)
class Methods:
    """What the routes do by way of the guard.

    Attributes:
        admits: tells whether a request is made by who is logged in for private pages.
        refuse: returns the response that refuses a request that was not admitted.
        ask_again: returns the response that has a user who is logged in log in again, None where
            nothing can.
        renew: has the login of a request that was admitted last on.
        renews: tells whether that changes anything.
        login_path: returns the path of the login, as the browser sees it.
        own_paths: returns further paths of logins and logouts, as the browser sees them.
    """

    admits: Callable[[Request], Steps[bool]]
    refuse: Callable[[Request], Steps[Any]]
    ask_again: Callable[[Request], Steps[Any] | None]
    renew: Callable[[Request], Steps[None]]
    renews: Callable[[], bool]
    login_path: Callable[[], str]
    own_paths: Callable[[Request], Iterable[str]]


class SessionScript:
    """Puts the script into the index page, and answers it."""

    def __init__(
        self,
        app: Dash,
        server: PageServer,
        endpoints: Endpoints,
        methods: Methods,
        *,
        with_banner: bool,
        texts: Mapping[str, Mapping[str, str]],
    ) -> None:
        """Add the routes, and the script to the app's index page.

        :param app: Dash app
        :param server: its server
        :param endpoints: tells the routes from the app's own
        :param methods: what the guard does
        :param with_banner: whether an open page shows that its login has ended
        :param texts: what it shows, by language, as :data:`TEXTS`
        """
        self._app = app
        self._server = server
        self._methods = methods
        self._with_banner = with_banner
        self._texts = json.dumps(texts, ensure_ascii=False, separators=(",", ":"))
        folder = internals.routes_prefix(app) + FOLDER
        added = [
            server.add_route(f"{folder}/{name}", f"dash_auth {name}", view, {}, allowed)
            for name, view, allowed in (
                ("session.js", self._send, ("GET",)),
                ("touch", self._touch, ("GET", "POST")),
                ("login", self._log_in, ("GET",)),
            )
        ]
        endpoints.add_login(added)
        internals.wrap_index_page(app, self._insert)

    # The index page

    def _insert(self, page: str) -> str:
        """Return an index page with the script before any other."""
        # What is commented out is no head.
        found = (one for one in _BEGINNING.finditer(page) if not one[0].startswith("<!--"))
        head = next(found, None) or _DOCUMENT.match(page)
        at = 0 if head is None else head.end()
        return f"{page[:at]}{self._tag(current_facts())}{page[at:]}"

    def _tag(self, request: Request | None) -> str:
        prefix = internals.requests_prefix(self._app)
        own = [] if request is None else self._methods.own_paths(request)
        attributes = {
            "src": f"{prefix}{FOLDER}/session.js?v={_VERSION}",
            "data-prefix": prefix,
            "data-login": self._methods.login_path(),
            "data-own": " ".join(own),
            "data-user": "" if request is None else self._user_shown(request),
            "data-touch": str(SECONDS_BETWEEN_TOUCHES) if self._methods.renews() else "",
            "data-banner": "true" if self._with_banner else "false",
            "data-lang": self._texts,
        }
        written = "".join(f' {name}="{html.escape(value)}"' for name, value in attributes.items())
        return f"<script{written}></script>"

    def _user_shown(self, request: Request) -> str:
        """Return what names the user of a page, as far as that is known with nobody asked."""
        if is_logged_in(request):
            return self._named(current_user())
        return self._user_of_session(request)

    def _user_of_session(self, request: Request) -> str:
        claims = None if request.shown is None else request.shown.values.get(USER)
        return self._named(User.from_claims(claims)) if isinstance(claims, dict) else ""

    def _named(self, user: User | None) -> str:
        """Return what tells a user from any other, and says nothing else."""
        # Not all that is known of the user: the app may add to that at any time.
        who = [] if user is None else [user.name, str(user.claims.get("sub", ""))]
        keys = self._server.secret_keys() or _NO_KEYS
        return seal(keys, "page", json.dumps(who))[:16]

    # The routes

    # Ways, whose steps alone take a thread: those who guess passwords must not hold them up.

    def _send(self) -> Steps[Answer]:
        yield from ()
        # A worker that runs another version must not answer for this one for a year.
        is_this = self._server.request().query_values("v") == [_VERSION]
        headers = _CACHED if is_this else _UNCACHED
        return Answer(200, _SCRIPT, headers, "text/javascript; charset=utf-8")

    def _touch(self) -> Steps[Any]:
        """Answer who is there; a POST says that somebody uses the page."""
        request = self._server.request()
        is_look = request.method != "POST"
        if (yield from self._methods.admits(request)):
            user = None if request.identity is None else request.identity.user(request)
            name = self._named(user)
            if not is_look:
                yield from self._methods.renew(request)
        elif is_look and request.refusal is None:
            # No challenge: the browser would ask whoever only went back to a page.
            name = self._user_of_session(request)
        else:
            return (yield from self._methods.refuse(request))
        return Answer(204, "", {**_UNCACHED, "Dash-Auth-User": name})

    def _log_in(self) -> Steps[Any]:
        """Send who is logged in where the query says, and have anybody else log in first.

        With `again` whoever is logged in is to log in once more.
        """
        request = self._server.request()
        # Whatever way the login takes, it leads there.
        request.target = self._target(request)
        if (yield from self._methods.admits(request)):
            asking = self._methods.ask_again(request) if request.query_values("again") else None
            if asking is not None:
                return (yield from asking)
            return Answer(303, "", {**_UNCACHED, "Location": request.target or ""})
        return (yield from self._methods.refuse(request))

    def _target(self, request: Request) -> str:
        """Return the path that the query names, else that of the app's start."""
        start = internals.requests_prefix(self._app)
        own = [start + FOLDER, urlsplit(self._methods.login_path()).path]
        wanted = request.query_values("next")
        if len(wanted) != 1:
            return start
        return landing(wanted[0], start, [*own, *self._methods.own_paths(request)]) or start
