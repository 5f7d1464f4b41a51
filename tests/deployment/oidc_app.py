"""An app with a login through a provider, below a prefix that a proxy cuts off."""

import os

from dash import Dash, html
from dash_auth import OIDCAuth, current_user

BACKEND = os.environ["DASH_BACKEND"]

app = Dash(
    "deployed",
    routes_pathname_prefix="/",
    requests_pathname_prefix=os.environ["DASH_REQUESTS_PATHNAME_PREFIX"],
    **({} if BACKEND == "flask" else {"backend": BACKEND}),
)
app.layout = lambda: html.Div(f"asked by {current_user()}")
auth = OIDCAuth(app, secret_key="shared-by-all-processes", force_https_callback=True)
auth.register_provider(
    "idp",
    client_id="client",
    client_secret="the-client-secret",
    server_metadata_url=os.environ["OIDC_METADATA_URL"],
)
server = app.server
