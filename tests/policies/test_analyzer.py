"""The policy pack as a process, in both ways in which Pulumi starts it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
import yaml
from google.protobuf import empty_pb2, json_format
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from policies import RULES
from policies.analyzer import PACK, REPORT, VERSION
from tests.policies.making import APPLY, COMMAND, CONNECTION

FOLDER = Path(__file__).resolve().parents[2] / "policies" / "pack"
BEGINNINGS = {
    "by itself": [str(FOLDER / "__main__.py"), "127.0.0.1:1"],
    "by the language host": [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:1", str(FOLDER)],
}
URN = f"urn:pulumi:qa::dhanman::dhanman:gateway:Gateway${COMMAND}::gateway-nginx"


def secret(value: Any) -> dict[str, Any]:
    return {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": value}


def request(**inputs: Any) -> Any:
    wanted = {"connection": secret(CONNECTION), "create": APPLY, "stdin": secret("{}")} | inputs
    options = {"protect": True}
    resource = {
        "urn": URN,
        "type": COMMAND,
        "name": "gateway-nginx",
        "properties": wanted,
        "options": options,
    }
    return json_format.ParseDict({"resources": [resource]}, analyzer_pb2.AnalyzeStackRequest())


@pytest.fixture(scope="module", params=list(BEGINNINGS.values()), ids=list(BEGINNINGS))
def pack(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Any, Path]]:
    report = tmp_path_factory.mktemp("pack") / "report.json"
    env = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", REPORT: str(report)}
    with subprocess.Popen(request.param, env=env, cwd="/", stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            with grpc.insecure_channel(f"127.0.0.1:{int(process.stdout.readline())}") as channel:
                yield analyzer_pb2_grpc.AnalyzerStub(channel), report
        finally:
            process.terminate()
            process.wait(timeout=10)
    assert process.returncode == 0


def test_the_pack_names_its_rules_and_they_are_mandatory(pack: tuple[Any, Path]) -> None:
    info = pack[0].GetAnalyzerInfo(empty_pb2.Empty())
    assert (info.name, info.version) == (PACK, VERSION)
    assert len(info.policies) == len(RULES) >= 12
    assert all(policy.description and policy.enforcementLevel == 1 for policy in info.policies)


def test_a_right_stack_is_passed_and_reported(pack: tuple[Any, Path]) -> None:
    analyzer, report = pack
    assert list(analyzer.AnalyzeStack(request()).diagnostics) == []
    assert json.loads(report.read_text()) == {
        "resources": 1,
        "rules": len(RULES),
        "broken": [],
        "unseen": ["gateway-nginx"],
    }


def test_what_breaks_a_rule_is_said_at_its_resource(pack: tuple[Any, Path]) -> None:
    analyzer, report = pack
    (found,) = analyzer.AnalyzeStack(request(stdin="{}")).diagnostics
    assert (found.policyName, found.urn) == ("units-travel-as-secrets", URN)
    assert found.message.startswith("stdin is not secret; ")
    ((name, line),) = json.loads(report.read_text())["broken"]
    assert name == found.policyName
    assert line.startswith("gateway-nginx (command:remote:Command): stdin is not secret; ")


def test_what_pulumi_reads_of_the_pack_is_there() -> None:
    project = yaml.safe_load((FOLDER / "PulumiPolicy.yaml").read_text(encoding="utf-8"))
    assert (project["runtime"]["name"], project["version"]) == ("python", VERSION)
    assert (FOLDER / project["runtime"]["options"]["virtualenv"]).resolve() == FOLDER.parents[1] / ".venv"
    assert os.access(FOLDER / "__main__.py", os.X_OK)


def test_the_program_and_the_pack_mean_the_same_variable() -> None:
    from components import foreseen
    from scripts import policy

    assert foreseen.REPORT == REPORT == policy.REPORT
