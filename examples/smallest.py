"""The smallest app: everything in it is for alice and bob."""

import dash_auth
from dash import Dash, html

# In the source for brevity; hashed_passwords.py shows the better way.
USERS = {"alice": "wonderland", "bob": "tea-at-four"}

app = Dash()
dash_auth.BasicAuth(app, USERS)

app.layout = html.Main([html.H1("Sales"), html.P("You are in.")])

if __name__ == "__main__":
    app.run()
