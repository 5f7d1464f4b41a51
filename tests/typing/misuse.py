"""What has to be reported, a line each: an `ignore` that nothing is left for is an error too."""
# ruff: noqa: B018

from typing import Any

import dash_auth
from dash import Dash, Input, Output, html
from dash_auth.auth import Auth
from dash_auth.logins import Basic, Login, Request
from dash_auth.security import check_password_hash
from dash_auth.users import Account

app = Dash("misuse")
OUT, IN = Output("out", "children"), Input("in", "value")
USERS = {"alice": "wonderland"}


def check(username: str, password: str) -> bool:
    return True


def check_name(username: str) -> bool:
    return True


def check_text(username: str, password: str) -> str:
    return "yes"


async def check_text_later(username: str, password: str) -> str:
    return "yes"


class NoVersion:
    def find(self, name: str) -> Account | None:
        return None

    def names(self) -> list[str]:
        return []


class LateStore(NoVersion):
    async def find(self, name: str) -> Account | None:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        return None

    def version(self) -> int:
        return 0


# The users
dash_auth.BasicAuth(app, "users.json")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
dash_auth.BasicAuth(app, check)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
dash_auth.BasicAuth(app, ["alice", "wonderland"])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
dash_auth.BasicAuth(app, [("alice", "wonderland", "admin")])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
dash_auth.BasicAuth(app, {"alice": None})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
dash_auth.BasicAuth(app, {"alice": b"wonderland"})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
dash_auth.BasicAuth(app, users=[{"alice", "wonderland"}])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
dash_auth.BasicAuth(app, users={"alice": 1})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
dash_auth.BasicAuth(app, NoVersion())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
dash_auth.BasicAuth(app, users=LateStore())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
dash_auth.BasicAuth(USERS, app)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
dash_auth.BasicAuth(html.Div(), USERS)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

# The function
dash_auth.BasicAuth(app, auth_func=check_name)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
dash_auth.BasicAuth(app, auth_func=check_text)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
dash_auth.BasicAuth(app, auth_func=check_text_later)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
dash_auth.BasicAuth(app, auth_func=USERS)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
dash_auth.BasicAuth(app, auth_func=check("alice", "wonderland"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

# Other arguments
dash_auth.BasicAuth(app, USERS, user_group={"alice": ["admin"]})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
dash_auth.BasicAuth(app, USERS, user_groups=["admin"])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
dash_auth.BasicAuth(app, USERS, user_groups={"alice": 5})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]
dash_auth.BasicAuth(app, USERS, public_routes=[5])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
dash_auth.BasicAuth(app, USERS, secret_key=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
dash_auth.BasicAuth(app, USERS, None, None, None, None, USERS)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
dash_auth.BasicAuth(app, USERS, also=Basic(USERS))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
dash_auth.BasicAuth(app, USERS, also=[USERS])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
dash_auth.OIDCAuth(app, session_second=60)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
dash_auth.OIDCAuth(app, idp_selection_route=["/choose"])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Auth(app, public_rotues=["/"])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Auth(app, login=USERS)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Basic(USERS, auth_func=check)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
dash_auth.add_public_routes(app, route=["/"])  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]

# Groups
dash_auth.protected("log in", group=["admin"])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
dash_auth.protected("log in", groups=["admin"], check_type="any_of")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
dash_auth.protected()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
dash_auth.protected_callback(OUT, IN, check_type="any_of")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
dash_auth.protected_callback(OUT, IN, groups=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
dash_auth.check_groups(["admin"], check_type="any_of")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
dash_auth.check_groups(group=["admin"])  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


# What is decorated keeps its type
@dash_auth.public_callback(OUT, IN)
def public(value: str) -> str:
    return value


@dash_auth.protected_callback(OUT, IN, background=True)
def protected(value: str) -> str:
    return value


@dash_auth.protected("log in")
def layout(item: str = "") -> html.Div:
    return html.Div(item)


@dash_auth.protected("log in")
async def layout_later(item: str = "") -> html.Div:
    return html.Div(item)


public(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
protected(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
protected()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
layout(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
layout(page="1")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
number: int = protected("1")  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
shown: html.Div = layout_later("1")  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
dash_auth.public_callback(OUT, IN)(5)  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]
dash_auth.protected_callback(OUT, IN)(5)  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]

# Who is asking
user = dash_auth.current_user()
user.name  # type: ignore[union-attr]  # pyright: ignore[reportOptionalMemberAccess]
dash_auth.require_user().mail  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
dash_auth.require_user().name = "bob"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
dash_auth.require_recent_login("600")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
dash_auth.require_groups(["board"])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
dash_auth.require_groups("board")(5)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
(dash_auth.list_groups() or [])[0].name  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
check_password_hash("wonderland", None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
dash_auth.explain(app).public_route  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
dash_auth.explain("app")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


class SilentKey(Login):
    def claim(self, request: Request) -> Any:
        return request.headers  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownVariableType]

    def verify(self, request: Request, claim: str) -> str:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        return claim
