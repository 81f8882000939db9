"""What the HTTP Observatory says, and what of it counts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from audit.headers import NAMES, PACKAGE, verdict


def _report(score: int) -> dict[str, Any]:
    tests = {
        "cookies": {"pass": True, "result": "cookies-not-found"},
        "referrer-policy": {"pass": False, "result": "referrer-policy-unsafe"},
    }
    return {"scan": {"score": score, "grade": "A+"}, "tests": tests}


@pytest.mark.parametrize(("score", "passed"), [(99, False), (100, True), (120, True)])
def test_the_score_decides_and_failed_tests_are_named(score: int, passed: bool) -> None:
    said = verdict("app.test", _report(score))
    assert (said.passed, said.found) == (passed, f"{score} (A+)")
    assert said.remarks == ["referrer-policy: referrer-policy-unsafe"]


@pytest.mark.parametrize("report", [{"error": "site down"}, {}])
def test_no_scan_is_no_verdict(report: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="did not scan"):
        verdict("app.test", report)


def test_every_package_is_pinned_by_its_digest_and_by_no_address() -> None:
    lock = json.loads((PACKAGE / "package-lock.json").read_text())
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert [name for name, entry in packages.items() if not entry["integrity"].startswith("sha512-")] == []
    assert [name for name, entry in packages.items() if "resolved" in entry] == []


@pytest.mark.skipif(shutil.which("node") is None, reason="no node on this machine")
def test_the_name_leads_to_the_address_and_no_other_does(tmp_path: Path) -> None:
    (tmp_path / "names.js").write_text(NAMES)
    ask = "require('dns').lookup(process.argv[1], (e, a) => console.log(e ? e.code : a))"

    def asked(name: str) -> str:
        command = ["node", "--require", str(tmp_path / "names.js"), "-e", ask, name]
        env = {"PATH": os.environ["PATH"], "AUDIT_NAME": "app.test", "AUDIT_ADDRESS": "192.0.2.9"}
        return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout.strip()

    assert asked("app.test") == "192.0.2.9"
    assert asked("localhost") != "192.0.2.9"
