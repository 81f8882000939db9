from __future__ import annotations

import json
from pathlib import Path

import pytest

from testbed import __main__ as cli
from testbed import driver
from testbed.errors import TestbedError
from testbed.paths import Clone


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TESTBED_HOME", str(tmp_path))


def test_an_error_is_one_line_and_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["shell", "web"]) == 1
    assert capsys.readouterr().err == "testbed: there is no host 'web': python3 -m testbed up web\n"


def test_an_empty_clone_lists_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"hosts": [], "snapshots": []}


def test_an_unknown_driver_names_the_known_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TESTBED_DRIVER", "vagrant")
    with pytest.raises(TestbedError, match="TESTBED_DRIVER takes docker, podman, nspawn"):
        driver.chosen_driver(Clone.current())


def test_without_engine_and_root_one_line_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TESTBED_DRIVER", raising=False)
    monkeypatch.setattr(driver, "missing", list)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(TestbedError, match="need a running Docker or Podman, or root"):
        driver.chosen_driver(Clone.current())
