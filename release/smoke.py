"""What must work in an environment with nothing but the wheel and what it requires."""

from __future__ import annotations

import subprocess
import sys
import sysconfig

import dash_auth
from dash import Dash, html
from dash_auth.security import check_password_hash, generate_password_hash

stored = generate_password_hash("wonderland")
assert check_password_hash(stored, "wonderland") and not check_password_hash(stored, "x")

app = Dash()
app.layout = html.H1("Sales")
dash_auth.BasicAuth(app, {"alice": stored})
client = app.server.test_client()
assert client.get("/").status_code == client.get("/", auth=("alice", "x")).status_code == 401
assert client.get("/", auth=("alice", "wonderland")).status_code == 200
assert b"Sales" in client.get("/_dash-layout", auth=("alice", "wonderland")).data

app = Dash()
app.layout = html.Div([html.H1("Sales"), dash_auth.user_menu()])
dash_auth.FormAuth(app, {"alice": stored}, secret_key="the key of a smoke test", title="Sales")
client = app.server.test_client()
assert b"<h1>Sales</h1>" in client.get("/login").data
assert (
    client.get("/login/login.css").status_code == client.get("/login/login.js").status_code == 200
)

for command in ("dash_auth", "dash_auth_check"):
    subprocess.run([sys.executable, "-m", command], check=True, stdout=subprocess.DEVNULL)

# The core says that it needs no lock (PyO3's default): the free-threaded interpreter keeps none.
if sysconfig.get_config_var("Py_GIL_DISABLED"):
    assert not sys._is_gil_enabled()  # type: ignore[attr-defined]

print(dash_auth.__file__, dash_auth.__version__)
