"""Settings merge as ASP.NET Core merges them."""

from __future__ import annotations

from pathlib import Path

import pytest
from dhanman_sample.errors import StartError
from dhanman_sample.settings import Settings, load


def test_the_file_of_the_environment_wins_key_by_key(tmp_path: Path) -> None:
    (tmp_path / "appsettings.json").write_text('{"RabbitMq": {"Host": "a", "Port": 5672}}')
    (tmp_path / "appsettings.QA.json").write_text('{"rabbitmq": {"HOST": "b"}}')
    settings = load(tmp_path, "QA", {})
    assert (settings.text("RabbitMq:Host"), settings.text("RabbitMq:Port")) == ("b", "5672")


def test_an_environment_variable_wins_over_both_files(tmp_path: Path) -> None:
    (tmp_path / "appsettings.json").write_text('{"Sample": {"FailReady": false}}')
    assert load(tmp_path, "Local", {"Sample__FailReady": "True"}).flag("Sample:FailReady")


def test_the_file_of_another_environment_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "appsettings.QA.json").write_text('{"Service": {"Name": "qa"}}')
    assert load(tmp_path, "Local", {}).text("Service:Name", "none") == "none"


def test_arrays_merge_by_index(tmp_path: Path) -> None:
    (tmp_path / "appsettings.json").write_text('{"A": [1, 2]}')
    (tmp_path / "appsettings.Local.json").write_text('{"A": [3]}')
    settings = load(tmp_path, "Local", {})
    assert (settings.text("A:0"), settings.text("A:1")) == ("3", "2")


@pytest.mark.parametrize(
    ("content", "words"),
    [("{\n\"Password\": 'secret'}", ":2: is not JSON"), ("[]", "must hold a JSON object")],
)
def test_a_bad_file_is_named_without_its_content(tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / "appsettings.json").write_text(content)
    with pytest.raises(StartError) as caught:
        load(tmp_path, "Local", {})
    assert "appsettings.json" in str(caught.value)
    assert words in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("value", ["-1", "soon", "nan", "inf"])
def test_a_duration_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(StartError, match="Sample:DrainSeconds"):
        Settings(values={"sample:drainseconds": value}).seconds("Sample:DrainSeconds")


def test_the_representation_holds_no_value() -> None:
    assert "sentinel" not in repr(Settings(values={"password": "sentinel"}))
