"""Who is asking, from `current_user()`: it needs no session, so no secret key either."""

import dash_auth
from dash import Dash, Input, Output, html

USERS = {"alice": "wonderland", "bob": "tea-at-four"}

app = Dash()
dash_auth.BasicAuth(app, USERS, user_groups={"alice": ["sales", "board"]})

app.layout = html.Main([html.H1("Sales"), html.P(id="greeting")])


@app.callback(Output("greeting", "children"), Input("greeting", "id"))
def greet(_: str) -> str:
    user = dash_auth.current_user()
    # Nobody: cannot happen here, where nothing is public.
    if user is None:
        return "Who are you?"
    groups = ", ".join(user.groups) or "no group"
    return f"You are logged in as {user.name}, in {groups}."


if __name__ == "__main__":
    app.run()
