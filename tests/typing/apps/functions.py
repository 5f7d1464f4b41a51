"""BasicAuth with a function that checks passwords, in each form that functions come in."""

import functools

import dash_auth
from dash import Dash, html
from dash_auth.logins import Basic


def check(username: str, password: str) -> bool:
    return (username, password) == ("alice", "wonderland")


async def check_later(username: str, password: str) -> bool:
    return check(username, password)


def check_in(database: str, username: str, password: str) -> bool:
    if not database:
        raise dash_auth.Unavailable("no database")
    return check(username, password)


class Directory:
    """Checks passwords by a method."""

    def check(self, username: str, password: str) -> bool:
        return check(username, password)

    async def __call__(self, username: str, password: str) -> bool:
        return check(username, password)


class CompanyAuth(dash_auth.BasicAuth):
    """What a company puts before each of its apps."""

    def __init__(self, app: Dash, public_routes: list[str] | None = None) -> None:
        super().__init__(app, auth_func=check, public_routes=public_routes)


class TableAuth(dash_auth.BasicAuth):
    """As people wrote it for dash-auth."""

    def __init__(self, app: Dash, table: dict[str, str]) -> None:
        super().__init__(app, username_password_list=table)

    def is_authorized(self) -> bool:
        return super().is_authorized() and dash_auth.current_user() is not None


def new_app() -> Dash:
    app = Dash("functions")
    app.layout = html.Div("Sales")
    return app


dash_auth.BasicAuth(new_app(), auth_func=check)
dash_auth.BasicAuth(new_app(), None, check, ["/"], {"alice": ["admin"]}, "key" * 12)
dash_auth.BasicAuth(new_app(), auth_func=check_later, auth_func_cache_seconds=60)
dash_auth.BasicAuth(new_app(), auth_func=functools.partial(check_in, "users.db"))
dash_auth.BasicAuth(new_app(), auth_func=Directory().check)
dash_auth.BasicAuth(new_app(), auth_func=Directory())
dash_auth.BasicAuth(new_app(), auth_func=lambda username, password: username == password)
dash_auth.BasicAuth(new_app(), {"bob": "builder"}, also=[Basic(check_later)])
CompanyAuth(new_app(), public_routes=["/"])
TableAuth(new_app(), {"alice": "wonderland"})
