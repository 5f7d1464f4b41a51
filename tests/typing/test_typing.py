"""What type checkers say of an app that uses the package, of its misuse, and of the package."""

from __future__ import annotations

import json
import os
import runpy
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import dash_auth
import pytest

HERE = Path(__file__).parent
APPS = sorted(HERE.joinpath("apps").glob("*.py"))
PYRIGHT = {
    "typeCheckingMode": "strict",
    # Each checker has comments of its own, so that what only one of them reports is seen.
    "enableTypeIgnoreComments": False,
    "reportUnnecessaryTypeIgnoreComment": "error",
}

# They read Dash, plotly and what these need, on a machine that is busy with other tests.
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of somebody else's project, which holds the apps and their misuse."""
    folder = tmp_path_factory.mktemp("project")
    for source in [*APPS, HERE / "misuse.py"]:
        shutil.copy(source, folder)
    folder.joinpath("pyrightconfig.json").write_text(json.dumps(PYRIGHT))
    return folder


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a module of this environment, which needs nothing from the network."""
    environment = {
        **os.environ,
        "MYPYPATH": "",
        # Else it asks whether there is a later one.
        "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1",
        # `--verifytypes` looks for packages where the first Python on the path finds them.
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_mypy_passes_the_apps_and_reports_each_misuse(project: Path) -> None:
    done = run(project, "mypy", "--strict", "--config-file=", ".")
    assert done.stdout == f"Success: no issues found in {len(APPS) + 1} source files\n", done.stderr


def test_pyright_passes_the_apps_and_reports_each_misuse(project: Path) -> None:
    done = run(project, "pyright", "--pythonpath", sys.executable, "--outputjson")
    said: dict[str, Any] = json.loads(done.stdout)
    assert [
        f"{Path(each['file']).name}:{each['range']['start']['line'] + 1}: {each['message']}"
        for each in said["generalDiagnostics"]
    ] == []
    assert said["summary"]["filesAnalyzed"] == len(APPS) + 1


@pytest.mark.parametrize("package", ["dash_auth", "dash_auth_check"])
def test_each_public_name_has_a_type(package: str, tmp_path: Path) -> None:
    done = run(tmp_path, "pyright", "--verifytypes", package, "--ignoreexternal", "--outputjson")
    said: dict[str, Any] = json.loads(done.stdout)
    symbols = said["typeCompleteness"]["symbols"]
    assert [each["name"] for each in symbols if not each["isTypeKnown"]] == []
    assert said["generalDiagnostics"] == []
    assert said["typeCompleteness"]["completenessScore"] == 1


@pytest.mark.parametrize("app", APPS, ids=lambda app: app.stem)
def test_the_apps_run(app: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert runpy.run_path(str(app))["dash_auth"] is dash_auth
