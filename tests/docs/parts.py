"""What stands before each part of a program, and what it then has to do."""

from __future__ import annotations

APP = """
import os
import dash_auth
from dash import Dash, Input, Output, html
users = {"alice": "wonderland"}
def new_app(**options):
    app = Dash("sales", **options)
    app.layout = lambda: html.P(f"asked by {dash_auth.current_user()}")
    return app
app = new_app()
"""

OLD = (
    APP
    + """
old = new_app()
dash_auth.BasicAuth(old, users, public_routes=["/"], secret_key=os.environ["OLD_KEY"])
"""
)
TICKET = """
def ticket_of(app):
    return get(app, "/any", alice, Accept="text/html").headers["Set-Cookie"].split(";")[0]

def asked(app, cookie):
    # A client that keeps cookies of its own sends no others.
    other = app.server.test_client(use_cookies=False)
    return other.get("/_dash-layout", headers={"Cookie": cookie}).text
"""
OLD_COUNTS = (
    TICKET
    + """
dash_auth.add_public_routes(app, ["/"])
assert "asked by alice" in asked(app, ticket_of(old)) and "asked by alice" in asked(app, ticket_of(app))
assert "asked by None" in asked(old, ticket_of(app))
"""
)
PROXIED = """
import flask
app.server.route("/who")(lambda: f"{flask.request.remote_addr} {flask.request.url}")
dash_auth.BasicAuth(app, users)
sent = {f"X-Forwarded-{name}": value for name, value in (
    ("For", "203.0.113.7"), ("Proto", "https"), ("Host", "sales.example.com"), ("Prefix", "/app"))}
who = get(app, "/who", alice, **sent).text
"""
ASSETS = (
    APP
    + """
os.mkdir("assets")
for name in ("app.js", "app.css", "logo.png"):
    open(f"assets/{name}", "w").close()
SCRIPTS = {"/assets/app.js", "/assets/app.css", "/_favicon.ico"}
MECHANICS = {"/_dash-layout", "/_dash-dependencies", "/_reload-hash"}
def new_app():
    app = Dash(assets_folder=os.path.abspath("assets"))
    app.layout = html.P(id="secret")
    app.callback(Output("secret", "children"), Input("secret", "id"))(lambda id: id)
    return app
def opened(app):
    paths = SCRIPTS | MECHANICS | {"/assets/logo.png"}
    return {path for path in paths if status(app, path) == 200}
app = new_app()
dash_auth.BasicAuth(app, users)
"""
)
FORM = (
    APP
    + """
logo = "<svg xmlns='http://www.w3.org/2000/svg'/>"
os.mkdir("assets")
with open("assets/acme.svg", "w") as file:
    file.write(logo)
app = new_app(assets_folder=os.path.abspath("assets"))
"""
)
LOG_IN = """
import re, sys, time
class Later:
    ahead = 0
    def time(self):
        return time.time() + self.ahead
    def monotonic(self):
        return time.monotonic() + self.ahead
    def __getattr__(self, name):
        return getattr(time, name)
later = Later()
for name, module in list(sys.modules.items()):
    if name.startswith("dash_auth") and vars(module).get("time") is time:
        module.time = later

def log_in(name, password="wonderland", **more):
    visitor = client(app)
    sent = {"username": name, "password": password, **more}
    answer = visitor.post("/login", data=sent, headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 303, answer.status
    cookies = answer.headers.getlist("Set-Cookie")
    visitor.ticket, = (one for one in cookies if re.match("dash_auth_[0-9a-f]{8}=", one))
    return visitor

def is_in(visitor, seconds=0):
    later.ahead += seconds
    return visitor.get("/_dash-layout").status_code == 200
"""
# What stands before the part, and what follows it.
PARTS = {
    "keeping-users: A database": (
        APP
        + """
import sqlite3
from dash_auth.security import generate_password_hash
with sqlite3.connect("company.db") as database:
    database.execute(
        "create table users (username text, password_hash text, is_active int, department text)"
    )
    database.execute("create table user_roles (username text, role text)")
    rows = [(name, generate_password_hash(name), name == "alice", "north") for name in ("alice", "bob")]
    database.executemany("insert into users values (?, ?, ?, ?)", rows)
    database.execute("insert into user_roles values ('alice', 'board')")
""",
        """
dash_auth.BasicAuth(app, users)
assert status(app, auth=("alice", "alice")) == 200
assert status(app, auth=("bob", "bob")) == status(app, auth=("alice", "x")) == 401
account = users.find("alice")
assert (account.groups, account.claims) == (("board",), {"department": "north"})
""",
    ),
    "security-model: Wrong passwords": (
        APP,
        """
found = [get(app, auth=("alice", f"guess {number}")) for number in range(5)]
assert [reply.status_code for reply in found] == [401] * 4 + [429]
assert found[-1].headers["Retry-After"] == "1"
""",
    ),
    "audit: Names that you do not know": (
        APP,
        """
import logging
records = []
handler = logging.Handler()
handler.emit = records.append
logging.getLogger("dash_auth.audit").addHandler(handler)
dash_auth.BasicAuth(app, users)
assert status(app, auth=("alise", "x")) == 401
assert [record.user for record in records] == ["alise"]
""",
    ),
    "login-page: Your logo and your color": (
        FORM,
        """
assert get(app, "/login/logo.svg").text == logo and 'class="logo"' in get(app, "/login").text
""",
    ),
    "login-page: The language": (
        FORM,
        """
page = get(app, "/login", **{"Accept-Language": "de"}).text
assert "For the staff of Acme only" in page and "E-mail address" in page and ">Password<" in page
""",
    ),
    "login-page: Log out, and who is logged in": (
        FORM,
        """
dash_auth.BasicAuth(app, users, logout_route="/logout")
shown = layout(app, alice)
# JSON that stands in a page has its slashes escaped.
assert shown.count('"action":"\\\\u002flogout"') == 2 and shown.count('"style"') == 1
assert '"className":"who"' in shown and '"className":"link"' in shown and "Bye" in shown
""",
    ),
    "login-page: How long a login lasts": (
        FORM,
        LOG_IN
        + """
assert "Keep me logged in for 30 days" in get(app, "/login", base_url="http://localhost").text
idle, busy, kept = log_in("alice"), log_in("alice"), log_in("alice", remember="on")
assert "Max-Age" not in busy.ticket and "Max-Age=2592000" in kept.ticket
for _ in range(15):
    later.ahead += 29 * 60
    assert busy.get("/", headers={"Sec-Fetch-Mode": "navigate"}).status_code == 200
assert not is_in(idle)
assert not is_in(busy, 8 * 3600 - 15 * 29 * 60 + 1)
assert is_in(kept, 29 * 24 * 3600) and not is_in(kept, 24 * 3600)
""",
    ),
    "login-page: How long a login lasts 2": (
        FORM + "users['lobby'] = 'wonderland'\n",
        LOG_IN
        + """
alice, lobby = log_in("alice"), log_in("lobby")
assert is_in(alice, 12 * 3600 - 60) and not is_in(alice, 61)
assert is_in(lobby, 89 * 24 * 3600) and not is_in(lobby, 24 * 3600)
""",
    ),
    "login-page: Who may enter": (
        FORM + "users['bob'] = 'tea-at-four'\n",
        LOG_IN
        + """
assert is_in(log_in("alice"))
refused = log_in("bob", "tea-at-four").get("/", headers={"Accept": "text/html"})
assert refused.status_code == 403 and "bob" in refused.text and "Log out" in refused.text
""",
    ),
    "recent-login: Log in again for something": (
        FORM + "dash_auth.FormAuth(app, users)\n",
        LOG_IN
        + """
navigation = {"Sec-Fetch-Mode": "navigate"}
visitor = log_in("alice")
assert "turnover" in visitor.get("/export.csv").text
later.ahead += 601
led = visitor.get("/export.csv", headers=navigation)
assert led.headers["Location"] == "/login?next=/export.csv&again=1"
asked = visitor.get("/_dash-auth/login?next=/board&again=1", headers=navigation)
assert asked.headers["Location"] == "/login?next=/board&again=1"
assert "turnover" in log_in("alice").get("/export.csv").text
""",
    ),
    "groups: Routes of your server for a group": (
        APP + 'users["bob"] = "tea-at-four"\n'
        'dash_auth.BasicAuth(app, users, user_groups={"alice": ["board"]})\n',
        """
assert "turnover" in get(app, "/export.csv", alice).text
assert status(app, "/export.csv", bob) == 403 and status(app, "/export.csv") == 401
""",
    ),
    "groups: Who is asking, and groups": (
        """
import dash_auth
from dash import Dash, html
users = {"alice": "wonderland", "bob": "tea-at-four"}
app = Dash()
dash_auth.BasicAuth(app, users, user_groups={"alice": ["board"]})
""",
        """
app.layout = lambda: html.Main(figures())
assert "Turnover: 42" in layout(app, alice)
assert "For the board." in layout(app, bob) and "Turnover" not in layout(app, bob)
""",
    ),
    "groups: Its callbacks": (
        """
import dash, dash_auth
from dash import Dash, Input, Output, html
app = Dash(use_pages=True, pages_folder="")
app.layout = html.Main(dash.page_container)
users = {"alice": "wonderland", "bob": "tea-at-four"}
dash.register_page("sales", path="/", layout=html.P())
dash.register_page("board", path="/board", layout=lambda: html.P(id="table"), groups=["board"])
dash_auth.BasicAuth(app, users, user_groups={"alice": ["board"]})
def fill_the_table(_):
    return "Turnover: 42"
app.callback(Output("table", "children"), Input("year", "value"))(fill_the_table)
""",
        """
ask = ("table.children", {"year.value": 2026})
assert "Turnover: 42" in call(app, *ask, alice).text
assert call(app, *ask, bob).status_code == 403
""",
    ),
    "public-pages: What opens with the first rule": (
        ASSETS,
        """
assert opened(app) == {"/assets/logo.png", *SCRIPTS}
one, page = new_app(), new_app()
for other, rule in ((one, "/health"), (page, "/")):
    dash_auth.BasicAuth(other, users)
    other.server.route("/health")(lambda: "ok")
    assert opened(other) == set()
    dash_auth.add_public_routes(other, [rule])
assert opened(one) == SCRIPTS and opened(page) == SCRIPTS | MECHANICS
assert "secret" in get(page, "/_dash-dependencies").text
assert call(page, "secret.children", {"secret.id": "secret"}).status_code == 401
for endings, open_now in ((" js,css,png", SCRIPTS | {"/assets/logo.png"}), ("", {"/_favicon.ico"})):
    os.environ["DASH_PUBLIC_ASSETS_EXTENSIONS"] = endings
    dash_auth.BasicAuth(other := new_app(), users, public_routes=["/health"])
    other.server.route("/health")(lambda: "ok")
    assert opened(other) == open_now
""",
    ),
    "deploying: Change the key": (OLD, OLD_COUNTS),
    "sessions: Who is logged in, and log out everywhere": (
        APP
        + """
dash_auth.FormAuth(app, users, sessions="sqlite:///sessions.db")
own = {"Sec-Fetch-Site": "same-origin"}
sent = {"username": "alice", "password": "wonderland"}
browser = app.server.test_client()
assert browser.post("/login", data=sent, headers=own).status_code == 303
assert "asked by alice" in browser.get("/_dash-layout").text
""",
        """
assert sessions.of("alice") == [] and browser.get("/_dash-layout").status_code == 401
""",
    ),
    "deploying: Several instances of one script": (
        APP + "app.server.secret_key = os.environ['SECRET_KEY']\n"
        "check = lambda name, password: password == 'wonderland'\n",
        TICKET
        + """
dash_auth.add_public_routes(app, ["/"])
same, other = new_app(), new_app()
for instance, scope in ((same, os.environ["TENANT"]), (other, "another")):
    instance.server.secret_key = os.environ["SECRET_KEY"]
    dash_auth.BasicAuth(instance, auth_func=check, session_scope=scope, public_routes=["/"])
assert "asked by alice" in asked(same, ticket_of(app))
assert "asked by None" in asked(other, ticket_of(app))
""",
    ),
    "deploying: What the session holds": (
        APP,
        """
browser = client(app)
browser.get("/", auth=alice)
with browser.session_transaction() as session:
    assert session["user"] == {"email": "alice"}
""",
    ),
    "deploying: Behind a proxy": (
        APP,
        PROXIED + "assert who == '203.0.113.7 https://sales.example.com/who'\n",
    ),
    "oidc: Behind a proxy": (
        APP,
        PROXIED + "assert who == '203.0.113.7 https://sales.example.com/app/who'\n",
    ),
    "deploying: Pages of other origins": (
        APP,
        """
@app.callback(Output("out", "children"), Input("in", "value"))
def answer(value):
    return value

def posted(origin):
    body = {
        "output": "out.children", "outputs": {"id": "out", "property": "children"},
        "inputs": [{"id": "in", "property": "value", "value": "x"}], "changedPropIds": ["in.value"],
    }
    sent = {"Origin": origin, "Sec-Fetch-Site": "cross-site"}
    path = "/_dash-update-component"
    return client(app).post(path, json=body, auth=alice, headers=sent).status_code

def preflight(origin):
    sent = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    return client(app).options("/_dash-update-component", headers=sent).status_code

portal, wiki = "https://portal.example.com", "https://wiki.example.com"
assert posted(portal) == 200 and posted(wiki) == 403
assert preflight(portal) == 200 and preflight(wiki) == 401
""",
    ),
    "servers: FastAPI": (
        APP
        + """
from typing import Annotated
from fastapi import Depends
app = new_app(backend="fastapi")
dash_auth.BasicAuth(app, users, user_groups={"alice": ["board"]})
""",
        """
assert asgi(app, "/me")[0] == 401
assert asgi(app, "/me", alice) == (200, '{"name":"alice","groups":["board"]}')
dash_auth.add_public_routes(app, ["/me"])
assert asgi(app, "/me")[0] == 401 and asgi(app, "/me", alice)[0] == 200
""",
    ),
    "open-dashboards: Without the bar": (
        APP,
        """
assert 'data-banner="false"' in get(app, "/", alice).text
refused = call(app, "out.children", {"in.value": 1})
assert (refused.status_code, refused.headers["Dash-Auth"]) == (401, "login")
""",
    ),
    "open-dashboards: A link to the login": (
        APP,
        """
assert auth.login_path == "/_dash-auth/login"
path = f"{auth.login_path}?next=/reports"
assert status(app, path) == 401
led = get(app, path, alice)
assert (led.status_code, led.headers["Location"]) == (303, "/reports")
outside = get(app, f"{auth.login_path}?next=//evil.example", alice)
assert outside.headers["Location"] == "/"
""",
    ),
}
