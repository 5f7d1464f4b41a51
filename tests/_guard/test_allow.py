"""Who is recognised is not yet allowed: `allow=`, with each class and on each server."""

from __future__ import annotations

from typing import Any

import dash_auth
import pytest
from attacks.apps import plain_app
from attacks.http import ALICE, BOB, PRIVATE
from everywhere import PRIVATE_BODY, Serve, add_parts, app_behind
from forms import USERS, Browser, form_app

GROUPS = {"alice": ["staff", "admin"], "bob": ["guest"]}


def _is_staff(user: dash_auth.User) -> bool:
    return "staff" in user.groups


async def _is_staff_later(user: dash_auth.User) -> bool:
    return "staff" in user.groups


@pytest.mark.parametrize("allow", [["staff"], ["nobody", "admin"], _is_staff, _is_staff_later])
def test_only_who_is_allowed_enters(everywhere: Serve, allow: Any) -> None:
    site = everywhere(form_app(allow=allow, user_groups=GROUPS))
    alice, bob = Browser(site), Browser(site)
    alice.log_in()
    bob.log_in(*BOB)
    assert (alice.who(), bob.who()) == ("alice", None)
    refused = bob.fetch("/private")
    assert (refused.status, refused.headers["Dash-Auth"]) == (403, "forbidden")
    page = bob.visit("/private")
    assert page.status == 403
    assert "bob" in page.text
    assert 'action="/logout"' in page.text
    body = site.call(PRIVATE_BODY, cookie=bob.cookie("/"))
    assert PRIVATE not in body.text
    # On what is public the user is known, and no loop leads there.
    assert bob.fetch("/public").json()["user"] == "bob"
    assert bob.visit("/login").headers["Location"] == "/"
    bob.log_out()
    assert bob.visit("/private").status == 303


@pytest.mark.parametrize("said", [None, 1, "yes", [True], KeyError("x")])
def test_anything_but_true_refuses(everywhere: Serve, said: Any) -> None:
    def allow(_: dash_auth.User) -> Any:
        if isinstance(said, Exception):
            raise said
        return said

    browser = Browser(everywhere(form_app(allow=allow)))
    browser.log_in()
    assert browser.fetch("/private").status in (401, 403)


def test_basic_lets_in_who_is_allowed(everywhere: Serve) -> None:
    site = everywhere(app_behind(dict(USERS), allow=["staff"], user_groups=GROUPS))
    assert site.request("GET", "/private", auth=ALICE).status == 200
    refused = site.request("GET", "/private", auth=BOB, headers={"Accept": "text/html"})
    assert refused.status == 403
    assert "logged in as bob" in refused.text
    assert site.request("GET", "/public", auth=BOB).json()["user"] == "bob"


def test_an_own_check_does_not_open_what_allow_closes(everywhere: Serve) -> None:
    class Own(dash_auth.BasicAuth):
        def is_authorized(self) -> bool:
            return super().is_authorized()

    app = plain_app()
    Own(app, dict(USERS), allow=["staff"], user_groups=GROUPS)
    add_parts(app)
    site = everywhere(app)
    assert site.request("GET", "/private", auth=ALICE).status == 200
    assert site.request("GET", "/private", auth=BOB).status in (401, 403)


@pytest.mark.parametrize(
    ("allow", "error"),
    [
        ("staff", TypeError),
        ([], ValueError),
        ([1], TypeError),
        (3, TypeError),
        (lambda: 1, TypeError),
    ],
)
def test_what_allows_nobody_is_an_error_at_start(allow: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="allow"):
        form_app(allow=allow)
