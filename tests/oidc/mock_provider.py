"""An identity provider on loopback: oidc-provider-mock, and PKCE, which it lacks.

Run as a script it listens on `HOST` and `PORT`, in a process of its own: it shares Authlib with what
is tested, and no test should be able to mend or break both at once. `PKCE=1` announces S256 and
demands it of each login.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests


@dataclass(frozen=True)
class Provider:
    """A provider that runs.

    Attributes:
        address: its issuer, without a slash at its end.
    """

    address: str

    @property
    def metadata_url(self) -> str:
        return f"{self.address}/.well-known/openid-configuration"

    def has(self, sub: str, **claims: Any) -> None:
        """Have the provider know a user."""
        requests.put(f"{self.address}/users/{sub}", json=claims, timeout=10).raise_for_status()

    def consent(self, location: str, sub: str) -> str:
        """Log a user in at the provider, and return where it sends the browser.

        :param location: the authorization request, as the app redirected to it
        :param sub: the user
        """
        assert location.startswith(f"{self.address}/oauth2/authorize?"), location
        answer = requests.post(location, data={"sub": sub}, allow_redirects=False, timeout=10)
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def refuse(self, location: str) -> str:
        """Have the user refuse at the provider, and return where it sends the browser."""
        data = {"action": "deny"}
        answer = requests.post(location, data=data, allow_redirects=False, timeout=10)
        assert answer.status_code == 302, answer.text
        # The mock leaves the state out, which RFC 6749 section 4.1.2.1 demands.
        return f"{answer.headers['Location']}&state={parameters(location)['state']}"


def parameters(location: str) -> Mapping[str, str]:
    """Return the parameters of an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


@contextmanager
def providing(*, pkce: bool) -> Iterator[Provider]:
    """Run a provider, on a site other than that of the apps, which are served on 127.0.0.1.

    :param pkce: whether it announces PKCE with S256, and demands it
    """
    from conftest import running

    environment = {"PKCE": str(int(pkce)), "AUTHLIB_INSECURE_TRANSPORT": "1"}
    with running(Path(__file__), **environment) as address:
        yield Provider(address.replace("127.0.0.1", "localhost"))


def main() -> None:
    import flask
    import oidc_provider_mock
    from waitress import serve

    app = oidc_provider_mock.app()
    challenges: dict[str, str] = {}

    @app.before_request
    def demand_the_verifier() -> tuple[dict[str, str], int] | None:
        if flask.request.endpoint != "oidc-provider-mock.issue_token":
            return None
        verifier = flask.request.form.get("code_verifier", "")
        digest = hashlib.sha256(verifier.encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if challenge == challenges.get(flask.request.form.get("code", "")):
            return None
        return {"error": "invalid_grant", "error_description": "PKCE"}, 400

    @app.after_request
    def announce_and_remember(response: flask.Response) -> flask.Response:
        if flask.request.endpoint == "oidc-provider-mock.openid_config":
            known = {"code_challenge_methods_supported": ["plain", "S256"]}
            response.set_data(flask.json.dumps({**response.get_json(), **known}))
        code = re.search(r"[?&]code=([^&]+)", response.headers.get("Location", ""))
        if code and flask.request.args.get("code_challenge_method") == "S256":
            challenges[code[1]] = flask.request.args["code_challenge"]
        return response

    if os.environ.get("PKCE") != "1":
        app.before_request_funcs[None].remove(demand_the_verifier)
        app.after_request_funcs[None].remove(announce_and_remember)
    serve(app, host=os.environ["HOST"], port=int(os.environ["PORT"]), threads=4)


if __name__ == "__main__":
    main()
