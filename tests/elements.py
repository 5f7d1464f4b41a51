"""The elements of an HTML page, as a browser has them."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"br", "hr", "img", "input", "link", "meta", "path", "rect", "circle"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str | None]
    texts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join("".join(self.texts).split())

    def __getitem__(self, name: str) -> str | None:
        return self.attributes[name]


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Element] = []
        self._open: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice"
        element = Element(tag, dict(attrs))
        self.found.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if any(one.tag == tag for one in self._open):
            while self._open.pop().tag != tag:
                pass

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.texts.append(data)


def elements(page: str, tag: str | None = None, **attributes: str) -> list[Element]:
    """Return the elements of a page that are of a kind and have these attributes.

    :param page: the page, as HTML
    :param tag: their kind; None for any
    :param attributes: what they have; `_class` stands for `class`
    """
    wanted = {name.removeprefix("_"): value for name, value in attributes.items()}
    parser = _Parser()
    parser.feed(page)
    parser.close()
    return [
        one
        for one in parser.found
        if tag in (None, one.tag) and wanted.items() <= one.attributes.items()
    ]


def element(page: str, tag: str | None = None, **attributes: str) -> Element:
    """Return the one element of a page that is of a kind and has these attributes."""
    (found,) = elements(page, tag, **attributes)
    return found
