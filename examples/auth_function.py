"""A function of your own decides: here it checks hashed passwords with werkzeug.

For users in a dict, hashed_passwords.py does the same with less code. A function is for users who
are kept elsewhere: see sqlite_users/.
"""

import dash_auth
from dash import Dash, html
from dash_auth.security import check_password_hash

USERS = {
    "alice": (
        "scrypt:32768:8:1$73YdaGErRzb2xt46$79aaba3a9291e3b6025795a45dc697e9a26005aaef98832e7156c79943b9"
        "5124fe8c7dc1668f4007bb615662a7f596b2eca2f5e323df2dbd0befb102ca026d63"
    ),
    "bob": (
        "scrypt:32768:8:1$0HoWUTac1iHW4bE4$7c34c1b86d2884c23ecc211b302f7a980f2e5dc11e60587d55d24f190ed6"
        "a1e3682255e24a763997b1e054d41ec53d7b6b50f31308cf53150cd97e01d4b71669"
    ),
}


def is_right(username: str, password: str) -> bool:
    stored = USERS.get(username)
    return stored is not None and check_password_hash(stored, password)


app = Dash()
dash_auth.BasicAuth(app, auth_func=is_right)

app.layout = html.Main([html.H1("Sales"), html.P("You are in.")])

if __name__ == "__main__":
    app.run()
