"""The login page, on each server: who is led to it, what it answers, and where it leads."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from attacks.http import ALICE, PRIVATE, basic
from everywhere import PRIVATE_BODY, Serve
from forms import Browser, form_app

WRONG = "The user name or password is wrong."


@pytest.fixture
def browser(everywhere: Serve) -> Iterator[Browser]:
    return Browser(everywhere(form_app(user_groups={"alice": ["admin"]})))


def test_a_login_leads_to_what_was_asked_for(browser: Browser) -> None:
    asked = browser.visit("/private?x=1&y=a%20b")
    assert (asked.status, asked.text) == (303, "")
    assert asked.headers["Location"] == "/login?next=/private%3Fx%3D1%26y%3Da%2520b"
    page = browser.visit(asked.headers["Location"])
    assert page.status == 200
    target = browser.field(page, "next").replace("&amp;", "&")
    assert target == "/private?x=1&y=a%20b"
    landed = browser.log_in(next=target)
    assert (landed.status, landed.headers["Location"]) == (303, target)
    seen = browser.fetch("/private").json()
    assert seen == {
        "user": "alice",
        "groups": ["admin"],
        "session": {"email": "alice", "groups": ["admin"]},
    }
    body = browser.site.request(
        "POST",
        "/_dash-update-component",
        headers={"Content-Type": "application/json", "Sec-Fetch-Site": "same-origin"},
        body=json.dumps(PRIVATE_BODY).encode(),
        cookie=browser.cookie("/"),
    )
    assert f"{PRIVATE} alice" in body.text


def test_what_is_no_navigation_gets_401_and_no_challenge(browser: Browser) -> None:
    for path in ("/private", "/_dash-layout", "/nowhere"):
        refused = browser.fetch(path)
        assert (refused.status, refused.headers["Dash-Auth"]) == (401, "login")
        assert "WWW-Authenticate" not in refused.headers
    posted = browser.post("/_dash-update-component", {}, {"Accept": "*/*"})
    assert posted.status == 401
    # The header alone is no login here.
    assert browser.site.request("GET", "/private", auth=ALICE).status != 200


@pytest.mark.parametrize(
    ("name", "password"),
    [("alice", "wrong"), ("nobody", "wrong"), ("", ""), ("alice", ""), ("a:b", "x"), ("ü\0", "\0")],
)
def test_each_wrong_login_is_answered_alike(browser: Browser, name: str, password: str) -> None:
    refused = browser.log_in(name, password, next="/private")
    assert refused.status == 401
    assert WRONG in refused.text
    assert browser.ticket is None
    if name == "alice":
        assert browser.field(refused, "username") == "alice"
        assert browser.field(refused, "next") == "/private"
    if password:
        assert f'"{password}"' not in refused.text


def test_what_is_no_form_of_the_page_is_refused(browser: Browser) -> None:
    site, form = browser.site, {"Content-Type": "application/x-www-form-urlencoded"}
    for headers, body, status in [
        ({"Content-Type": "application/json"}, b"{}", 415),
        ({}, b"username=alice", 415),
        ({"Content-Type": "multipart/form-data; boundary=x"}, b"--x--", 415),
        (form, b"username=" + b"a" * 70_000, 413),
        (form, b"username=alice&username=bob&password=x", 400),
    ]:
        reply = site.request(
            "POST", "/login", headers={**headers, "Sec-Fetch-Site": "same-origin"}, body=body
        )
        assert reply.status == status, (headers, body[:20], reply.text)
    chunked = site.request(
        "POST",
        "/login",
        headers={**form, "Sec-Fetch-Site": "same-origin"},
        body=b"username=" + b"a" * 70_000,
        chunked=True,
    )
    assert chunked.status == 413


def test_octets_that_are_no_text_are_a_wrong_login(browser: Browser) -> None:
    for body in (b"username=%ff%fe&password=%00", b"username=\xff&password=x", b"%", b"", b"=&=&"):
        reply = browser.site.request(
            "POST",
            "/login",
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "Sec-Fetch-Site": "same-origin",
            },
            body=body,
        )
        assert reply.status in (400, 401), (body, reply.text)


def test_who_is_logged_in_is_led_on_by_the_login_page(browser: Browser) -> None:
    browser.log_in()
    for path, target in [
        ("/login", "/"),
        ("/login?next=/private", "/private"),
        ("/login?next=//evil.test", "/"),
        ("/login?next=/login", "/"),
        ("/login?next=/logout", "/"),
    ]:
        led = browser.visit(path)
        assert (led.status, led.headers["Location"]) == (303, target)


def test_a_browser_that_keeps_no_cookie_is_told_so(browser: Browser) -> None:
    done = browser.post("/login", {"username": ALICE[0], "password": ALICE[1]})
    told = browser.site.request("GET", done.headers["Location"], headers={"Accept": "text/html"})
    assert told.status == 200
    assert "keeps no cookies" in told.text
    framed = browser.site.request(
        "GET",
        done.headers["Location"],
        headers={"Accept": "text/html", "Sec-Fetch-Dest": "iframe"},
    )
    assert 'target="_top"' in framed.text


def test_a_frame_gets_a_way_out_of_it(browser: Browser) -> None:
    framed = browser.visit("/private?x=1", **{"Sec-Fetch-Dest": "iframe"})
    assert framed.status == 401
    assert 'target="_top"' in framed.text
    assert "frame-ancestors" not in framed.headers["Content-Security-Policy"]
    page = browser.visit("/login")
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]


def test_the_page_is_kept_by_no_cache_and_its_files_are(browser: Browser) -> None:
    page = browser.visit("/login")
    assert page.headers["Cache-Control"] == "no-store"
    style = browser.fetch("/login/login.css")
    assert (style.status, style.headers["Content-Type"]) == (200, "text/css; charset=utf-8")
    assert "max-age" in style.headers["Cache-Control"]
    for name in ("login.py", "..%2fflow.py", "%2e%2e", "login.css%00", "nothing"):
        assert browser.fetch(f"/login/{name}").status in (400, 401, 404)


def test_the_language_is_the_browsers(browser: Browser) -> None:
    page = browser.visit("/login", **{"Accept-Language": "de-CH,de;q=0.9,en;q=0.8"})
    assert '<html lang="de"' in page.text
    assert "Accept-Language" in page.headers["Vary"]


def test_a_user_who_was_known_by_basic_before_is_not(browser: Browser) -> None:
    # Browsers go on sending what they once sent, to a site that was behind BasicAuth before.
    header = {"Authorization": basic(*ALICE)}
    assert browser.send("GET", "/private", header).status in (303, 401)


def test_guesses_elsewhere_do_not_keep_out_a_browser_that_was_there(browser: Browser) -> None:
    assert browser.log_in().status == 303
    assert any(name.startswith("dash_auth_device_") for name in browser.cookies)
    browser.log_out()
    guesser = Browser(browser.site)
    for number in range(8):
        guessed = guesser.log_in("alice", f"guess {number}")
    assert guessed.status == 429
    assert int(guessed.headers["Retry-After"]) >= 1
    assert "Too many attempts" in guessed.text
    assert guesser.log_in().status == 429
    assert browser.log_in().status == 303
    assert browser.who() == "alice"
