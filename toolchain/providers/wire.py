"""Property values as the engine sends them: plain Python values with marked dictionaries for what is special.

Markers: https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/sig/sig.go
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from google.protobuf import struct_pb2

# Null, bool, float, str, list or dict: JSON with markers in it.
Value: TypeAlias = Any
Properties: TypeAlias = dict[str, Value]

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
ASSET = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def from_struct(struct: struct_pb2.Struct) -> Properties:
    """Give the properties of a message."""
    return {name: _from_value(value) for name, value in struct.fields.items()}


def to_struct(properties: Mapping[str, Value]) -> struct_pb2.Struct:
    """Give the message for properties."""
    struct = struct_pb2.Struct()
    for name, value in properties.items():
        _fill(struct.fields[name], value)
    return struct


def secret(value: Value) -> Value:
    """Mark a value as secret, unless it is already."""
    return value if is_secret(value) else {SIGNATURE: SECRET, "value": value}


def is_secret(value: Value) -> bool:
    """Whether the value itself is marked secret."""
    return bool(_signature(value) == SECRET)


def is_asset(value: Value) -> bool:
    """Whether the value is an asset or an archive."""
    return _signature(value) in (ASSET, ARCHIVE)


def is_unknown(value: Value) -> bool:
    """Whether the value is not known before the update runs."""
    return bool(plain(value) == UNKNOWN)


def plain(value: Value) -> Value:
    """Give the value without secret marks, at every depth."""
    if is_secret(value):
        return plain(value["value"])
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [plain(member) for member in value]
    return value


def has_unknown(value: Value) -> bool:
    """Whether anything at any depth is unknown."""
    if isinstance(value, dict):
        return any(has_unknown(member) for member in value.values())
    if isinstance(value, list):
        return any(has_unknown(member) for member in value)
    return bool(value == UNKNOWN)


def differences(old: Value, new: Value, path: str = "") -> Iterator[tuple[str, str]]:
    """Give (path, `add` | `delete` | `update`) for everything that differs, secret marks included.

    Paths are written as the engine does: `triggers[0]`, `connection.port`.
    """
    if old == new:
        return
    if is_secret(old) and is_secret(new):
        yield from differences(old["value"], new["value"], path)
    elif _is_object(old) and _is_object(new):
        for name in sorted({*old, *new}):
            inner = f"{path}.{name}" if path else name
            if name not in old or name not in new:
                yield inner, "add" if name in new else "delete"
            else:
                yield from differences(old[name], new[name], inner)
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            inner = f"{path}[{index}]"
            if index >= len(old) or index >= len(new):
                yield inner, "add" if index >= len(old) else "delete"
            else:
                yield from differences(old[index], new[index], inner)
    else:
        yield path, "update"


def _is_object(value: Value) -> bool:
    return isinstance(value, dict) and SIGNATURE not in value


def _signature(value: Value) -> Value:
    return value.get(SIGNATURE) if isinstance(value, dict) else None


def _from_value(value: struct_pb2.Value) -> Value:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return from_struct(value.struct_value)
    if kind == "list_value":
        return [_from_value(member) for member in value.list_value.values]
    return None if kind in (None, "null_value") else getattr(value, kind)


def _fill(target: struct_pb2.Value, value: Value) -> None:
    if value is None:
        target.null_value = struct_pb2.NULL_VALUE
    elif isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, int | float):
        target.number_value = value
    elif isinstance(value, str):
        target.string_value = value
    elif isinstance(value, Mapping):
        target.struct_value.SetInParent()
        for name, member in value.items():
            _fill(target.struct_value.fields[name], member)
    else:
        target.list_value.SetInParent()
        for member in value:
            _fill(target.list_value.values.add(), member)
