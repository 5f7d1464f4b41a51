"""What our pages go out with (S25)."""

from __future__ import annotations

from dash_auth.logins.pages import HEADERS, headers


def policy(sent: dict[str, str]) -> dict[str, str]:
    parts = (part.split(" ", 1) for part in sent["Content-Security-Policy"].split("; "))
    return {name: value for name, value in parts}


def test_nothing_counts_in_our_pages_but_what_is_ours() -> None:
    assert policy(headers()) == {
        "default-src": "'none'",
        "style-src": "'self'",
        "script-src": "'self'",
        "img-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }


def test_they_are_kept_nowhere_and_tell_no_other_site() -> None:
    sent = headers()
    assert sent.items() >= HEADERS.items()
    assert sent["Cache-Control"] == "no-store"
    assert sent["X-Content-Type-Options"] == "nosniff"
    assert sent["Referrer-Policy"] == "same-origin"
    assert sent["Vary"] == "Accept-Language, Cookie"
    assert "Retry-After" not in sent


def test_a_frame_shows_the_way_out_alone() -> None:
    framed = policy(headers(in_frame=True))
    assert "frame-ancestors" not in framed
    assert framed == {
        name: value for name, value in policy(headers()).items() if name != "frame-ancestors"
    }


def test_they_say_when_to_try_again() -> None:
    assert headers(retry_after=30)["Retry-After"] == "30"
