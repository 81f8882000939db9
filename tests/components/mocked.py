"""One component with Pulumi's mocks: what it registers, and the unit that it sends."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pulumi_command as command

from components.remote import Target


class Recorder(pulumi.runtime.Mocks):
    """Remembers what was registered."""

    def __init__(self) -> None:
        self.made: dict[str, pulumi.runtime.MockResourceArgs] = {}

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        self.made[args.name] = args
        return f"{args.name}-id", args.inputs

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        raise AssertionError(args.token)


def target() -> Target:
    return Target(name="web", address="192.0.2.1", connection=command.remote.ConnectionArgs(host="192.0.2.1"))


def unit_of(recorder: Recorder, name: str) -> dict[str, Any]:
    assert recorder.made[name].typ == "command:remote:Command"
    stdin = recorder.made[name].inputs["stdin"]
    # The wire form of a secret: a unit travels as one.
    assert stdin["4dabf18193072939515e22adb298388d"] == "1b47061264138c4ac30d75fd1eb44270"
    document: dict[str, Any] = json.loads(stdin["value"])
    return document
