"""What the pages say: complete in each language, and in the one that the browser asks for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from dash_auth.logins import pages
from dash_auth.logins.pages import LoginPage, Look, login_page
from dash_auth.logins.pages.phrases import ENGLISH, OURS, Phrases
from elements import element

FOLDER = Path(pages.__file__).parent
KEYS = ENGLISH._texts.keys()
TO_CONTINUE = {phrases.lang: phrases("to_continue") for phrases in OURS}


def lang_of(accept_language: str | None, look: Look | None = None) -> str:
    """Return the language of a page, which is also that of its text."""
    page = login_page(look or Look(title="Sales"), LoginPage("/login", "/login"), accept_language)
    lang = element(page, "html")["lang"]
    assert lang is not None
    assert element(page, "p", _class="sub").text == TO_CONTINUE[lang]
    return lang


def test_there_are_four_languages() -> None:
    assert [phrases.lang for phrases in OURS] == ["en", "de", "fr", "es"]


@pytest.mark.parametrize("phrases", OURS, ids=lambda phrases: phrases.lang)
def test_each_language_is_complete(phrases: Phrases) -> None:
    assert phrases._texts.keys() == KEYS
    for key in KEYS:
        text = phrases.raw(key)
        assert text == text.strip() != ""
        places = re.findall(r"\{\w*\}", text)
        assert sorted(places) == sorted(re.findall(r"\{\w*\}", ENGLISH.raw(key))), key
        if phrases is not ENGLISH and key != "lang":
            assert text != ENGLISH.raw(key)


def test_each_phrase_is_said_somewhere() -> None:
    sources = [*FOLDER.rglob("*.py"), *FOLDER.rglob("*.html")]
    said = "".join(path.read_text(encoding="utf-8") for path in sources)
    assert [key for key in KEYS if not re.search(rf"""["']{key}["']""", said)] == []


@pytest.mark.parametrize(
    ("accept_language", "lang"),
    [
        (None, "en"),
        ("", "en"),
        ("de", "de"),
        ("DE-at", "de"),
        ("es-419,es;q=0.9,en;q=0.8", "es"),
        ("it, fr;q=0.8, en;q=0.9", "en"),
        ("it, fr;q=0.8", "fr"),
        ("en;q=0.1, de;q=0.2", "de"),
        # Of two that are liked the same, the first.
        ("fr,de", "fr"),
        ("de;q=0, fr;q=0.001", "fr"),
        ("de;q=0", "en"),
        ("*", "en"),
        ("de;q=2, fr;q=0.5", "fr"),
        ("de;q=nan, de;q=-1, de;q=1e9, de;q=", "en"),
        ("den, deutsch", "en"),
        (" fr ; q=0.5 ;x", "fr"),
        (",;,;q=,\x00,\udcff", "en"),
        # Only the first 256 characters are looked at.
        ("x," * 128 + "de", "en"),
        ("x," * 127 + "de", "de"),
    ],
)
def test_the_browser_chooses_the_language(accept_language: str | None, lang: str) -> None:
    assert lang_of(accept_language) == lang


def test_a_language_that_is_given_is_that_of_each_page() -> None:
    assert lang_of("fr", Look(title="Sales", lang="de")) == "de"
    assert lang_of(None, Look(title="Sales", lang="es")) == "es"


def test_phrases_of_ones_own_stand_in_place_of_ours() -> None:
    look = Look(title="Sales", lang={"log_in": "Enter", "remember_days": "{days}d"})
    page = login_page(look, LoginPage("/login", "/login", remember_days=30), "de")
    assert element(page, "html")["lang"] == "en"
    assert element(page, "button", type="submit").text == "Enter"
    assert element(page, "label", _class="remember").text == "30d"
    assert element(page, "label", **{"for": "password"}).text == "Password"
    assert ENGLISH("log_in") == "Log in"


@pytest.mark.parametrize(
    ("lang", "password"), [("de-CH", "Passwort"), ("fr", "Mot de passe"), ("it", "Password")]
)
def test_the_rest_is_said_in_the_language_that_they_name(lang: str, password: str) -> None:
    look = Look(title="Sales", lang={"lang": lang})
    page = login_page(look, LoginPage("/login", "/login"), None)
    assert element(page, "html")["lang"] == lang
    assert element(page, "label", **{"for": "password"}).text == password


@pytest.mark.parametrize(
    ("lang", "error", "says"),
    [
        (
            "it",
            ValueError,
            "lang='it' is none of 'en', 'de', 'fr', 'es', or give a dict of phrases",
        ),
        ("de_DE", ValueError, "write 'de'"),
        ("EN", ValueError, "write 'en'"),
        (7, TypeError, "lang must be a str or a dict of phrases, not int"),
        ({"login": "Enter"}, ValueError, "did you mean 'log_in'"),
        ({"qqqq": "x"}, ValueError, "there are lang, log_in, "),
        ({1: "x"}, ValueError, "unknown phrase 1"),
        ({"log_in": None}, TypeError, r"lang\['log_in'\] must be a str, not NoneType"),
        ({"log_in": " "}, ValueError, r"lang\['log_in'\] is empty"),
        ({"remember_days": "{day} d"}, ValueError, r"has \{day\}: this phrase takes \{days\}"),
        ({"log_in": "{name}"}, ValueError, "this phrase takes nothing in braces"),
    ],
)
def test_what_nobody_knows_is_refused(lang: object, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        Look(title="Sales", lang=lang)  # type: ignore[arg-type]
