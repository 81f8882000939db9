"""What a sealed file costs those who guess its passphrase, and who is named when sealing fails."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from backupctl.errors import Failure
from backupctl.sealed import opened, seal

pytestmark = pytest.mark.skipif(shutil.which("gpg") is None, reason="needs gpg")


@pytest.fixture
def passphrase(tmp_path: Path) -> Path:
    file = tmp_path / "key"
    file.write_text("not-a-real-passphrase\n")
    return file


def test_a_key_is_as_dear_as_openpgp_allows(tmp_path: Path, passphrase: Path) -> None:
    assert seal(["printf", "content"], tmp_path / "sealed", passphrase) == 0
    with opened(tmp_path / "sealed", passphrase) as stream:
        assert stream.read() == b"content"
    packets = subprocess.run(
        ["gpg", "--homedir", str(tmp_path), "--batch", "--pinentry-mode", "loopback",
         "--passphrase-file", str(passphrase), "--list-packets", str(tmp_path / "sealed")],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert "cipher 9" in packets and "hash 10" in packets
    assert "count 65011712" in packets


def test_a_program_that_fails_is_named(tmp_path: Path, passphrase: Path) -> None:
    with pytest.raises(Failure, match="false: exit status 1"):
        seal(["false"], tmp_path / "sealed", passphrase)
