from __future__ import annotations

import importlib.util
import io
import sys
from pathlib import Path

import pytest

from scripts.steps import StepFailedError, Steps
from toolchain import virtualenv
from toolchain.paths import Clone


@pytest.fixture
def without_ensurepip(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ensurepip" else find(name))


def fake_apt(folder: Path, status: int) -> Path:
    folder.mkdir()
    program = folder / "apt-get"
    program.write_text(f'#!/bin/sh\necho "$*" >>{folder}/calls\nexit {status}\n')
    program.chmod(0o755)
    return folder / "calls"


@pytest.mark.usefixtures("without_ensurepip")
def test_an_ordinary_user_is_told_the_package_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(StepFailedError) as caught:
        virtualenv.create(Steps(tmp_path, io.StringIO()), Clone(root=tmp_path / "clone"))
    assert "sudo apt-get install python3-venv" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.usefixtures("without_ensurepip")
def test_root_gets_the_package_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    calls = fake_apt(tmp_path / "bin", 0)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/bin:/usr/bin")
    virtualenv._provide_ensurepip(Steps(tmp_path / "log", io.StringIO()))
    assert "install -y --no-install-recommends python3-venv" in calls.read_text()


@pytest.mark.usefixtures("without_ensurepip")
def test_a_failing_installation_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    fake_apt(tmp_path / "bin", 100)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/bin:/usr/bin")
    with pytest.raises(StepFailedError, match=r"exit status 100(.|\n)*sudo apt-get install python3-venv"):
        virtualenv._provide_ensurepip(Steps(tmp_path / "log", io.StringIO()))


def test_an_old_python_is_refused_with_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2, "final", 0))
    with pytest.raises(StepFailedError, match=r"python3 is 3\.9\.2 .* 3\.11 or newer; .*PYTHON="):
        virtualenv.check_python()


def test_a_virtual_environment_of_another_place_does_not_count(tmp_path: Path) -> None:
    clone = Clone(root=tmp_path)
    (clone.venv / "bin").mkdir(parents=True)
    (clone.venv / "pyvenv.cfg").touch()
    (clone.venv / "bin" / "python").symlink_to(sys.executable)
    assert not virtualenv._works(clone)
