from __future__ import annotations

import json
from typing import Any

import pulumi
import pulumi_command as command
import pytest

from components.frontend import Frontend, FrontendArgs, FrontendSpec
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


@pytest.fixture
def recorder() -> Recorder:
    mocks = Recorder()
    pulumi.runtime.set_mocks(mocks, preview=False)
    return mocks


def target() -> Target:
    return Target(name="web", address="192.0.2.1", connection=command.remote.ConnectionArgs(host="192.0.2.1"))


def unit_of(recorder: Recorder, name: str) -> dict[str, Any]:
    assert recorder.made[name].typ == "command:remote:Command"
    stdin = recorder.made[name].inputs["stdin"]
    # The wire form of a secret: a unit travels as one.
    assert stdin["4dabf18193072939515e22adb298388d"] == "1b47061264138c4ac30d75fd1eb44270"
    document: dict[str, Any] = json.loads(stdin["value"])
    return document


def test_the_frontend_tells_its_url_and_is_one_unit(recorder: Recorder) -> None:
    spec = FrontendSpec(
        environment="qa",
        domain="qa.app.dhanman.com",
        certificate="/c.pem",
        certificate_key="/k.pem",
        version="1.0.0",
        source="https://artifacts.example.com/build.tar.gz",
        sha256="ab" * 32,
    )

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def program() -> None:
        frontend = Frontend("frontend", FrontendArgs(target=target(), frontend=spec, artifact=None))
        assert frontend.url == "https://qa.app.dhanman.com"

    program()
    assert recorder.made["frontend"].typ == "dhanman:frontend:Frontend"
    assert unit_of(recorder, "frontend-site")["unit"] == "frontend-qa"
