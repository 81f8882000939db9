from __future__ import annotations

from typing import Any

import pytest

from toolchain.providers.wire import (
    UNKNOWN,
    differences,
    from_struct,
    has_unknown,
    is_secret,
    plain,
    secret,
    to_struct,
)


def test_properties_survive_the_way_over_the_wire() -> None:
    properties = {"a": None, "b": True, "c": 1.5, "d": "x", "e": [1.0, {}, []], "f": {"g": secret("s")}}
    assert from_struct(to_struct(properties)) == properties


def test_a_secret_is_marked_once() -> None:
    assert secret(secret("x")) == secret("x")
    assert is_secret(secret("x")) and not is_secret("x")


def test_plain_strips_marks_at_every_depth() -> None:
    assert plain({"a": [secret({"b": secret("c")})]}) == {"a": [{"b": "c"}]}


def test_unknown_is_found_inside_a_secret() -> None:
    assert has_unknown({"a": [secret(UNKNOWN)]})
    assert not has_unknown({"a": ["known"]})


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ({"a": 1}, {"a": 1}, {}),
        ({"a": 1}, {"a": 2}, {"a": "update"}),
        ({}, {"a": 1}, {"a": "add"}),
        ({"a": 1}, {}, {"a": "delete"}),
        ({"t": [1]}, {"t": [2]}, {"t[0]": "update"}),
        ({"t": [1]}, {"t": [1, 2]}, {"t[1]": "add"}),
        ({"t": [1]}, {}, {"t": "delete"}),
        ({"c": secret({"p": 22})}, {"c": secret({"p": 23})}, {"c.p": "update"}),
        ({"s": "x"}, {"s": secret("x")}, {"s": "update"}),
    ],
)
def test_differences_name_the_path_and_the_kind(old: Any, new: Any, found: dict[str, str]) -> None:
    assert dict(differences(old, new)) == found
