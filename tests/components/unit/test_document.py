"""The unit's document, and that it and the program on the host speak of the same things."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
import sys

import pytest

from components import unit as units
from components.unit import File, OlderPackage, Packages, Thing, Unit
from hostctl.kinds import KINDS
from hostctl.kinds.base import Kind
from hostctl.kinds.paths import PathKind

THINGS = sorted(Thing.__subclasses__(), key=lambda thing: thing.kind)
FOR_PEOPLE = {("file", "secret")}
"""Fields that only say something about the document itself."""

RECORDED = {"digest", "sha256", "settings_sha256", "user_names"}
"""What a manifest has in the place of a file's content, of a key's secret and of users with their passwords."""

every_thing = pytest.mark.parametrize("thing", THINGS, ids=lambda thing: thing.kind)


def fields(thing: type[Thing]) -> set[str]:
    return {field.name for field in dataclasses.fields(thing)}


def test_every_thing_has_a_kind_on_the_host_and_every_kind_a_thing() -> None:
    assert {thing.kind for thing in THINGS} == set(KINDS)


def test_every_thing_can_be_imported_from_the_package() -> None:
    assert {thing.__name__ for thing in THINGS} <= set(units.__all__)


@every_thing
def test_the_host_reads_no_field_that_the_thing_does_not_have(thing: type[Thing]) -> None:
    own = [c for c in KINDS[thing.kind].__mro__ if issubclass(c, Kind) and c not in (Kind, PathKind)]
    read = {f for c in own for f in re.findall(r'self\.wanted(?:\.get\(|\[)"(\w+)"', inspect.getsource(c))}
    assert read - RECORDED <= fields(thing)


@every_thing
def test_the_thing_has_no_field_that_the_host_ignores(thing: type[Thing]) -> None:
    modules = {c.__module__ for c in KINDS[thing.kind].__mro__ if issubclass(c, Kind)}
    text = "".join(inspect.getsource(sys.modules[module]) for module in modules)
    ignored = {name for name in fields(thing) if not re.search(rf"[\"']{name}[\"']", text)}
    assert ignored <= {name for kind, name in FOR_PEOPLE if kind == thing.kind}


def test_equal_units_are_equal_text() -> None:
    def make(**changes: object) -> str:
        things = (Packages(name="p", packages=("jq",)), File(path="/etc/a", content="ä"))
        return dataclasses.replace(Unit(name="u", things=things), **changes).serialize()  # type: ignore[arg-type]

    assert make() == make()
    assert make(adopt=True) != make()
    assert json.loads(make())["things"][1]["content"] == "ä"


def test_a_file_s_older_content_is_an_object() -> None:
    older = OlderPackage(package="nginx", below="1.25.1", content="old")
    document = File(path="/etc/a", content="new", older=older).to_json()
    assert document["older"] == {"package": "nginx", "below": "1.25.1", "content": "old"}
