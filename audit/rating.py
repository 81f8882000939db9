"""TLS by testssl.sh, which rates as SSL Labs does, from a test host of its own: the package is not everywhere.

Source: https://testssl.sh/
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping

import testbed
from audit.verdict import Verdict

AIM = "A+"
NAME = "auditor"
SUITE = "forky"
"""The oldest suites have a testssl.sh that does not rate yet."""

WAIVED = {"cert_revocation": "the local environment's CA is its own, and revokes nothing"}
"""Findings that are accepted, and why."""

LIMIT = 900
_BAD = ("HIGH", "CRITICAL")
_INSTALL = (
    "apt-get --quiet=2 update && DEBIAN_FRONTEND=noninteractive apt-get --quiet=2 install"
    " --no-install-recommends testssl.sh >/dev/null"
)
_CA, _REPORT = "/root/ca.crt", "/root/report.json"


def verdict(domain: str, findings: Iterable[Mapping[str, str]]) -> Verdict:
    """From testssl.sh's flat JSON. Raises ``ValueError`` if it has no grade."""
    found = list(findings)
    grades = [one["finding"] for one in found if one["id"] == "overall_grade"]
    if not grades:
        raise ValueError("testssl.sh gave no grade")
    caps = [one["finding"] for one in found if one["id"].startswith("grade_cap_reason")]
    grave = [one for one in found if one["severity"] in _BAD]
    bad = [f"{one['id']}: {one['finding']}" for one in grave if one["id"] not in WAIVED]
    waived = [f"waived: {one['id']}: {WAIVED[one['id']]}" for one in grave if one["id"] in WAIVED]
    return Verdict(
        auditor="testssl.sh",
        subject=domain,
        aim=f"{AIM}, nothing high",
        found=f"{grades[0]}, {len(bad)} high" if bad else grades[0],
        passed=grades[0] == AIM and not bad,
        remarks=[*caps, *bad, *waived],
    )


def audit(address: str, domain: str, ca: str) -> Verdict:
    """Rate a domain that is served at ``address``. ``ca``: the authority that is trusted, in PEM.

    Raises ``TestbedError`` if the auditor's host can't be made, ``ValueError`` if there is no report.
    """
    with testbed.up(NAME, suite=SUITE) as auditor:
        auditor.run(_INSTALL)
        auditor.run(["tee", _CA], input=ca)
        options = ["--quiet", "--color", "0", "--ip", address, "--add-ca", _CA, "--jsonfile", _REPORT]
        # its exit status counts findings
        said = auditor.run(
            f"testssl {shlex.join(options)} {domain} >/dev/null; cat {_REPORT}", check=False, timeout=LIMIT
        )
    try:
        return verdict(domain, json.loads(said.stdout))
    except json.JSONDecodeError:
        raise ValueError(f"testssl.sh wrote no report: {said.stdout[-500:]}{said.stderr[-500:]}") from None
