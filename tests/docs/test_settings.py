"""Settings of other programs: nginx, uv, Docker and GitHub Actions."""

from __future__ import annotations

import configparser
import json
import os
import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
import yaml
from conftest import free_port
from databases import Database
from deployment.conftest import NGINX, certify, process
from packaging.markers import default_environment
from packaging.requirements import Requirement

from .blocks import PYTHON, ROOT, written_in
from .programs import ENVIRONMENT
from .test_commands import APP, PIP, SERVE, SH, assert_guarded, lines, started

WITH_TLS = "deploying: nginx with TLS"
CERTIFICATES = "recipes: A login of your own"
IN_DOCKER = written_in("dockerfile")["beside-dash-auth: Check it"]
IN_CI = written_in("yaml")["beside-dash-auth: Check it"]
WITH_UV = written_in("toml")["beside-dash-auth: With uv"]

needs_nginx = pytest.mark.skipif(
    NGINX is None and "CI" not in os.environ, reason="nginx is missing: `make nginx` installs it"
)

ELSEWHERE = {
    "audit: Who logged in, and who failed to": "test_programs.py compares it with the log",
    "beside-dash-auth: With pip": "test_commands.py gives it to pip",
    "design: The house": "tests/test_floors.py compares it with the package",
    "design: Floors": "tests/test_floors.py compares it with its own list",
    "keeping-users: Invitations": "test_keeping_users.py runs it",
    "public-pages: What is open?": "test_programs.py compares it with what is printed",
    "troubleshooting: Find out why something is refused": "test_programs.py finds it in the log",
}
"""Blocks of text, and where they are checked."""


def test_each_block_has_its_check() -> None:
    assert written_in("nginx").keys() == {WITH_TLS, CERTIFICATES}
    assert written_in("text").keys() == ELSEWHERE.keys()
    filters = {"audit: Ban addresses that guess", "audit: Ban addresses that guess 2"}
    assert written_in("ini").keys() == {"deploying: Start the server", *filters}
    for language in ("dockerfile", "yaml"):
        assert len(written_in(language)) == 1
    assert written_in("toml").keys() == {"beside-dash-auth: With uv", "keeping-users: A file"}


# nginx


@contextmanager
def nginx(server: str, folder: Path, behind: str) -> Iterator[tuple[int, int]]:
    """Run nginx with a block of the documentation, and give its ports for http and for TLS."""
    plain, tls = free_port(), free_port()
    server = server.replace("listen 80;", f"listen 127.0.0.1:{plain};")
    server = server.replace("listen 443 ssl;", f"listen 127.0.0.1:{tls} ssl;")
    server = server.replace("/etc/nginx/", f"{folder}/").replace("http://127.0.0.1:8050", behind)
    paths = "".join(
        f"{kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    configuration = folder / "nginx.conf"
    configuration.write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/errors; events {{}}\n"
        f"http {{ access_log off; {paths}\n{server} }}\n"
    )
    certify(folder / "server.pem", folder / "server.key", "/CN=sales.example.com")
    assert NGINX is not None
    command = [NGINX, "-p", str(folder), "-c", str(configuration)]
    tested = subprocess.run([*command, "-t"], capture_output=True, text=True)
    assert tested.returncode == 0, tested.stderr
    with process(command, tls, folder):
        yield plain, tls


@needs_nginx
def test_nginx_with_tls(tmp_path: Path) -> None:
    proxy_fix = written_in("py")["deploying: Behind a proxy"]
    app = APP.replace("server = app.server", f"server = app.server\n{proxy_fix}", 1)
    app = app.replace('return "ok"', "return flask.request.url")
    app = app.replace("import dash_auth", "import dash_auth\nimport flask")
    with (
        started(SERVE, app, tmp_path) as behind,
        nginx(written_in("nginx")[WITH_TLS], tmp_path, behind) as (plain, tls),
        requests.Session() as browser,
    ):
        browser.trust_env = False
        browser.verify = str(tmp_path / "server.pem")
        browser.headers["Host"] = "sales.example.com"
        led = browser.get(f"http://127.0.0.1:{plain}/a?b=c", allow_redirects=False, timeout=10)
        assert led.status_code == 301
        assert led.headers["Location"] == "https://sales.example.com/a?b=c"
        site = f"https://127.0.0.1:{tls}"
        assert browser.get(site, timeout=10).status_code == 401
        assert browser.get(f"{site}/health", timeout=10).text == "https://sales.example.com/health"
        headers = {"Accept": "text/html"}
        answer = browser.get(site, auth=("alice", "wonderland"), headers=headers, timeout=10)
        assert answer.status_code == 200
        assert answer.headers["Set-Cookie"].startswith("__Host-dash_auth_")
        # Once `burst` is used up.
        with ThreadPoolExecutor(8) as guessing:
            guesses = guessing.map(lambda _: browser.get(site, timeout=20).status_code, range(500))
            assert set(guesses) == {401, 429}


@needs_nginx
def test_four_workers_share_their_logins(tmp_path: Path, redis_server: Database) -> None:
    place = "deploying: Four workers that share their logins"
    app = PYTHON[place].replace("redis://localhost", redis_server.url)
    with (
        started(SH[place], app, tmp_path) as behind,
        nginx(written_in("nginx")[WITH_TLS], tmp_path, behind) as (_, tls),
        requests.Session() as browser,
    ):
        browser.trust_env = False
        browser.verify = str(tmp_path / "server.pem")
        browser.headers["Host"] = "sales.example.com"
        site = f"https://127.0.0.1:{tls}"
        own = {"Sec-Fetch-Site": "same-origin"}

        def log_in(password: str) -> requests.Response:
            sent = {"username": "alice", "password": password}
            return browser.post(
                f"{site}/login", sent, headers=own, allow_redirects=False, timeout=20
            )

        def layouts() -> set[int]:
            """Return what the workers answer, each over connections of its own."""

            def ask(_: int) -> int:
                cookies = browser.cookies.get_dict()
                return requests.get(
                    f"{site}/_dash-layout",
                    headers={"Host": "sales.example.com"},
                    cookies=cookies,
                    verify=browser.verify,
                    timeout=20,
                ).status_code

            with ThreadPoolExecutor(8) as clients:
                return set(clients.map(ask, range(40)))

        assert log_in("wonderland").status_code == 303
        assert layouts() == {200}
        held = browser.cookies.copy()
        browser.post(f"{site}/logout", headers=own, allow_redirects=False, timeout=20)
        browser.cookies.update(held)
        # A copy of the cookie opens nothing, at whichever worker.
        assert layouts() == {401}
        browser.cookies.clear()
        guesses = [log_in(f"wunderland {number}").status_code for number in range(12)]
        assert guesses[:5] == [401] * 5 and guesses[-1] == 429


@needs_nginx
def test_nginx_with_client_certificates(tmp_path: Path) -> None:
    secret = ENVIRONMENT["PROXY_SECRET"]
    app = PYTHON[CERTIFICATES]
    server = written_in("nginx")[CERTIFICATES]
    assert server.count("<the secret>") == 1
    certify(tmp_path / "alice.pem", tmp_path / "alice.key", "/O=Example/CN=alice")
    certify(tmp_path / "mallory.pem", tmp_path / "mallory.key", "/O=Example/CN=alice")
    # Signed by itself, her certificate is an authority's too.
    (tmp_path / "clients-ca.pem").write_bytes((tmp_path / "alice.pem").read_bytes())
    with (
        started("python app.py", app, tmp_path) as behind,
        nginx(server.replace("<the secret>", secret), tmp_path, behind) as (_, tls),
    ):
        site = f"https://127.0.0.1:{tls}/"

        def ask(name: str | None = None, **headers: str) -> int:
            files = (str(tmp_path / f"{name}.pem"), str(tmp_path / f"{name}.key"))
            return requests.get(
                site,
                cert=files if name else None,
                verify=str(tmp_path / "server.pem"),
                headers=headers,
                timeout=10,
            ).status_code

        assert ask("alice") == 200
        assert ask() == 401
        # nginx answers 400 to a certificate that it cannot verify.
        assert ask("mallory") == 400
        forged = {"X-Client-Certificate": f"SUCCESS CN=alice,O=Example {'x' * 32}"}
        assert ask(**forged) == requests.get(behind, headers=forged, timeout=10).status_code == 401


@needs_nginx
def test_the_name_in_a_certificate_is_printed(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "recipes.md").read_text()
    (command,) = re.findall(r"`(openssl x509 [^`]+)`", text)
    certify(tmp_path / "alice.pem", tmp_path / "alice.key", "/O=Example/CN=alice")
    printed = subprocess.run(
        command.split(), cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    assert printed.strip() == "subject=CN=alice,O=Example" and "CN=alice,O=Example" in text


# systemd, Docker, GitHub Actions and uv


def test_systemd_starts_the_same_server_with_the_key() -> None:
    unit = configparser.ConfigParser(interpolation=None)
    unit.read_string(written_in("ini")["deploying: Start the server"])
    service = unit["Service"]
    folder = service["WorkingDirectory"]
    assert service["EnvironmentFile"] == f"{folder}/app.env" and service["Restart"] == "always"
    command = service["ExecStart"].removeprefix(f"{folder}/venv/bin/")
    assert command == lines(SERVE)[-1]
    assert unit["Install"]["WantedBy"] == "multi-user.target"


def test_the_container_starts_the_app(tmp_path: Path) -> None:
    instructions = [line.split(" ", 1) for line in IN_DOCKER.splitlines()]
    assert [word for word, _ in instructions] == ["FROM", "COPY", "RUN", "CMD"]
    _, copied, run, command = (rest for _, rest in instructions)
    assert copied == "requirements.txt app.py ./"
    pip, check = run.split(" && ")
    assert pip in PIP and check == "dash-auth-check"
    with started(" ".join(json.loads(command)), APP, tmp_path) as address:
        assert_guarded(address)


def test_ci_checks_the_installation() -> None:
    workflow = yaml.safe_load(IN_CI)
    # YAML 1.1 reads `on` as true.
    assert workflow.keys() == {"name", True, "jobs"} and workflow[True] == "push"
    (job,) = workflow["jobs"].values()
    assert job.keys() == {"runs-on", "steps"}
    steps = job["steps"]
    assert all(re.fullmatch(r"actions/[\w-]+@v\d+", step["uses"]) for step in steps[:2])
    assert isinstance(steps[1]["with"]["python-version"], str)
    pip, check = (step["run"] for step in steps[2:])
    assert pip in PIP and check == "dash-auth-check"


def test_uv_leaves_the_other_package_out() -> None:
    tomllib = pytest.importorskip("tomllib")
    settings = tomllib.loads(WITH_UV)
    project = settings["project"]
    assert {"company-dashboards", "dash-auth-rs"} == set(project["dependencies"])
    assert {"name", "version", "requires-python"} < project.keys()
    (override,) = map(Requirement, settings["tool"]["uv"]["override-dependencies"])
    assert override.name == "dash-auth" and override.marker is not None
    for platform in ("linux", "darwin", "win32", "cygwin", "emscripten"):
        environment = {**default_environment(), "sys_platform": platform}
        assert not override.marker.evaluate(environment)
