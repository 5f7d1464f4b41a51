"""The workflows: what they run is pinned, what they may is little, and the targets are ours."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted(ROOT.glob(".github/workflows/*.yml"))
MAKEFILE = ROOT.joinpath("Makefile").read_text()


def test_there_are_two() -> None:
    assert [workflow.name for workflow in WORKFLOWS] == ["ci.yml", "release.yml"]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda workflow: workflow.stem)
def test_each_action_is_pinned_by_hash(workflow: Path) -> None:
    used = re.findall(r"uses: *(.+)", workflow.read_text())
    assert used
    pinned = re.compile(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
    assert [action for action in used if not pinned.fullmatch(action)] == []


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda workflow: workflow.stem)
def test_a_workflow_may_nothing_that_a_job_does_not_ask_for(workflow: Path) -> None:
    text = workflow.read_text()
    assert re.search(r"^permissions: \{\}$", text, re.MULTILINE)
    assert "secrets." not in text and "password:" not in text
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
