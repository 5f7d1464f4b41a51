"""A login page, with sessions that end and a way to log out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import quote

from dash import Dash

from dash_auth import _secret_keys
from dash_auth._arguments import (
    Pair,
    check_own_page,
    check_page_route,
    either,
    either_users,
    is_verifier,
)
from dash_auth._current import User
from dash_auth._dash.session_script import TEXTS
from dash_auth._guard.guard import Guard
from dash_auth._login import Login, Logins
from dash_auth._request import Answer, Request
from dash_auth._servers import is_server
from dash_auth._steps import Steps, Wait
from dash_auth.auth import ANONYMOUS_BODY_LIMIT, Auth, is_ours
from dash_auth.group_protection import check_groups
from dash_auth.logins import pages
from dash_auth.logins.asked_passwords import FunctionVerifier
from dash_auth.logins.form.device import Devices
from dash_auth.logins.form.either import EitherSession
from dash_auth.logins.form.flow import NOBODY, FormFlow, Parts
from dash_auth.logins.form.invitation import Invitations
from dash_auth.logins.form.new_passwords import NewPasswords, check_password_length
from dash_auth.logins.form.password_pages import add_password_pages
from dash_auth.logins.form.places import Places
from dash_auth.logins.form.proof import Proof
from dash_auth.logins.form.providers import Button, OnPage, button_of
from dash_auth.logins.form.routes import Routes, below, seen
from dash_auth.logins.form.session import FormSession
from dash_auth.logins.form.users_page import (
    Door,
    add_users_page,
    check_admin_group,
    check_managed,
)
from dash_auth.logins.form.users_page_changes import Changes
from dash_auth.logins.form.writable import writable
from dash_auth.logins.function import (
    AuthFunc,
    GroupsFunc,
    warn_of_empty_groups,
    warn_of_unknown_users,
)
from dash_auth.logins.guesses import SharedGuesses, guesses_in
from dash_auth.logins.log_out import LogOut
from dash_auth.logins.oidc.providers import Providers
from dash_auth.logins.oidc.public import needs_allow, public_provider
from dash_auth.logins.oidc.session import ProviderSession
from dash_auth.logins.pages import Look
from dash_auth.logins.pages.phrases import Phrases
from dash_auth.logins.passwords import Passwords, Verifier
from dash_auth.logins.passwords_of import DEFAULT_THROTTLE, passwords_of
from dash_auth.logins.session import SessionLogin, nothing_to_look_up
from dash_auth.logins.throttle import Throttle
from dash_auth.public_routes import add_public_routes
from dash_auth.sessions.known import end_all
from dash_auth.sessions.lifetime import IdleLimit, Lifetime, Limit
from dash_auth.sessions.named import store_named
from dash_auth.sessions.scope import scope_of
from dash_auth.sessions.store import SessionStore
from dash_auth.sessions.stored import tickets_of
from dash_auth.users.named import store_of
from dash_auth.users.new_password import LEAST
from dash_auth.users.store import UserStore

if TYPE_CHECKING:
    from sqlalchemy import Engine

__all__ = ["FormAuth"]

SESSION_LIFETIME = 12 * 60 * 60
"""For how long a login counts, in seconds."""


class FormAuth(Auth):
    """Protects a Dash app with a login page.

    On it users give name and password, or choose one of the providers that are named with
    :meth:`register_provider`.
    """

    def __init__(
        self,
        app: Dash,
        users: Mapping[str, str] | Iterable[Pair] | UserStore | Verifier | None = None,
        auth_func: AuthFunc | None = None,
        public_routes: Iterable[str] | None = None,
        user_groups: Mapping[str, Iterable[str]] | GroupsFunc | None = None,
        secret_key: str | bytes | Sequence[str | bytes] | None = None,
        *,
        username_password_list: (
            Mapping[str, str] | Iterable[Pair] | UserStore | Verifier | None
        ) = None,
        allow: Iterable[str] | Callable[[User], bool | Awaitable[bool]] | None = None,
        also: Iterable[Login] = (),
        throttle: Throttle | None = DEFAULT_THROTTLE,
        title: str | None = None,
        logo: str | None = None,
        color: str | None = None,
        message: str | None = None,
        lang: str | Mapping[str, str] | None = None,
        page: str | None = None,
        login_route: str = "/login",
        logout_route: str = "/logout",
        account_route: str | None = "/account",
        password_length: int = LEAST,
        users_route: str | None = None,
        users_admin: str = "admin",
        session_lifetime: Limit = SESSION_LIFETIME,
        idle_timeout: IdleLimit | None = None,
        remember: bool | float | timedelta | None = None,
        sessions: str | Engine | SessionStore | None = None,
        secure_session: bool | None = None,
        session_banner: bool = True,
        session_scope: str | None = None,
        trusted_origins: Iterable[str] = (),
        anonymous_body_limit: int = ANONYMOUS_BODY_LIMIT,
        **unknown: NoReturn,
    ) -> None:
        """Protect an app.

        :param app: Dash app
        :param users: users and their stored passwords, as :class:`dash_auth.BasicAuth` takes them
        :param auth_func: function of user name and password that returns True for a user who may
            use the app; it may be async. Give it or the users, or neither where providers know them
            all, see :meth:`register_provider`
        :param public_routes: routes that pass with no login, in Flask's syntax, see
            :func:`dash_auth.add_public_routes`
        :param user_groups: the groups of each user, as a dict, or as a function of the user's name
            that returns them; it may be async. By default those of the user's account
        :param secret_key: key that seals who has logged in; None takes that of the environment
            variable `DASH_AUTH_SECRET_KEY`, else the server's own. A list is of keys that follow
            each other, the current one first: what was sealed with an old one still counts.
        :param username_password_list: another name of `users`: give one of them
        :param allow: names of groups, one of which a user needs; or a function of the
            :class:`dash_auth.User` that returns True for one who may enter. The others get a page
            that says so, and a button to log out. None lets all users in
        :param also: further logins, see :class:`dash_auth.auth.Auth`:
            `also=[dash_auth.logins.Basic(users)]` lets programs in with a password
        :param throttle: how guesses are slowed down, see :class:`dash_auth.Throttle`; None does not
        :param title: what stands above the form; the app's title by default
        :param logo: name of a file in the app's assets folder, or path of a file: svg, png, jpg,
            webp or gif, up to 1 MiB
        :param color: color of the button and the links, `#rgb` or `#rrggbb`
        :param message: what stands below the form, such as where to ask for help
        :param lang: `"en"`, `"de"`, `"fr"` or `"es"`, or phrases of your own by their keys; None
            takes the language that the browser asks for
        :param page: path of a page of your own that shows :func:`dash_auth.login_form`; it becomes
            public
        :param login_route: path of the login page, relative to the app's prefix
        :param logout_route: path that logs out, relative to the app's prefix
        :param account_route: path of the page on which users change their password, relative to the
            app's prefix; None for none. It is there if the users are in a store that can be written
        :param password_length: how many characters a password has at least that users choose; 8 or
            more
        :param users_route: path of a page on which administrators manage the users, such as
            `"/users"`; it needs a store that can be written. None, the default, has none
        :param users_admin: the group whose users are these administrators
        :param session_lifetime: for how long a login counts, in seconds or as a timedelta, or a
            function of the :class:`dash_auth.User` that says so; 12 hours by default
        :param idle_timeout: for how long a user may do nothing before the login ends, as
            `session_lifetime`; None, the default, for no such limit
        :param remember: whether the page offers to keep the user logged in, for 30 days instead of
            both limits, or for so many seconds, or a timedelta. It needs https
        :param sessions: where several servers, or workers, share the sessions: the URL of a Redis
            (`"redis://localhost"`) or a database (`"postgresql+psycopg://..."`,
            `"sqlite:///sessions.db"`), an engine of SQLAlchemy's, or a
            :class:`dash_auth.sessions.SessionStore`. In Redis guesses are counted, too. None takes
            the URL in the environment variable `DASH_AUTH_SESSIONS`, else sessions are kept in
            cookies
        :param secure_session: True sends all cookies over https only; None where the request came
            over https
        :param session_banner: whether an open page says when its login has ended
        :param session_scope: see :class:`dash_auth.auth.Auth`
        :param trusted_origins: see :class:`dash_auth.auth.Auth`
        :param anonymous_body_limit: see :class:`dash_auth.auth.Auth`, in bytes
        :raises ImportError: if the library is not installed that `sessions` needs
        :raises RuntimeError: if there is no secret key, and several workers serve the app
        :raises TypeError: for an argument of a wrong type, and for users under both names
        :raises ValueError: if both the users and `auth_func` are given, if a stored password cannot
            be read (the message names the user, never the value), for a time that is none, or if a
            route is taken or cannot be read
        """
        self._dash_auth_refuse_keywords(unknown)
        if not isinstance(app, Dash):
            raise TypeError(f"the app must be a dash.Dash, not {type(app).__name__}")
        declared = either(
            type(self).__name__, users=users, username_password_list=username_password_list
        )
        known: Any = None
        self.__passwords: Passwords | None = None
        if declared is not None or auth_func is not None:
            known = either_users("FormAuth", declared, auth_func)
            known = store_of(known) if auth_func is None else FunctionVerifier(auth_func)
            self.__passwords = passwords_of(
                known,
                user_groups=user_groups,
                is_strict=is_ours(self.is_authorized),
                throttle=throttle,
            )
        elif user_groups is not None:
            raise ValueError("user_groups are those of users: pass users= or auth_func= as well")
        if isinstance(known, Mapping):
            warn_of_unknown_users(user_groups, known)
        self.__providers: Providers | None = None
        self.__buttons: dict[str, Button] = {}
        self.__on_page: OnPage | None = None
        self.__has_allow = allow is not None
        for name, route in (("login_route", login_route), ("logout_route", logout_route)):
            check_page_route(name, route)
        if page is not None:
            check_own_page("page", page)
        if page is not None and not app.use_pages:
            raise ValueError(
                "page= needs Dash(use_pages=True): without it, what opens one page opens all of "
                "app.layout"
            )
        if logout_route == login_route:
            raise ValueError("logout_route must differ from login_route")
        if account_route is not None:
            check_page_route("account_route", account_route)
            if account_route in (login_route, logout_route):
                raise ValueError("account_route must differ from login_route and logout_route")
        self.__password_length = check_password_length(password_length)
        self.__written = None if self.__passwords is None else writable(self.__passwords.store)
        self.account_route: str | None = None if self.__written is None else account_route
        self.users_route: str | None = users_route
        self.__users_admin = check_admin_group(users_admin)
        if users_route is not None:
            check_page_route("users_route", users_route)
            check_managed(self.__written)
            if users_route in (login_route, logout_route, self.account_route):
                raise ValueError("users_route must differ from the routes of the other pages")
        self.login_route: str = login_route
        self.logout_route: str = logout_route
        self.__page = page
        self.__look = Look(
            title=app.title or app.config.name if title is None else title,
            logo=logo,
            color=color,
            message=message,
            lang=lang,
            read_logo=pages.read_from(app.config.assets_folder),
        )
        if isinstance(lang, str):
            self._dash_auth_texts = {lang: TEXTS[lang]}
        self.__lifetime = Lifetime(session_lifetime, idle_timeout, remember)
        self.__store = store_named(sessions)
        self.__secret_keys = _secret_keys.given(secret_key)
        self.__secure_session = bool(secure_session)
        warn_of_empty_groups(allow, user_groups)
        super().__init__(
            app,
            public_routes,
            allow=allow,
            also=also,
            anonymous_body_limit=anonymous_body_limit,
            trusted_origins=trusted_origins,
            session_banner=session_banner,
            # What a store's users were verified against tells one store from another.
            session_scope=scope_of(auth_func or known)
            if session_scope is None and is_verifier(known)
            else session_scope,
        )
        if page is not None:
            add_public_routes(app, [page])

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.app.config.name!r}>"

    def _dash_auth_logins(self, guard: Guard) -> tuple[Logins, SessionLogin | None]:
        server, passwords = self._dash_auth_server, self.__passwords
        keys = _secret_keys.for_sessions(self.__secret_keys, server.secret_keys())
        if keys:
            server.set_secret_keys(keys)
        server.close_session_cookie(secure=self.__secure_session)
        tickets = tickets_of(server, guard.name, self.__store)
        session = EitherSession(
            tickets,
            FormSession(
                server,
                tickets,
                self.__lifetime,
                stored=_nobodys if passwords is None else passwords.stored,
                claims=_nothing if passwords is None else passwords.claims,
                look_up=passwords.look_up
                if passwords is not None and passwords.has_to_look
                else nothing_to_look_up,
                must_change=_never if passwords is None else passwords.must_change,
            ),
            ProviderSession(server, tickets, self.__registration, self.__lifetime, with_user=False),
        )
        page = None if self.__page is None else below(self.app, self.__page)
        places = Places(
            self.app,
            below(self.app, self.login_route),
            below(self.app, self.logout_route),
            page,
            None if self.account_route is None else below(self.app, self.account_route),
        )
        proof = Proof(tickets, guard.name, guard.keys)
        self.__flow = flow = FormFlow(
            Parts(
                server=server,
                tickets=tickets,
                session=session,
                passwords=passwords,
                devices=Devices(server, guard.name),
                proof=proof,
                places=places,
                look=self.__look,
                app_of=lambda request: self._dash_auth_guard_of(request).app,
            ),
            self.__shown,
        )
        self.__log_out = LogOut(
            server=server,
            session=session,
            proof=proof,
            places=places,
            look=self.__look,
            files=flow.files,
            finish=flow.logged_out,
        )
        return Logins([session], [session], [session], asking=flow), session

    def __registration(self, idp: str) -> str:
        # A ticket of the form's to the same app must not count as one of a provider's.
        return f"provider {'' if self.__providers is None else self.__providers.registration(idp)}"

    def _dash_auth_guesses(self, guard: Guard) -> SharedGuesses | None:
        return guesses_in(self.__store, guard.name, guard.server.secret_keys)

    def _dash_auth_on_install(self, guard: Guard) -> None:
        login, logout = below(self.app, self.login_route), below(self.app, self.logout_route)
        flow, log_out = self.__flow, self.__log_out
        routes = Routes(self.app, self._dash_auth_server, self.__page)
        routes.refuse_taken(
            "login_route", self.login_route, other=", or pass page= to have it show the form"
        )
        routes.refuse_taken("logout_route", self.logout_route)
        if self.__page != self.login_route:
            routes.add("page", login, flow.show)
        routes.add("submit", login, flow.submit, "POST")
        routes.add("file", f"{login}/<name>", self.__answer_below)
        self.__callback_endpoint = routes.add(
            "callback", f"{login}/<idp>/callback", self.__come_back
        )
        routes.add("done", f"{login}/done", flow.show_done)
        routes.add("log_out_page", logout, log_out.ask)
        routes.add("log_out", logout, log_out.leave, "POST")
        if self.__passwords is not None and self.__written is not None:
            add_password_pages(
                routes,
                flow,
                self.__passwords,
                Invitations(guard.keys),
                NewPasswords(
                    self.__written, least=self.__password_length, names=[self.__look.title]
                ),
                account_route=self.account_route,
            )
            if self.users_route is not None:
                add_users_page(
                    routes,
                    flow,
                    Door(guard.admits, guard.refused, guard.renew, self.__is_administrator),
                    Changes(
                        self.__written,
                        self.__users_admin,
                        Invitations(guard.keys),
                        user_groups=self.__passwords.user_groups,
                        end_all=None if self.__store is None else _end_all,
                        has_account_page=self.account_route is not None,
                    ),
                    self.users_route,
                    below(self.app, self.users_route),
                )
        guard.parts.endpoints.add_login(routes.endpoints)
        self.__on_page = None
        self.__put_on_page()
        self.logout_path: str | None = seen(self.app, self.logout_route)
        self._dash_auth_form_path = seen(self.app, self.login_route)

    def __is_administrator(self) -> bool:
        return check_groups([self.__users_admin]) is True

    def _dash_auth_login_path(self, app: Dash) -> str:
        return seen(self.app, self.__page or self.login_route)

    def _dash_auth_phrases(self, accept_language: str | None) -> Phrases:
        return self.__look.phrases(accept_language)

    def _dash_auth_own_paths(self, request: Request) -> list[str]:
        login = seen(self.app, self.login_route)
        providers = [f"{login}/{quote(name)}" for name in self.__buttons]
        account = [] if self.account_route is None else [seen(self.app, self.account_route)]
        return [login, seen(self.app, self.logout_route), *account, *providers]

    def _dash_auth_lacks(self) -> str | None:
        return NOBODY if self.__passwords is None and not self.__buttons else None

    # The providers

    def register_provider(
        self,
        idp_name: str,
        *,
        client_id: str | None = None,
        client_secret: str | None = None,
        server_metadata_url: str | None = None,
        label: str | None = None,
        trust_email: bool = False,
        **kwargs: Any,
    ) -> None:
        """Put an identity provider on the login page, as a button.

        It needs `pip install "dash-auth-rs[oidc]"`. At the provider enter as redirect URI
        `https://your.host/login/NAME/callback`, with the name that you give here.

        Anybody can have an account at some: Google, GitHub, Microsoft with no tenant of yours. One
        of these needs `FormAuth(..., allow=...)`.

        :param idp_name: name of the provider: letters, digits, hyphens, underscores, full stops
            and spaces
        :param client_id: what the app is registered as at the provider
        :param client_secret: the secret that the provider gave
        :param server_metadata_url: address of the provider's metadata; it ends in
            `/.well-known/openid-configuration`
        :param label: what people call the provider: "Continue with ..."
        :param trust_email: see :meth:`dash_auth.OIDCAuth.register_provider`
        :param kwargs: further arguments, see :meth:`dash_auth.OIDCAuth.register_provider`
        :raises ImportError: if Authlib is not installed
        :raises ValueError: if the name cannot stand in a path, or is taken; or if anybody can have
            an account there, and nothing says who may enter
        """
        if label is not None and (not isinstance(label, str) or not label.strip()):
            raise ValueError("label must be what people call the provider, or be left out")
        given = {
            "client_id": client_id,
            "client_secret": client_secret,
            "server_metadata_url": server_metadata_url,
        }
        kwargs.update((name, value) for name, value in given.items() if value is not None)
        public = public_provider(kwargs)
        if public is not None and not self.__has_allow:
            raise ValueError(needs_allow(idp_name, public, type(self).__name__))
        if idp_name in ("done", "invitation") or idp_name in self.__look.files:
            raise ValueError(f"the login page has {idp_name!r} itself: give another name")
        if self.__providers is None:
            self.__providers = Providers()
        self.__providers.register(idp_name, trust_email=trust_email, **kwargs)
        self.__buttons[idp_name] = button_of(idp_name, label, kwargs)
        if is_server(self.app.server):
            self.__put_on_page()

    def __put_on_page(self) -> None:
        """Put the providers on the page, once there is a server and one of them."""
        if self.__providers is not None and self.__on_page is None:
            self.__providers.registry.serve(self.app.server, self._dash_auth_server)
            on_page = OnPage(self.app, self.__flow, self.__providers, self.__buttons)
            on_page.callback_endpoint = self.__callback_endpoint
            self.__flow.parts.session.have_providers()
            self.__on_page = on_page

    def __shown(self, request: Request, asked: str, again: bool) -> list[pages.Provider]:
        return [] if self.__on_page is None else self.__on_page.shown(request, asked, again)

    def __answer_below(self, name: str) -> Steps[Any]:
        if self.__on_page is not None and name in self.__buttons:
            return (yield Wait(partial(self.__on_page.lead, name)))
        # With no step: those who guess passwords must not hold it up.
        return self.__look.answer(name)

    def __come_back(self, idp: str) -> Any:
        if self.__on_page is None or idp not in self.__buttons:
            return Answer(404, "Not found", pages.HEADERS)
        return self.__on_page.come_back(idp)


def _end_all(name: str, is_own: bool) -> None:
    """End all sessions of a user, but for the current one where it is the user's own."""
    end_all(name, except_current=is_own)


def _nobodys(_: str) -> None:
    """Return what nobody is verified against: there are no passwords."""
    return


def _never(_: str) -> bool:
    """Tell that a user has no password to change: there are no passwords."""
    return False


def _nothing(_: str) -> Steps[dict[str, Any]]:
    """Return what the session shows where there are no passwords."""
    yield from ()
    return {}
