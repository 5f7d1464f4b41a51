"""The pages on which users set their passwords, of a store that can be written."""

from __future__ import annotations

from dash_auth.logins.form.account_page import AccountPage
from dash_auth.logins.form.flow import FormFlow
from dash_auth.logins.form.invitation import Invitations
from dash_auth.logins.form.invitation_page import InvitationPage
from dash_auth.logins.form.new_passwords import NewPasswords
from dash_auth.logins.form.routes import Routes
from dash_auth.logins.passwords import Passwords


def add_password_pages(
    routes: Routes,
    flow: FormFlow,
    passwords: Passwords,
    invitations: Invitations,
    new: NewPasswords,
    *,
    account_route: str | None,
) -> None:
    """Add the pages: where an invitation leads, and the account page unless there is to be none.

    :param routes: adds them
    :param flow: the login
    :param passwords: who knows the passwords
    :param invitations: reads the links
    :param new: takes new passwords
    :param account_route: path of the account page, relative to the app's prefix
    :raises ValueError: if something of the app's has that path already
    """
    places = flow.parts.places
    invitation = InvitationPage(flow, passwords, invitations, new)
    link = f"{places.login}/invitation/<token>"
    routes.add("invitation", link, invitation.show)
    routes.add("use_invitation", link, invitation.use, "POST")
    if account_route is None or places.account is None:
        return
    routes.refuse_taken("account_route", account_route, other=", or account_route=None")
    account = AccountPage(flow, passwords, new)
    routes.add("account", places.account, account.show)
    routes.add("change_account", places.account, account.act, "POST")
