"""What importing says where the distribution `dash-auth` is installed too."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from dash_auth import _upstream

METADATA = "Metadata-Version: 2.1\nName: dash-auth\nVersion: 2.3.0\n"


@pytest.fixture
def folder_of_upstream(tmp_path: Path) -> Path:
    info = tmp_path / "dash_auth-2.3.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(METADATA)
    return tmp_path


def said_on_import(folder: Path) -> str:
    program = f"import sys; sys.path.append({str(folder)!r}); import dash_auth"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return done.stderr


def test_importing_says_so(folder_of_upstream: Path) -> None:
    assert "Uninstall both, then install dash-auth-rs" in said_on_import(folder_of_upstream)


def test_the_warning_names_the_version(
    folder_of_upstream: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.syspath_prepend(folder_of_upstream)
    _upstream.warn_if_installed()
    assert [(record.name, record.levelname) for record in caplog.records] == [
        ("dash_auth", "WARNING")
    ]
    assert caplog.messages[0].startswith("dash-auth 2.3.0 is installed beside")


def test_alone_nothing_is_said(tmp_path: Path) -> None:
    assert "dash-auth" not in said_on_import(tmp_path)
