"""How the login page of an app looks: what its developer says once, at start."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dash_auth._request import Answer
from dash_auth.logins.pages.colors import BRAND, brand, color_of
from dash_auth.logins.pages.headers import HEADERS
from dash_auth.logins.pages.phrases import Phrases, phrases_of, spoken
from dash_auth.logins.pages.template import render

FOLDER: Path = Path(__file__).parent / "files"
"""Where style and script are."""

LARGEST_LOGO = 1024 * 1024
"""The largest logo, in bytes: it is kept in memory, and everybody loads it."""

_FILE_HEADERS = {
    # The address of each names its content.
    "Cache-Control": "public, max-age=86400",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}

_SVG_HEADERS = {
    **_FILE_HEADERS,
    # No script runs in one that is opened by itself (CSP 3, sandbox).
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
    ),
}

_LOGOS: dict[str, tuple[str, Callable[[bytes], bool]]] = {
    "svg": ("image/svg+xml", lambda content: b"<svg" in content),
    "png": ("image/png", lambda content: content.startswith(b"\x89PNG\r\n")),
    "jpg": ("image/jpeg", lambda content: content.startswith(b"\xff\xd8\xff")),
    "jpeg": ("image/jpeg", lambda content: content.startswith(b"\xff\xd8\xff")),
    "webp": ("image/webp", lambda content: content[8:12] == b"WEBP"),
    "gif": ("image/gif", lambda content: content.startswith((b"GIF87a", b"GIF89a"))),
}
"""What a logo may be, by the end of its name: its type, and whether a content is of it."""


@dataclass(frozen=True)
class File:
    """A file that the login page loads.

    Attributes:
        content: its bytes.
        content_type: their type.
        headers: what it is served with besides.
    """

    content: bytes = field(repr=False)
    content_type: str
    headers: Mapping[str, str] = field(default_factory=lambda: _FILE_HEADERS, repr=False)


class Look:
    """How our pages look. Made once, at start."""

    def __init__(
        self,
        *,
        title: str,
        logo: str | None = None,
        color: str | None = None,
        message: str | None = None,
        lang: str | Mapping[str, str] | None = None,
        read_logo: Callable[[str], bytes] | None = None,
    ) -> None:
        """Read what the pages show.

        :param title: what stands above the form: the app's name
        :param logo: name of a file in the app's assets folder, or path of a file: svg, png, jpg,
            webp or gif, up to 1 MiB
        :param color: color of the brand, `#rgb` or `#rrggbb`; the colors of texts and links follow
        :param message: what stands below the form, such as where to ask for help
        :param lang: `"en"`, `"de"`, `"fr"` or `"es"`, or phrases by their keys; None takes the one
            that the browser asks for
        :param read_logo: reads the logo; None reads it from its path
        :raises TypeError: if one of them is of a wrong type
        :raises ValueError: if one of them cannot be used; the message says what to do
        """
        self.title: str = _text("title", title)
        self.message: str | None = None if message is None else _text("message", message)
        self._languages = phrases_of(lang)
        color = None if color is None else color_of(color)
        files = {
            "login.css": File(_style(color), "text/css; charset=utf-8"),
            "icon.svg": File(_icon(color), "image/svg+xml", _SVG_HEADERS),
            "login.js": File(_read("login.js"), "text/javascript; charset=utf-8"),
            "users.css": File(_read("users.css"), "text/css; charset=utf-8"),
        }
        self.logo: str | None = None
        if logo is not None:
            self.logo, file = _logo(logo, read_logo)
            files[self.logo] = file
        self.files: Mapping[str, File] = files
        self._versions = {
            name: hashlib.sha256(file.content).hexdigest()[:12] for name, file in files.items()
        }

    def phrases(self, accept_language: str | None) -> Phrases:
        """Return what the pages say, in the language that a browser likes best.

        :param accept_language: the header Accept-Language
        """
        return spoken(self._languages, accept_language)

    def answer(self, name: str) -> Answer:
        """Return a file that the pages load.

        :param name: its name
        """
        file = self.files.get(name)
        if file is None:
            return Answer(404, "Not found", HEADERS)
        return Answer(200, file.content, file.headers, file.content_type)

    def address(self, folder: str, name: str) -> str:
        """Return the address of a file: another one if its content is another.

        :param folder: the path below which the files are, as the browser sees it
        :param name: the file's name
        """
        return f"{folder}/{name}?v={self._versions[name]}"


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, not {type(value).__name__}")
    if not value.strip():
        hint = "write one: it stands above the form" if name == "title" else "leave it out"
        raise ValueError(f"{name} is empty: {hint}")
    return value


def _read(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


def _style(color: str | None) -> bytes:
    style = _read("card.css") + _read("login.css")
    if color is None:
        return style
    rules = {
        scheme: ";".join(f"{name}:{value}" for name, value in values.items())
        for scheme, values in brand(color).items()
    }
    dark = f"@media (prefers-color-scheme:dark){{:root{{{rules['dark']}}}}}"
    return style + f":root{{{rules['light']}}}\n{dark}\n".encode()


def _icon(color: str | None) -> bytes:
    """Return a padlock, so that browsers ask for no icon that is private."""
    filled = brand(color or BRAND)["light"]
    return render("icon.svg", fill=filled["--brand"], on=filled["--on-brand"]).encode()


def _logo(logo: object, read_logo: Callable[[str], bytes] | None) -> tuple[str, File]:
    if not isinstance(logo, str):
        raise TypeError(f"logo must be the name or path of a file, not {type(logo).__name__}")
    end = re.split(r"[./\\]", logo.lower())[-1]
    if end not in _LOGOS:
        raise ValueError(f"logo={logo!r} must be one of {', '.join(_LOGOS)}")
    try:
        content = (read_logo or read_from(None))(logo)
    except OSError as error:
        raise ValueError(
            f"logo={logo!r} cannot be read: {error.strerror or error}. Name a file in the app's "
            "assets folder, or give the path of one"
        ) from error
    content_type, is_one = _LOGOS[end]
    if len(content) > LARGEST_LOGO:
        raise ValueError(f"logo={logo!r} has {len(content)} bytes: make it smaller than 1 MiB")
    if not is_one(content):
        raise ValueError(f"logo={logo!r} is no {end} file, whatever its name says")
    headers = _SVG_HEADERS if end == "svg" else _FILE_HEADERS
    return f"logo.{end}", File(content, content_type, headers)


def read_from(assets: str | None) -> Callable[[str], bytes]:
    """Return what reads a logo: from a folder of assets if it is there, else from its path.

    :param assets: path of the folder, None for none
    """

    def read(logo: str) -> bytes:
        beside = Path(assets or "", logo)
        return (beside if beside.is_file() else Path(logo)).read_bytes()

    return read
