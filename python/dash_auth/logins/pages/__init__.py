"""Our own pages: the login page and what looks like it, and small pages that say no.

The small ones carry their style with them, since they are answers to any path. The others load
style, script and logo from below a route of the login.
"""

from dash_auth.logins.pages.account import AccountPage, ShownSession, account_page
from dash_auth.logins.pages.cards import (
    Card,
    Form,
    Link,
    Phrase,
    card,
    forbidden,
    in_frame,
    log_out,
    log_out_form,
    logged_out,
    no_cookie,
)
from dash_auth.logins.pages.headers import HEADERS, headers
from dash_auth.logins.pages.invitation import InvitationPage, invitation_gone, invitation_page
from dash_auth.logins.pages.login_page import LoginPage, Note, Provider, Throttled, login_page
from dash_auth.logins.pages.look import File, Look, read_from
from dash_auth.logins.pages.password_fields import AnyNote, Fault, Said
from dash_auth.logins.pages.small import (
    PAGE_HEADERS,
    accepts_html,
    answer,
    as_answer,
    is_shown,
    no_access,
    page,
)

__all__ = [
    "HEADERS",
    "PAGE_HEADERS",
    "AccountPage",
    "AnyNote",
    "Card",
    "Fault",
    "File",
    "Form",
    "InvitationPage",
    "Link",
    "LoginPage",
    "Look",
    "Note",
    "Phrase",
    "Provider",
    "Said",
    "ShownSession",
    "Throttled",
    "accepts_html",
    "account_page",
    "answer",
    "as_answer",
    "card",
    "forbidden",
    "headers",
    "in_frame",
    "invitation_gone",
    "invitation_page",
    "is_shown",
    "log_out",
    "log_out_form",
    "logged_out",
    "login_page",
    "no_access",
    "no_cookie",
    "page",
    "read_from",
]
