"""The workflows are thin: pinned actions, and steps that are targets of the Makefile."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
SECRETS = {
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "CLOUDFLARE_API_TOKEN",
    "PULUMI_BACKEND_URL",
    "PULUMI_CONFIG_PASSPHRASE",
}
every_workflow = pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)
every_deployment = pytest.mark.parametrize("stack", ["qa", "prod"])


def read(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    # YAML 1.1 takes the key `on` for a boolean
    content["on"] = content.pop(True)  # type: ignore[call-overload]
    return content


def steps(file: Path) -> list[dict[str, Any]]:
    return [step for job in read(file)["jobs"].values() for step in job["steps"]]


def targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def test_the_five_workflows_are_there() -> None:
    assert [file.stem for file in FILES] == ["check", "deploy-prod", "deploy-qa", "preview", "soak"]


@every_workflow
def test_every_action_is_pinned_to_a_commit_with_its_version_beside_it(file: Path) -> None:
    lines = re.findall(r"uses: *(.+)", file.read_text(encoding="utf-8"))
    assert lines
    assert [line for line in lines if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)] == []


def test_an_action_has_one_commit_in_all_workflows() -> None:
    used = {step["uses"] for file in FILES for step in steps(file) if "uses" in step}
    assert len({use.split("@")[0] for use in used}) == len(used)


@every_workflow
def test_every_step_that_runs_something_is_a_target_of_the_makefile(file: Path) -> None:
    runs = [step["run"] for step in steps(file) if "run" in step]
    assert runs
    for run in runs:
        found = re.fullmatch(r"(?:sudo env .* )?make ([a-z-]+)( [^;&|\n]*)?", run)
        assert found, run
        assert found[1] in targets()


@every_workflow
def test_a_workflow_may_only_read_the_repository(file: Path) -> None:
    workflow = read(file)
    assert workflow["permissions"] == {"contents": "read"}
    assert not any("permissions" in job for job in workflow["jobs"].values())


@every_workflow
def test_the_token_of_the_repository_is_not_left_in_the_checkout(file: Path) -> None:
    checkouts = [step for step in steps(file) if "actions/checkout@" in step.get("uses", "")]
    assert len(checkouts) == len(read(file)["jobs"])
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


@every_workflow
def test_every_job_has_a_time_limit(file: Path) -> None:
    # nobody waits for a soak, and a hosted runner ends any job after six hours
    limit = 360 if file.stem == "soak" else 60
    assert all(job["timeout-minutes"] <= limit for job in read(file)["jobs"].values())


@every_workflow
def test_secrets_come_by_environment_variables_of_their_own_name(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert set(re.findall(r"secrets\.(\w+)", text)) <= SECRETS
    assert all(f"{name}: ${{{{ secrets.{name} }}}}" in text for name in re.findall(r"secrets\.(\w+)", text))
    assert not any("secrets." in step.get("run", "") for step in steps(file))


@every_deployment
def test_deployments_of_an_environment_run_one_after_the_other(stack: str) -> None:
    workflow = read(ROOT / ".github" / "workflows" / f"deploy-{stack}.yml")
    assert workflow["concurrency"] == {"group": f"deploy-{stack}", "cancel-in-progress": False}


@every_deployment
def test_a_deployment_is_judged_brings_up_and_then_asks_its_own_stack(stack: str) -> None:
    file = ROOT / ".github" / "workflows" / f"deploy-{stack}.yml"
    runs = [step["run"] for step in steps(file) if "run" in step]
    plan = ["make plan STACK=prod PLAN=prod.plan"] if stack == "prod" else []
    up = [f"make up STACK={stack}", f"make smoke STACK={stack}"]
    assert [run.split(" ARGS=")[0] for run in runs] == [f"make policy STACK={stack}", *plan, *up]
    assert read(file)["jobs"]["deploy"]["environment"] == stack


def test_what_is_done_in_prod_is_the_plan_that_was_approved() -> None:
    jobs = read(ROOT / ".github" / "workflows" / "deploy-prod.yml")["jobs"]
    assert jobs["plan"]["environment"] == "preview-prod", "nobody has to approve a look"
    assert jobs["deploy"]["needs"] == "plan"
    (up,) = [step["run"] for step in jobs["deploy"]["steps"] if "make up" in step.get("run", "")]
    assert "--plan prod.plan" in up


def test_only_main_goes_to_qa_and_only_version_tags_to_prod() -> None:
    workflows = {
        stack: read(ROOT / ".github" / "workflows" / f"deploy-{stack}.yml") for stack in ("qa", "prod")
    }
    assert workflows["qa"]["on"]["push"] == {"branches": ["main"]}
    assert workflows["prod"]["on"]["push"] == {"tags": ["v*.*.*"]}
    assert all("workflow_dispatch" in workflow["on"] for workflow in workflows.values())


def test_a_fork_gets_no_preview_since_it_gets_no_secrets() -> None:
    (job,) = read(ROOT / ".github" / "workflows" / "preview.yml")["jobs"].values()
    assert job["if"] == "github.event.pull_request.head.repo.full_name == github.repository"
