"""What is said about rules that open nothing, or more than was meant."""

from __future__ import annotations

import difflib
import logging
import re

from dash_auth._core import RouteMap
from dash_auth._dash.page_rules import PageRules, Surroundings

logger = logging.getLogger("dash_auth")


class RuleWarnings:
    """Tells the developer of each rule once."""

    def __init__(self, rules: RouteMap, pages: PageRules, *, use_pages: bool) -> None:
        """Remember the rules.

        :param rules: the declared rules
        :param pages: what they lead to
        :param use_pages: whether the app's pages are registered one by one
        """
        self._rules = rules
        self._pages = pages
        self._use_pages = use_pages
        self._told: set[str] = set()
        self._looked_at: Surroundings | None = None

    def tell(self) -> None:
        """Say what there is to say of the rules that were added since."""
        if not len(self._rules):
            return
        surroundings = self._pages.surroundings()
        if surroundings == self._looked_at:
            return
        self._looked_at = surroundings
        open_all = []
        for rule in self._rules.rules:
            if rule in self._told:
                continue
            if not self._use_pages and self._pages.leads_to_page(rule):
                open_all.append(rule)
                self._told.add(rule)
            elif leads_nowhere(self._pages, rule):
                logger.warning(
                    "The public route %r leads to nothing%s", rule, ending(self._pages, rule)
                )
                self._told.add(rule)
        if open_all:
            logger.warning(
                "All of app.layout is open to anyone, because of the public routes %s: only with "
                "use_pages=True are pages told apart",
                ", ".join(map(repr, open_all)),
            )


def leads_nowhere(pages: PageRules, rule: str) -> bool:
    """Tell whether a rule opens nothing.

    :param pages: what the rules lead to
    :param rule: a declared rule
    """
    return not pages.reached(rule) and not pages.is_needless(rule)


def ending(pages: PageRules, rule: str) -> str:
    """Return how a sentence about a rule that leads to nothing ends."""
    meant = hint(pages, rule)
    return f"; {meant}" if meant else ""


def hint(pages: PageRules, rule: str) -> str:
    """Return in words what a rule that leads to nothing was probably meant to be.

    :param pages: what the rules lead to
    :param rule: the rule
    """
    if not RouteMap.sample_paths(rule):
        return "no path matches it"
    if re.search("[?#]", rule):
        return f"a rule is compared with the path alone: {re.split(r'[?#]', rule)[0]!r}"
    if "*" in rule:
        meant = re.sub(r"[*]+", "<path:name>", rule, count=1)
        return f"write <path:name> for any text: {meant!r}"
    if "{" in rule:
        meant = re.sub(r"{([^}]*)}", r"<\1>", rule)
        return f"write variables as Flask does: {meant!r}"
    near = difflib.get_close_matches(rule, pages.names(), 1, 0.7)
    return f"did you mean {near[0]!r}?" if near else ""
