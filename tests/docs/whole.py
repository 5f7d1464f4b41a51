"""What each whole program of the documentation has to do."""

from __future__ import annotations

# Run after each example, in the same process.
CHECKS: dict[str, str | None] = {
    "README: The smallest app": """
assert status(app) == status(app, "/any") == status(app, "/_dash-layout") == 401
assert call(app, "a.b", {}).status_code == 401
assert status(app, auth=alice) == 200 and "Sales" in layout(app, alice)
assert status(app, auth=("alice", "x")) == status(app, auth=("x", "wonderland")) == 401
""",
    "README: A login page": """
to = get(app, "/", Accept="text/html", **{"Sec-Fetch-Mode": "navigate"})
assert (to.status_code, to.headers["Location"]) == (303, "/login?next=/")
assert "<h1>Acme</h1>" in get(app, "/login").text and status(app, "/_dash-layout") == 401
visitor, own = client(app), {"Sec-Fetch-Site": "same-origin"}
sent = {"username": "alice", "password": "wonderland"}
assert visitor.post("/login", data=sent, headers=own).status_code == 303
assert "Sales" in visitor.get("/_dash-layout").text
assert visitor.post("/logout", headers=own).status_code == 303
assert visitor.get("/_dash-layout").status_code == 401
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
    # `test_keeping_users.py` makes the file first.
    "keeping-users: Users in a file or a database": None,
    "audit: Who logged in, and who failed to": """
import re
assert [status(app, auth=auth) for auth in (alice, alice, ("alice", "x"), ("alise", "x"), None)] == [
    200, 200, 401, 401, 401]
def general(text):
    text = re.sub("[0-9-]{10} [0-9:,]{12}", "TIME", text)
    return re.sub("unknown:[0-9a-f]{8}", "unknown:HASH", text)
file.flush()
print(general(open("logins.log").read()), end="")
""",
    "audit: JSON": """
import json
status(app, auth=alice), status(app, auth=("alice", "x"))
lines = [json.loads(line) for line in open("logins.json")]
assert [line["event"] for line in lines] == ["login_success", "login_fail"]
assert lines[1]["time"].endswith("+00:00") and lines[1]["user"] == "alice"
assert lines[1].keys() >= {"address", "method", "session", "reason", "user_agent", "event_code"}
""",
    "audit: Your own function": """
status(app, auth=alice), status(app, auth=("alice", "x"))
assert audit._listeners.wait(30)
assert counts == {("login_success", "basic"): 1, ("login_fail", "basic"): 1}
with sqlite3.connect("logins.db") as database:
    rows = database.execute("select event, user, address from logins").fetchall()
assert rows == [("login_success", "alice", "127.0.0.1"), ("login_fail", "alice", "127.0.0.1")]
""",
    "public-pages: Public pages and callbacks": """
app.server.route("/about", methods=["GET", "POST"])(lambda: "about us")
dash.register_page("all", path="/years/all", layout=html.P("All years"))
dash.register_page("month", path_template="/months/<month>", layout=lambda **_: html.P("May"))
dash.register_page("both", path="/both", path_template="/of/<name>", layout=lambda **_: html.P("both"))
assert status(app, "/about") == 401
assert status(app) == status(app, "/docs/a") == 200
assert status(app, "/docs") == status(app, "/docs/a/b") == status(app, "/figures") == 401
assert "1 clicks" in call(app, "count.children", {"more.n_clicks": 1}).text
assert call(app, "count.children", {"other.n_clicks": 1}).status_code == 401
assert "More" in route(app, "/").text and route(app, "/docs/a").status_code == 200
assert route(app, "/figures").status_code == 401
assert "Turnover: 42" in route(app, "/figures", alice).text
assert "Turnover" not in get(app).text
dash_auth.add_public_routes(app, ["/about", "/years/<year>", "/months/may", "/both"])
assert "All years" in route(app, "/years/all").text
assert route(app, "/months/may").status_code == status(app, "/months/may") == 401
assert "both" in route(app, "/both", search="?other=x").text
assert route(app, "/both", search="?name=x").status_code == 401
assert status(app, "/docs/../docs/a") == status(app, "/docs/./a") == 401
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
assert "Only the board may do that." in call(app, *close, bob).text
assert call(app, *close).status_code == 401
""",
    "groups: A page for a group": """
def visit(path, auth):
    body = {"output": ".._pages_content.children..._pages_store.data.."}
    body["inputs"] = [
        {"id": "_pages_location", "property": "pathname", "value": path},
        {"id": "_pages_location", "property": "search", "value": ""},
    ]
    body["outputs"] = [
        {"id": "_pages_content", "property": "children"}, {"id": "_pages_store", "property": "data"}
    ]
    return client(app).post("/_dash-update-component", json=body, auth=auth).text
assert "Turnover: 42" in visit("/board", alice)
assert "Access denied" in visit("/board", bob) and "Sales" in visit("/", bob)
assert [status(app, "/board", auth) for auth in (alice, bob, None)] == [200, 403, 401]
assert '"Board"' in layout(app, alice) and '"Board"' not in layout(app, bob)
""",
    "several-apps: Several apps on one server": """
server.route("/other")(lambda: "other")
assert status(sales, "/sales/") == 200 and status(sales, "/sales/x") == 401
assert status(sales, "/sales/x", bob) == 200 and status(sales, "/sales/x", alice) == 401
assert status(board, "/board/", alice) == 200 and status(board, "/board/", bob) == 401
assert 'realm="Board"' in get(board, "/board/").headers["WWW-Authenticate"]
assert {status(board, "/other", auth) for auth in (None, alice, bob)} == {401}
""",
    "servers: Flask, Quart and FastAPI": """
assert type(app.server).__name__ == "FastAPI"
assert asgi(app, "/_dash-layout")[0] == 401
assert "Sales" in asgi(app, "/_dash-layout", alice)[1]
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
    "deploying: Four workers that share their logins": None,
    "sessions: Sessions that several servers share": """
import os
from dash_auth import sessions
own = {"Sec-Fetch-Site": "same-origin"}
browser, other = client(app), client(app)
sent = {"username": "alice", "password": "wonderland"}
for one in (browser, other):
    assert one.post("/login", data=sent, headers=own).status_code == 303
    assert "Sales" in one.get("/_dash-layout").text
assert os.path.exists("sessions.db") and len(sessions.of("alice")) == 2
assert browser.post("/logout", headers=own).status_code == 303
assert len(sessions.of("alice")) == 1
assert browser.get("/_dash-layout").status_code == 401
assert other.get("/_dash-layout").status_code == 200
""",
    "deploying: Deploying": """
assert get(app, "/health").text == "ok"
assert status(app) == 401 and status(app, auth=alice) == 200
""",
    "oidc: Login through identity providers (OpenID Connect)": """
assert status(app, Accept="application/json") == 401
assert auth.get_oauth_client("okta").client_id == os.environ["OIDC_CLIENT_ID"]
""",
    "oidc: Providers on a login page": """
import dash_auth
page = get(app, "/login?next=/x").text
assert "Continue with Google" in page and 'name="password"' in page
assert 'href="/login/google?next=/x"' in page
assert status(app, Accept="application/json") == 401
browser = client(app)
own = {"Sec-Fetch-Site": "same-origin"}
sent = {"username": "carol", "password": os.environ["CAROLS_PASSWORD"]}
assert browser.post("/login", data=sent, headers=own).status_code == 303
assert "Hello carol" in browser.get("/_dash-layout").text
for claims, enters in (
    ({"sub": "1", "email": "alice@example.com", "email_verified": True}, True),
    ({"sub": "1", "email": "alice@example.com"}, False),
    ({"sub": "1", "email": "eve@example.com", "email_verified": True}, False),
):
    user = dash_auth.User.from_claims(claims)
    assert (user.name == "carol" or user.email in STAFF) is enters
try:
    dash_auth.FormAuth(Dash("other"), secret_key="x" * 40).register_provider(
        "google",
        client_id="x",
        server_metadata_url="https://accounts.google.com/.well-known/openid-configuration",
    )
except ValueError as error:
    assert "allow=" in str(error)
else:
    raise AssertionError
""",
    "recipes: Log out": """
assert "Log out" in layout(app, alice) and '"action":"\\\\u002flogout"' in layout(app, alice)
own = {"Sec-Fetch-Site": "same-origin"}
for auth in (alice, None):
    answer = client(app).post("/logout", auth=auth, headers=own)
    assert answer.status_code == 401 and "WWW-Authenticate" not in answer.headers
    assert "You are logged out" in answer.text
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
    # The script that adds a user, and the app: `test_programs.py` runs them side by side.
    "recipes: Ask the database at each login": None,
    "recipes: Ask the database at each login 2": None,
    "recipes: A part of a page for a group": """
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
    "login-page: A login page": """
page = get(app, "/login").text
assert "<h1>Acme</h1>" in page and 'href="mailto:data@acme.com"' in page
assert "--link:#0b6e4f" in get(app, "/login/login.css").text
script = {"Sec-Fetch-Mode": "cors"}
assert status(app, **script) == status(app, "/_dash-layout", **script) == 401
visitor = client(app)
sent = {"username": "alice", "password": "wonderland"}
assert visitor.post("/login", data=sent, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 303
assert "Sales" in visitor.get("/_dash-layout").text and ">alice<" not in page
""",
    "recent-login: Log in again for something": """
import sys, time
class Later:
    ahead = 0
    def time(self):
        return time.time() + self.ahead
    def __getattr__(self, name):
        return getattr(time, name)
later = Later()
for name, module in list(sys.modules.items()):
    if name.startswith("dash_auth") and vars(module).get("time") is time:
        module.time = later
visitor = client(app)
sent = {"username": "alice", "password": "wonderland"}
def log_in():
    return visitor.post("/login", data=sent, headers={"Sec-Fetch-Site": "same-origin"}).status_code
def pay():
    body = {
        "output": "paid.children", "outputs": {"id": "paid", "property": "children"},
        "inputs": [{"id": "pay", "property": "n_clicks", "value": 1}],
        "changedPropIds": ["pay.n_clicks"],
    }
    return visitor.post("/_dash-update-component", json=body)
assert log_in() == 303 and "Paid." in pay().text
later.ahead += 601
refused = pay()
assert (refused.status_code, refused.headers["Dash-Auth"]) == (401, "recent")
page = visitor.get("/login?next=/&again=1").text
assert "Log in again to do this." in page and 'value="alice"' in page
assert log_in() == 303 and "Paid." in pay().text
""",
    "login-page: Your own login page": """
shown = route(app, "/welcome").text
assert "Welcome to Acme" in shown and "u002flogin" in shown and "Sales" not in shown
assert "Sales" not in route(app, "/").text and status(app, "/welcome") == 200
to = get(app, "/", Accept="text/html", **{"Sec-Fetch-Mode": "navigate"}).headers["Location"]
assert to.startswith("/welcome?next=")
""",
    "login-page: Programs beside a login page": """
program = ("nightly-report", os.environ["REPORT_PASSWORD"])
assert status(app, auth=program) == 200 and status(app, auth=("nightly-report", "x")) == 401
assert status(app, auth=alice) == 401
to = get(app, "/", Accept="text/html", **{"Sec-Fetch-Mode": "navigate"})
assert (to.status_code, to.headers["Location"]) == (303, "/login?next=/")
""",
    "login-page: Test an app with a login page": """
own = {"Sec-Fetch-Site": "same-origin"}
assert client(app).post("/login", data=form).status_code == 403
wrong = {**form, "password": "x"}
assert client(app).post("/login", data=wrong, headers=own).status_code == 401
""",
}
