"""The workflows: what they run is pinned, what they may is little, and the targets are ours."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted(ROOT.glob(".github/workflows/*.yml"))
MAKEFILE = ROOT.joinpath("Makefile").read_text()
RELEASE: dict[str, Any] = yaml.safe_load(ROOT.joinpath(".github/workflows/release.yml").read_text())
JOBS: dict[str, Any] = RELEASE["jobs"]
LINKS, VERSION, DATE = (step["run"] for step in JOBS["addresses"]["steps"] if "run" in step)


def shell(script: str, folder: Path, **variables: str) -> int:
    """Run a step as GitHub does where no shell is named; return its exit code."""
    environment = {**os.environ, **variables}
    command = ["bash", "-e", "-c", script]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, check=False
    ).returncode


def before(job: str) -> set[str]:
    """Return the jobs that must have passed before a job begins."""
    needs = JOBS[job].get("needs", [])
    named = {needs} if isinstance(needs, str) else set(needs)
    return named.union(*map(before, named))


def test_there_are_two() -> None:
    assert [workflow.name for workflow in WORKFLOWS] == ["ci.yml", "release.yml"]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda workflow: workflow.stem)
def test_each_action_is_pinned_by_hash(workflow: Path) -> None:
    # But for the other workflow here.
    used = re.findall(r"uses: ([^$\n].*)", workflow.read_text())
    assert used
    pinned = re.compile(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
    assert [action for action in used if not pinned.fullmatch(action)] == []


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda workflow: workflow.stem)
def test_a_workflow_may_nothing_that_a_job_does_not_ask_for(workflow: Path) -> None:
    text = workflow.read_text()
    assert re.search(r"^permissions: \{\}$", text, re.MULTILINE)
    assert "secrets." not in text and "password:" not in text
    # What runs later finds no token in the checkout.
    assert text.count("actions/checkout@") == text.count("persist-credentials: false")
    # Attesting and publishing alone may write.
    assert set(re.findall(r"^ +([\w-]+): write", text, re.MULTILINE)) <= {
        "id-token",
        "attestations",
    }


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda workflow: workflow.stem)
def test_a_workflow_calls_what_is_here(workflow: Path) -> None:
    text = workflow.read_text()
    for target in re.findall(r"make ([a-z][a-z-]*)", text):
        assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE), target
    for path in re.findall(r"(?:python |run: )((?:release/|\.ci/)\S+)", text):
        assert ROOT.joinpath(path).exists(), path


def test_a_pushed_tag_alone_publishes_once_all_else_has_passed() -> None:
    # A run that is started by hand may be started on a tag.
    assert JOBS["publish"]["if"] == "github.event_name == 'push' && github.ref_type == 'tag'"
    assert before("publish") == JOBS.keys() - {"publish"}
    assert [name for name, job in JOBS.items() if "environment" in job] == ["publish"]
    assert [name for name, job in JOBS.items() if "write" in job["permissions"].values()] == [
        "publish"
    ]


@pytest.mark.parametrize(
    ("repository", "code"),
    [
        ("dash-auth-rs/dash-auth-rs", 0),
        ("someone/dash-auth-rs", 1),
        ("dash-auth-rs/dash-auth", 1),
        ("dash-auth-rs/dash-auth-rs-2", 1),
    ],
)
@pytest.mark.parametrize(
    "name", ["SECURITY.md", "pyproject.toml", ".github/ISSUE_TEMPLATE/fault.yml"]
)
def test_a_repository_releases_only_with_links_to_itself(
    tmp_path: Path, name: str, repository: str, code: int
) -> None:
    tmp_path.joinpath(name).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / name, tmp_path / name)
    subprocess.run("git init --quiet && git add .", shell=True, cwd=tmp_path, check=True)
    assert shell(LINKS, tmp_path, GITHUB_REPOSITORY=repository) == code


@pytest.mark.parametrize(
    ("tag", "version", "date"),
    [
        ("v3.1.0", 0, 0),
        ("v3.1", 1, 1),
        ("v3.1.1", 1, 1),
        ("v3.1.0rc1", 1, 1),
        ("v3.2.0", 1, 1),
        ("v1.88", 1, 1),
        ("v", 1, 1),
        ("v.*", 1, 0),
        ("v$(exit 0)", 1, 1),
    ],
)
def test_a_tag_releases_only_its_version_with_its_date(
    tmp_path: Path, tag: str, version: int, date: int
) -> None:
    manifest = 'name = "x"\nversion = "3.1.0"\nrust-version = "1.88"\n'
    tmp_path.joinpath("Cargo.toml").write_text(manifest)
    changes = "## [Unreleased]\n\n## [3.2.0] - unreleased\n\n## [3.1.0] - 2026-12-01\n"
    tmp_path.joinpath("CHANGELOG.md").write_text(changes)
    assert shell(VERSION, tmp_path, GITHUB_REF_NAME=tag) == version
    assert shell(DATE, tmp_path, GITHUB_REF_NAME=tag) == date
