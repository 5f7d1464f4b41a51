"""BasicAuth with each kind of table of users."""

import csv
import io
import os
import sqlite3
from contextlib import closing

import dash_auth
from dash import Dash, html
from dash_auth.basic_auth import UserGroups
from dash_auth.security import check_password_hash, generate_password_hash, password_needs_rehash

USERS = {"alice": generate_password_hash("wonderland"), "bob": "builder"}
PAIRS = [("alice", "wonderland"), ("bob", "builder")]
ROWS = [["alice", "wonderland"], ["bob", "builder"]]
GROUPS: UserGroups = {"alice": ["admin"]}
TUPLES_OF_GROUPS = {"alice": ("admin", "board")}


def rows_of_csv() -> list[list[str]]:
    return list(csv.reader(io.StringIO("alice,wonderland\nbob,builder\n")))


def rows_of_database() -> list[tuple[str, str]]:
    with closing(sqlite3.connect(":memory:")) as connection:
        rows: list[tuple[str, str]] = connection.execute("select 'alice', 'wonderland'").fetchall()
    return rows


def groups_of(name: str) -> list[str]:
    return ["admin"] if name == "alice" else []


async def groups_later(name: str) -> set[str]:
    return set(groups_of(name))


def new_app() -> Dash:
    app = Dash("table")
    app.layout = html.Div("Sales")
    return app


dash_auth.BasicAuth(new_app(), USERS)
dash_auth.BasicAuth(new_app(), PAIRS, user_groups=GROUPS)
dash_auth.BasicAuth(new_app(), ROWS, user_groups=TUPLES_OF_GROUPS)
dash_auth.BasicAuth(new_app(), [["alice", "wonderland"], ("bob", "builder")])
dash_auth.BasicAuth(new_app(), tuple(PAIRS), user_groups=groups_of)
dash_auth.BasicAuth(new_app(), zip(["alice"], ["wonderland"], strict=True))
dash_auth.BasicAuth(new_app(), rows_of_csv(), user_groups=groups_later)
dash_auth.BasicAuth(new_app(), users=rows_of_database(), user_groups={"alice": ["a"]}.get)
dash_auth.BasicAuth(new_app(), users=USERS, username_password_list=None)
dash_auth.BasicAuth(new_app(), username_password_list=USERS)

auth = dash_auth.BasicAuth(
    new_app(),
    USERS,
    public_routes=["/", "/about"],
    secret_key=["new" * 12, os.environ.get("OLD_KEY", "old" * 12)],
    realm="Sales",
    trusted_origins=["https://sales.example"],
    session_scope="red",
)
auth.protect(Dash("other", server=auth.app.server, url_base_pathname="/other/"))
dash_auth.add_public_routes(auth.app, ["/contact"])
dash_auth.add_public_routes(auth.app, public_routes=("/press",))

weak: bool = password_needs_rehash(USERS["alice"])
right: bool = check_password_hash(USERS["alice"], "wonderland")
report: dash_auth.Report = dash_auth.explain(auth.app)
names: list[str] = [name for name, _ in report.weak_passwords]
version: str = dash_auth.__version__
