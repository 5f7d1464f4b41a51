"""The other pages of the same look: a heading, a text, and what to do."""

from __future__ import annotations

import pytest
from dash_auth.logins.pages import (
    Card,
    Form,
    Link,
    Look,
    card,
    forbidden,
    in_frame,
    log_out,
    log_out_form,
    logged_out,
    no_cookie,
)
from elements import element, elements

LOOK = Look(title="Sales", message="Ask Bob")
NASTY = """</title><script>alert(1)</script>"'><img src=x onerror=alert(1)>{{ 7*7 }}"""


def test_who_may_not_enter_sees_the_name_and_logs_out() -> None:
    form = log_out_form("/app/logout", "p", {"next": "/app/"})
    page = card(LOOK, forbidden("/app/login", "alice", form), None)
    assert element(page, "h1").text == "You have no access"
    assert element(page, "title").text == "You have no access – Sales"
    assert element(page, _class="who").text == "Logged in as alice"
    assert element(page, _class="message").text == "Ask Bob"
    shown = element(page, "form")
    assert (shown["method"], shown["action"]) == ("post", "/app/logout")
    assert {one["name"]: one["value"] for one in elements(page, type="hidden")} == {
        "next": "/app/",
        "proof": "p",
    }
    assert element(page, "button", type="submit").text == "Log out"
    assert elements(page, "a") == elements(page, "script") == []


def test_with_no_way_to_log_out_there_is_no_button() -> None:
    page = card(LOOK, forbidden("/login", "alice", None, Link("/", "Elsewhere")), None)
    assert elements(page, "form") == []
    assert element(page, "a").text == "Elsewhere"


def test_logging_out_is_asked_about() -> None:
    page = card(LOOK, log_out("/login", "alice", log_out_form("/logout"), "/app/"), "de")
    assert element(page, "html")["lang"] == "de"
    assert element(page, "h1").text == "Abmelden?"
    assert element(page, "button").text == "Abmelden"
    assert (element(page, "a")["href"], element(page, "a").text) == ("/app/", "Zurück zur App")
    assert elements(page, type="hidden") == []
    assert (
        elements(card(LOOK, log_out("/l", None, log_out_form("/o"), "/"), None), _class="who") == []
    )


def test_who_has_logged_out_can_log_in_again() -> None:
    page = card(LOOK, logged_out("/login", "/login?next=%2F"), None)
    assert element(page, "h1").text == "You are logged out."
    link = element(page, "a")
    assert (link["href"], link["class"], link.text) == ("/login?next=%2F", "go", "Log in again")
    assert "target" not in link.attributes


@pytest.mark.parametrize(
    ("is_insecure", "is_framed", "says", "leaves"),
    [
        (True, False, "over https alone", False),
        (False, False, "keeps no cookies of this site", False),
        (False, True, "inside a page of another site", True),
        (True, True, "inside a page of another site", True),
    ],
)
def test_it_says_why_no_cookie_was_kept(
    is_insecure: bool, is_framed: bool, says: str, leaves: bool
) -> None:
    page = card(LOOK, no_cookie("/l", "/l", is_insecure=is_insecure, is_framed=is_framed), None)
    assert element(page, "h1").text == "Your browser did not keep the login"
    assert says in element(page, _class="sub").text
    assert element(page, "a").attributes.get("target") == ("_top" if leaves else None)


def test_the_way_out_of_a_frame_is_a_link() -> None:
    page = card(LOOK, in_frame("/login", "/private"), None)
    link = element(page, "a")
    assert (link["href"], link["target"], link.text) == ("/private", "_top", "Open the app")
    assert elements(page, "form") == elements(page, "input") == []


CARDS = [
    Card(NASTY, "text", "/login"),
    Card("heading", NASTY, "/login"),
    Card("heading", "text", NASTY),
    Card("heading", "text", "/login", name=NASTY),
    Card("heading", "text", "/login", form=Form(NASTY, NASTY, NASTY, {NASTY: NASTY})),
    Card("heading", "text", "/login", link=Link(NASTY, NASTY)),
]


@pytest.mark.parametrize("nasty", CARDS)
def test_whatever_is_put_in_stays_text(nasty: Card) -> None:
    page = card(LOOK, nasty, None)
    assert elements(page, "script") == elements(page, "img") == []
    names = {name for one in elements(page) for name in one.attributes}
    assert names <= {
        "lang",
        "charset",
        "name",
        "content",
        "rel",
        "href",
        "type",
        "class",
        "value",
    } | {
        "method",
        "action",
    }
    assert "49" not in element(page, "main").text


@pytest.mark.parametrize("lang", ["en", "de", "fr", "es"])
def test_each_card_is_said_in_each_language(lang: str) -> None:
    cards = [
        forbidden("/l", "alice", log_out_form("/o")),
        log_out("/l", "alice", log_out_form("/o"), "/"),
        logged_out("/l", "/l"),
        no_cookie("/l", "/l", is_insecure=True, is_framed=False),
        in_frame("/l", "/l"),
    ]
    shown = [element(card(LOOK, one, lang), "h1").text for one in cards]
    assert len(set(shown)) == len(cards)
    assert all(element(card(LOOK, one, lang), "html")["lang"] == lang for one in cards)


def test_a_repr_shows_no_proof() -> None:
    assert "hidden-proof" not in repr(forbidden("/l", "a", log_out_form("/o", "hidden-proof")))
