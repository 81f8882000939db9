"""apt-get: patient with who holds a lock, and a next step for each usual failure."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from hostctl import apt
from hostctl.errors import NEXT, ROOM, HostError

LOCKED = "    E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt-get)"


UNREACHABLE = "    E: Failed to fetch http://mirror/x  Could not connect to mirror:80 (192.0.2.1)"


class AptGet:
    """Stands in for running the program: fails in these words, one after the other, then succeeds."""

    def __init__(self, *failures: str) -> None:
        self.failures = list(failures)
        self.calls: list[list[str]] = []

    def __call__(self, argv: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        self.calls.append(argv)
        if self.failures:
            raise HostError("apt-get failed", details=self.failures.pop(0))
        return subprocess.CompletedProcess(argv, 0, "", "")


@pytest.fixture
def apt_get(monkeypatch: pytest.MonkeyPatch) -> AptGet:
    program = AptGet()
    monkeypatch.setattr(apt, "run", program)
    monkeypatch.setattr(apt, "PAUSE", 0.0)
    monkeypatch.setattr(apt, "MIRROR_PAUSE", 0.0)
    return program


def test_a_lock_on_the_index_is_waited_for_and_said_once(
    apt_get: AptGet, capsys: pytest.CaptureFixture[str]
) -> None:
    apt_get.failures = [LOCKED, LOCKED]
    apt.read_index()
    assert len(apt_get.calls) == 3
    assert capsys.readouterr().err.count("waiting for another program that holds apt's lock") == 1


def test_the_wait_for_a_lock_ends(apt_get: AptGet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apt, "LOCK_SECONDS", -1)
    apt_get.failures = [LOCKED]
    with pytest.raises(HostError) as failure:
        apt.read_index()
    assert failure.value.hint == apt.OTHERS
    assert len(apt_get.calls) == 1


def test_a_mirror_that_fails_for_a_moment_is_asked_again_and_that_is_said_once(
    apt_get: AptGet, capsys: pytest.CaptureFixture[str]
) -> None:
    apt_get.failures = [UNREACHABLE, "E: Failed to fetch http://mirror/x  Hash Sum mismatch"]
    apt.read_index()
    assert len(apt_get.calls) == 3
    assert capsys.readouterr().err.count("a package mirror failed: trying again") == 1


@pytest.mark.parametrize(
    "words",
    ["E: Failed to fetch http://mirror/x 404  Not Found", "E: Failed to fetch x: No space left on device"],
)
def test_what_no_mirror_will_mend_is_not_tried_again(apt_get: AptGet, words: str) -> None:
    apt_get.failures = [words]
    with pytest.raises(HostError):
        apt.apt_get("install", "x")
    assert len(apt_get.calls) == 1


@pytest.mark.parametrize(
    ("words", "own", "hint"),
    [
        ("E: Failed to fetch http://mirror/x 503 Service Unavailable", "", apt.MIRRORS),
        ("E: Failed to fetch http://mirror/x 503 Service Unavailable", "ask the vendor", "ask the vendor"),
        ("E: You don't have enough free space in /var/cache/apt/archives/.", "ask the vendor", ROOM),
        ("E: Write error - write (28: No space left on device)", "", ROOM),
        ("E: something else", "", NEXT),
    ],
)
def test_a_failure_that_lasts_names_the_next_step(
    apt_get: AptGet, monkeypatch: pytest.MonkeyPatch, words: str, own: str, hint: str
) -> None:
    monkeypatch.setattr(apt, "MIRROR_SECONDS", -1)
    apt_get.failures = [words]
    with pytest.raises(HostError) as failure:
        apt.apt_get("install", "x", hint=own)
    assert failure.value.hint == hint
    assert len(apt_get.calls) == 1


def test_who_only_looks_reads_no_index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    read: list[str] = []
    monkeypatch.setattr(apt, "LISTS", tmp_path)
    monkeypatch.setattr(apt, "read_index", lambda: read.append("read"))
    with apt.index_as_it_is():
        apt.refresh_index()
    assert read == []
    apt.refresh_index()
    assert read == ["read"]
