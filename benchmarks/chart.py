"""A bar for each goal: how much of it is used, on a logarithmic scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from rows import Row, figure

_LABELS, _BARS, _NUMBERS, _LINE = 470, 330, 150, 24
_TOP, _BOTTOM = 64, 40
_LEAST, _MOST = 0.05, 4.0


def svg(rows: Sequence[Row]) -> str:
    """Return the chart.

    :param rows: the lines of the table; those with no goal are left out
    """
    shown = [(row, _used(row)) for row in rows if row.goal is not None]
    width, height = _LABELS + _BARS + _NUMBERS, _TOP + _LINE * len(shown) + _BOTTOM
    limit = _x(1.0)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-family="sans-serif" font-size="13">',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        '<text x="16" y="26" font-size="16" font-weight="bold">How much of each goal is used</text>',
        f'<text x="{limit}" y="52" text-anchor="middle" fill="#555">the goal</text>',
    ]
    for number, (row, used) in enumerate(shown):
        y = _TOP + _LINE * number
        end = _x(min(max(used, _LEAST), _MOST))
        colour = "#2a7f62" if used <= 1 else "#b5482f"
        parts += [
            f'<text x="{_LABELS - 10}" y="{y + 15}" text-anchor="end">{escape(row.name)}</text>',
            f'<rect x="{_LABELS}" y="{y + 4}" width="{end - _LABELS:.1f}" height="{_LINE - 8}" '
            f'fill="{colour}"/>',
            f'<text x="{_LABELS + _BARS + 12}" y="{y + 15}" fill="#333">{figure(row.ratio)} '
            f"(goal {escape(str(row.goal))})</text>",
        ]
    foot = _TOP + _LINE * len(shown)
    parts += [
        f'<line x1="{limit}" y1="58" x2="{limit}" y2="{foot}" stroke="#555" stroke-dasharray="4 3"/>',
        f'<text x="16" y="{foot + 26}" fill="#555">Shorter is better, on a logarithmic scale; '
        "beside each bar the ratio to dash-auth 2.3.0, hashlib or argon2-cffi.</text>",
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _used(row: Row) -> float:
    """Return a figure as a share of its goal: up to 1 is reached."""
    assert row.goal is not None
    return row.ratio / row.goal.limit if row.goal.is_most else row.goal.limit / row.ratio


def _x(share: float) -> float:
    span = math.log(_MOST / _LEAST)
    return round(_LABELS + _BARS * math.log(share / _LEAST) / span, 1)
