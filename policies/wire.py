"""Resources from what the engine sends: plain values, with marked mappings for what is special.

Markers: https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/sig/sig.go
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policies.resource import Resource, Secret

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"


def marked(value: Any) -> Any:
    """The value with :class:`Secret` where the engine says so, at every depth."""
    if isinstance(value, Mapping):
        if value.get(_SIGNATURE) == _SECRET:
            return Secret(value=marked(value.get("value")))
        return {key: marked(member) for key, member in value.items()}
    return [marked(member) for member in value] if isinstance(value, list) else value


def resource(urn: str, properties: Mapping[str, Any], *, protect: bool) -> Resource:
    """One resource. ``properties``: of the message, as JSON."""
    return Resource(urn=urn, inputs=marked(properties), protect=protect)
