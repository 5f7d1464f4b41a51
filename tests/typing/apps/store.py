"""BasicAuth with a store of users, with a directory, and with several logins at once."""

from collections.abc import Iterable

import dash_auth
from dash import Dash, html
from dash_auth.auth import Auth
from dash_auth.logins import Basic, Verifier
from dash_auth.users import Account, UserStore
from typing_extensions import assert_type


class Team:
    """Keeps users in memory."""

    def __init__(self, accounts: Iterable[Account]) -> None:
        self.accounts = {account.name: account for account in accounts}

    def find(self, name: str) -> Account | None:
        return self.accounts.get(name.lower())

    def names(self) -> list[str]:
        return list(self.accounts)

    def version(self) -> int:
        return len(self.accounts)


class Directory:
    """Asks elsewhere about passwords."""

    def check(self, name: str, password: str) -> Account | None:
        return Account(name, groups=("board",)) if password == "wonderland" else None

    def find(self, name: str) -> Account | None:
        return Account(name, claims={"office": "Berlin"})


class AsyncDirectory:
    """Asks elsewhere, and waits beside the event loop."""

    async def check(self, name: str, password: str) -> Account | None:
        return Directory().check(name, password)

    def find(self, name: str) -> Account | None:
        return Directory().find(name)


def new_app() -> Dash:
    app = Dash("store")
    app.layout = html.Div("Sales")
    return app


team = Team([Account("alice", "wonderland", groups=["admin"])])
store: UserStore = team
directory: Verifier = Directory()

dash_auth.BasicAuth(new_app(), team)
dash_auth.BasicAuth(new_app(), users=store)
dash_auth.BasicAuth(new_app(), directory, auth_func_cache_seconds=60)
dash_auth.BasicAuth(new_app(), users=AsyncDirectory())
Auth(new_app(), login=Basic(store))
Auth(new_app(), ["/about"], login=Basic(directory), also=[Basic([["eve", "apple"]])])

found = store.find("alice")
assert found is not None
assert_type(found.name, str)
assert_type(found.password, str | None)
