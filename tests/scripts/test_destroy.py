from __future__ import annotations

import io

import pytest

from scripts import destroy


@pytest.mark.parametrize(
    ("typed", "goes_on"), [("prod\n", True), ("qa\n", False), ("yes\n", False), ("", False)]
)
def test_prod_needs_its_own_name_typed(monkeypatch: pytest.MonkeyPatch, typed: str, goes_on: bool) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    assert destroy.confirmed("prod") is goes_on


def test_the_local_stack_needs_no_asking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert destroy.confirmed("local")


def test_nothing_runs_when_the_name_is_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a command ran")

    monkeypatch.setattr("subprocess.run", refuse)
    monkeypatch.setattr("sys.stdin", io.StringIO("prd\n"))
    monkeypatch.setattr("sys.argv", ["destroy", "prod"])
    assert destroy.main() == 1
    assert "nothing was done" in capsys.readouterr().err
