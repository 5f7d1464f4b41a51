"""Runs a program of the documentation, and what checks it, in one process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

# Run before: `app.run()` returns, so that the checks can follow it.
PROLOGUE = """__import__("dash").Dash.run = lambda app, **options: None
"""

# What each example's checks may use.
PRELUDE = """
alice, bob = ("alice", "wonderland"), ("bob", "tea-at-four")

def client(app):
    return app.server.test_client()

def get(app, path="/", auth=None, **headers):
    return client(app).get(path, auth=auth, headers=headers)

def status(app, path="/", auth=None, **headers):
    return get(app, path, auth, **headers).status_code

def call(app, output, inputs, auth=None):
    def component(text):
        id, property = text.split(".")
        return {"id": id, "property": property}
    body = {
        "output": output,
        "outputs": component(output),
        "inputs": [{**component(name), "value": value} for name, value in inputs.items()],
        "changedPropIds": list(inputs),
    }
    return client(app).post("/_dash-update-component", json=body, auth=auth)

def layout(app, auth=None):
    return get(app, "/_dash-layout", auth).get_data(as_text=True)

def route(app, path, auth=None, search=""):
    outputs = [
        {"id": "_pages_content", "property": "children"}, {"id": "_pages_store", "property": "data"}
    ]
    inputs = [
        {"id": "_pages_location", "property": "pathname", "value": path},
        {"id": "_pages_location", "property": "search", "value": search},
    ]
    body = {
        "output": ".._pages_content.children..._pages_store.data..",
        "outputs": outputs, "inputs": inputs, "changedPropIds": ["_pages_location.pathname"],
    }
    return client(app).post("/_dash-update-component", json=body, auth=auth)

def asgi(app, path, auth=None):
    import asyncio, base64
    sent = []
    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}
    async def send(message):
        sent.append(message)
    header = auth and base64.b64encode(":".join(auth).encode())
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET",
        "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": b"",
        "root_path": "", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
        "headers": [(b"host", b"x"), *([(b"authorization", b"Basic " + header)] if auth else [])],
    }
    asyncio.run(app.server(scope, receive, send))
    body = b"".join(message.get("body", b"") for message in sent)
    return sent[0]["status"], body.decode()
"""

ENVIRONMENT = {
    "USERS": '{"alice": "wonderland"}',
    "SECRET_KEY": "a key for this test",
    "OLD_KEY": "the key of last year",
    "TENANT": "acme",
    "PROXY_SECRET": "only-nginx-and-this-app-know-this",
    "OIDC_CLIENT_ID": "the-client",
    "OIDC_CLIENT_SECRET": "the-client-secret",
    "CAROLS_PASSWORD": "of carol",
    "REPORT_PASSWORD": "of a program",
}


def run(program: str, checks: str, folder: Path) -> str:
    """Run a program and its checks, and return what they printed.

    :param program: the program, as it stands in the documentation
    :param checks: what follows it
    :param folder: where it runs
    """
    script = folder / "example.py"
    script.write_text(PROLOGUE + program + PRELUDE + checks)
    ran = subprocess.run(
        [sys.executable, script],
        cwd=folder,
        env={**os.environ, **ENVIRONMENT, "PYTHONWARNINGS": "error"},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout
