"""How Pulumi is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from components.settings import load
from doctor.pulumi_cli import PulumiError
from doctor.state import State, judge_placeholders, judge_state, locks, pins, shown
from tests.components.settings.example import DELETE, changed
from tests.doctor.sample import levels, lines
from toolchain import versions

PLUGINS = {name: (version,) for name, version in versions.PLUGINS.items()}


def state(**changes: Any) -> State:
    values: dict[str, Any] = {
        "url": "s3://bucket",
        "stacks": ("local", "qa"),
        "pending": (),
        "locks": None,
        "cli": versions.PULUMI,
        "plugins": PLUGINS,
        "installed": {"pulumi": "3.272.0"},
        "pinned": {"pulumi": "3.272.0"},
    }
    return State(**values | changes)


def judge(found: State, project: Path = Path("/project"), environment: str = "qa") -> Any:
    settings = load(environment, changed({"environment": environment}), project=project)
    return judge_state(found, environment, settings, project)


def test_nothing_is_wrong_with_a_healthy_state() -> None:
    assert levels(judge(state())) == set()


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"url": PulumiError("no credentials")}, "fail pulumi backend"),
        ({"stacks": PulumiError("no credentials")}, "fail pulumi stack"),
        ({"stacks": ("local", "qa-two")}, "fail pulumi stack"),
        ({"pending": ("command:remote:Command base",)}, "warn pulumi operations"),
        ({"pending": PulumiError("no access")}, "warn pulumi operations"),
        ({"stacks": (), "pending": PulumiError("no stack")}, "fail pulumi stack"),
        ({"locks": ("ci on runner since 2026-11-24T20:12",)}, "warn pulumi lock"),
        ({"cli": "3.199.9"}, "fail pulumi cli"),
        ({"cli": PulumiError("can't be run")}, "fail pulumi cli"),
        ({"plugins": PLUGINS | {"command": ("1.0.1",)}}, "fail pulumi plugins"),
        ({"plugins": {}}, "fail pulumi plugins"),
        ({"plugins": PulumiError("x")}, "fail pulumi plugins"),
        ({"installed": {"pulumi": "3.100.0"}}, "fail pulumi sdk"),
        ({"installed": {}}, "fail pulumi sdk"),
    ],
    ids=str,
)
def test_each_thing_that_is_wrong_is_named_once_with_what_to_do(changes: dict[str, Any], wrong: str) -> None:
    found = judge(state(**changes))
    assert levels(found) == {wrong}
    assert all(finding.remedy for finding in found if finding.level != "ok")


def test_another_version_of_a_plugin_beside_the_right_one_does_no_harm() -> None:
    several = PLUGINS | {"command": ("1.0.1", versions.PLUGINS["command"])}
    assert levels(judge(state(plugins=several))) == set()


def test_the_state_of_qa_must_not_lie_in_the_clone_and_that_of_local_may(tmp_path: Path) -> None:
    inside = state(url=f"file://{tmp_path}/.local/state")
    found = judge(inside, tmp_path)
    assert levels(found) == {"fail pulumi backend"}
    assert "PULUMI_BACKEND_URL" in lines(found)
    assert levels(judge(inside, tmp_path, "local")) == set()


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("s3://bucket/path?region=eu&access_key=SECRET", "s3://bucket/path"),
        ("https://user:SECRET@api.example.com/x", "https://api.example.com/x"),
        ("file:///var/state", "file:///var/state"),
    ],
)
def test_a_backend_is_shown_without_what_may_be_secret(url: str, text: str) -> None:
    assert shown(url) == text
    assert "SECRET" not in lines(judge(state(url=url)))


def test_who_holds_the_stack_is_read_where_the_state_is_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "with space/.pulumi/locks/organization/dhanman"
    for stack in ("qa", "prod"):
        (folder / stack).mkdir(parents=True)
    lock = {"pid": 1, "username": "ci", "hostname": "runner", "timestamp": "2026-11-24T20:12:15.5Z"}
    (folder / "qa/1.json").write_text(json.dumps(lock))
    url = f"file://{tmp_path}/with%20space"
    assert locks(url, "qa") == ("ci on runner since 2026-11-24T20:12",)
    assert locks(url, "prod") == ()
    (folder / "prod/2.json").write_text("{")
    assert locks(url, "prod") == ("somebody",)
    assert locks("s3://bucket", "qa") is None


def test_the_pins_of_the_sdks_are_those_of_the_requirements() -> None:
    found = pins(Path(__file__).resolve().parents[2] / "requirements.txt")
    assert set(found) == {"pulumi", "pulumi-command", "pulumi-random", "pulumi-cloudflare"}
    assert found["pulumi-command"] == versions.PLUGINS["command"]
    assert pins(Path("/nowhere")) == {}


def test_each_placeholder_is_a_warning_with_the_command_that_sets_it(tmp_path: Path) -> None:
    settings = load("qa", changed({"hosts/main/hostKey": DELETE}), project=tmp_path)
    (found,) = judge_placeholders(settings)
    assert (found.level, found.text) == ("warn", "hosts/main/hostKey: the host key is not set yet")
    assert found.remedy.startswith("pulumi config set --stack qa")
    complete = judge_placeholders(load("qa", changed({}), project=tmp_path))
    assert [finding.level for finding in complete] == ["ok"]
