"""FormAuth, with each kind of limit and of function, and the parts of layouts."""

import os
from datetime import timedelta

import dash_auth
from dash import Dash, html
from dash_auth.logins import Basic
from typing_extensions import assert_type


class CompanyForm(dash_auth.FormAuth):
    """What a company puts before each of its apps."""

    def __init__(self, app: Dash, public_routes: list[str] | None = None) -> None:
        super().__init__(
            app, auth_func=check, public_routes=public_routes, title="Acme", color="#0b6e4f"
        )


def check(username: str, password: str) -> bool:
    return (username, password) == ("alice", "wonderland")


def how_long(user: dash_auth.User) -> timedelta:
    return timedelta(days=90) if "display" in user.groups else timedelta(hours=12)


def may_enter(user: dash_auth.User) -> bool:
    return user.name.endswith("@example.com")


async def may_enter_later(user: dash_auth.User) -> bool:
    return may_enter(user)


def new_app() -> Dash:
    app = Dash("form")
    app.layout = html.Div([dash_auth.user_menu(), dash_auth.logout_button("Bye", className="bye")])
    return app


KEY = os.environ.get("SECRET_KEY", "key" * 12)

auth = dash_auth.FormAuth(
    new_app(),
    {"alice": "wonderland", "lobby": "on-the-wall"},
    public_routes=["/"],
    user_groups={"lobby": ["display"]},
    secret_key=[KEY, "old" * 12],
    allow=["display", "board"],
    also=[Basic({"robot": "wonderland"})],
    throttle=dash_auth.Throttle(account_free=3),
    message="Ask data@example.com",
    lang={"lang": "en", "user_name": "E-mail address"},
    session_lifetime=how_long,
    idle_timeout=timedelta(minutes=30),
    remember=True,
    secure_session=True,
)
dash_auth.FormAuth(new_app(), None, check, ["/"], {"alice": ["admin"]}, KEY, allow=may_enter)
dash_auth.FormAuth(new_app(), users=[("alice", "wonderland")], allow=may_enter_later)
dash_auth.FormAuth(
    new_app(),
    username_password_list={"alice": "wonderland"},
    secret_key=KEY,
    idle_timeout=lambda user: 600 if user.groups else 1800,
    remember=7 * 24 * 3600,
    throttle=None,
    login_route="/sign-in",
    logout_route="/sign-out",
    lang="de",
    session_banner=False,
)
CompanyForm(new_app(), ["/"])

with_providers = dash_auth.FormAuth(new_app(), secret_key=KEY, allow=may_enter)
with_providers.register_provider(
    "google",
    client_id="sales",
    client_secret="secret",
    server_metadata_url="https://accounts.google.com/.well-known/openid-configuration",
    label="Google",
)
with_providers.register_provider("entra", trust_email=True, client_kwargs={"scope": "openid"})
assert_type(dash_auth.User("alice").email, str | None)

path: str = auth.login_path
route: str = auth.login_route
assert_type(dash_auth.login_form(className="login"), html.Form)
