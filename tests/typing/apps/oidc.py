"""OIDCAuth, as it is and with methods of one's own."""

import os
from typing import Any

import dash_auth
from dash import Dash, html
from dash_auth.logins import Basic


class CompanyLogin(dash_auth.OIDCAuth):
    """Lets in who has an address of the company."""

    def after_logged_in(self, user: dict[str, Any] | None, idp: str, token: dict[str, Any]) -> Any:
        if user is None or not str(user.get("email")).endswith("@example.com"):
            return "Not for you.", 403
        answer = super().after_logged_in(user, idp, token)
        self.session["office"] = user.get("office", "Berlin")
        return answer

    def logout(self) -> Any:
        return super().logout()


def new_app() -> Dash:
    app = Dash("oidc")
    app.layout = html.Div("Sales")
    return app


app = new_app()
auth = dash_auth.OIDCAuth(
    app,
    os.environ.get("SECRET_KEY", "key" * 12),
    force_https_callback="HTTPS",
    logout_page=html.Div("Bye"),
    public_routes=["/"],
    secure_session=True,
    also=[Basic({"robot": "wonderland"})],
    session_lifetime=3600,
    session_claims=("email", "groups"),
)
auth.register_provider(
    "example",
    client_id="sales",
    client_secret="secret",
    server_metadata_url="https://id.example.com/.well-known/openid-configuration",
    client_kwargs={"scope": "openid email"},
)
CompanyLogin(new_app(), secret_key=b"key" * 12).register_provider("example", client_id="sales")

route: str = auth.login_route
https: bool = auth.force_https_callback
scope: object = auth.get_oauth_kwargs("example")["client_kwargs"]
oauth = dash_auth.get_oauth(app)
