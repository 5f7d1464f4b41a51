"""What importing says where the distribution `dash-auth` is installed too."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

METADATA = "Metadata-Version: 2.1\nName: dash-auth\nVersion: 2.3.0\n"


def said_on_import(folder: Path) -> str:
    program = f"import sys; sys.path.append({str(folder)!r}); import dash_auth"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return done.stderr


def test_importing_says_so(tmp_path: Path) -> None:
    info = tmp_path / "dash_auth-2.3.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(METADATA)
    assert "Uninstall both, then install dash-auth-rs" in said_on_import(tmp_path)


def test_alone_nothing_is_said(tmp_path: Path) -> None:
    assert "dash-auth" not in said_on_import(tmp_path)
