"""The login page: what each state of it says, and that nothing gets out of its place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from dash_auth.logins.pages import LoginPage, Look, Note, Provider, Throttled, login_page
from dash_auth.logins.pages.template import render
from elements import element, elements
from jinja2 import UndefinedError

LOOK = Look(title="Sales")
PAGE = LoginPage("/login", "/login")
NASTY = """</title></script><script>alert(1)</script>"'><img src=x onerror=alert(1)>{{ 7*7 }}&lt;{%x%}"""


def shown(accept_language: str | None = None, look: Look = LOOK, **changes: Any) -> str:
    return login_page(look, replace(PAGE, **changes), accept_language)


def test_the_form_is_one_that_password_managers_fill() -> None:
    page = shown()
    form = element(page, "form")
    assert (form["method"], form["action"]) == ("post", "/login")
    name, password = element(page, name="username"), element(page, name="password")
    assert name["autocomplete"] == "username"
    assert (name["autocapitalize"], name["spellcheck"]) == ("none", "false")
    assert (password["type"], password["autocomplete"]) == ("password", "current-password")
    assert "value" not in password.attributes
    labels = {one["for"]: one.text for one in elements(page, "label")}
    assert labels == {"username": "User name", "password": "Password"}
    assert element(page, "button", type="submit").text == "Log in"
    # Shown by the script, which alone can do what it says.
    assert "hidden" in element(page, "button", type="button").attributes
    assert element(page, "title").text == "Log in – Sales"
    assert element(page, "h1").text == "Sales"


def test_what_is_not_asked_for_is_not_there() -> None:
    page = shown()
    assert elements(page, type="hidden") == elements(page, type="checkbox") == []
    assert elements(page, id="note") == elements(page, "a") == elements(page, _class="or") == []
    assert elements(page, _class="message") == []


def test_target_and_proof_are_hidden_fields() -> None:
    page = shown(target="/private?a=1&b=2", proof="p+/=")
    assert {one["name"]: one["value"] for one in elements(page, type="hidden")} == {
        "next": "/private?a=1&b=2",
        "proof": "p+/=",
    }
    # The start of an app is a target too.
    assert element(shown(target=""), name="next")["value"] == ""


@pytest.mark.parametrize(
    ("days", "lang", "says"),
    [
        (30, "en", "Keep me logged in for 30 days"),
        (1, "en", "Keep me logged in for 1 day"),
        (1, "de", "1 Tag lang angemeldet bleiben"),
    ],
)
def test_a_login_can_be_kept(days: int, lang: str, says: str) -> None:
    page = shown(lang, remember_days=days)
    assert element(page, "label", _class="remember").text == says
    box = element(page, type="checkbox")
    assert box["name"] == "remember"
    assert "checked" not in box.attributes


@pytest.mark.parametrize(
    ("note", "kind", "role", "says"),
    [
        (Note.WRONG, "err", "alert", "The user name or password is wrong."),
        (Note.LOGGED_OUT, "ok", "status", "You are logged out."),
        (Note.ENDED, "warn", "status", "Your login has ended. Please log in again."),
        (
            Note.UNAVAILABLE,
            "warn",
            "alert",
            "The login service is not answering. Try again in a moment.",
        ),
        (Note.BUSY, "warn", "alert", "The server is busy. Try again in a moment."),
        (Note.EXPIRED, "warn", "alert", "This page was open for too long. Please log in again."),
    ],
)
def test_a_note_says_what_happened(note: Note, kind: str, role: str, says: str) -> None:
    page = shown(note=note)
    found = element(page, id="note")
    assert (found["class"], found["role"], found.text) == (f"note {kind}", role, says)
    assert "data-wait" not in found.attributes
    for name in ("username", "password"):
        field = element(page, name=name)
        assert field["aria-describedby"] == "note"
        assert field.attributes.get("aria-invalid") == ("true" if note is Note.WRONG else None)


def test_each_note_has_its_text() -> None:
    assert len({element(shown("fr", note=note), id="note").text for note in Note}) == len(Note)


@pytest.mark.parametrize(
    ("seconds", "wait", "says"),
    [
        (32, "32", "Try again in 32 seconds."),
        (31.2, "32", "Try again in 32 seconds."),
        (1, "1", "Try again in 1 second."),
        (0, "1", "Try again in 1 second."),
        (-5, "1", "Try again in 1 second."),
        (120, "120", "Try again in 120 seconds."),
        (120.5, "121", "Try again in 3 minutes."),
        (900, "900", "Try again in 15 minutes."),
    ],
)
def test_it_says_how_long_no_attempt_is_looked_at(seconds: float, wait: str, says: str) -> None:
    page = shown(note=Throttled(seconds))
    note = element(page, id="note")
    assert note["data-wait"] == wait
    says = f"Too many attempts. {says}"
    # What a screen reader says does not count down.
    assert element(page, role="alert").text == says
    assert element(page, "span", **{"aria-hidden": "true"}).text == says
    # With no script it is enabled, and the server answers.
    assert "disabled" not in element(page, "button", type="submit").attributes
    assert "aria-invalid" not in element(page, name="username").attributes


@pytest.mark.parametrize(
    ("name", "focused"), [("", "username"), ("alice", "password"), ("0", "password")]
)
def test_the_name_is_kept_and_the_field_after_it_has_the_focus(name: str, focused: str) -> None:
    page = shown(note=Note.WRONG, name=name)
    assert element(page, name="username")["value"] == name
    assert [one["name"] for one in elements(page) if "autofocus" in one.attributes] == [focused]


PROVIDERS = (Provider("Google", "/login/google?next=%2Fa", "google"), Provider("Corp & Co", "/c"))


def test_providers_are_links_after_the_form() -> None:
    page = shown(providers=PROVIDERS)
    links = elements(page, "a")
    assert [(one["href"], one["class"], one.text) for one in links] == [
        ("/login/google?next=%2Fa", "provider", "Continue with Google"),
        ("/c", "provider", "Continue with Corp & Co"),
    ]
    assert element(page, _class="or").text == "or"
    assert page.index("</form>") < page.index("/login/google")


def test_with_providers_alone_there_is_no_form_and_the_first_one_is_filled() -> None:
    page = shown(providers=PROVIDERS, has_form=False, note=Note.LOGGED_OUT, target="/a", proof="p")
    assert elements(page, "form") == elements(page, "input") == elements(page, _class="or") == []
    assert [one["class"] for one in elements(page, "a")] == ["provider go", "provider"]
    assert element(page, id="note").text == "You are logged out."


def test_each_provider_has_a_mark_and_most_a_key() -> None:
    names = ("auth0", "github", "google", "keycloak", "microsoft", "okta", "", "../login", "GOOGLE")
    page = shown(providers=[Provider("One", "/", name) for name in names])
    marks = page.split("<svg ")[1:]
    drawings = [mark.partition("</svg>")[0] for mark in marks]
    assert len(drawings) == len(names)
    assert len(set(drawings[:7])) == 7
    assert set(drawings[6:]) == {drawings[6]}
    assert all(one["aria-hidden"] == "true" for one in elements(page, "svg"))


TEXTS: list[dict[str, Any]] = [
    {"action": NASTY},
    {"files": NASTY},
    {"target": NASTY},
    {"proof": NASTY},
    {"name": NASTY},
    {"providers": [Provider(NASTY, "/g")]},
    {"providers": [Provider("Google", NASTY)]},
    {"providers": [Provider("Google", "/g", NASTY)]},
    {"look": Look(title=NASTY)},
    {"look": Look(title="Sales", message=NASTY)},
    *(
        {"look": Look(title="Sales", lang={key: NASTY.replace("{", "(")})}
        for key in ("lang", "log_in", "show", "hide_password", "logging_in", "wrong", "try_now")
    ),
]


@pytest.mark.parametrize("changes", TEXTS, ids=lambda changes: next(iter(changes)))
@pytest.mark.parametrize("note", [Note.WRONG, Throttled(5)])
def test_whatever_is_put_in_stays_text(changes: dict[str, Any], note: Any) -> None:
    plain = shown(providers=[Provider("Google", "/g")], target="/", proof="p", name="a", note=note)
    options = {"providers": [Provider("Google", "/g")], "target": "/", "proof": "p", "name": "a"}
    page = shown(**{**options, "note": note, **changes})
    tags = [one.tag for one in elements(page)]
    expected = [one.tag for one in elements(plain)]
    if "look" in changes and changes["look"].message:
        expected.append("p")
    assert sorted(tags) == sorted(expected)
    names = {name for one in elements(page) for name in one.attributes}
    assert names == {name for one in elements(plain) for name in one.attributes}
    assert "49" not in element(page, "main").text


def test_no_style_or_script_stands_in_the_page() -> None:
    page = shown(providers=PROVIDERS, note=Throttled(3), name="alice", remember_days=30)
    assert elements(page, "style") == []
    assert [one.text for one in elements(page, "script")] == [""]
    names = {name for one in elements(page) for name in one.attributes}
    assert not [name for name in names if name == "style" or name.startswith("on")]


def test_what_a_template_lacks_is_an_error_and_no_gap() -> None:
    with pytest.raises(UndefinedError, match="'text' is undefined"):
        render("small.html", style="", link="Log in", path="/", advice="")


def test_a_repr_shows_no_proof() -> None:
    assert "hidden-proof" not in repr(replace(PAGE, proof="hidden-proof"))
