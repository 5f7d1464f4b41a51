"""Wheels written here, and unpacked over each other as installations would."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import zipfile
from collections.abc import Iterable
from pathlib import Path

UPSTREAM = {
    "dash_auth/__init__.py": b"from .auth import Auth\n",
    "dash_auth/auth.py": b"class Auth: ...\n",
}
"""What stands for dash-auth: what counts is that files of these names are there, as in the real one."""


def our_files() -> dict[str, bytes]:
    """Return the files of this distribution that are imported here, by their names in a wheel."""
    files = {}
    for package in ("dash_auth", "dash_auth_check"):
        spec = importlib.util.find_spec(package)
        assert spec is not None and spec.origin is not None
        folder = Path(spec.origin).parent
        files |= {
            path.relative_to(folder.parent).as_posix(): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file() and path.suffix != ".pyc"
        }
    return files


def write_wheel(wheel: Path, files: dict[str, bytes], metadata: str = "") -> Path:
    """Write a wheel with these files, and the RECORD that makes it one.

    :param wheel: the wheel
    :param files: paths in it, and what they hold
    :param metadata: further lines of its metadata
    """
    name, version = wheel.name.split("-")[:2]
    info = f"{name}-{version}.dist-info"
    files = {
        **files,
        f"{info}/METADATA": (
            f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: {version}\n{metadata}"
        ).encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    if name == "dash_auth_rs":
        entry = b"[console_scripts]\ndash-auth-check = dash_auth_check:main\n"
        files[f"{info}/entry_points.txt"] = entry
    record = [
        f"{path},sha256={recorded(content)},{len(content)}" for path, content in files.items()
    ]
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
        archive.writestr(f"{info}/RECORD", "\n".join([*record, f"{info}/RECORD,,"]))
    return wheel


def recorded(content: bytes) -> str:
    digest = hashlib.sha256(content).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def lay(folder: Path, wheels: Iterable[Path]) -> list[str]:
    """Unpack wheels over each other and return the path that `inspect` shall look in."""
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
    return [str(folder)]
