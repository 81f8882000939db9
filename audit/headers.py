"""The front end's headers by MDN's HTTP Observatory.

Source: https://github.com/mdn/mdn-http-observatory
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from audit.verdict import Verdict
from scripts.steps import StepFailedError, Steps
from toolchain.paths import cache

LIMIT = 120
AIM = 100
PACKAGE = Path(__file__).with_name("observatory")
_SCAN = "node_modules/@mdn/mdn-http-observatory"

NAMES = """\
// The names of the local environment are in no DNS.
const dns = require("dns");
const real = dns.lookup;
dns.lookup = (name, options, done) => {
  if (name !== process.env.AUDIT_NAME) return real(name, options, done);
  const answer = { address: process.env.AUDIT_ADDRESS, family: 4 };
  const [wanted, then] = typeof options === "function" ? [{}, options] : [options, done];
  return wanted.all ? then(null, [answer]) : then(null, answer.address, answer.family);
};
"""


def verdict(domain: str, report: dict[str, Any]) -> Verdict:
    """From the Observatory's JSON. Raises ``ValueError`` if it could not scan."""
    if report.get("error") or "scan" not in report:
        raise ValueError(f"the Observatory did not scan: {report.get('error')}")
    scan, tests = report["scan"], report["tests"]
    return Verdict(
        auditor="HTTP Observatory",
        subject=domain,
        aim=f"{AIM} at least",
        found=f"{scan['score']} ({scan['grade']})",
        passed=scan["score"] >= AIM,
        remarks=[f"{name}: {test['result']}" for name, test in tests.items() if not test["pass"]],
    )


def provide(steps: Steps) -> Path:
    """The package's folder in the cache, at the first call from npm. Raises ``StepFailedError``."""
    if shutil.which("npm") is None:
        raise StepFailedError(
            "the HTTP Observatory needs Node.js 20 and npm: install them (Debian: nodejs npm)"
        )
    lock = PACKAGE / "package-lock.json"
    folder = cache() / "audit" / f"observatory-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(PACKAGE, folder)
        # its installation script fetches the list of preloaded names, of which none is local
        install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(folder)]
        steps.run("Installing the HTTP Observatory", install, hint="npm must reach its registry.")
        (folder / _SCAN / "conf/hsts-preload.json").write_text("{}")
        (folder / "names.js").write_text(NAMES)
        (folder / "complete").touch()
    return folder


def audit(folder: Path, address: str, domain: str, ca: Path) -> Verdict:
    """Ask the gateway at ``address`` for ``domain``; ``ca``: the certificate of who signed its."""
    environment = {
        "NODE_EXTRA_CA_CERTS": str(ca),
        "NODE_OPTIONS": f"--require {folder / 'names.js'}",
        "AUDIT_NAME": domain,
        "AUDIT_ADDRESS": address,
    }
    done = subprocess.run(
        ["node", folder / _SCAN / "src/scan.js", domain],
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT,
        env=os.environ | environment,
    )
    return verdict(domain, json.loads(done.stdout))
