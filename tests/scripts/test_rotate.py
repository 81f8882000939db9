"""The command that rotates, against a stand-in of the Pulumi CLI with a state of its own."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from scripts import rotate
from scripts.rotate import Cli
from scripts.steps import StepFailedError

STACK_FILE = "# a comment\nconfig:\n  dhanman:environment: qa\n"
STAND_IN = """
import json, os, pathlib, signal, sys
folder = pathlib.Path(sys.argv[1])
state = json.loads((folder / "state.json").read_text())
words = sys.argv[2:]
state["calls"].append(" ".join(words))
if words[:2] == ["config", "--json"]:
    value = state["settings"]
    print(json.dumps({"dhanman:rotation": {"objectValue": value}} if value else {}))
elif words[:2] == ["config", "set"]:
    state["settings"][words[-2].rpartition(".")[2]] = int(words[-1])
    with (folder / "Pulumi.qa.yaml").open("a") as file:
        file.write("  dhanman:rotation: ...\\n")
elif words[:2] == ["stack", "output"]:
    print(json.dumps(state["outputs"]))
elif words[:2] == ["stack", "history"]:
    print(json.dumps([{"version": state["runs"]}]))
elif words[0] == "up":
    state["runs"] += state["up"] != "declined"
    (folder / "state.json").write_text(json.dumps(state))
    if state["up"] == "interrupted":
        # as at a terminal, where both get it
        for process in (os.getppid(), os.getpid()):
            os.kill(process, signal.SIGINT)
    if state["up"] == "works":
        state["outputs"]["rotation"] = state["settings"]
(folder / "state.json").write_text(json.dumps(state))
sys.exit(words[0] == "up" and state["up"] != "works")
"""


class Stack:
    """A stack of the stand-in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "Pulumi.qa.yaml").write_text(STACK_FILE)
        self.set(settings={}, outputs={"outputsVersion": 1}, runs=3, up="works", calls=[])

    def set(self, **values: Any) -> None:
        before = self.state if (self.folder / "state.json").exists() else {}
        (self.folder / "state.json").write_text(json.dumps(before | values))

    @property
    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "state.json").read_text())
        return found

    def rotate(self, *options: str, secret: str = "postgres") -> int:
        command = (sys.executable, "-c", STAND_IN, str(self.folder))
        return rotate.rotate(Cli(command=command, project=self.folder), secret, "qa", options)


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    return Stack(tmp_path)


def test_a_rotation_counts_up_and_brings_the_stack_to_it(
    stack: Stack, capfd: pytest.CaptureFixture[str]
) -> None:
    assert stack.rotate("--yes") == 0
    assert stack.state["settings"] == {"postgres": 1}
    assert "up --stack qa --yes" in stack.state["calls"]
    said = capfd.readouterr().out
    assert "1. dhanman_user_b gets a new password" in said
    assert "dhanman_user_a was refused with its old one. Commit Pulumi.qa.yaml." in said


def test_the_next_rotation_goes_back_to_the_first_login(
    stack: Stack, capfd: pytest.CaptureFixture[str]
) -> None:
    assert stack.rotate(secret="rabbitmq") == 0
    assert stack.rotate(secret="rabbitmq") == 0
    assert stack.state["settings"] == {"rabbitmq": 2}
    assert "RabbitMQ let dhanman_a in" in capfd.readouterr().out


def test_the_keys_of_a_tunnel_are_changed_where_there_is_one(
    stack: Stack, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(StepFailedError, match=r"qa has no tunnel between hosts \(network.wireguard\)"):
        stack.rotate(secret="wireguard")
    stack.set(outputs={"outputsVersion": 1, "rotation": {"postgres": 0, "rabbitmq": 0, "wireguard": 0}})
    assert stack.rotate(secret="wireguard") == 0
    assert stack.state["settings"] == {"wireguard": 1}
    said = capfd.readouterr().out
    assert "1. every host gets a new key" in said
    assert "all others answer it. Commit Pulumi.qa.yaml." in said
    stack.set(up="fails")
    assert stack.rotate(secret="wireguard") == 1
    assert "a host that has not got its new key is not reached" in capfd.readouterr().err


def test_a_rotation_that_fails_is_gone_on_with_and_not_overtaken(
    stack: Stack, capfd: pytest.CaptureFixture[str]
) -> None:
    stack.set(up="fails")
    assert stack.rotate() == 1
    said = capfd.readouterr().err
    assert "dhanman_user_a still works" in said
    assert "run make up STACK=qa" in said
    assert stack.rotate() == 1
    stack.set(up="works")
    assert stack.rotate() == 0
    assert stack.state["outputs"]["rotation"] == {"postgres": 1}
    assert [c for c in stack.state["calls"] if c.startswith("config set")] == [
        "config set --stack qa --path dhanman:rotation.postgres 1"
    ]


def test_a_rotation_that_is_declined_leaves_the_settings_as_they_were(
    stack: Stack, capfd: pytest.CaptureFixture[str]
) -> None:
    stack.set(up="declined")
    assert stack.rotate() == 1
    assert (stack.folder / "Pulumi.qa.yaml").read_text() == STACK_FILE
    assert "nothing was changed" in capfd.readouterr().err


def test_ctrl_c_is_left_to_pulumi(stack: Stack, capfd: pytest.CaptureFixture[str]) -> None:
    stack.set(up="interrupted")
    assert stack.rotate() != 0
    assert "dhanman_user_a still works" in capfd.readouterr().err


def test_settings_below_what_was_done_are_refused(stack: Stack) -> None:
    stack.set(outputs={"outputsVersion": 1, "rotation": {"postgres": 2}})
    with pytest.raises(StepFailedError, match=r"names rotation 0 of postgres, and 2 has been done"):
        stack.rotate()
    assert not [c for c in stack.state["calls"] if c.startswith(("up", "config set"))]


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"outputs": {}}, "has never been brought up; run make up STACK=qa"),
        ({"settings": {"postgres": "two"}}, "must be a whole number"),
        ({"settings": {"postgres": -1}}, "must be a whole number"),
    ],
)
def test_a_stack_that_cannot_be_rotated_is_refused_in_one_line(
    stack: Stack, state: dict[str, Any], words: str
) -> None:
    stack.set(**state)
    with pytest.raises(StepFailedError, match=words) as failed:
        stack.rotate()
    assert "\n" not in str(failed.value)


def test_what_pulumi_says_is_passed_on(tmp_path: Path) -> None:
    command = (sys.executable, "-c", "import sys; sys.exit('a first line\\nerror: no stack named qa')")
    with pytest.raises(StepFailedError, match=r"^error: no stack named qa$"):
        rotate.wanted_number(Cli(command=command, project=tmp_path), "qa", "postgres")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["", "qa"], "SECRET must be postgres, rabbitmq or wireguard, not empty"),
        (["redis", "qa"], "SECRET must be postgres, rabbitmq or wireguard, not redis"),
        (["postgres", "nowhere"], "there is no Pulumi.nowhere.yaml"),
    ],
)
def test_wrong_words_are_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    monkeypatch.setattr("sys.argv", ["rotate", *words])
    assert rotate.main() == 1
    assert capsys.readouterr().err == f"make rotate: {said}\n"
