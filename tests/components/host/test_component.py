"""The host's resources and their order, against Pulumi's mocks."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pulumi_command as command
import pytest

from components.host import Host, HostArgs, HostSpec
from components.remote import Target

SPEC = HostSpec(environments=("prod",), memory=16 << 30, cores=8)
CONNECTION = command.remote.ConnectionArgs(host="192.0.2.1")


class Recorder(pulumi.runtime.Mocks):
    """Keeps what was registered, in the order in which it was."""

    def __init__(self) -> None:
        self.resources: list[pulumi.runtime.MockResourceArgs] = []

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        """Every resource is made as asked."""
        self.resources.append(args)
        return f"{args.name}-id", args.inputs

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        """The host component calls no function."""
        raise AssertionError(args.token)


@pytest.fixture
def recorder() -> Recorder:
    """Fresh mocks for one test."""
    mocks = Recorder()
    pulumi.runtime.set_mocks(mocks, preview=False)
    return mocks


@pulumi.runtime.test  # type: ignore[untyped-decorator]  # Pulumi's own has no types
def test_a_host_is_base_then_access_then_confirmation(recorder: Recorder) -> Any:
    target = Target(name="one", address="192.0.2.1", connection=CONNECTION)
    host = Host("one", HostArgs(target=target, spec=SPEC))

    def check(_: object) -> None:
        names = [resource.name for resource in recorder.resources if resource.typ.startswith("command:")]
        assert names == ["one-base", "one-access", "one-access-over-a-new-connection"]
        stdin = recorder.resources[-2].inputs["stdin"]
        assert stdin.keys() > {"value"}, "the document travels as a secret"
        document = json.loads(stdin["value"])
        assert (document["unit"], document["arm"]) == ("access", 60)

    return pulumi.Output.from_input(host.ready.urn).apply(check)


def test_what_comes_after_a_host_waits_for_the_confirmation(recorder: Recorder) -> None:
    target = Target(name="one", address="192.0.2.1", connection=CONNECTION)
    host = Host("one", HostArgs(target=target, spec=SPEC))
    assert host.ready in host.target.ready
    assert host.target.address == "192.0.2.1"
