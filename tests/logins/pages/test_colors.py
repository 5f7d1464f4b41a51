"""What follows from a brand's color can be read, whatever the color."""

from __future__ import annotations

import re

import pytest
from dash_auth.logins.pages import Look
from dash_auth.logins.pages.colors import color_of, contrast

TEXT, EDGE = 4.5, 3.0

# Yellow, black, white, navy, the blue of the older Plotly, and greys between black and white text.
COLORS = [
    None,
    "#ffe600",
    "#000",
    "#fff",
    "#000080",
    "#119dff",
    "#0b6e4f",
    "#1b2030",
    *(f"#{grey:02x}{grey:02x}{grey:02x}" for grey in range(0x70, 0x88, 2)),
]

PAIRS = [
    ("--text", "--card", TEXT),
    ("--text", "--bg", TEXT),
    ("--muted", "--card", TEXT),
    ("--muted", "--hair", TEXT),
    ("--link", "--card", TEXT),
    ("--on-brand", "--brand", TEXT),
    ("--on-brand", "--brand-hover", TEXT),
    ("--on-brand", "--brand-active", TEXT),
    ("--err", "--err-bg", TEXT),
    ("--err", "--card", TEXT),
    ("--warn", "--warn-bg", TEXT),
    ("--ok", "--ok-bg", TEXT),
    ("--line", "--card", EDGE),
    ("--edge", "--card", EDGE),
]


def properties(style: str) -> dict[str, dict[str, str]]:
    """Return the custom properties of a style by day and by night; of several the last counts."""
    day: dict[str, str] = {}
    night: dict[str, str] = {}
    for dark, rule in re.findall(
        r"(@media \(prefers-color-scheme:dark\)\{)?:root\{([^}]*)\}", style
    ):
        (night if dark else day).update(re.findall(r"(--[\w-]+):(#\w+)", rule))
    # One that is said by night alone stands before those said later by day, as in the file.
    return {"day": day, "night": {**day, **night}}


def style_of(color: str | None) -> str:
    return Look(title="Sales", color=color).files["login.css"].content.decode()


@pytest.mark.parametrize("color", COLORS)
@pytest.mark.parametrize("scheme", ["day", "night"])
def test_each_pair_of_colors_can_be_read(color: str | None, scheme: str) -> None:
    colors = properties(style_of(color))[scheme]
    found = {
        (front, back): contrast(color_of(colors[front]), color_of(colors[back]))
        for front, back, _ in PAIRS
    }
    assert [pair for *pair, least in PAIRS if found[pair[0], pair[1]] < least] == []


def test_a_brand_changes_nothing_else() -> None:
    plain, branded = style_of(None), style_of("#0b6e4f")
    assert branded.startswith(plain)
    assert set(re.findall(r"--[\w-]+", branded.removeprefix(plain))) == {
        "--brand",
        "--brand-hover",
        "--brand-active",
        "--on-brand",
        "--edge",
        "--link",
    }


def test_a_color_that_can_be_read_stays_as_it_is() -> None:
    day = properties(style_of("#0B6E4F"))["day"]
    assert day["--brand"] == day["--link"] == day["--edge"] == "#0b6e4f"
    assert day["--on-brand"] == "#ffffff"


def test_text_on_a_bright_brand_is_dark() -> None:
    colors = properties(style_of("#ffe600"))
    assert colors["day"]["--on-brand"] == "#14101f"
    assert colors["day"]["--brand"] == colors["night"]["--link"] == "#ffe600"
    # Darkened by ten steps of 5 %: nine are not enough.
    assert colors["day"]["--link"] == "#807300"
    assert contrast("#8c7f00", "#ffffff") < TEXT


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", 21),
        ("#777777", "#ffffff", 4.48),
        ("#767676", "#ffffff", 4.54),
        ("#7f4bc4", "#ffffff", 5.7),
        ("#119dff", "#ffffff", 2.9),
    ],
)
def test_the_contrast_is_that_of_wcag(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == contrast(other, one) == pytest.approx(ratio, abs=0.05)


@pytest.mark.parametrize(
    ("color", "right"),
    [
        ("0b6e4f", "'#0b6e4f'"),
        ("abc", "'#abc'"),
        ("green", "#rrggbb"),
        ("#0b6e4", "#rrggbb"),
        ("#0b6e4f80", "#rrggbb"),
        ("#0b6e4f;}", "#rrggbb"),
        ("#0b6e4f\n", "#rrggbb"),
        ("rgb(1,2,3)", "#rrggbb"),
        ("", "#rrggbb"),
    ],
)
def test_what_is_no_hex_color_is_refused_with_the_right_way_to_write_it(
    color: str, right: str
) -> None:
    with pytest.raises(ValueError, match=right):
        Look(title="Sales", color=color)


def test_a_color_is_text() -> None:
    with pytest.raises(TypeError, match="color must be a str such as '#0b6e4f', not int"):
        Look(title="Sales", color=0x0B6E4F)  # type: ignore[arg-type]
