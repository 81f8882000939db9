"""Resources for rules to judge: right ones, in which a test makes one thing wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from policies import Breach, Resource, Secret, Stack
from policies.stack import Rule

HOST = "192.0.2.10"
APPLY = "timeout --kill-after=30s 30m sudo -n /usr/local/lib/dhanman/hostctl apply"
CONNECTION = {
    "host": HOST,
    "user": "deploy",
    "hostKey": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHBsYWNlaG9sZGVy",
}
COMMAND = "command:remote:Command"
PASSWORD = "generated-but-not-real"


def resource(
    chain: str, name: str, /, *, protect: bool = False, stack: str = "prod", **inputs: Any
) -> Resource:
    """``chain``: the types of its parents within the environment and its own, joined by ``$``."""
    urn = f"urn:pulumi:{stack}::dhanman::dhanman:environment:Environment${chain}::{name}"
    return Resource(urn=urn, inputs=inputs, protect=protect)


def environment(name: str) -> Resource:
    return Resource(urn=f"urn:pulumi:{name}::dhanman::dhanman:environment:Environment::{name}")


def command(**inputs: Any) -> Resource:
    wanted: dict[str, Any] = {
        "connection": Secret(value=CONNECTION),
        "create": APPLY,
        "stdin": Secret(value="{}"),
    }
    return resource(f"dhanman:gateway:Gateway${COMMAND}", "gateway-nginx", **wanted | inputs)


def unit(
    *things: Mapping[str, Any],
    of: str = "gateway:Gateway",
    name: str = "unit-prod",
    files: Mapping[str, str] | None = None,
    protect: bool = True,
) -> Resource:
    """A unit of one component, with these things and files."""
    written = [{"kind": "file", "path": path, "content": text} for path, text in (files or {}).items()]
    document = json.dumps({"unit": name, "things": [*things, *written]})
    return resource(
        f"dhanman:{of}${COMMAND}",
        name,
        protect=protect,
        connection=Secret(value=CONNECTION),
        create=APPLY,
        stdin=Secret(value=document),
    )


def breaches(rule: Rule, *resources: Resource) -> list[Breach]:
    return list(rule(Stack(resources)))


def broken(rule: Rule, *resources: Resource) -> Breach:
    """The only breach; its line says which resource, what is wrong and what to do."""
    (breach,) = rule(Stack(resources))
    assert breach.resource in resources
    assert str(breach) == f"{breach.resource.name} ({breach.resource.type}): {breach.wrong}; {breach.do}"
    assert breach.wrong and breach.do
    return breach
