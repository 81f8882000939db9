from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.host_key import split_address
from toolchain.paths import CLONE


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("192.0.2.1", ("192.0.2.1", "22")),
        ("host.example:2222", ("host.example", "2222")),
        ("2001:db8::1", ("2001:db8::1", "22")),
        ("[2001:db8::1]:2222", ("2001:db8::1", "2222")),
        ("[2001:db8::1]", ("2001:db8::1", "22")),
    ],
)
def test_an_address_may_carry_a_port(address: str, parts: tuple[str, str]) -> None:
    assert split_address(address) == parts


def run(*arguments: str, path: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.host_key", *arguments]
    return subprocess.run(command, cwd=CLONE, env={"PATH": path}, capture_output=True, text=True, check=False)


def test_the_key_alone_goes_to_standard_output(tmp_path: Path) -> None:
    keygen = shutil.which("ssh-keygen")
    if keygen is None:
        pytest.skip("ssh-keygen is not installed")
    subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"], check=True)
    key = " ".join((tmp_path / "key.pub").read_text().split()[:2])
    scan = tmp_path / "ssh-keyscan"
    scan.write_text(f"#!/bin/sh\necho '# a comment'\necho '[h]:2222 {key}'\n")
    scan.chmod(0o755)
    done = run("h:2222", path=f"{tmp_path}:{Path(keygen).parent}:/bin")
    assert (done.returncode, done.stdout) == (0, key + "\n")
    assert "fingerprint: 256 SHA256:" in done.stderr


def test_a_silent_server_gives_one_line(tmp_path: Path) -> None:
    scan = tmp_path / "ssh-keyscan"
    scan.write_text("#!/bin/sh\nexit 1\n")
    scan.chmod(0o755)
    done = run("192.0.2.1", path=f"{tmp_path}:/bin")
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("make host-key: 192.0.2.1 gave no") and done.stderr.count("\n") == 1


def test_no_address_says_how_to_give_one(tmp_path: Path) -> None:
    assert "HOST=" in run("", path=str(tmp_path)).stderr
