"""What ssh-audit says, and what of it counts."""

from __future__ import annotations

from typing import Any

from audit.ssh import verdict


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
