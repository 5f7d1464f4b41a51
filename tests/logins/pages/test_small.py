"""The small pages that say no: they carry all that they need."""

from __future__ import annotations

import base64
import hashlib
import re

from dash_auth.logins.pages import HEADERS, PAGE_HEADERS, as_answer, page
from elements import element, elements

NASTY = """</style></title><script>alert(1)</script>"'><img src=x>{{ 7*7 }}"""


def test_its_style_is_the_one_that_its_policy_allows() -> None:
    shown = page("Wrong", "Log in", "")
    style = re.search("<style>(.*?)</style>", shown, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = PAGE_HEADERS["Content-Security-Policy"]
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
    assert "url(" not in style[1]


def test_it_says_what_happened_and_where_to_go() -> None:
    shown = page("Wrong", "Log in", "/start", "Try again.")
    assert element(shown, "title").text == element(shown, "h1").text == "Wrong"
    assert element(shown, "p").text == "Try again."
    assert (element(shown, "a")["href"], element(shown, "a").text) == ("/start", "Log in")
    assert elements(page("Wrong", "Log in", ""), "p") == []
    assert elements(shown, "link") == elements(shown, "script") == elements(shown, "img") == []


def test_whatever_is_put_in_stays_text() -> None:
    shown = page(NASTY, NASTY, NASTY, NASTY)
    assert elements(shown, "script") == elements(shown, "img") == []
    assert element(shown, "h1").text == element(shown, "a").text == NASTY
    assert element(shown, "a")["href"] == NASTY


def test_it_is_an_answer() -> None:
    answer = as_answer("<p>", 403, {"Retry-After": "1"})
    assert (answer.status, answer.body) == (403, "<p>")
    assert answer.content_type == "text/html; charset=utf-8"
    assert answer.headers == {**PAGE_HEADERS, "Retry-After": "1"}
    assert PAGE_HEADERS.items() >= HEADERS.items()
