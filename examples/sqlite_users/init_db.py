"""Creates users.db beside this file, with two users; run it once, before app.py."""

import sqlite3
from contextlib import closing
from pathlib import Path

from werkzeug.security import generate_password_hash

DATABASE = Path(__file__).with_name("users.db")
USERS = {"alice": "wonderland", "bob": "tea-at-four"}


def create(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS users"
            " (username TEXT PRIMARY KEY, password_hash TEXT NOT NULL)"
        )
        connection.executemany(
            "INSERT OR REPLACE INTO users VALUES (?, ?)",
            [(username, generate_password_hash(password)) for username, password in USERS.items()],
        )


if __name__ == "__main__":
    create(DATABASE)
    print(f"{', '.join(USERS)} are in {DATABASE.name}")
