"""A unit, its confirmation and an upload as resources."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import cast

import pulumi
import pytest

from components.remote import HostUnit, LocalScript, Target, Upload
from components.remote.confirm import Confirm
from components.remote.observation import Drift
from components.remote.observer import Watch
from components.unit import File, Unit
from tests.components.recording import Recording, record, target

UNIT = Unit(name="base", things=(File(path="/etc/a", content="not-to-be-shown"),))


def unit(content: Unit = UNIT, **changes: bool) -> Recording:
    def program() -> None:
        where: Target = dataclasses.replace(target(), **changes)  # type: ignore[arg-type]
        made = HostUnit("one-base", where, content)
        Confirm("one-confirmation", where, content, depends_on=[made])

    return record(program)


def test_a_command_text_is_the_same_whatever_the_unit_holds() -> None:
    other = dataclasses.replace(UNIT, name="other")
    for word in ("create", "delete"):
        assert unit()["one-base"].plain(word) == unit(other)["one-base"].plain(word)


def test_content_is_on_stdin_alone_and_no_output_is_handed_on() -> None:
    made = unit()["one-base"]
    assert "not-to-be-shown" in made.plain("stdin")
    assert "not-to-be-shown" not in json.dumps(made.masked())
    assert made.plain("addPreviousOutputInEnv") is False
    assert not {"environment", "triggers"} & set(made.inputs)


class Seen:
    """A watch on a host where one unit drifted."""

    def __init__(self, *drifted: str) -> None:
        self.drifted = drifted
        self.expected: list[str] = []

    def drift(self, unit: str) -> Drift | None:
        return Drift(differences=("file:/etc/a: content",), mark="0123abcd") if unit in self.drifted else None

    def expect(
        self, unit: str, resource: pulumi.Resource, document: pulumi.Output[str], *, delete_data: bool
    ) -> None:
        self.expected.append(unit)


LATER = dataclasses.replace(UNIT, name="later")


def watched(watch: Seen) -> Recording:
    def program() -> None:
        where = dataclasses.replace(target(), watch=cast("Watch", watch))
        HostUnit("one-base", where, UNIT)
        HostUnit("one-later", where, pulumi.Output.secret(LATER), named="later")
        Confirm("one-confirmation", where, UNIT)

    return record(program)


def test_a_unit_that_drifted_is_marked_and_its_mark_is_what_pulumi_sees() -> None:
    found = watched(Seen("base"))
    for name in ("one-base", "one-confirmation"):
        assert found[name].plain("update") == f"{found[name].plain('create')} --drift=0123abcd"
        assert found[name].ignore_changes == ()


def test_a_unit_that_did_not_drift_keeps_the_text_that_is_stored() -> None:
    for found in (watched(Seen()), unit()):
        assert found["one-base"].plain("update") == found["one-base"].plain("create")
        assert found["one-base"].ignore_changes == ("update",)
    assert watched(Seen("later"))["one-base"].ignore_changes == ("update",)


def test_a_unit_that_is_known_later_is_watched_by_its_name() -> None:
    watch = Seen("later")
    assert "--drift=" in watched(watch)["one-later"].plain("update")
    assert watch.expected == ["base", "later"]


def test_a_unit_that_is_known_later_needs_its_name_and_the_right_one() -> None:
    with pytest.raises(TypeError, match="one-later: a unit that is not known yet needs its name"):
        record(lambda: HostUnit("one-later", target(), pulumi.Output.secret(LATER)))
    with pytest.raises(ValueError, match="the unit is named later, not other"):
        record(lambda: HostUnit("one-later", target(), pulumi.Output.secret(LATER), named="other"))


def test_the_host_says_whether_to_adopt_and_to_delete_data() -> None:
    document = json.loads(unit(adopt=True, delete_data=True)["one-base"].plain("stdin"))
    assert (document["adopt"], document["delete_data"]) == (True, True)


def test_a_confirmation_runs_again_when_the_unit_changes_and_holds_none_of_it() -> None:
    first = unit()["one-confirmation"]
    second = unit(dataclasses.replace(UNIT, things=()))["one-confirmation"]
    assert first.plain("stdin") != second.plain("stdin")
    assert "not-to-be-shown" not in first.plain("stdin")
    assert "one-base" in unit().before("one-confirmation")


def test_an_upload_is_repeated_for_a_new_address_alone(tmp_path: Path) -> None:
    artifact = tmp_path / "a.tar.gz"
    artifact.write_bytes(b"")
    upload = record(lambda: Upload("a", target(), artifact, "/var/lib/dhanman/uploads/a.tar.gz"))["a"]
    assert upload.plain("triggers") == ["192.0.2.1"]
    assert upload.is_secret("connection")


def test_a_local_script_gets_its_secret_on_stdin() -> None:
    script = record(lambda: LocalScript("s", "components.backup.bucket", "fake-secret"))["s"]
    assert script.is_secret("stdin")
    assert script.plain("create").endswith("-m components.backup.bucket")
