"""Real servers with several processes, and a real nginx that ends TLS before them."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import free_port

HERE = Path(__file__).parent
SERVERS = {
    "flask": ["gunicorn", "--workers", "{workers}", "--bind", "127.0.0.1:{port}"],
    "quart": ["hypercorn", "--workers", "{workers}", "--bind", "127.0.0.1:{port}"],
    "fastapi": ["uvicorn", "--workers", "{workers}", "--port", "{port}"],
}
NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
CONFIGURATION = """
daemon off; pid {folder}/pid; error_log {folder}/errors; worker_processes 1;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    map $http_upgrade $connection_header {{ default upgrade; '' ''; }}
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {folder}/certificate; ssl_certificate_key {folder}/key;
        location /app/ {{
            proxy_pass http://127.0.0.1:{behind}/;
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_header;
        }}
    }}
}}
"""


@contextmanager
def process(
    command: list[str], port: int, folder: Path = HERE, **environment: str
) -> Iterator[None]:
    """Run a server until it is no longer needed, from when it answers on a port."""
    started = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        await_answer(port, started)
        yield
    finally:
        os.killpg(started.pid, signal.SIGTERM)
        try:
            started.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(started.pid, signal.SIGKILL)
            started.wait(timeout=10)


def await_answer(port: int, started: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 40
    while time.monotonic() < end and started.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/")
            connection.getresponse().read()
            return
        except OSError:
            time.sleep(0.1)
        finally:
            connection.close()
    raise RuntimeError(f"{started.args} does not answer")


@contextmanager
def deployed(
    backend: str, prefix: str = "/", app: str = "app", workers: int = 2, **environment: str
) -> Iterator[int]:
    """Serve an app with several processes.

    :param backend: the server that Dash runs on
    :param prefix: the app's prefix as the browser sees it
    :param app: the name of its module
    :param workers: how many processes
    :param environment: variables added to this process's own
    :return: the port
    """
    port = free_port()
    words = (word.format(port=port, workers=workers) for word in SERVERS[backend])
    command = [sys.executable, "-m", *words]
    command.append(f"{app}:server")
    variables = {"DASH_BACKEND": backend, "DASH_REQUESTS_PATHNAME_PREFIX": prefix}
    with process(command, port, **variables, **environment):
        yield port


def certify(certificate: Path, key: Path, subject: str = "/CN=127.0.0.1") -> None:
    """Make a certificate that is signed by itself, and its key."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
        + ["-subj", subject, "-addext", "subjectAltName=IP:127.0.0.1"]
        + ["-keyout", str(key), "-out", str(certificate)],
        check=True,
        capture_output=True,
    )


@contextmanager
def behind_nginx(behind: int, folder: Path) -> Iterator[int]:
    """Put nginx before a server: TLS ends there, and the prefix `/app/` is cut off."""
    assert NGINX is not None
    port = free_port()
    certify(folder / "certificate", folder / "key")
    configuration = folder / "nginx.conf"
    configuration.write_text(CONFIGURATION.format(folder=folder, port=port, behind=behind))
    with process([NGINX, "-p", str(folder), "-c", str(configuration)], port):
        yield port


def trusting(folder: Path) -> ssl.SSLContext:
    """Return TLS settings that trust the certificate of :func:`behind_nginx`."""
    return ssl.create_default_context(cafile=str(folder / "certificate"))


@pytest.fixture(params=list(SERVERS), scope="module")
def backend(request: pytest.FixtureRequest) -> str:
    """Name the server that Dash runs on."""
    return str(request.param)
