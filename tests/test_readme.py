"""The documentation: every example runs, and does what the text around it says."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import dash_auth
import pytest
from dash_auth.security import check_password_hash

ROOT = Path(__file__).parents[1]
# The repository's address. README has it in each link, since PyPI shows README without the files
# beside it: to change it, replace this text here and in README.md.
REPOSITORY = "https://github.com/dash-auth-rs/dash-auth-rs"
DOCUMENTS = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]
README = (ROOT / "README.md").read_text()


class Example(NamedTuple):
    """A block of code in a document."""

    language: str
    place: str
    """The document and the heading, with a number where there are several below it."""
    code: str


def examples(document: Path) -> Iterator[Example]:
    """Return the blocks of a document: whole examples, and, marked `py`, parts of an app."""
    heading, numbers = "", Counter[tuple[str, str]]()
    blocks = re.compile(r"^#+ ([^\n]+)$|^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    for title, language, code in blocks.findall(document.read_text()):
        if title:
            heading = title
            continue
        place = f"{document.stem}: {heading}"
        numbers[place, language] += 1
        number = numbers[place, language]
        yield Example(language, place if number == 1 else f"{place} {number}", code)


EXAMPLES = [example for document in DOCUMENTS for example in examples(document)]
PYTHON = {example.place: example.code for example in EXAMPLES if example.language == "python"}
# `python -c`, which prints something.
COMMANDS = [e for e in EXAMPLES if e.language == "sh" and e.code.startswith("python ")]

# Run before each example: `app.run()` returns, so that the example's checks can follow it.
PROLOGUE = """__import__("dash").Dash.run = lambda app, **options: None
"""

# What each example's checks may use.
PRELUDE = """
alice, bob = ("alice", "wonderland"), ("bob", "tea-at-four")

def client(app):
    return app.server.test_client()

def get(app, path="/", auth=None, **headers):
    return client(app).get(path, auth=auth, headers=headers)

def status(app, path="/", auth=None, **headers):
    return get(app, path, auth, **headers).status_code

def call(app, output, inputs, auth=None):
    def component(text):
        id, property = text.split(".")
        return {"id": id, "property": property}
    body = {
        "output": output,
        "outputs": component(output),
        "inputs": [{**component(name), "value": value} for name, value in inputs.items()],
        "changedPropIds": list(inputs),
    }
    return client(app).post("/_dash-update-component", json=body, auth=auth)

def layout(app, auth=None):
    return get(app, "/_dash-layout", auth).get_data(as_text=True)

def route(app, path, auth=None):
    outputs = [
        {"id": "_pages_content", "property": "children"}, {"id": "_pages_store", "property": "data"}
    ]
    inputs = [
        {"id": "_pages_location", "property": "pathname", "value": path},
        {"id": "_pages_location", "property": "search", "value": ""},
    ]
    body = {
        "output": ".._pages_content.children..._pages_store.data..",
        "outputs": outputs, "inputs": inputs, "changedPropIds": ["_pages_location.pathname"],
    }
    return client(app).post("/_dash-update-component", json=body, auth=auth)
"""

# Run after each example, in the same process.
CHECKS = {
    "README: The smallest app": """
assert status(app) == status(app, "/any") == status(app, "/_dash-layout") == 401
assert call(app, "a.b", {}).status_code == 401
assert status(app, auth=alice) == 200 and "Sales" in layout(app, alice)
assert status(app, auth=("alice", "x")) == status(app, auth=("x", "wonderland")) == 401
""",
    "README: Public pages": """
assert status(app) == 200 and status(app, "/figures") == status(app, "/any") == 401
assert "0 clicks" in call(app, "count.children", {"more.n_clicks": None}).text
assert "More" in route(app, "/").text and "Turnover" not in get(app).text
assert route(app, "/figures").status_code == 401
assert "Turnover: 42" in route(app, "/figures", alice).text
""",
    "README: Who is asking?": """
ask = ("name.children", {"ask.n_clicks": 1})
assert "You are alice, in the groups ('board',)" in call(app, *ask, alice).text
assert "You are bob" in call(app, *ask, bob).text and call(app, *ask).status_code == 401
""",
    "public-pages: Public pages and callbacks": """
app.server.route("/about", methods=["GET", "POST"])(lambda: "about us")
assert status(app, "/about") == 401
assert status(app) == status(app, "/docs/a") == 200
assert status(app, "/docs") == status(app, "/docs/a/b") == status(app, "/figures") == 401
assert "1 clicks" in call(app, "count.children", {"more.n_clicks": 1}).text
assert call(app, "count.children", {"other.n_clicks": 1}).status_code == 401
assert "More" in route(app, "/").text and route(app, "/docs/a").status_code == 200
assert route(app, "/figures").status_code == 401
assert "Turnover: 42" in route(app, "/figures", alice).text
assert "Turnover" not in get(app).text
dash_auth.add_public_routes(app, ["/about"])
assert get(app, "/about").text == client(app).post("/about").text == "about us"
""",
    "public-pages: Add rules later, and open your own routes": """
assert "ten years" in get(app, "/about").text
assert status(app) == status(app, "/_dash-layout") == status(app, "/any") == 401
""",
    "public-pages: What is open?": """
report = dash_auth.explain(app)
assert [name for name, _ in report.weak_passwords] == ["alice"]
assert report.layout_is_public and "Sales" in layout(app)
assert "alice" in str(report) and "wonderland" not in str(report)
""",
    "users: Hashed passwords": """
assert status(app, auth=alice) == 200
assert status(app) == status(app, auth=("alice", USERS["alice"])) == 401
del USERS["alice"]
assert status(app, auth=alice) == 401
""",
    "users: Ask a function": """
assert status(app, auth=alice) == 200
assert status(app, auth=("alice", "")) == status(app, auth=("nobody", "")) == 401
stored = None
assert status(app, auth=("alice", "other")) == 503 and status(app) == 401
""",
    "groups: Who is asking, and groups": """
close = ("closed.children", {"close.n_clicks": 1})
assert "Hello alice" in call(app, "greeting.children", {"greeting.id": "greeting"}, alice).text
assert "The year is closed." in call(app, *close, alice).text
assert "The board alone may do that." in call(app, *close, bob).text
assert call(app, *close).status_code == 401
""",
    "several-apps: Several apps on one server": """
server.route("/other")(lambda: "other")
assert status(sales, "/sales/") == 200 and status(sales, "/sales/x") == 401
assert status(sales, "/sales/x", bob) == 200 and status(sales, "/sales/x", alice) == 401
assert status(board, "/board/", alice) == 200 and status(board, "/board/", bob) == 401
assert 'realm="Board"' in get(board, "/board/").headers["WWW-Authenticate"]
assert {status(board, "/other", auth) for auth in (None, alice, bob)} == {401}
""",
    "deploying: Cookies": """
browser = app.server.test_client()
where = {"base_url": "https://sales.example.com", "headers": {"Accept": "text/html"}}
cookies = browser.get("/remember", auth=alice, **where).headers.getlist("Set-Cookie")
assert [all(flag in c for flag in ("Secure", "HttpOnly", "SameSite=Lax")) for c in cookies] == [True]
dash_auth.add_public_routes(app, ["/remember"])
cookies = browser.get("/", auth=alice, **where).headers.getlist("Set-Cookie")
ticket, = (cookie for cookie in cookies if cookie.startswith("__Host-dash_auth_"))
assert all(flag in ticket for flag in ("Secure", "HttpOnly", "SameSite=Lax"))
""",
    "deploying: Behind a proxy": """
import flask
app.layout = []
app.server.route("/who")(lambda: flask.request.remote_addr)
assert get(app, "/who", **{"X-Forwarded-For": "203.0.113.7"}).text == "203.0.113.7"
""",
    "deploying: The order of hooks": """
app.server.route("/who")(lambda: flask.g.user.name)
assert get(app, "/who", alice).text == "alice" and status(app, "/who") == 401
app.server.config["CLOSED"] = True
assert get(app, "/who").text == get(app, "/who", alice).text == "Back at noon."
""",
    "troubleshooting: Find out why something is refused": """
import dash_auth, io
from dash import Dash
logging.getLogger("dash_auth").addHandler(logging.StreamHandler(log := io.StringIO()))
app = Dash()
app.layout = []
dash_auth.BasicAuth(app, dict([alice]))
assert status(app, auth=("alice", "looking-glass")) == 401
assert "Refused" in log.getvalue() and "looking-glass" not in log.getvalue()
""",
    "deploying: Deploying": """
server.route("/health")(lambda: "ok")
assert get(app, "/health").text == "ok"
assert status(app) == 401 and status(app, auth=alice) == 200
""",
    "oidc: Login through identity providers (OpenID Connect)": """
assert status(app, Accept="application/json") == 401
assert auth.get_oauth_client("okta").client_id == os.environ["OIDC_CLIENT_ID"]
""",
    "recipes: Log out": """
for auth in (alice, None):
    answer = get(app, "/logout", auth)
    assert answer.status_code == 401 and "WWW-Authenticate" not in answer.headers
assert status(app) == 401
""",
    "recipes: A health check": """
assert get(app, "/health").text == "ok"
assert status(app) == status(app, "/_dash-layout") == 401
""",
    "recipes: Keys and hashes from the environment": """
assert status(app, auth=alice) == 200 and status(app) == 401
""",
    "recipes: Users from a database": """
assert status(app, auth=alice) == 200 and status(app, auth=("alice", "x")) == 401
""",
    "recipes: A page for a group": """
assert "Turnover: 42" in layout(app, alice)
assert "For the board." in layout(app, bob) and "Turnover" not in layout(app, bob)
""",
    "recipes: Greet users on public pages": """
browser = client(app)
assert "Hello guest" in browser.get("/_dash-layout").text
assert browser.get("/private", auth=alice, headers={"Accept": "text/html"}).status_code == 200
assert "Hello alice" in browser.get("/_dash-layout").text
assert browser.get("/private").status_code == 401
assert browser.get("/_dash-layout").headers["Cache-Control"] == "private, no-store"
""",
    "recipes: Test a protected app": "",
    "recipes: Two apps behind one login": """
browser = client(sales)
for path in ("/sales/_dash-layout", "/stock/_dash-layout"):
    assert browser.get(path).status_code == 401
    assert browser.get(path, auth=alice).status_code == 200
""",
    "recipes: Protect every app of your company": """
assert status(app) == status(app, "/_dash-layout") == 401 and "Sales" in layout(app, alice)
assert dash_auth.explain(app).protected_by == "BasicAuth"
""",
    "recipes: Protect every app of your company 2": """
assert status(app) == status(app, "/_dash-layout") == 401 and "Sales" in layout(app, alice)
try:
    dash_auth.BasicAuth(app, dict([alice]))
    raise AssertionError
except ValueError:
    pass
try:
    dash_auth.explain(Dash())
    raise AssertionError
except ValueError as error:
    print(error)
""",
    "recipes: Use flask_login's `current_user`": """
greeting = ("greeting.children", {"greeting.id": "greeting"})
assert "Hello alice" in call(app, *greeting, alice).text and call(app, *greeting).status_code == 401
""",
    "recipes: People by their provider, programs with a password": """
program = ("nightly-report", os.environ["REPORT_PASSWORD"])
assert "Sales" in client(app).get("/_dash-layout", auth=program).text
assert status(app, **{"Accept": "application/json"}) == 401
""",
    "recipes: Users from somewhere else": """
browser = client(app)
for name, status_of in (("alice", 200), ("ALICE", 200), ("bob", 401), ("eve", 401)):
    password = "wonderland" if status_of == 200 else "the builder"
    assert browser.get("/_dash-layout", auth=(name, password)).status_code == status_of
""",
    "recipes: A login of your own": """
def sending(value):
    return {"X-Client-Certificate": value}
secret = os.environ["PROXY_SECRET"]
certificate = sending(f"SUCCESS CN=alice,O=Example {secret}")
assert "Sales" in get(app, "/_dash-layout", **certificate).text
assert status(app) == 401
""",
    "recipes: A check of your own": """
assert status(app) == status(app, **{"X-Token": "x"}) == 401
assert status(app, **{"X-Token": "from your settings"}) == 200
""",
}


def test_each_example_has_its_check() -> None:
    assert PYTHON.keys() == CHECKS.keys()


@pytest.mark.parametrize("place", PYTHON)
def test_an_example_does_what_the_text_says(place: str, tmp_path: Path) -> None:
    script = tmp_path / "example.py"
    script.write_text(PROLOGUE + PYTHON[place] + PRELUDE + CHECKS[place])
    environment = {
        **os.environ,
        "USERS": '{"alice": "wonderland"}',
        "SECRET_KEY": "a key for this test",
        "PROXY_SECRET": "only-nginx-and-this-app-know-this",
        "OIDC_CLIENT_ID": "the-client",
        "REPORT_PASSWORD": "of a program",
        "OIDC_CLIENT_SECRET": "the-client-secret",
        "PYTHONWARNINGS": "error",
    }
    ran = subprocess.run(
        [sys.executable, script], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.place)
def test_a_command_prints_what_it_is_for(command: Example) -> None:
    python, *arguments = shlex.split(command.code)
    assert python == "python"
    ran = subprocess.run([sys.executable, *arguments], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    if "generate_password_hash" in command.code:
        assert check_password_hash(ran.stdout.strip(), "wonderland")
    else:
        assert len(ran.stdout.strip()) == 43


def test_the_documents_name_all_that_the_package_exports() -> None:
    text = "\n".join(document.read_text() for document in DOCUMENTS)
    needless = {"Report", "User", "__version__"}
    assert [name for name in dash_auth.__all__ if name not in text and name not in needless] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_links_to_the_documents_lead_somewhere(document: Path) -> None:
    in_repository = re.compile(rf"{re.escape(REPOSITORY)}/(?:blob|raw|tree)/main/(.+)")
    for target in links(document):
        if found := in_repository.fullmatch(target):
            folder, target = ROOT, found[1]
        elif target.startswith(("https:", "http:")):
            assert not target.startswith(REPOSITORY), target
            continue
        else:
            folder = document.parent
        name, _, anchor = target.partition("#")
        file = folder / name if name else document
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file), target


def test_readme_has_absolute_links_alone() -> None:
    targets = links(ROOT / "README.md")
    assert [target for target in targets if not target.startswith("https://")] == []
    wanted = re.search(r"^## I want to.*?(?=^## )", README, re.MULTILINE | re.DOTALL)
    assert wanted is not None and wanted[0].count(f"]({REPOSITORY}/") == 8


def test_readme_is_short() -> None:
    assert len(README.splitlines()) <= 150


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_the_documents_speak_plainly(document: Path) -> None:
    words = r"\b(?:whoever|whomever|strangers?|nobody)\b"
    assert re.findall(words, document.read_text(), re.IGNORECASE) == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_what_the_documents_name_of_the_repository_is_there(document: Path) -> None:
    text = document.read_text()
    for path in re.findall(r"`((?:benchmarks|docs|examples|src|tests)/[\w./-]*)`", text):
        assert (ROOT / path).exists(), path
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"`make ([a-z-]+)`", text)) <= set(targets)


def links(document: Path) -> list[str]:
    """Return the targets of a document's links and pictures."""
    return re.findall(r"\]\(([^)]+)\)", document.read_text())


def anchors(document: Path) -> set[str]:
    """Return the anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
