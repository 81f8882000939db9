from __future__ import annotations

import asyncio
import base64
import re
import string

import bcrypt
import pytest

from toolchain.providers.random.provider import RandomProvider
from toolchain.providers.random.resources import (
    RandomBytes,
    RandomId,
    RandomPassword,
    RandomPet,
    RandomString,
    RandomUuid,
)
from toolchain.providers.servicer import Change, Resource
from toolchain.providers.wire import UNKNOWN, Properties, is_secret

PROVIDER = RandomProvider("4.21.4")


def make(resource: Resource, inputs: Properties, *, preview: bool = False) -> tuple[str, Properties]:
    checked, failures = resource.check(inputs)
    assert not failures
    return asyncio.run(resource.create(Change(urn="urn", name="n", new=checked, preview=preview)))


def test_a_password_is_secret_and_its_id_says_nothing() -> None:
    id, outputs = make(RandomPassword(PROVIDER), {"length": 24.0, "special": False})
    assert id == "none"
    assert is_secret(outputs["result"]) and is_secret(outputs["bcryptHash"])
    result = outputs["result"]["value"]
    assert re.fullmatch(r"[A-Za-z0-9]{24}", result)
    assert outputs["bcryptHash"]["value"].startswith("$2a$10$")
    assert bcrypt.checkpw(result.encode(), outputs["bcryptHash"]["value"].encode())


def test_no_two_passwords_are_equal() -> None:
    made = {make(RandomPassword(PROVIDER), {"length": 20.0})[1]["result"]["value"] for _ in range(3)}
    assert len(made) == 3


def test_a_string_has_the_minimum_of_each_class() -> None:
    inputs = {"length": 8.0, "minUpper": 2.0, "minLower": 2.0, "minNumeric": 2.0, "minSpecial": 2.0}
    id, outputs = make(RandomString(PROVIDER), inputs | {"overrideSpecial": "_"})
    result = outputs["result"]
    assert id == result and result.count("_") == 2
    for alphabet in (string.ascii_uppercase, string.ascii_lowercase, string.digits):
        assert sum(char in alphabet for char in result) == 2


def test_a_preview_knows_inputs_and_defaults_alone() -> None:
    id, outputs = make(RandomPassword(PROVIDER), {"length": 24.0}, preview=True)
    assert id == "" and outputs["result"] == outputs["bcryptHash"] == UNKNOWN
    assert outputs["upper"] is True and outputs["minUpper"] == 0


@pytest.mark.parametrize(
    ("inputs", "failure"),
    [
        ({}, "length: is required"),
        ({"length": 0.0}, "length: must be at least 1"),
        ({"length": 3.0, "minUpper": 4.0}, "length: must be at least 4"),
        ({"length": 2.5}, "length: must be a whole number"),
        (
            {"length": 3.0, "upper": False, "lower": False, "numeric": False, "special": False},
            "at least one of special, upper, lower and numeric must be true",
        ),
    ],
)
def test_bad_inputs_fail_the_check(inputs: Properties, failure: str) -> None:
    assert RandomPassword(PROVIDER).check(inputs)[1] == [failure]


def test_every_changed_input_replaces() -> None:
    resource = RandomPassword(PROVIDER)
    _, made = make(resource, {"length": 24.0, "keepers": {"a": "1"}})
    for inputs, replaced in (
        ({"length": 25.0, "keepers": {"a": "1"}}, ("length",)),
        ({"length": 24.0, "keepers": {"a": "2"}}, ("keepers",)),
        ({"length": 24.0}, ("keepers",)),
        ({"length": 24.0, "keepers": {"a": "1"}, "overrideSpecial": "_"}, ("overrideSpecial",)),
    ):
        assert resource.diff(made, {}, inputs).replaces == replaced


def test_an_explicit_default_and_an_old_name_are_no_change() -> None:
    resource = RandomPassword(PROVIDER)
    _, made = make(resource, {"length": 24.0, "number": False})
    assert made["numeric"] is False
    same = {"length": 24.0, "numeric": False, "special": True, "minUpper": 0.0, "keepers": None}
    assert resource.diff(made, {}, same).paths == {}


def test_an_id_has_its_bytes_in_four_notations() -> None:
    id, outputs = make(RandomId(PROVIDER), {"byteLength": 6.0, "prefix": "x-"})
    number = int(outputs["hex"].removeprefix("x-"), 16)
    assert outputs["dec"] == f"x-{number}"
    assert outputs["b64Url"] == f"x-{id}" and len(outputs["hex"]) == len("x-") + 12


def test_bytes_are_secret_in_both_notations_and_their_id_says_nothing() -> None:
    id, outputs = make(RandomBytes(PROVIDER), {"length": 32.0})
    assert id == "none" and is_secret(outputs["base64"]) and is_secret(outputs["hex"])
    made = base64.b64decode(outputs["base64"]["value"])
    assert len(made) == 32 and made.hex() == outputs["hex"]["value"]
    assert make(RandomBytes(PROVIDER), {"length": 32.0})[1]["hex"] != outputs["hex"]


def test_there_is_one_byte_at_least() -> None:
    assert RandomBytes(PROVIDER).check({"length": 0.0})[1] == ["length: must be at least 1"]


def test_a_pet_has_as_many_words_as_asked_for() -> None:
    assert re.fullmatch(r"[a-z]+-[a-z]+", make(RandomPet(PROVIDER), {})[0])
    inputs = {"length": 3.0, "separator": "_", "prefix": "p"}
    assert re.fullmatch(r"p_[a-z]+_[a-z]+_[a-z]+", make(RandomPet(PROVIDER), inputs)[0])


def test_a_uuid_is_its_own_id() -> None:
    id, outputs = make(RandomUuid(PROVIDER), {})
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", id) and outputs["result"] == id
