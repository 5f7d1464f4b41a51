"""Where users are kept, and what a store of your own is made of."""

from dash_auth.users.store import Account, UserStore

__all__ = ["Account", "UserStore"]
