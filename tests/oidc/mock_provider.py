"""An identity provider on loopback: oidc-provider-mock, and PKCE, which it lacks.

Run as a script it listens on `HOST` and `PORT`, in a process of its own: it shares Authlib with what
is tested, and no test should be able to mend or break both at once. `PKCE=1` announces S256 and
demands it of each login. What :class:`Fault` names goes wrong until the test is over.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
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

    @contextmanager
    def goes_wrong(self, **faults: Any) -> Iterator[None]:
        """Have the provider misbehave, with one parameter a fault.

        :param faults: `answer`, `claims`, `header` and `metadata` are put over what it says of the
            token, in the ID token, in that one's header and of itself; `without` names members of
            the answer and claims that are left out; `key` signs the ID token (`other`, one of a
            stranger's; `public`, the public one as a secret; `none`); `text` is all of the answer
        """
        url = f"{self.address}/faults"
        # As it stands: `requests` would encode a lone surrogate.
        requests.put(url, data=json.dumps(faults), timeout=10).raise_for_status()
        try:
            yield
        finally:
            requests.put(url, data="{}", timeout=10).raise_for_status()

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


def signed_wrongly(token: str, faults: Mapping[str, Any], own: Any) -> str:
    """Return an ID token with some faults.

    :param token: the ID token as it should be
    :param faults: see :meth:`Provider.goes_wrong`
    :param own: the provider's private key, as a JWK
    """
    from joserfc import jws
    from joserfc.jwk import RSAKey

    header, claims = (
        json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2]
    )
    header |= {"kid": own["kid"], **faults.get("header", {})}
    claims |= faults.get("claims", {})
    payload = json.dumps({k: v for k, v in claims.items() if k not in faults.get("without", ())})
    key = RSAKey.import_key(own)
    if faults.get("key") not in ("public", "none"):
        key = RSAKey.generate_key(2048) if faults.get("key") == "other" else key
        return jws.serialize_compact(header, payload, key, algorithms=["RS256"])
    header["alg"] = "none" if faults["key"] == "none" else "HS256"
    signed = ".".join(
        base64.urlsafe_b64encode(part.encode()).rstrip(b"=").decode()
        for part in (json.dumps(header), payload)
    )
    if faults["key"] == "none":
        return f"{signed}."
    mac = hmac.digest(key.as_pem(private=False), signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def main() -> None:
    import flask
    import oidc_provider_mock
    from waitress import serve

    app = oidc_provider_mock.app()
    challenges: dict[str, str] = {}
    faults: dict[str, Any] = {}

    @app.put("/faults")
    def go_wrong() -> str:
        faults.clear()
        faults.update(json.loads(flask.request.get_data()))
        return ""

    @app.after_request
    def err(response: flask.Response) -> flask.Response:
        endpoint = flask.request.endpoint
        if endpoint == "oidc-provider-mock.openid_config" and "metadata" in faults:
            response.set_data(json.dumps({**response.get_json(), **faults["metadata"]}))
        if endpoint == "oidc-provider-mock.issue_token" and faults and response.status_code == 200:
            if "text" in faults:
                response.set_data(faults["text"].encode("utf-8", "surrogatepass"))
                return response
            answer = response.get_json()
            if "id_token" in answer:
                own = flask.g.oidc_provider_mock_storage.jwk.as_dict(is_private=True)
                answer["id_token"] = signed_wrongly(answer["id_token"], faults, own)
            answer |= faults.get("answer", {})
            kept = {k: v for k, v in answer.items() if k not in faults.get("without", ())}
            response.set_data(json.dumps(kept))
        return response

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
