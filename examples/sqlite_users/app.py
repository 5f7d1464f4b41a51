"""Users in a SQLite table: who is added, changed or removed there counts within five seconds.

Run init_db.py first. SQLAlchemy is needed: pip install "dash-auth-rs[sql]"
"""

from pathlib import Path

import dash_auth
from dash import Dash, html
from dash_auth.users import SqlUsers

DATABASE = Path(__file__).with_name("users.db")

app = Dash()
dash_auth.BasicAuth(app, SqlUsers(f"sqlite:///{DATABASE}", table="users"))

app.layout = html.Main([html.H1("Sales"), html.P("You are in.")])

if __name__ == "__main__":
    app.run()
