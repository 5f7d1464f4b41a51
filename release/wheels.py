"""Builds the distributions that this machine can build, checks them and installs them.

`make wheels` runs it, on a developer's machine and in the release workflow. It needs Python and
Rust alone: the tools, zig among them, come from PyPI into an environment of their own. With zig a
wheel for Linux asks for glibc 2.17 or musl 1.2, whatever the machine has, and needs no container.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "target" / "dist"
TOOLS = ROOT / ".venv-release"
SMOKE = ROOT / "release" / "smoke.py"

LINUX = {
    "x86_64-unknown-linux-gnu": "manylinux_2_17",
    "x86_64-unknown-linux-musl": "musllinux_1_2",
    "aarch64-unknown-linux-gnu": "manylinux_2_17",
    "aarch64-unknown-linux-musl": "musllinux_1_2",
}
TARGETS = {
    "Linux": tuple(LINUX),
    "Darwin": ("universal2-apple-darwin",),
    "Windows": ("x86_64-pc-windows-msvc",),
}
# One wheel (abi3) serves each Python from this one on, but the free-threaded ones.
OLDEST = "python3.10"
# PyO3 has given up 3.13t.
FREE_THREADED = "python3.14t"
PYTHONS = (OLDEST, "python3.11", "python3.12", "python3.13", "python3.14", FREE_THREADED)


def main() -> None:
    """Do what is named, in this order; end with the command that failed, if one does."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("steps", nargs="+", choices=["tools", "build", "check", "install"])
    parser.add_argument("--target", action="append", help="a target of Rust's; may be repeated")
    arguments = parser.parse_args()
    install_tools()
    if "build" in arguments.steps:
        build(arguments.target or TARGETS[platform.system()])
    if "check" in arguments.steps:
        check()
    if "install" in arguments.steps:
        for python in dict.fromkeys([sys.executable, *PYTHONS]):
            install(python)


def install_tools() -> None:
    """Install what `requirements/release.in` names, in the versions of its lock file."""
    lock, mark = ROOT / "requirements" / "release.txt", TOOLS / ".installed"
    if mark.exists() and mark.stat().st_mtime >= lock.stat().st_mtime:
        return
    run(sys.executable, "-m", "venv", "--clear", TOOLS)
    names = lock.with_suffix(".in")
    run(tool("python"), "-m", "pip", "install", "--quiet", "-r", names, "-c", lock)
    mark.touch()


def build(targets: tuple[str, ...] | list[str]) -> None:
    """Build the source distribution, and wheels for each target that Rust has here."""
    shutil.rmtree(DIST, ignore_errors=True)
    maturin("sdist", "--out", DIST)
    for target in targets:
        if missing := [part for part in rust_targets(target) if not add(part)]:
            leave_out(f"{target}: Rust has no standard library for {missing[0]} here")
            continue
        # Linux's are built with zig: what they need of a Python that is not here, maturin knows.
        options = ["--zig", "--compatibility", LINUX[target]] if target in LINUX else []
        for python in (sys.executable if target not in LINUX else OLDEST, FREE_THREADED):
            if target in LINUX or is_here(python):
                maturin(
                    *("build", "--quiet", "--release", "--locked", "--target", target, *options),
                    *("--interpreter", python, "--out", DIST),
                )
            else:
                leave_out(f"{target} and {python}: that is not here")
    for wheel in DIST.glob("*.whl"):
        finish(wheel)


def leave_out(what: str) -> None:
    """Say for what no wheel can be built here; the release workflow ends then."""
    if os.environ.get("CI"):
        raise SystemExit(f"No wheel for {what}.")
    print(f"No wheel for {what}.")


def rust_targets(target: str) -> list[str]:
    """Return what Rust calls a target: of macOS's `universal2` there are two halves."""
    if target.startswith("universal2-"):
        return [target.replace("universal2", machine) for machine in ("aarch64", "x86_64")]
    return [target]


def add(target: str) -> bool:
    """Tell whether Rust can build for a target here, and install what that needs."""
    if shutil.which("rustup"):
        command = ["rustup", "target", "add", target]
        return not subprocess.run(command, capture_output=True, check=False).returncode
    return f"host: {target}" in run("rustc", "--version", "--verbose")


def finish(wheel: Path) -> None:
    """Take the builder's folder out of a wheel, and name musl's library as musl's systems do."""
    with tempfile.TemporaryDirectory() as scratch:
        run(tool("wheel"), "unpack", "--dest", scratch, wheel)
        (unpacked,) = Path(scratch).iterdir()
        for bill in unpacked.glob("*.dist-info/sboms/*.json"):
            # An address, in which a space is `%20`.
            bill.write_bytes(bill.read_bytes().replace(ROOT.as_uri().encode(), b"file:///src"))
        if musl := re.search(r"musllinux_\d+_\d+_(\w+)", wheel.stem):
            # zig calls it `libc.so`, which is another file where both libraries are installed.
            (core,) = unpacked.glob("dash_auth/_core*.so")
            name = f"libc.musl-{musl[1]}.so.1"
            run(tool("patchelf"), "--replace-needed", "libc.so", name, core)
        wheel.unlink()
        run(
            tool("wheel"),
            "pack",
            "--dest-dir",
            wheel.parent,
            unpacked,
            SOURCE_DATE_EPOCH=source_date(),
        )


def check() -> None:
    """Check metadata, contents and tags, and that the builder's folders are in no file."""
    wheels = sorted(DIST.glob("*.whl"))
    if not wheels:
        raise SystemExit(f"There is no wheel in {DIST}.")
    run(tool("twine"), "check", "--strict", *DIST.iterdir())
    run(tool("check-wheel-contents"), *wheels)
    for wheel in wheels:
        if "linux" in wheel.name:
            shown = run(tool("auditwheel"), "show", wheel)
            tag = re.search(r"(?:many|musl)linux_\d+_\d+_\w+", wheel.stem)
            assert tag is not None, wheel.name
            if f'"{tag[0]}"' not in shown:
                raise SystemExit(f"{wheel.name} does not keep what its tag promises:\n{shown}")
        for name, content in contents(wheel):
            for folder in (ROOT, cargo_home(), sysroot()):
                spellings = (str(folder), folder.as_posix(), folder.as_uri())
                if any(spelling.encode() in content for spelling in spellings):
                    raise SystemExit(f"{wheel.name}: {name} names the builder's {folder}")


def contents(wheel: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the names and bytes of a wheel's files."""
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            yield name, archive.read(name)


def install(python: str) -> None:
    """Install the wheel into a new environment of a Python, if that is here, and use it."""
    if not is_here(python):
        print(f"{python}: not here")
        return
    with tempfile.TemporaryDirectory() as scratch:
        environment = Path(scratch, "environment")
        run(python, "-m", "venv", environment)
        inside = executable(environment, "python")
        pip = (inside, "-m", "pip", "install", "--quiet")
        # The wheel comes from here alone, or another release's would be tried where none fits.
        here = ("--no-index", "--find-links", DIST, "--only-binary", ":all:")
        run(*pip, *here, "--no-deps", "--pre", "dash-auth-rs")
        run(*pip, "dash-auth-rs[oidc]")
        # In another folder, so that the checkout is not what is imported.
        print(f"{python}: {run(inside, SMOKE, folder=scratch).strip()}")


@cache
def is_here(python: str) -> bool:
    """Tell whether a Python is here, and can make virtual environments."""
    # What is on the path may be a stand-in that says that the Python is elsewhere.
    found = shutil.which(python)
    command = [found or python, "-c", "import ensurepip"]
    return bool(found) and not subprocess.run(command, capture_output=True, check=False).returncode


def maturin(*arguments: str | Path) -> None:
    """Run maturin, so that what it writes depends on the source alone."""
    remapped = {ROOT: "/src", cargo_home(): "/cargo", sysroot(): "/rust"}
    flags = [f"--remap-path-prefix={folder}={name}" for folder, name in remapped.items()]
    run(
        tool("maturin"),
        *arguments,
        CARGO_ENCODED_RUSTFLAGS="\x1f".join(flags),
        # `release/build_backend.py` calls it.
        MATURIN_NO_MISSING_BUILD_BACKEND_WARNING="1",
        SOURCE_DATE_EPOCH=source_date(),
    )


@cache
def source_date() -> str:
    """Return the time that all files in a distribution bear, in seconds (SOURCE_DATE_EPOCH)."""
    return os.environ.get("SOURCE_DATE_EPOCH") or run("git", "log", "-1", "--format=%ct").strip()


@cache
def cargo_home() -> Path:
    """Return the folder where cargo keeps the sources of crates."""
    return Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo").resolve()


@cache
def sysroot() -> Path:
    """Return the folder of the compiler and its standard library."""
    return Path(run("rustc", "--print", "sysroot").strip())


def tool(name: str) -> Path:
    """Return a program of the environment with the release's tools."""
    return executable(TOOLS, name)


def executable(environment: Path, name: str) -> Path:
    """Return a program of a virtual environment."""
    return environment / (f"Scripts/{name}.exe" if os.name == "nt" else f"bin/{name}")


def run(*command: str | Path, folder: str | Path = ROOT, **variables: str) -> str:
    """Run a command and return its standard output; end with all that it says where it fails."""
    environment = {**os.environ, **variables}
    # maturin looks for zig on the path.
    environment["PATH"] = os.pathsep.join([str(tool("python").parent), environment["PATH"]])
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )
    if done.returncode:
        raise SystemExit(f"$ {' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    main()
