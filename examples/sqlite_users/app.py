"""Users in a SQLite database: whoever is added, changed or removed there counts at once.

Run init_db.py first.
"""

import secrets
import sqlite3
from contextlib import closing
from pathlib import Path

import dash_auth
from dash import Dash, html
from dash_auth.security import check_password_hash, generate_password_hash

DATABASE = Path(__file__).with_name("users.db")
# The password of nobody: an unknown name is checked against it, so that it takes as long as a known
# one and its answer does not tell who has an account.
NOBODY = generate_password_hash(secrets.token_urlsafe())


def stored_hash(username: str) -> str | None:
    with closing(sqlite3.connect(DATABASE)) as connection:
        row = connection.execute(
            "SELECT password_hash FROM users WHERE username = ?", (username,)
        ).fetchone()
    return row[0] if row else None


def is_right(username: str, password: str) -> bool:
    return check_password_hash(stored_hash(username) or NOBODY, password)


app = Dash()
dash_auth.BasicAuth(app, auth_func=is_right)

app.layout = html.Main([html.H1("Sales"), html.P("You are in.")])

if __name__ == "__main__":
    app.run()
