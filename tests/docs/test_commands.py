"""Commands: `pip` lines, what prints something, and what starts a server."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shlex
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from conftest import free_port
from dash_auth.security import check_password_hash
from deployment.conftest import process
from packaging.requirements import Requirement
from wheels import UPSTREAM, our_files, write_wheel

from .blocks import DOCUMENTS, PYTHON, ROOT, written_in
from .programs import ENVIRONMENT

SH = written_in("sh")
APP = PYTHON["deploying: Deploying"]
# The app that each command that starts a server serves.
SERVED = {
    "deploying: Start the server 2": APP,
    "recipes: Keys and hashes from the environment": PYTHON[
        "recipes: Keys and hashes from the environment"
    ],
}
MAKE_KEY = "deploying: Start the server"
SHARED = "deploying: Four workers that share their logins"
# `test_keeping_users.py` runs them.
USERS = ["keeping-users: Users in a file or a database", "keeping-users: The command"]
OTHER_SERVERS = "deploying: Start the server 3"
# The key is made once, then the server starts, with that key alone.
SERVE = f"unset SECRET_KEY\n{SH[MAKE_KEY]}{SH['deploying: Start the server 2']}"
MOCK_PROVIDER = "oidc: Login through identity providers (OpenID Connect) 2"
NOT_RUN = {
    "attack-outcomes: What the attack tests find in dash-auth 2.3.0": (
        "it runs all attacks on dash-auth 2.3.0, in an environment of its own"
    ),
}
REQUIRES_UPSTREAM = ["beside-dash-auth: With pip", "beside-dash-auth: With pip 2"]
BOTH_INSTALLED = [
    "beside-dash-auth: Both are installed already",
    "migrating: Moving from dash-auth",
]


def lines(code: str) -> list[str]:
    return [line for line in code.splitlines() if line and not line.startswith("#")]


def starting(word: str) -> list[str]:
    """Return the lines of shell, and the commands within the text, that start with a word."""
    inline = re.compile(rf"`({re.escape(word)} [^`]+)`")
    found = [line for code in SH.values() for line in lines(code) if line.startswith(f"{word} ")]
    text = " ".join(" ".join(document.read_text().split()) for document in DOCUMENTS)
    found += [part for command in inline.findall(text) for part in command.split(" && ")]
    return sorted({line for line in found if "..." not in line})


PIP = starting("pip")
PRINTED = [line for line in starting("python -c") if " > " not in line]


def test_each_command_has_its_check() -> None:
    # Run as they stand, line after line.
    run = {
        *SERVED,
        MAKE_KEY,
        OTHER_SERVERS,
        SHARED,
        MOCK_PROVIDER,
        *REQUIRES_UPSTREAM,
        *BOTH_INSTALLED,
        *NOT_RUN,
        *USERS,
    }
    for place in SH.keys() - run:
        for line in lines(SH[place]):
            assert line in PIP or line in PRINTED or line == "dash-auth-check", place
    assert run <= SH.keys()


@pytest.mark.parametrize("line", PIP)
def test_pip_takes_the_line_and_the_names_are_right(line: str) -> None:
    _, command, *words = shlex.split(line)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    # With --help pip reads its options, and installs nothing.
    subprocess.run([*pip, command, *words, "--help"], check=True, capture_output=True)
    known = {"dash-auth", "dash-auth-rs", "company-dashboards"}
    named_in = (ROOT / "requirements" / "test.in").read_text()
    known |= {word.partition("[")[0].partition("=")[0] for word in named_in.split()}
    values = {words[at + 1] for at, word in enumerate(words) if word in ("-c", "-r")}
    for word in words:
        if not word.startswith("-") and word not in values:
            named = Requirement(word)
            assert named.name in known
            if named.name == "dash-auth-rs":
                extras = importlib.metadata.metadata("dash-auth-rs").get_all("Provides-Extra", [])
                assert named.extras <= set(extras)


@pytest.mark.parametrize("line", PRINTED)
def test_a_command_prints_what_it_is_for(line: str) -> None:
    _, *arguments = shlex.split(line)
    password = "it's $HOME"
    ran = subprocess.run(
        [sys.executable, *arguments],
        input=f"{password}\n",
        capture_output=True,
        text=True,
        # Without a terminal, where getpass would ask otherwise.
        start_new_session=True,
    )
    assert ran.returncode == 0, ran.stderr
    if "generate_password_hash" in line:
        assert "getpass()" in line and check_password_hash(ran.stdout.split()[-1], password)
    else:
        assert len(ran.stdout.strip()) == 43


def test_the_console_script_is_there() -> None:
    scripts = importlib.metadata.distribution("dash-auth-rs").entry_points
    assert "dash-auth-check" in {script.name for script in scripts.select(group="console_scripts")}


# In environments of their own, with small packages of the same names.


class Shell:
    """A shell whose `pip` belongs to an environment of its own and knows some wheels alone."""

    def __init__(self, folder: Path, wheels: Path) -> None:
        venv.create(folder / "venv", with_pip=False)
        self.folder = folder
        self.bin = folder / "venv" / "bin"
        self.environment = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}
        pip = f"-m pip --python {folder / 'venv'} --disable-pip-version-check"
        put(self.bin, {"pip": pip})

    def __call__(self, code: str, **environment: str) -> tuple[int, str]:
        """Run some lines, as far as one fails; a question is answered with yes."""
        path = f"{self.bin}:{os.environ['PATH']}"
        ran = subprocess.run(
            ["sh", "-e", "-c", code],
            cwd=self.folder,
            env={**os.environ, **self.environment, **environment, "PATH": path},
            input="y\n" * 9,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return ran.returncode, ran.stdout

    def installed(self) -> set[str]:
        names = self("pip list --format freeze")[1].split()
        return {line.split("==")[0].replace("_", "-") for line in names}


def put(folder: Path, commands: dict[str, str]) -> None:
    """Write commands that Python runs."""
    folder.mkdir(exist_ok=True)
    for name, arguments in commands.items():
        script = folder / name
        script.write_text(f'#!/bin/sh\nexec {sys.executable} {arguments} "$@"\n')
        script.chmod(0o755)


EXTRA = "Provides-Extra: oidc\nRequires-Dist: authlib; extra == 'oidc'\n"


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with a wheel of each: small, but for the files of this package."""
    folder = tmp_path_factory.mktemp("wheels")
    for name, files, metadata in (
        ("dash_auth_rs-3.0.0", our_files(), EXTRA),
        ("dash_auth-2.3.0", UPSTREAM, ""),
        ("company_dashboards-1.0", {"company.py": b""}, "Requires-Dist: dash-auth>=2.0\n"),
    ):
        write_wheel(folder / f"{name}-py3-none-any.whl", files, metadata)
    return folder


@pytest.fixture
def shell(tmp_path: Path, wheels: Path) -> Shell:
    return Shell(tmp_path, wheels)


def test_another_package_requires_upstream(shell: Shell) -> None:
    text = (ROOT / "docs" / "beside-dash-auth.md").read_text()
    code, said = shell(SH["beside-dash-auth: With pip"])
    assert code == 1 and said.splitlines()[-1] in text
    assert shell("dash-auth-check")[0] == 0

    (shell.folder / "constraints.txt").write_text(written_in("text")["beside-dash-auth: With pip"])
    # Installed already, pip would see no need to look again at what it requires.
    again = f"{SH['beside-dash-auth: With pip 2'].strip()} --force-reinstall"
    code, said = shell(again)
    assert code != 0 and "ResolutionImpossible" in said
    unconstrained = "pip install --force-reinstall company-dashboards"
    code, said = shell(unconstrained, PIP_CONSTRAINT="constraints.txt")
    assert code != 0 and "ResolutionImpossible" in said
    assert "dash-auth" not in shell.installed()
    no_deps = "pip install --no-deps --force-reinstall company-dashboards"
    assert shell(no_deps, PIP_CONSTRAINT="constraints.txt")[0] == 0

    assert shell(unconstrained)[0] == 0
    assert "dash-auth" in shell.installed() and shell("dash-auth-check")[0] == 1


def test_a_full_list_without_the_line_of_upstream(shell: Shell) -> None:
    assert shell("pip install dash-auth-rs company-dashboards")[0] == 0
    listed = shell("pip freeze --all")[1].splitlines()
    kept = [line.split(" @")[0] for line in listed if not re.match("dash[-_]auth[ =]", line)]
    assert len(kept) == len(listed) - 1
    (shell.folder / "requirements.txt").write_text("\n".join(kept))
    other = Shell(shell.folder / "other", Path(shell.environment["PIP_FIND_LINKS"]))
    (other.folder / "requirements.txt").write_text("\n".join(kept))
    assert other("pip install --no-deps -r requirements.txt && dash-auth-check")[0] == 0


@pytest.mark.parametrize("place", BOTH_INSTALLED)
def test_coming_from_upstream(shell: Shell, place: str) -> None:
    before = "dash-auth" if place.startswith("migrating") else "dash-auth-rs dash-auth"
    assert shell(f"pip install {before}")[0] == 0
    code, said = shell(SH[place])
    assert code == 0, said
    assert shell("dash-auth-check")[0] == 0


def test_modules_that_run(shell: Shell) -> None:
    text = "".join(document.read_text() for document in DOCUMENTS)
    assert set(re.findall(r"`python -m (\w+)`", text)) == {"dash_auth", "dash_auth_check"}
    assert shell("pip install dash-auth-rs")[0] == 0
    assert shell("python -m dash_auth_check") == shell("dash-auth-check")
    said = shell("python -m dash_auth")[1]
    # Here its servers are missing, which it says of each.
    for named in ("dash-auth-rs  3.0.0", "Dash", "Flask", "Quart", "FastAPI", "[oidc]", "Docs"):
        assert f"\n{named}" in f"\n{said}"


# Servers


@contextmanager
def started(code: str, app: str, folder: Path) -> Iterator[str]:
    """Run lines of shell that end in a server, and give its address.

    :param code: the lines; what pip would install is there
    :param app: the text of `app.py`
    :param folder: where it runs
    """
    (folder / "app.py").write_text(app)
    modules = {name: f"-m {name}" for name in ("gunicorn", "hypercorn", "uvicorn")}
    put(folder / "bin", {"python": "", "waitress-serve": "-m waitress", **modules})
    port = free_port()
    code = "\n".join(line for line in lines(code) if not line.startswith("pip "))
    environment = {"PORT": str(port), "PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
    command = ["sh", "-e", "-c", code.replace("8050", str(port))]
    with process(command, port, folder, **{**ENVIRONMENT, **environment}):
        yield f"http://127.0.0.1:{port}"


def assert_guarded(address: str) -> None:
    assert requests.get(address, timeout=10).status_code == 401
    assert requests.get(address, auth=("alice", "wonderland"), timeout=10).status_code == 200
    assert requests.get(address, auth=("alice", "wunderland"), timeout=10).status_code == 401


@pytest.mark.parametrize("place", SERVED)
def test_a_server_starts(place: str, tmp_path: Path) -> None:
    code = SERVE if place.startswith("deploying") else SH[place]
    with started(code, SERVED[place], tmp_path) as address:
        assert_guarded(address)


def test_the_key_stays_the_same_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    put(tmp_path / "bin", {"python": ""})
    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"

    def shell(code: str) -> str:
        command = ["sh", "-e", "-c", code]
        environment = {"PATH": path}
        return subprocess.run(
            command, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True
        ).stdout.strip()

    shell(SH[MAKE_KEY])
    assert (tmp_path / "app.env").stat().st_mode & 0o777 == 0o600
    (read,) = (line for line in lines(SH["deploying: Start the server 2"]) if "app.env" in line)
    keys = [
        shell(f"{read}\n{sys.executable} -c \"import os; print(os.environ['SECRET_KEY'])\"")
        for _ in "ab"
    ]
    assert keys[0] == keys[1] and len(keys[0]) == 43


@pytest.mark.parametrize("line", lines(SH[OTHER_SERVERS]))
def test_another_server_starts(line: str, tmp_path: Path) -> None:
    backend = {"hypercorn": "quart", "uvicorn": "fastapi"}.get(line.split()[0])
    app = APP
    if backend is not None:
        app = app.replace("Dash(__name__)", f"Dash(__name__, backend={backend!r})")
    if backend == "fastapi":
        app = app.replace("@server.route(", "@server.get(")
    with started(line, app, tmp_path) as address:
        assert_guarded(address)
        assert "ok" in requests.get(f"{address}/health", timeout=10).text


@pytest.mark.parametrize("backend", ["fastapi", "quart"])
def test_an_app_on_another_server_runs(backend: str, tmp_path: Path) -> None:
    app = PYTHON["servers: Flask, Quart and FastAPI"].replace("fastapi", backend)
    with started("python app.py", app, tmp_path) as address:
        assert_guarded(address)


def test_a_provider_to_try_it_with(tmp_path: Path) -> None:
    """The app of the page, and the provider that the page says how to start."""
    text = (ROOT / "docs" / "oidc.md").read_text()
    example = PYTHON["oidc: Login through identity providers (OpenID Connect)"]
    (metadata,) = re.findall(r'`server_metadata_url="(http://localhost:9400[^"]+)"`', text)
    assert lines(SH[MOCK_PROVIDER])[-1] == "oidc-provider-mock"
    port = free_port()
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port)]
    with process(command, port, tmp_path):
        metadata = metadata.replace("9400", str(port))
        app = re.sub(r'(server_metadata_url=)"[^"]+"', rf'\1"{metadata}"', example)
        with (
            started("python app.py", app, tmp_path) as address,
            requests.Session() as browser,
        ):
            headers = {"Sec-Fetch-Mode": "navigate", "Accept": "text/html"}
            login = browser.get(address, headers=headers, timeout=20)
            assert login.url.startswith(f"http://localhost:{port}/oauth2/authorize")
            page = browser.post(login.url, data={"sub": "alice@example.com"}, timeout=20)
            assert page.url == f"{address}/"
            layout = browser.get(f"{address}/_dash-layout", timeout=20).text
            assert "Hello alice@example.com" in layout
