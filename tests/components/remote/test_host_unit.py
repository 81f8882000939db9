"""A unit, its confirmation and an upload as resources."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from components.remote import HostUnit, LocalScript, Target, Upload
from components.remote.confirm import Confirm
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
    script = record(lambda: LocalScript("s", ["-m", "components.backup.bucket"], "fake-secret"))["s"]
    assert script.is_secret("stdin")
    assert script.plain("create").endswith("-m components.backup.bucket")
