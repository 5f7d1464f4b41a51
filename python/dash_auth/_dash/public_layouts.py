"""Which components stand on public pages, as far as that can be seen without running anything."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import dash
from dash import Dash

from dash_auth import _dash_internals as internals
from dash_auth._core import RouteMap
from dash_auth._dash.page_rules import PageRules


class ShownIds:
    """The ids of some components."""

    def __init__(self, ids: Iterable[str | dict[str, Any]]) -> None:
        """Remember the ids.

        :param ids: the ids of the components; a dict is one that patterns match
        """
        ids = list(ids)
        self._names = {one for one in ids if isinstance(one, str)}
        self._patterns = {frozenset(one) for one in ids if isinstance(one, dict)}

    def include_any(self, ids: Iterable[str]) -> bool:
        """Tell whether one of the ids is among these; a pattern is if one has the same keys.

        :param ids: the ids as a callback declares them
        """
        return any(
            one in self._names or (one.startswith("{") and _keys(one) in self._patterns)
            for one in ids
        )


def _keys(pattern: str) -> frozenset[str]:
    try:
        return frozenset(json.loads(pattern))
    except (TypeError, ValueError):
        return frozenset()


def ids_on_public_pages(app: Dash, pages: PageRules) -> ShownIds:
    """Return the ids of the components on public pages. Layouts that are functions are not called.

    :param app: Dash app
    :param pages: which rules lead to pages
    """
    if not pages.lead_to_pages():
        return ShownIds(())
    rules = pages.showing()
    layouts = [None if app._layout_is_function else app.layout]
    if app.use_pages:
        layouts += [
            page.get("layout")
            for page in dash.page_registry.values()
            if rules.opens_page(page["path"], path=page["path"])
            or any(
                rules.opens_page(path, template=page["path_template"])
                for rule in rules.rules
                for path in RouteMap.sample_paths(rule)
                if page.get("path_template")
            )
        ]
    return ShownIds(internals.component_ids(layouts))
