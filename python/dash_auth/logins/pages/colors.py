"""What follows from a brand's color: colors of text and links that can be read (WCAG 2.2)."""

from __future__ import annotations

import re

BRAND = "#7f4bc4"
"""The color of the brand where none is given: Dash's own accent."""

LIGHT_CARD, DARK_CARD = "#ffffff", "#1b2030"
"""What the card is filled with, by day and by night."""

WHITE, BLACK = "#ffffff", "#14101f"
"""What text on the brand's color may be."""

TEXT_CONTRAST = 4.5
"""The least contrast of text (WCAG 2.2, 1.4.3)."""

EDGE_CONTRAST = 3.0
"""The least contrast of what shows where a control ends (WCAG 2.2, 1.4.11)."""

_STEPS = 20


def color_of(declared: object) -> str:
    """Return a color as `#rrggbb`.

    :param declared: the argument `color=`
    :raises TypeError: if it is no text
    :raises ValueError: if it is no hex color of CSS
    """
    if not isinstance(declared, str):
        raise TypeError(f"color must be a str such as '#0b6e4f', not {type(declared).__name__}")
    found = re.fullmatch(r"#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})", declared)
    if found is None:
        bare = re.fullmatch(r"[0-9a-fA-F]{3}|[0-9a-fA-F]{6}", declared)
        hint = f"'#{declared}'" if bare else "it as '#rrggbb' or '#rgb', such as '#0b6e4f'"
        raise ValueError(f"color={declared!r} is no hex color of CSS: write {hint}")
    digits = found[1].lower()
    return "#" + (digits if len(digits) == 6 else "".join(2 * digit for digit in digits))


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colors, from 1 to 21 (WCAG 2.2, contrast ratio).

    :param one: a color, `#rrggbb`
    :param other: a color, `#rrggbb`
    """
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(color: str) -> float:
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (channel / 255 for channel in _channels(color))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _channels(color: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(color[1:])
    return red, green, blue


def mix(color: str, other: str, share: float) -> str:
    """Return a color with a share of another in it.

    :param color: a color, `#rrggbb`
    :param other: a color, `#rrggbb`
    :param share: how much of the other, from 0 to 1
    """
    pairs = zip(_channels(color), _channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def readable(color: str, on: str, towards: str) -> str:
    """Return a color that is read on another: changed by as few steps of 5 % as do.

    :param color: a color, `#rrggbb`
    :param on: what it is read on
    :param towards: black or white, whichever is far from that
    """
    changed = (mix(color, towards, step / _STEPS) for step in range(_STEPS + 1))
    return next(one for one in changed if contrast(one, on) >= TEXT_CONTRAST)


def brand(color: str) -> dict[str, dict[str, str]]:
    """Return the custom properties of CSS that follow from a color, by day and by night.

    :param color: a color, `#rrggbb`
    """
    on = max(WHITE, BLACK, key=lambda text: contrast(color, text))
    # Between the two lies a band of greys on which neither is read.
    fill = readable(color, on, "#000000" if on == WHITE else "#ffffff")
    away = "#000000" if on == WHITE else "#ffffff"
    filled = {
        "--brand": fill,
        "--brand-hover": mix(fill, away, 0.12),
        "--brand-active": mix(fill, away, 0.22),
        "--on-brand": on,
    }
    links = {
        "light": readable(color, LIGHT_CARD, "#000000"),
        "dark": readable(color, DARK_CARD, "#ffffff"),
    }
    cards = {"light": LIGHT_CARD, "dark": DARK_CARD}
    return {
        scheme: {
            **(filled if scheme == "light" else {}),
            "--link": link,
            # Where the fill can hardly be told from the card, a line says where the button ends.
            "--edge": fill if contrast(fill, cards[scheme]) >= EDGE_CONTRAST else link,
        }
        for scheme, link in links.items()
    }
