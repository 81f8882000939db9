"""What ssh-audit says, and what of it counts."""

from __future__ import annotations

import subprocess
from types import SimpleNamespace
from typing import Any, cast

import pytest

import testbed
from audit.ssh import policy, policy_verdict, verdict, wait


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


_POLICIES = """
Server policies:
  * "Hardened Debian 12 (version 2)"
  * "Hardened OpenSSH Server v9.2 (version 3)"
  * "Hardened OpenSSH Server v10.1 (version 1)"
  * "Hardened OpenSSH Server v10.2 (version 1)"
  * "Hardened OpenSSH Server v10.2 (version 2)"
"""


@pytest.mark.parametrize(
    ("software", "name"),
    [
        ("OpenSSH_9.2p1", "v9.2 (version 3)"),
        ("OpenSSH_10.1p1", "v10.1 (version 1)"),
        ("OpenSSH_10.2", "v10.2 (version 2)"),
        ("OpenSSH_11.0p1", "v10.2 (version 2)"),
        ("dropbear_2025.88", "v10.2 (version 2)"),
    ],
)
def test_the_policy_is_the_one_for_the_version_or_the_newest(software: str, name: str) -> None:
    assert policy(_POLICIES, software) == f"Hardened OpenSSH Server {name}"


def test_no_policy_at_all_is_no_verdict() -> None:
    with pytest.raises(ValueError, match="no policy"):
        policy("", "OpenSSH_10.2")


def _held(*errors: tuple[str, list[str], list[str]]) -> dict[str, Any]:
    return {
        "policy": "Hardened",
        "errors": [
            {"mismatched_field": field, "expected_required": wanted, "actual": found}
            for field, wanted, found in errors
        ],
    }


def test_a_kept_policy_passes() -> None:
    assert policy_verdict(_held()).passed


def test_the_older_exchange_beside_those_of_the_policy_is_waived() -> None:
    wanted = ["mlkem768x25519-sha256", "sntrup761x25519-sha512"]
    said = policy_verdict(_held(("Key exchanges", wanted, [*wanted, "curve25519-sha256"])))
    assert said.passed
    assert said.remarks[0].startswith(
        "waived: Key exchanges: mlkem768x25519-sha256, sntrup761x25519-sha512, curve"
    )


def test_a_host_without_a_second_kind_of_key_keeps_the_policy() -> None:
    assert policy_verdict(_held(("Host keys", ["rsa-sha2-512", "ssh-ed25519"], ["ssh-ed25519"]))).passed
    assert not policy_verdict(_held(("Host keys", ["rsa-sha2-512", "ssh-ed25519"], ["ssh-dss"]))).passed


@pytest.mark.parametrize(
    ("field", "wanted", "found"),
    [
        ("Key exchanges", ["mlkem768x25519-sha256"], ["mlkem768x25519-sha256", "ecdh-sha2-nistp256"]),
        ("Key exchanges", ["a", "b"], ["b", "a", "curve25519-sha256"]),
        ("MACs", ["hmac-sha2-512-etm@openssh.com"], ["hmac-sha2-256"]),
        ("Host key (rsa-sha2-256) sizes", ["4096"], ["2048"]),
    ],
)
def test_another_deviation_falls_short_and_says_what_differs(
    field: str, wanted: list[str], found: list[str]
) -> None:
    said = policy_verdict(_held((field, wanted, found)))
    assert not said.passed
    assert said.remarks == [f"{field}: {', '.join(found)}; not {', '.join(wanted)}"]


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
