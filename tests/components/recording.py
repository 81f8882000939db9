"""What a program registers with Pulumi, kept as the engine would get it."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import pulumi_command as command
import yaml
from google.protobuf import json_format
from pulumi.runtime.mocks import MockMonitor

from components.remote import Target
from components.settings import Settings, load
from tests.components.settings.example import HOST_KEY

PROJECT = Path(__file__).resolve().parents[2]
PASSWORD = "generated-but-not-real"
TOKEN = "value-of-a-token-but-not-real"
KEY_ID, KEY = "id-of-a-key", "made-at-the-provider-but-not-real"
KEY_BODY = "not-a-real-key-of-an-operator"
PRIVATE_KEY = "\n".join(("-----BEGIN PRIVATE KEY-----", KEY_BODY, "-----END PRIVATE KEY-----"))
OVERLAY = {
    "hosts": {"local": {"address": "192.0.2.20", "hostKey": HOST_KEY}},
    "ssh": {"privateKey": PRIVATE_KEY},
}
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"


@dataclass(frozen=True, kw_only=True)
class Registered:
    """One resource. ``inputs`` as on the wire, secrets marked; see :meth:`plain` and :meth:`is_secret`."""

    urn: str
    type: str
    name: str
    parent: str
    custom: bool
    protect: bool
    retain_on_delete: bool
    ignore_changes: tuple[str, ...]
    inputs: dict[str, Any]
    dependencies: frozenset[str]
    property_dependencies: dict[str, frozenset[str]]

    def is_secret(self, key: str) -> bool:
        """Whether the whole input is a secret."""
        value = self.inputs.get(key)
        return isinstance(value, dict) and value.get(_SIGNATURE) == _SECRET

    def plain(self, key: str) -> Any:
        """The input without its mark."""
        value = self.inputs[key]
        return value["value"] if self.is_secret(key) else value

    def masked(self) -> dict[str, Any]:
        """The inputs as a preview shows them."""
        return {key: _masked(value) for key, value in self.inputs.items()}


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        if value.get(_SIGNATURE) == _SECRET:
            return "[secret]"
        return {key: _masked(member) for key, member in value.items()}
    return [_masked(member) for member in value] if isinstance(value, list) else value


class Recording:
    """Everything that one run of a program registered."""

    def __init__(self) -> None:
        self.resources: list[Registered] = []

    def __getitem__(self, name: str) -> Registered:
        """The resource of that name that is no component."""
        (found,) = [r for r in self.resources if r.name == name and r.custom]
        return found

    def of(self, *types: str) -> list[Registered]:
        """The resources of these types."""
        return [r for r in self.resources if r.type in types]

    @property
    def remote(self) -> list[Registered]:
        """Every command and copy over SSH."""
        return self.of("command:remote:Command", "command:remote:CopyToRemote")

    def before(self, name: str) -> set[str]:
        """Names of all that must be done before the resource of that name."""
        by_urn = {r.urn: r for r in self.resources}
        found: set[str] = set()
        waiting = [self[name]]
        while waiting:
            for urn in waiting.pop().dependencies:
                if urn in by_urn and by_urn[urn].name not in found:
                    found.add(by_urn[urn].name)
                    waiting.append(by_urn[urn])
        return found


def seed(name: str) -> str:
    """The 32 bytes that a resource of this name makes, in base64; others for each name."""
    return base64.b64encode(hashlib.sha256(name.encode()).digest()).decode()


class _Mocks(pulumi.runtime.Mocks):
    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        made = {}
        if args.typ == "random:index/randomPassword:RandomPassword":
            made = {"result": PASSWORD}
        elif args.typ == "random:index/randomBytes:RandomBytes":
            made = {"base64": seed(args.name)}
        elif args.typ == "cloudflare:index/accountToken:AccountToken":
            made = {"value": TOKEN}
        elif args.inputs.get("create", "").endswith("components.backup.bucket.key"):
            made = {"stdout": json.dumps({"id": KEY_ID, "key": KEY})}
        return f"{args.name}-id", args.inputs | made

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"a live call: {args.token}")


class _Monitor(MockMonitor):
    def __init__(self, recording: Recording) -> None:
        super().__init__(_Mocks())
        self._recording = recording

    def RegisterResource(self, request: Any) -> Any:
        response = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        self._recording.resources.append(
            Registered(
                urn=response.urn,
                type=request.type,
                name=request.name,
                parent=request.parent,
                custom=request.custom,
                protect=request.protect,
                retain_on_delete=request.retainOnDelete,
                ignore_changes=tuple(request.ignoreChanges),
                inputs=json_format.MessageToDict(request.object),
                dependencies=frozenset(request.dependencies),
                property_dependencies={k: frozenset(v.urns) for k, v in request.propertyDependencies.items()},
            )
        )
        return response


def record(program: Callable[[], object], *, stack: str = "local") -> Recording:
    """Runs a program against mocks until all of its resources are registered."""
    recording = Recording()
    pulumi.runtime.set_mocks(_Mocks(), "dhanman", stack, False, monitor=_Monitor(recording))

    def run() -> None:
        program()

    pulumi.runtime.test(run)()  # type: ignore[no-untyped-call]
    return recording


def target() -> Target:
    """A host that is ready."""
    connection = command.remote.ConnectionArgs(host="192.0.2.1", host_key=HOST_KEY)
    return Target(name="one", address="192.0.2.1", connection=pulumi.Output.secret(connection))


def stack_settings(stack: str) -> Settings:
    """The settings of one of the project's own stack files."""
    content = yaml.safe_load((PROJECT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))["config"]
    return load(stack, content, overlay=OVERLAY if stack == "local" else None, project=PROJECT)
