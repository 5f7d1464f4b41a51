"""The build backend (PEP 517): maturin, after a look at whether this machine can build at all.

Without Rust, maturin would have a toolchain downloaded, or fail with a page of text. Here nothing
is required before the look, so that nothing is downloaded before it either.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

MATURIN = "maturin==1.16.0"
MANIFEST = Path(__file__).parents[1] / "Cargo.toml"

Settings = dict[str, Any] | None


def get_requires_for_build_wheel(config_settings: Settings = None) -> list[str]:
    """Return what building needs from PyPI; end with a sentence where Rust is missing."""
    _ask_for_rust()
    return [MATURIN]


get_requires_for_build_editable = get_requires_for_build_wheel
get_requires_for_build_sdist = get_requires_for_build_wheel


def build_wheel(
    wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None
) -> str:
    """Build a wheel and return its name."""
    import maturin

    name: str = maturin.build_wheel(wheel_directory, config_settings, metadata_directory)
    return name


def build_editable(
    wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None
) -> str:
    """Build an editable wheel (PEP 660) and return its name."""
    import maturin

    name: str = maturin.build_editable(wheel_directory, config_settings, metadata_directory)
    return name


def build_sdist(sdist_directory: str, config_settings: Settings = None) -> str:
    """Build a source distribution and return its name."""
    import maturin

    name: str = maturin.build_sdist(sdist_directory, config_settings)
    return name


def prepare_metadata_for_build_wheel(
    metadata_directory: str, config_settings: Settings = None
) -> str:
    """Write the metadata and return the name of their folder."""
    import maturin

    name: str = maturin.prepare_metadata_for_build_wheel(metadata_directory, config_settings)
    return name


prepare_metadata_for_build_editable = prepare_metadata_for_build_wheel


def _ask_for_rust() -> None:
    wanted = re.search(r'^rust-version = "([\d.]+)"', MANIFEST.read_text(), re.MULTILINE)
    assert wanted is not None
    try:
        said = subprocess.run(["cargo", "--version"], capture_output=True).stdout
    except OSError:
        # There is none, or what bears the name is no program.
        said = b""
    found = re.search(r"^cargo (\d+(?:\.\d+)+)", said.decode(errors="replace"), re.MULTILINE)
    if found is None or _numbers(found[1]) < _numbers(wanted[1]):
        raise SystemExit(
            f"dash-auth-rs is built from source here, which needs Rust {wanted[1]} or newer "
            f"(found: {found[1] if found else 'none'}): install it from https://rustup.rs, or use "
            "a Python and a platform that have a wheel."
        )


def _numbers(version: str) -> list[int]:
    return [int(number) for number in version.split(".")]
