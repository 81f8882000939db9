from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from toolchain import __main__ as setup
from toolchain import cli, virtualenv
from toolchain.paths import CLONE, Clone


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    for name in virtualenv.REQUIREMENTS:
        shutil.copy(CLONE / name, tmp_path)
    return Clone(root=tmp_path)


def test_a_changed_pin_sets_up_again(clone: Clone) -> None:
    before = setup.digest(clone)
    assert setup.digest(clone) == before
    with (clone.root / "requirements.txt").open("a") as file:
        file.write("# changed\n")
    assert setup.digest(clone) != before


def test_another_toolchain_sets_up_again(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(cli.CHOICE_VARIABLE, raising=False)
    before = setup.digest(clone)
    monkeypatch.setenv(cli.CHOICE_VARIABLE, "build")
    assert setup.digest(clone) != before


def test_a_stamp_without_the_things_themselves_does_not_count(clone: Clone) -> None:
    clone.local.mkdir()
    clone.stamp.write_text(f"{setup.digest(clone)}\n{sys.executable}\n")
    assert not setup._done(clone, setup.digest(clone))


def test_two_at_once_set_up_once(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    at_work, brought = threading.Event(), []

    def bring(*_: object) -> None:
        at_work.set()
        time.sleep(0.2)
        brought.append("everything")

    monkeypatch.setattr(setup, "_bring", bring)
    monkeypatch.setattr(setup, "_done", lambda *_: bool(brought))
    other = threading.Thread(target=setup.setup, args=(clone,))
    other.start()
    assert at_work.wait(5)
    setup.setup(clone)
    other.join()
    assert brought == ["everything"]


def test_an_unknown_command_prints_the_usage() -> None:
    command = [sys.executable, "-m", "toolchain", "sETUP"]
    done = subprocess.run(command, cwd=CLONE, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "usage: python3 -m toolchain setup\n")


def test_everything_before_the_virtual_environment_needs_the_standard_library_alone() -> None:
    code = "import sys; sys.path.insert(0, '.'); import toolchain.__main__"
    subprocess.run([sys.executable, "-IS", "-c", code], cwd=CLONE, check=True)
