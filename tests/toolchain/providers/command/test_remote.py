from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from tests.toolchain.ssh_server import SshServer
from toolchain.providers.command import connection
from toolchain.providers.command.base import quote
from toolchain.providers.command.provider import CommandProvider
from toolchain.providers.command.remote import RemoteCommand
from toolchain.providers.servicer import Change, OperationError
from toolchain.providers.wire import UNKNOWN, Properties, is_secret, secret


class LoggingProvider(CommandProvider):
    def __init__(self) -> None:
        super().__init__("1.2.1")
        self.lines: list[str] = []

    async def log(self, urn: str, message: str, *, ephemeral: bool = True) -> None:
        assert ephemeral
        self.lines.append(message)


@pytest.fixture
def provider() -> LoggingProvider:
    connection._logins.clear()
    return LoggingProvider()


def change(new: Properties, **more: Any) -> Change:
    return Change(urn="urn:pulumi:s::p::command:remote:Command::unit", name="unit", new=new, **more)


def create(provider: LoggingProvider, inputs: Properties) -> Properties:
    checked, failures = RemoteCommand(provider).check(inputs)
    assert not failures
    id, outputs = asyncio.run(RemoteCommand(provider).create(change(checked)))
    assert id.startswith("unit") and len(id) == len("unit") + 8
    return outputs


def test_output_loses_one_trailing_newline_and_inputs_come_back(
    provider: LoggingProvider, ssh_server: SshServer
) -> None:
    text = "printf 'a\\n\\n'; echo b >&2"
    outputs = create(provider, {"connection": ssh_server.connection(), "create": text})
    assert (outputs["stdout"], outputs["stderr"]) == ("a\n", "b")
    assert outputs["create"] == text and is_secret(outputs["connection"])


def test_stdin_reaches_the_command_and_ends(provider: LoggingProvider, ssh_server: SshServer) -> None:
    given = "x" * 300_000
    inputs = {"connection": ssh_server.connection(), "create": "wc -c", "stdin": secret(given)}
    assert create(provider, inputs)["stdout"].strip() == "300000"
    assert ssh_server.commands == ["wc -c"]


def test_a_line_of_a_megabyte_does_not_hang(provider: LoggingProvider, ssh_server: SshServer) -> None:
    text = "head -c 1000000 /dev/zero | tr '\\0' x"
    assert (
        len(create(provider, {"connection": ssh_server.connection(), "create": text})["stdout"]) == 1_000_000
    )


def test_every_line_is_logged_unless_logging_is_none(
    provider: LoggingProvider, ssh_server: SshServer
) -> None:
    inputs = {"connection": ssh_server.connection(), "create": "echo one; echo two"}
    create(provider, inputs)
    assert provider.lines == ["one", "two"]
    provider.lines.clear()
    create(provider, inputs | {"logging": "none"})
    assert provider.lines == []


def test_a_failing_command_shows_its_text_and_all_output(
    provider: LoggingProvider, ssh_server: SshServer
) -> None:
    inputs = {"connection": ssh_server.connection(), "create": 'echo "why"; exit 3'}
    with pytest.raises(OperationError) as caught:
        create(provider, inputs)
    assert str(caught.value) == 'Process exited with status 3: running "echo \\"why\\"; exit 3":\nwhy\n'


def test_a_killed_command_names_the_signal(provider: LoggingProvider, ssh_server: SshServer) -> None:
    inputs = {"connection": ssh_server.connection(), "create": "kill -9 $$"}
    with pytest.raises(OperationError, match="Process exited with status 137 from signal KILL"):
        create(provider, inputs)


def test_the_connection_is_closed_afterwards(provider: LoggingProvider, ssh_server: SshServer) -> None:
    create(provider, {"connection": ssh_server.connection(), "create": "true"})
    deadline = time.monotonic() + 5
    while ssh_server.open and time.monotonic() < deadline:
        time.sleep(0.01)
    assert (ssh_server.opened, ssh_server.open) == (1, 0)


def test_nothing_to_run_makes_no_connection(provider: LoggingProvider) -> None:
    unreachable = {"host": "192.0.2.1", "privateKey": "k"}
    outputs = create(provider, {"connection": unreachable, "update": "true"})
    assert (outputs["stdout"], outputs["stderr"]) == ("", "")
    asyncio.run(RemoteCommand(provider).delete(change({}, old=outputs)))


def test_commands_run_side_by_side(provider: LoggingProvider, ssh_server: SshServer) -> None:
    checked, _ = RemoteCommand(provider).check({"connection": ssh_server.connection(), "create": "sleep 0.5"})

    async def several() -> None:
        await asyncio.gather(*(RemoteCommand(provider).create(change(checked)) for _ in range(6)))

    started = time.monotonic()
    asyncio.run(several())
    assert time.monotonic() - started < 2.5


def test_an_update_runs_update_and_else_create(provider: LoggingProvider, ssh_server: SshServer) -> None:
    resource = RemoteCommand(provider)
    both, _ = resource.check({"connection": ssh_server.connection(), "create": "echo c", "update": "echo u"})
    one, _ = resource.check({"connection": ssh_server.connection(), "create": "echo c"})
    assert asyncio.run(resource.update(change(both)))["stdout"] == "u"
    assert asyncio.run(resource.update(change(one)))["stdout"] == "c"


def test_an_update_with_nothing_to_run_keeps_the_output(provider: LoggingProvider) -> None:
    old = {"stdout": "kept", "stderr": ""}
    new = {"connection": secret({"host": "192.0.2.1"}), "delete": "true"}
    assert asyncio.run(RemoteCommand(provider).update(change(new, old=old)))["stdout"] == "kept"


def test_a_delete_uses_the_stored_text_and_connection(
    provider: LoggingProvider, ssh_server: SshServer
) -> None:
    old, _ = RemoteCommand(provider).check({"connection": ssh_server.connection(), "delete": "echo gone"})
    asyncio.run(RemoteCommand(provider).delete(change({}, old=old)))
    assert ssh_server.commands == ["echo gone"]


def test_a_preview_runs_nothing_and_leaves_output_unknown(provider: LoggingProvider) -> None:
    inputs = {"connection": secret({"host": UNKNOWN}), "create": "x"}
    id, outputs = asyncio.run(RemoteCommand(provider).create(change(inputs, preview=True)))
    assert id == "" and outputs["stdout"] == outputs["stderr"] == UNKNOWN
    updated = asyncio.run(RemoteCommand(provider).update(change(inputs, preview=True)))
    assert updated["stdout"] == UNKNOWN and updated["create"] == "x"


def test_check_refuses_what_the_type_does_not_have(provider: LoggingProvider) -> None:
    _, failures = RemoteCommand(provider).check({"craete": "x", "create": 1.0, "logging": "all"})
    assert failures == [
        "craete: there is no such property",
        "connection: is required",
        "create: must be a string",
        "logging: must be one of stdout, stderr, stdoutAndStderr, none",
    ]


def test_unknown_values_pass_the_check_anywhere(provider: LoggingProvider) -> None:
    _, failures = RemoteCommand(provider).check(
        {"connection": {"host": UNKNOWN, "port": UNKNOWN}, "create": UNKNOWN, "stdin": secret(UNKNOWN)}
    )
    assert failures == []


def test_only_triggers_as_a_whole_replace(provider: LoggingProvider) -> None:
    diff = RemoteCommand(provider).diff
    assert diff({}, {"triggers": [1.0]}, {}).replaces == ("triggers",)
    assert diff({}, {}, {"triggers": [1.0]}).replaces == ("triggers",)
    changed = diff({}, {"triggers": [1.0]}, {"triggers": [2.0]})
    assert (changed.replaces, changed.paths) == ((), {"triggers[0]": "update"})
    assert diff({}, {"delete": "a"}, {"delete": "b"}).replaces == ()


def test_a_diff_looks_at_inputs_and_never_at_outputs(provider: LoggingProvider) -> None:
    assert RemoteCommand(provider).diff({"create": "old"}, {"create": "x"}, {"create": "x"}).paths == {}


def test_commands_are_quoted_as_go_does() -> None:
    assert quote('a\t"b"\n\\\x01é') == '"a\\t\\"b\\"\\n\\\\\\x01é"'
