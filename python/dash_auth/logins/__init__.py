"""The ways to log in, one file each, and what a way of your own is made of."""

from dash_auth._core import Refusal
from dash_auth._current import User
from dash_auth._login import Login, Outcome, Visitor
from dash_auth._request import Answer, Request
from dash_auth._steps import Steps, Wait
from dash_auth.logins.basic import Basic
from dash_auth.logins.passwords import Verifier

__all__ = [
    "Answer",
    "Basic",
    "Login",
    "Outcome",
    "Refusal",
    "Request",
    "Steps",
    "User",
    "Verifier",
    "Visitor",
    "Wait",
]
