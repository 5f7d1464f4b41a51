"""The route matcher against its oracle, werkzeug: same rules accepted, same paths matched.

Every accepted difference is one entry of ``DIFFERENCES``, and each entry is shown to be real by a
test of its own. ``ROUTE_EXAMPLES`` sets how many examples each property runs (100 by default; 10,000 take
a quarter of an hour).
"""

from __future__ import annotations

import os
import re
import string
import sys
import unicodedata
from collections.abc import Callable
from functools import cache

import pytest
from dash_auth._core import RouteMap
from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, RequestRedirect, Rule
from werkzeug.routing.converters import NumberConverter

MAX_PATH = 65_536

DIFFERENCES = {
    "lone surrogate": "A path or rule with a lone surrogate is no Unicode text, and no browser sends "
    "one in a URL: such a path matches nothing, such a rule is refused (by werkzeug too).",
    "longer than MAX_PATH": "A path of more than 65,536 bytes matches nothing: servers refuse it, and "
    "the work that an anonymous body may ask for is bounded.",
    "dot segment": "A path with a segment `.` or `..`, split at slashes and backslashes, matches nothing: "
    "what serves files takes such segments out after the rule was compared.",
    "dropped argument": "werkzeug silently drops what it cannot read at the end of a converter's "
    "arguments; a limit that is not applied makes a public rule wider than it says. Refused.",
    "non-ASCII argument": "An argument outside ASCII needs quotes: Rust and Python disagree about "
    "which characters make a word. Refused, with that advice.",
    "fails on each request": "werkzeug accepts the rule and then raises (not an HTTP error) whenever a "
    "path is compared with it: lengths that no text has or that `re` cannot count to, and a min or "
    "max that is text. Refused.",
    "negative length": "A negative length in quotes becomes literal text in werkzeug's expression. "
    "Refused.",
    "newer digit": "A decimal digit that came after Unicode 13, which the oldest supported Python "
    "knows, is no digit here.",
}

EXAMPLES = int(os.environ.get("ROUTE_EXAMPLES", "100"))
thorough = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)

BAD_LENGTH = re.compile(r"\[\^/\]\{(-|\d*,-)")
ARGUMENTS = re.compile(r"<[a-zA-Z_]\w*\((.*?)\):[a-zA-Z_]\w*>", re.ASCII)
LEFTOVER = re.compile(
    r"\s*((?P<name>\w+)\s*=\s*)?"
    r"(?P<value>\d+.\d+|\d+.|\d+|[\w.]+|[urUR]?(?:\"[^\"]*\"|'[^']*'))\s*,",
)


def oracle(rules: list[str]) -> Map | None:
    """Build werkzeug's map.

    :param rules: the rules.
    :returns: the map, or None if werkzeug refuses one of the rules.
    """
    try:
        return Map([Rule(rule) for rule in rules])
    except Exception:
        return None


def verdict(url_map: Map, path: str) -> str:
    """Ask werkzeug.

    :param url_map: werkzeug's map.
    :param path: the path, decoded.
    :returns: ``yes``, ``redirect``, ``no``, or ``error`` where it cannot write the redirect's URL.
    """
    try:
        url_map.bind("").match(path)
    except RequestRedirect:
        return "redirect"
    except HTTPException:
        return "no"
    except UnicodeEncodeError:
        return "error"
    return "yes"


def ours(rules: list[str]) -> RouteMap | None:
    """Build our map.

    :param rules: the rules.
    :returns: the map, or None if one of the rules is refused.
    """
    routes = RouteMap()
    try:
        for rule in rules:
            routes.add(rule)
    except ValueError:
        return None
    return routes


def refusal(rule: str, url_map: Map) -> str | None:
    """Name the difference because of which we refuse a rule that werkzeug accepts.

    :param rule: the rule.
    :param url_map: werkzeug's map of this one rule.
    :returns: a key of ``DIFFERENCES``, or None if there is no reason.
    """
    bound = next(url_map.iter_rules())
    for part in bound._parts:
        if part.static:
            continue
        if BAD_LENGTH.search(part.content):
            return "negative length"
        try:
            re.compile(part.content)
        except (re.error, OverflowError):
            return "fails on each request"
    for converter in bound._converters.values():
        if isinstance(converter, NumberConverter) and (
            isinstance(converter.min, str) or isinstance(converter.max, str)
        ):
            return "fails on each request"
    for arguments in ARGUMENTS.findall(re.sub("/{2,}", "/", rule)):
        unquoted = re.sub(r"\"[^\"]*\"|'[^']*'", "", arguments)
        if not unquoted.isascii():
            return "non-ASCII argument"
        text = f"{arguments},"
        end = 0
        while (item := LEFTOVER.match(text, end)) is not None:
            end = item.end()
        if text[end:].strip(", \t\r\f\v\x1c\x1d\x1e\x1f"):
            return "dropped argument"
    return None


def exception(path: str) -> str | None:
    """Name the difference that holds for any rule compared with a path.

    :param path: the path.
    :returns: a key of ``DIFFERENCES``, or None.
    """
    try:
        size = len(path.encode())
    except UnicodeEncodeError:
        return "lone surrogate"
    if size > MAX_PATH:
        return "longer than MAX_PATH"
    if {".", ".."} & set(re.split(r"[/\\]", path)):
        return "dot segment"
    if any(unicodedata.category(character) == "Nd" for character in path if is_new(character)):
        return "newer digit"
    return None


@cache
def is_new(character: str) -> bool:
    """Say whether a decimal digit is unknown to us.

    :param character: one character.
    :returns: True if Python takes it for a digit and the core does not.
    """
    probe = ours(["/<int:x>"])
    assert probe is not None
    return character.isdecimal() and not probe.test(f"/{character}")


def compare(rules: list[str], paths: list[str]) -> None:
    """Compare the two maps, verdict by verdict.

    :param rules: the rules, one at least.
    :param paths: the paths to ask for.
    :raises AssertionError: they differ, and no entry of ``DIFFERENCES`` says why.
    """
    accepted = []
    for rule in rules:
        theirs, mine = oracle([rule]), ours([rule])
        if theirs is None:
            assert mine is None, f"werkzeug refuses {rule!r}"
            event("refused by both")
        elif mine is None:
            reason = refusal(rule, theirs)
            assert reason in DIFFERENCES, f"werkzeug accepts {rule!r}"
            event(reason)
        else:
            accepted.append(rule)
    if not accepted:
        return
    url_map, routes = oracle(accepted), ours(accepted)
    assert url_map is not None and routes is not None
    assert routes.rules == accepted
    literals = {re.sub("/{2,}", "/", rule) for rule in accepted if "<" not in rule}
    for path in paths:
        expected = verdict(url_map, path)
        reason = exception(path)
        if reason is not None:
            assert reason in DIFFERENCES
            event(reason)
            if reason != "newer digit":
                assert not routes.test(path)
            assert not routes.matches(path) or expected == "yes"
            continue
        found = f"{accepted!r} {path!r} werkzeug: {expected}"
        assert routes.test(path) == (expected != "no"), found
        # The first slashes are set right without a redirect by werkzeug; that is no strict match.
        rooted = path.startswith("/") and not path.startswith("//")
        assert routes.matches(path) == (expected == "yes" and rooted), found
        assert routes.literal(path) == (path in literals), found
        event(expected)


# What rules and paths are made of.

NAMES = st.sampled_from(["x", "y", "z", "topic", "_", "self", "class", "map", "kwargs", "x1"])
ODD_NAMES = st.sampled_from(["None", "True", "False", "__debug__", "1x", "ä", "", "x y", "x-y"])
SEEDS = [
    "a",
    "b",
    "ab",
    "abc",
    "docs",
    "1",
    "12",
    "007",
    "1.5",
    "-1",
    "-",
    ".",
    "%2F",
    "%",
    "ä",
    "٣",
    "é",
    " ",
]
ODD_TEXT = [
    ".js",
    "a-",
    "|",
    "{",
    "}",
    "\n",
    "\\",
    "*",
    "+",
    "?",
    "(",
    ")",
    "[",
    "]",
    ">",
    "&",
    "#",
    "\x00",
    "²",
]
LITERALS = st.one_of(
    st.sampled_from(SEEDS),
    st.sampled_from(SEEDS + ODD_TEXT),
    st.text(
        st.characters(exclude_characters="</", exclude_categories=["Cs"]), min_size=1, max_size=4
    ),
)
SMALL = st.integers(0, 4).map(str)
NUMBERS = st.one_of(
    st.integers(0, 12).map(str),
    st.sampled_from(
        [
            "1.5",
            "0.5",
            "2.",
            ".5",
            "1e1",
            "1_0",
            "inf",
            "nan",
            "None",
            "True",
            "False",
            "'2'",
            '"a"',
            "a",
            "-1",
        ]
        + [
            "99999999999999999999",
            "9007199254740993",
            "9007199254740992.0",
            "1e400",
            "1e22",
            "007",
            "'-1'",
            "2 ",
        ]
    ),
)
WORDS = st.sampled_from(
    [
        "a",
        "b",
        "ab",
        "abc",
        "docs",
        "1",
        "'1'",
        '"a b"',
        "'a/b'",
        '"a):b"',
        "''",
        "1.5",
        "a.b",
        "a-b",
        "ä",
        "'ä'",
    ]
    + ["None", "True", "'1.5'", "'a|b'", "'.'", "u'a'", '"%"', "%"]
)


@st.composite
def named(draw: Callable[..., str], names: list[str], values: st.SearchStrategy[str]) -> str:
    """Draw the arguments of a converter, mostly well formed."""
    chosen = draw(st.lists(st.sampled_from(names), max_size=3, unique=True))
    items = [
        draw(st.sampled_from([f"{name}=", f"{name} = ", f"{name}="])) + draw(values)
        for name in chosen
    ]
    if draw(st.integers(0, 9)) == 0:
        items.insert(0, draw(values))
    return draw(st.sampled_from([",", ", "])).join(items)


@st.composite
def variables(draw: Callable[..., str]) -> str:
    """Draw one variable."""
    name = draw(NAMES) if draw(st.integers(0, 30)) else draw(ODD_NAMES)
    kind = draw(
        st.sampled_from(
            [
                "",
                "",
                "string",
                "string",
                "default",
                "int",
                "int",
                "int",
                "float",
                "any",
                "any",
                "path",
                "path",
                "path",
            ]
            + ["uuid", "slug"]
        )
    )
    if kind == "":
        return f"<{name}>"
    arguments: str | None = None
    if draw(st.booleans()):
        if kind in ("string", "default"):
            lengths = st.one_of(SMALL, SMALL, NUMBERS)
            arguments = draw(named(["length", "minlength", "maxlength"], lengths))
        elif kind == "int":
            arguments = draw(named(["min", "max", "fixed_digits", "signed"], NUMBERS))
        elif kind == "float":
            arguments = draw(named(["min", "max", "signed", "fixed_digits"], NUMBERS))
        elif kind == "any":
            arguments = draw(st.sampled_from([",", ", "])).join(draw(st.lists(WORDS, max_size=4)))
        else:
            arguments = draw(named(["a", "map"], NUMBERS))
    if draw(st.integers(0, 40)) == 0:
        alphabet = string.ascii_letters + string.digits + "_,.='\"() %äü٣\t"
        arguments = draw(st.text(alphabet, max_size=8))
    return f"<{kind}:{name}>" if arguments is None else f"<{kind}({arguments}):{name}>"


@st.composite
def rules(draw: Callable[..., str]) -> str:
    """Draw one rule."""
    tokens = st.one_of(LITERALS, LITERALS, variables(), variables(), st.just("/"))
    segments = draw(st.lists(st.lists(tokens, min_size=1, max_size=3).map("".join), max_size=4))
    rule = "/" + "/".join(segments)
    ending = draw(st.sampled_from(["", "", "", "/", "//"]))
    if draw(st.integers(0, 50)) == 0:
        rule = draw(
            st.sampled_from([rule.lstrip("/"), "/" + rule, rule + "<", rule + "<x", rule + "<x:>"])
        )
    return rule + ending


FILLINGS = st.one_of(
    st.sampled_from(SEEDS + ODD_TEXT),
    st.text(st.sampled_from("ab1.-/"), max_size=6),
    st.integers(-20, 200).map(str),
    st.integers(0, 30).map(lambda number: f"{number:03}"),
    st.floats(-20, 20).map(lambda number: f"{number:.2f}"),
    st.sampled_from(
        [
            "9007199254740992",
            "9007199254740993",
            "99999999999999999999.0",
            "٣٤",
            "-٣",
            "１.５",
            "1\n",
            "\na",
        ]
    ),
    st.sampled_from(
        ["", "/", "a/b", "a//b", "/a", "a/", "a\nb", "a/\nb", "a):b", "a b", "1,2", "a|b", "\udc80"]
    ),
    st.uuids().map(str),
    st.uuids().map(lambda uuid: str(uuid).upper()),
    st.text(max_size=4),
    st.sampled_from(["0" * 4300, "9" * 4301, "-" + "9" * 4300, "9" * 400 + ".0"]),
)


@st.composite
def paths_for(draw: Callable[..., str], rule: str) -> str:
    """Draw a path near a rule: its literals as they are, its variables filled."""
    pieces = re.split(r"(<(?:[^()<>]*\(.*?\):)?[^<>]*>)", rule)
    filled = [
        draw(fill(piece)) if piece.startswith("<") and piece.endswith(">") else piece
        for piece in pieces
    ]
    path = "".join(filled)
    change = draw(st.integers(0, 12))
    if change == 0:
        path = path.rstrip("/")
    elif change == 1:
        path += "/"
    elif change == 2:
        path = path.replace("/", "//", draw(st.integers(1, 2)))
    elif change == 3:
        path = path.lstrip("/")
    elif change == 4:
        path = "/" + path
    elif change == 5:
        path += draw(FILLINGS)
    elif change == 6 and path:
        place = draw(st.integers(0, len(path) - 1))
        path = path[:place] + draw(st.sampled_from(["", "/", "a", "\n", "1"])) + path[place + 1 :]
    return path


def fill(variable: str) -> st.SearchStrategy[str]:
    """Choose values that often fit a variable.

    :param variable: the variable as it stands in the rule.
    :returns: a strategy for texts.
    """
    words = re.findall(r"['\"]([^'\"]*)['\"]|([\w.]+)", variable)
    chosen = st.sampled_from([first or second for first, second in words] or ["a"])
    numbers = st.integers(0, 30).map(str)
    if variable.startswith("<any"):
        return st.one_of(chosen, chosen, chosen, FILLINGS)
    if variable.startswith("<int"):
        return st.one_of(
            numbers,
            numbers,
            chosen,
            st.sampled_from(["-1", "-0", "007", "٣", "10", "12"]),
            FILLINGS,
        )
    if variable.startswith("<float"):
        floats = st.floats(0, 13).map(lambda number: f"{number:.1f}")
        return st.one_of(floats, floats, chosen.map(lambda word: f"{word}.0"), FILLINGS)
    if variable.startswith("<uuid"):
        return st.one_of(st.uuids().map(str), FILLINGS)
    if variable.startswith("<path"):
        return st.one_of(st.text(st.sampled_from("ab1-/"), min_size=1, max_size=8), FILLINGS)
    return st.one_of(st.text(st.sampled_from("ab1-é"), min_size=1, max_size=4), FILLINGS)


@st.composite
def cases(draw: Callable[..., object], most: int) -> tuple[list[str], list[str]]:
    """Draw rules, and paths near them."""
    drawn = draw(st.lists(rules(), min_size=1, max_size=most))
    assert isinstance(drawn, list)
    near = st.sampled_from(drawn).flatmap(paths_for)
    paths = draw(st.lists(st.one_of(near, near, near, FILLINGS), min_size=3, max_size=12))
    assert isinstance(paths, list)
    return drawn, paths


# Rules with few words, so that several match one path and their order counts.
CROWDED = st.lists(
    st.lists(
        st.sampled_from(
            [
                "a",
                "b",
                "<x>",
                "<int:i>",
                "<int(max=5):i>",
                "<int(signed=True):i>",
                "<path:p>",
                "a-<x>",
                "<y>-b",
                "1",
            ]
            + [
                "<string(length=1):s>",
                "<string(minlength=1,maxlength=1):s>",
                "<any(a,b,'1'):n>",
                "<float:f>",
                "",
            ]
            + ["<x>-<y>", "<int(min=3):i>-<y>", "<path:p>-b", "<string(minlength=0):s>"]
        ),
        min_size=1,
        max_size=3,
    ).map(lambda parts: "/" + "/".join(parts)),
    min_size=2,
    max_size=10,
)
CROWDED_PATHS = st.lists(
    st.lists(
        st.sampled_from(["a", "b", "1", "9", "a-b", "", "-1", "1.5", "7-b", "c\n", "a-b-b"]),
        max_size=5,
    ).map(lambda parts: "/" + "/".join(parts)),
    min_size=3,
    max_size=12,
)


@thorough
@given(cases(1))
@example((["/docs/"], ["/docs", "docs/", "//docs/", "/docs//", "", "/"]))
@example((["/<int(max=5):x>", "/<y>"], ["/9", "/5", "/a"]))
@example((["/<path:p>/"], ["/a", "/a/", "/a//", "/a/b//c/", "/\na/", "/a\n/"]))
@example((["/<string(length=2,%%):x>"], ["/ab"]))
@example((["/<any(ä):x>"], ["/ä"]))
@example((["/<string(length='-5'):x>"], ["/a"]))
@example((["/<int(min='a'):x>"], ["/5"]))
@example((["/<string(maxlength=0):x>"], ["/5"]))
@example((["/<int:x>"], ["/0" + "0" * 4300, "/" + "9" * 4300, "/\U00016ac3"]))
@example((["/<x>/"], ["\udc80"]))
@example((["/<path:x>"], ["/" + "a" * MAX_PATH, "/" + "a" * (MAX_PATH - 1), "/\udc80"]))
def test_one_rule(case: tuple[list[str], list[str]]) -> None:
    """A rule alone matches what werkzeug matches."""
    compare(*case)


@thorough
@given(cases(8))
def test_several_rules(case: tuple[list[str], list[str]]) -> None:
    """Several rules are searched in werkzeug's order."""
    compare(*case)


@thorough
@given(CROWDED, CROWDED_PATHS)
def test_rules_that_compete(drawn: list[str], paths: list[str]) -> None:
    """Where many rules fit one path, the same one wins."""
    unique = [rule for rule in drawn if len(set(re.findall(r"(\w)>", rule))) == rule.count(">")]
    if unique:
        compare(unique, paths)


@thorough
@given(
    st.lists(rules(), min_size=1, max_size=3),
    st.lists(st.text(st.characters(), max_size=12), min_size=1, max_size=6),
)
def test_any_text(drawn: list[str], paths: list[str]) -> None:
    """Any text at all as a path, lone surrogates included."""
    compare(drawn, [variant for path in paths for variant in (path, f"/{path}")])


@thorough
@given(st.text(st.sampled_from("/<>:()=,'\"ainty x1.-%"), max_size=24))
def test_any_text_as_a_rule(text: str) -> None:
    """Any text at all as a rule: both refuse it, or both read it alike."""
    for rule in (
        text,
        f"/{text}",
        f"/<any({text}):x>",
        f"/<string({text}):x>",
        f"/<int({text}):x>",
    ):
        compare([rule], [text, f"/{text}", "/a", "/12"])


@thorough
@given(rules())
def test_sample_paths(rule: str) -> None:
    """Sample paths match their rule, in werkzeug's eyes too."""
    if ours([rule]) is None:
        return
    url_map = oracle([rule])
    assert url_map is not None
    for path in RouteMap.sample_paths(rule):
        assert verdict(url_map, path) == "yes", (rule, path)


@pytest.mark.parametrize(
    ("name", "rule", "path", "accepted"),
    [
        ("lone surrogate", "/<x>", "/\udc80", True),
        ("longer than MAX_PATH", "/<x>", "/" + "a" * MAX_PATH, True),
        ("dot segment", "/a/<path:x>", "/a/../b", True),
        ("dot segment", "/./a", "/./a", True),
        ("dot segment", "/<x>", "/a\\..\\b", True),
        ("dropped argument", "/<string(length=2,%%):x>", "/ab", False),
        ("dropped argument", "/<int(max=-):x>", "/5", False),
        ("non-ASCII argument", "/<any(ä):x>", "/ä", False),
        ("negative length", "/<string(length='-5'):x>", "/a{-5}", False),
        ("newer digit", "/<int:x>", "/\U00016ac3", True),
    ],
)
def test_each_difference_is_real(name: str, rule: str, path: str, accepted: bool) -> None:
    """Each entry of the table says something true: werkzeug matches, the core does not."""
    assert name in DIFFERENCES
    if name == "newer digit" and sys.version_info < (3, 11):
        pytest.skip("this Python knows no newer digit")
    url_map, routes = oracle([rule]), ours([rule])
    assert url_map is not None
    assert verdict(url_map, path) == "yes"
    assert (routes is not None) == accepted
    assert routes is None or not routes.test(path)


@pytest.mark.parametrize(
    "rule",
    [
        "/<string(maxlength=0):x>",
        "/<string(length=4294967295):x>",
        "/<int(min='a'):x>",
        "/<float(max=a):x>",
    ],
)
def test_rules_that_fail_on_each_request_are_refused(rule: str) -> None:
    """The entry "fails on each request" of the table is real."""
    url_map = oracle([rule])
    assert url_map is not None
    with pytest.raises((re.error, OverflowError, TypeError)):
        url_map.bind("").test("/5.0" if "float" in rule else "/5")
    assert ours([rule]) is None


def test_every_difference_has_a_test() -> None:
    """No entry of the table is there without proof."""
    [mark] = [m for m in test_each_difference_is_real.pytestmark if m.name == "parametrize"]
    assert {case[0] for case in mark.args[1]} | {"fails on each request"} == set(DIFFERENCES)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("about", ["'about'", "start with a slash"]),
        ("/<slug:x>", ["'slug'", "not supported", "string", "path"]),
        ("/<x", ["'<x'", "<converter:name>"]),
        ("/<int(max=-5):x>", ["'int'", "max=-5"]),
        ("/<any(1):x>", ['"1"', "quotes"]),
        ("/<x>/<x>", ["'x'", "twice"]),
    ],
)
def test_a_refusal_says_what_to_do(rule: str, words: list[str]) -> None:
    """The message of the ValueError names the culprit and the remedy."""
    with pytest.raises(ValueError) as refused:
        RouteMap().add(rule)
    for word in words:
        assert word in str(refused.value)
