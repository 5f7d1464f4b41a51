"""What our pages say, in the language of who reads them."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

_FOLDER = Path(__file__).parent / "languages"

_LONGEST_ACCEPT_LANGUAGE = 256
"""How much of the header is looked at, in characters."""

_PLACE = re.compile(r"\{(\w+)\}")


class Phrases:
    """What our pages say in one language."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        """Say what some texts say.

        :param texts: a text under each key; what stands in braces is filled in
        """
        self._texts = dict(texts)
        self.lang: str = self._texts["lang"]

    def __call__(self, key: str, **values: object) -> str:
        """Return a phrase.

        :param key: its key
        :param values: what to fill in
        """
        return _PLACE.sub(lambda place: str(values[place[1]]), self._texts[key])

    def raw(self, key: str) -> str:
        """Return a phrase as it is, for a script that fills it in.

        :param key: its key
        """
        return self._texts[key]

    def changed(self, texts: Mapping[str, str]) -> Phrases:
        """Return the same with other texts under some keys.

        :param texts: the other texts
        """
        return Phrases({**self._texts, **texts})


ENGLISH, *_OTHERS = OURS = [
    Phrases(json.loads((_FOLDER / f"{lang}.json").read_text(encoding="utf-8")))
    for lang in ("en", "de", "fr", "es")
]
"""What our pages say in each language that they speak."""

_BY_LANG = {phrases.lang: phrases for phrases in OURS}


def phrases_of(declared: str | Mapping[str, str] | None) -> Sequence[Phrases]:
    """Return the languages that a page may be in; with several, the browser chooses.

    :param declared: the argument `lang=`: one of our languages, phrases by their keys, or None for
        all our languages
    :raises TypeError: if it is something else
    :raises ValueError: if nobody knows the language or a key
    """
    if declared is None:
        return OURS
    if isinstance(declared, str):
        return [_language(declared)]
    if not isinstance(declared, Mapping):
        raise TypeError(f"lang must be a str or a dict of phrases, not {type(declared).__name__}")
    base = _BY_LANG.get(str(declared.get("lang", "en")).partition("-")[0].lower(), ENGLISH)
    for key, text in declared.items():
        _check_phrase(key, text)
    return [base.changed(declared)]


def _language(lang: str) -> Phrases:
    found = _BY_LANG.get(lang)
    if found is None:
        known = ", ".join(map(repr, _BY_LANG))
        near = _BY_LANG.get(re.split("[-_]", lang.lower())[0])
        hint = f": write {near.lang!r}" if near else ", or give a dict of phrases"
        raise ValueError(f"lang={lang!r} is none of {known}{hint}")
    return found


def _check_phrase(key: object, text: object) -> None:
    known = ENGLISH._texts
    if not isinstance(key, str) or key not in known:
        nearest = difflib.get_close_matches(str(key), known, n=1)
        hint = f": did you mean {nearest[0]!r}?" if nearest else f"; there are {', '.join(known)}"
        raise ValueError(f"lang has the unknown phrase {key!r}{hint}")
    if not isinstance(text, str):
        raise TypeError(f"lang[{key!r}] must be a str, not {type(text).__name__}")
    if not text.strip():
        raise ValueError(f"lang[{key!r}] is empty")
    places = set(_PLACE.findall(known[key]))
    for place in _PLACE.findall(text):
        if place not in places:
            has = ", ".join(f"{{{one}}}" for one in sorted(places)) or "nothing in braces"
            raise ValueError(f"lang[{key!r}] has {{{place}}}: this phrase takes {has}")


def spoken(languages: Sequence[Phrases], accept_language: str | None) -> Phrases:
    """Return the language that a browser likes best, the first where it says nothing of use.

    :param languages: the languages to choose from
    :param accept_language: the header Accept-Language (RFC 9110 section 12.5.4)
    """
    best, liked = languages[0], 0.0
    if len(languages) == 1 or not accept_language:
        return best
    for part in accept_language[:_LONGEST_ACCEPT_LANGUAGE].split(","):
        tag, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = _quality(parameters)
        for phrases in languages:
            if tag.partition("-")[0] == phrases.lang and quality > liked:
                best, liked = phrases, quality
    return best


def _quality(parameters: Sequence[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            found = re.fullmatch(r"[01](?:\.[0-9]{0,3})?", parameter[2:])
            return float(found[0]) if found else 0.0
    return 1.0
