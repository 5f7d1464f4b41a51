"""PLACEHOLDER"""

from __future__ import annotations
from collections.abc import Mapping
from typing import Any
from dash_auth.users.store import Account


def account_of(name: str, kept: Any) -> Account:
    if not isinstance(kept, Mapping):
        return Account(name, kept)
    return Account(name, **kept)
