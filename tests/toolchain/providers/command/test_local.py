from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from toolchain.providers.command.local import LocalCommand
from toolchain.providers.command.provider import CommandProvider
from toolchain.providers.servicer import Change, OperationError
from toolchain.providers.wire import Properties


def create(inputs: Properties) -> Properties:
    resource = LocalCommand(CommandProvider("1.2.1"))
    checked, failures = resource.check(inputs)
    assert not failures
    return asyncio.run(resource.create(Change(urn="urn", name="n", new=checked)))[1]


def test_environment_directory_and_stdin_reach_the_command(tmp_path: Path) -> None:
    inputs = {
        "create": 'cat; echo "$WORD"; pwd',
        "stdin": "in\n",
        "environment": {"WORD": "w"},
        "dir": str(tmp_path),
    }
    assert create(inputs)["stdout"] == f"in\nw\n{tmp_path}"


def test_the_interpreter_takes_the_text_as_its_last_argument() -> None:
    assert create({"create": "print(6 * 7)", "interpreter": ["python3", "-c"]})["stdout"] == "42"


def test_a_failure_gives_status_text_and_output() -> None:
    with pytest.raises(OperationError, match=r'^exit status 4: running "echo no >&2; exit 4":\nno\n$'):
        create({"create": "echo no >&2; exit 4"})


def test_the_previous_output_is_in_the_environment_unless_declined() -> None:
    resource = LocalCommand(CommandProvider("1.2.1"))
    inputs: Properties = {"update": 'echo "[$PULUMI_COMMAND_STDOUT]"'}

    def update(new: Properties) -> str:
        change = Change(urn="urn", name="n", new=new, old={"stdout": "before", "stderr": ""})
        return str(asyncio.run(resource.update(change))["stdout"])

    assert update(inputs) == "[before]"
    assert update(inputs | {"addPreviousOutputInEnv": False}) == "[]"


def test_a_missing_interpreter_is_named() -> None:
    with pytest.raises(OperationError, match="fork/exec /nonexistent: No such file"):
        create({"create": "x", "interpreter": ["/nonexistent"]})
