"""The private view in which new files are judged."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from hostctl import staging
from hostctl.errors import HostError
from hostctl.staging import is_staged, validate

MOUNTS = Path("/proc/self/mounts")


@pytest.mark.parametrize(
    ("path", "covered"),
    [
        ("/etc/nginx/nginx.conf", True),
        ("/opt/x", True),
        ("/usr/local/bin/x", True),
        ("/etcetera/x", False),
        ("/usr/lib/x", False),
        ("/etc", False),
        ("packages:base", False),
    ],
)
def test_only_configuration_releases_and_our_own_scripts_are_covered(path: str, covered: bool) -> None:
    assert is_staged(path) is covered


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(staging, "SCRATCH", tmp_path / "scratch")
    return tmp_path / "scratch"


@pytest.fixture
def _no_view(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What becomes of a verdict needs no mounts."""
    monkeypatch.setattr(staging, "_private_view", lambda: None)


@pytest.mark.usefixtures("_no_view")
def test_what_every_program_accepts_raises_nothing(scratch: Path) -> None:
    validate(lambda: None, [["true"], ["test", "-d", str(scratch)]])
    assert scratch.stat().st_mode & 0o777 == 0o700


@pytest.mark.usefixtures("_no_view")
def test_a_refusal_names_the_program_with_its_last_words(tmp_path: Path) -> None:
    late = tmp_path / "late"
    with pytest.raises(HostError, match="validation failed: sh -c echo its words") as refused:
        validate(lambda: None, [["sh", "-c", "echo its words >&2; exit 1"], ["touch", str(late)]])
    assert refused.value.details == "    its words"
    assert "correct the setting" in refused.value.hint
    assert not late.exists()


@pytest.mark.usefixtures("_no_view")
def test_a_validator_that_the_host_does_not_have_is_named() -> None:
    with pytest.raises(HostError, match="validation failed: no-such-tool") as refused:
        validate(lambda: None, [["no-such-tool"]])
    assert "no-such-tool is not on the host" in refused.value.details


@pytest.mark.usefixtures("_no_view")
def test_a_file_that_can_not_be_put_there_fails_with_its_own_words() -> None:
    def broken() -> None:
        raise HostError("/etc/x is a directory that is not empty", hint="move /etc/x away")

    with pytest.raises(HostError, match="is a directory that is not empty") as failed:
        validate(broken, [["true"]])
    assert failed.value.hint == "move /etc/x away"


@pytest.mark.usefixtures("_no_view")
def test_a_process_that_dies_without_a_word_is_an_error_and_no_consent() -> None:
    with pytest.raises(HostError, match="the staging process ended with status"):
        validate(lambda: os._exit(7), [["true"]])


def test_a_host_without_the_view_is_told_what_it_needs(
    scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused() -> None:
        raise OSError(19, "mount overlay on /etc: No such device")

    monkeypatch.setattr(staging, "_private_view", refused)
    ran = scratch.parent / "ran"
    with pytest.raises(HostError, match=r"staging failed: .*No such device") as failed:
        validate(lambda: None, [["touch", str(ran)]])
    assert "overlayfs" in failed.value.hint
    assert not ran.exists()


PROBE = """
mount --make-rprivate / && mount -t tmpfs tmpfs "$1" && cd "$1" && mkdir lower upper work
mount -t overlay overlay -o "lowerdir=$1/lower,upperdir=$1/upper,workdir=$1/work" "$1/lower"
"""


def _overlays_work(place: Path) -> bool:
    """Whether this machine lets us mount an overlay, which many containers don't."""
    place.mkdir()
    command = ["unshare", "--mount", "sh", "-e", "-c", PROBE, "sh", str(place)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.fixture
def folder(tmp_path: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one file, which the view covers in place of the host's own."""
    path = tmp_path / "etc"
    path.mkdir()
    monkeypatch.setattr(staging, "STAGED", (str(path),))
    if not _overlays_work(tmp_path / "probe"):
        pytest.skip("mounting an overlay needs root and a kernel that lets it")
    (path / "x").write_text("old")
    return path


def test_programs_see_the_new_files_and_nothing_of_them_stays(folder: Path) -> None:
    mounts = MOUNTS.read_text()

    def put_in_place() -> None:
        (folder / "x").write_text("new")
        (folder / "y").write_text("new")

    validate(put_in_place, [["grep", "new", str(folder / "x"), str(folder / "y")]])
    assert {p.name: p.read_text() for p in folder.iterdir()} == {"x": "old"}
    assert MOUNTS.read_text() == mounts
    assert list(staging.SCRATCH.iterdir()) == []


def test_a_file_that_is_to_go_is_gone_for_the_programs_alone(folder: Path) -> None:
    validate((folder / "x").unlink, [["test", "!", "-e", str(folder / "x")]])
    assert (folder / "x").read_text() == "old"


def test_a_refusal_leaves_the_view_as_little_behind(folder: Path) -> None:
    with pytest.raises(HostError, match="validation failed"):
        validate((folder / "x").unlink, [["cat", str(folder / "x")]])
    assert (folder / "x").read_text() == "old"
    assert list(staging.SCRATCH.iterdir()) == []
