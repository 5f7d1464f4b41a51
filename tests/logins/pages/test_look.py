"""How the pages look is said once, at start; what is wrong with it is said there too."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from dash_auth.logins.pages import (
    LoginPage,
    Look,
    card,
    log_out,
    log_out_form,
    login_page,
    read_from,
)
from elements import element, elements

SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>'
CONTENTS = {
    "svg": SVG,
    "png": b"\x89PNG\r\n\x1a\n",
    "jpg": b"\xff\xd8\xff\xe0",
    "jpeg": b"\xff\xd8\xff\xe0",
    "webp": b"RIFF\x00\x00\x00\x00WEBP",
    "gif": b"GIF89a",
}
TYPES = {
    "svg": "image/svg+xml",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "gif": "image/gif",
}


def shown(look: Look) -> str:
    return login_page(look, LoginPage("/login", "/files"), None)


def test_a_page_loads_its_own_style_script_and_icon_alone() -> None:
    look = Look(title="Sales")
    assert look.files.keys() == {"login.css", "login.js", "icon.svg", "users.css"}
    loaded = [one["href"] for one in elements(shown(look), "link")]
    loaded += [one["src"] for one in elements(shown(look), "script")]
    assert [str(one).partition("?v=")[0] for one in loaded] == [
        "/files/icon.svg",
        "/files/login.css",
        "/files/login.js",
    ]
    assert elements(shown(look), "img") == []


def test_another_content_has_another_address() -> None:
    first, second = (
        element(shown(Look(title="Sales", color=color)), "link", rel="stylesheet")["href"]
        for color in ("#000", "#001")
    )
    assert first != second
    again = element(shown(Look(title="Other", color="#000")), "link", rel="stylesheet")["href"]
    assert again == first


def test_each_file_says_what_it_is_and_may_be_kept() -> None:
    for name, file in Look(title="Sales").files.items():
        assert file.content_type.partition(";")[0] in (
            "text/css",
            "text/javascript",
            "image/svg+xml",
        )
        assert file.headers["X-Content-Type-Options"] == "nosniff", name
        assert file.headers["Cache-Control"] == "public, max-age=86400", name
        assert b"url(" not in file.content and b"@import" not in file.content


@pytest.mark.parametrize("end", CONTENTS)
def test_a_logo_is_served_as_what_it_is(tmp_path: Path, end: str) -> None:
    path = tmp_path / f"Acme's logo.{end.upper()}"
    path.write_bytes(CONTENTS[end])
    look = Look(title="Sales", logo=str(path))
    file = look.files[f"logo.{end}"]
    assert (file.content, file.content_type) == (CONTENTS[end], TYPES[end])
    image = element(shown(look), "img")
    assert str(image["src"]).startswith(f"/files/logo.{end}?v=")
    # The title stands beside it.
    assert image["alt"] == ""
    form = log_out("/files", "alice", log_out_form("/logout"), "/")
    assert element(card(look, form, None), "img")["src"] == image["src"]


def test_no_script_runs_in_a_drawing(tmp_path: Path) -> None:
    (tmp_path / "logo.svg").write_bytes(SVG.replace(b"/>", b"><script>alert(1)</script></svg>"))
    look = Look(title="Sales", logo=str(tmp_path / "logo.svg"))
    for name in ("logo.svg", "icon.svg"):
        policy = look.files[name].headers["Content-Security-Policy"].split("; ")
        assert {"default-src 'none'", "sandbox"} <= set(policy)
        assert not any("script" in one for one in policy)
    assert "Content-Security-Policy" not in look.files["login.js"].headers


def test_a_logo_is_looked_for_among_the_assets_first(tmp_path: Path) -> None:
    assets = tmp_path / "assets"
    assets.mkdir()
    (assets / "logo.svg").write_bytes(SVG + b"<!-- assets -->")
    beside = tmp_path / "beside.svg"
    beside.write_bytes(SVG)
    read = read_from(str(assets))
    look = Look(title="Sales", logo="logo.svg", read_logo=read)
    assert look.files["logo.svg"].content.endswith(b"assets -->")
    look = Look(title="Sales", logo=str(beside), read_logo=read)
    assert look.files["logo.svg"].content == SVG


def missing(_: str) -> bytes:
    raise FileNotFoundError(2, "No such file or directory")


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"title": None}, TypeError, "title must be a str, not NoneType"),
        ({"title": " "}, ValueError, "title is empty: write one"),
        ({"message": b"Hi"}, TypeError, "message must be a str, not bytes"),
        ({"message": ""}, ValueError, "message is empty: leave it out"),
        ({"logo": b"logo.svg"}, TypeError, "logo must be the name or path of a file, not bytes"),
        ({"logo": "logo"}, ValueError, "must be one of svg, png, jpg, jpeg, webp, gif"),
        ({"logo": "logo.pdf"}, ValueError, "must be one of svg, png"),
        ({"logo": "logo.svg", "read_logo": missing}, ValueError, "No such file.*assets folder"),
        ({"logo": "logo.svg", "read_logo": lambda _: b"GIF89a"}, ValueError, "is no svg file"),
        ({"logo": "logo.png", "read_logo": lambda _: b"version "}, ValueError, "is no png file"),
        ({"logo": "a.gif", "read_logo": lambda _: b"GIF89a" + bytes(2**20)}, ValueError, "1 MiB"),
    ],
)
def test_what_cannot_be_shown_is_refused_at_start(
    arguments: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        Look(**{"title": "Sales", **arguments})


def test_a_logo_that_is_a_folder_is_refused(tmp_path: Path) -> None:
    os.mkdir(tmp_path / "logo.png")
    with pytest.raises(ValueError, match="cannot be read"):
        Look(title="Sales", logo=str(tmp_path / "logo.png"))


def test_a_message_is_text_in_which_addresses_are_links() -> None:
    message = "<b>Help</b>\nWrite to data@acme.com, or see https://acme.com/help?a=1&b=2."
    page = shown(Look(title="Sales", message=message))
    assert element(page, "p", _class="message").text == " ".join(message.split())
    links = [one["href"] for one in elements(page, "a")]
    assert links == ["mailto:data@acme.com", "https://acme.com/help?a=1&b=2"]
    assert elements(page, "b") == []


def test_a_message_makes_no_other_links() -> None:
    page = shown(Look(title="Sales", message="javascript:alert(1) data:text/html,x vbscript:x@y.z"))
    assert all(str(one["href"]).startswith("mailto:") for one in elements(page, "a"))
