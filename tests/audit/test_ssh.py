"""What ssh-audit says, and what of it counts."""

from __future__ import annotations

import subprocess
from types import SimpleNamespace
from typing import Any, cast

import pytest

import testbed
from audit.ssh import verdict, wait


def _report(name: str = "hmac-sha1", **notes: Any) -> dict[str, Any]:
    algorithm = {"algorithm": name, "notes": notes}
    return {"kex": [], "key": [], "enc": [{"algorithm": "aes256-ctr"}], "mac": [algorithm]}


def test_an_sshd_without_failures_and_warnings_passes() -> None:
    assert verdict(_report(info=["available since OpenSSH 6.5"])).passed


def test_a_failure_falls_short_and_names_the_algorithm() -> None:
    said = verdict(_report(fail=["using broken SHA-1 hash algorithm"]))
    assert (said.passed, said.found) == (False, "1 failures, 0 warnings")
    assert said.remarks == ["hmac-sha1: using broken SHA-1 hash algorithm"]


def test_a_warning_falls_short_unless_it_is_waived_with_its_reason() -> None:
    assert not verdict(_report(warn=["using encrypt-and-MAC mode"])).passed
    waived = verdict(_report("curve25519-sha256", warn=["no post-quantum protection"]))
    assert waived.passed
    assert waived.remarks[0].startswith("waived: curve25519-sha256: ")


def test_no_failure_can_be_waived() -> None:
    assert not verdict(_report("curve25519-sha256", fail=["broken"])).passed


class _Host:
    """Closed for a number of attempts."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals

    def run(self, cmd: str, *, check: bool) -> subprocess.CompletedProcess[str]:
        self.refusals -= 1
        if check and self.refusals >= 0:
            raise testbed.TestbedError("closed")
        return subprocess.CompletedProcess(cmd, 255 if self.refusals >= 0 else 0)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each pause is over at once, for whoever looks at the clock too."""
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr("audit.ssh.time", SimpleNamespace(sleep=sleep, monotonic=lambda: now[0]))


@pytest.mark.usefixtures("clock")
def test_it_is_waited_until_sshd_lets_in_again() -> None:
    host = _Host(3)
    wait(cast(testbed.Host, host))
    assert host.refusals == -1


@pytest.mark.usefixtures("clock")
def test_a_host_that_stays_closed_is_told() -> None:
    with pytest.raises(testbed.TestbedError, match="closed"):
        wait(cast(testbed.Host, _Host(10**6)))
