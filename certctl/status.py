"""What monitoring reads: ``certificates.json``, and the same as metrics (node_exporter's text format)."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from certctl.tools import write

NAME = "certificates"
PREFIX = "dhanman_certificate"
_HELP = {
    "renewal_success": "1 if the last look at the certificates found nothing wrong",
    "renewal_time_seconds": "when that was",
    "expiry_time_seconds": "when the certificate that is served expires",
    "good": "1 if it is from the wanted ACME server, for the wanted names, and not expired",
}


def publish(folder: Path, report: dict[str, Any]) -> None:
    """Replace both files, each as a whole. ``report`` has ``result``, ``problems`` and ``certificates``."""
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    now = time.time()
    report = report | {"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))}
    write(folder / f"{NAME}.json", json.dumps(report, indent=2) + "\n", 0o644)
    write(folder / f"{NAME}.prom", metrics(report, now), 0o644)


def read(folder: Path) -> dict[str, Any]:
    """What was published last, or nothing."""
    try:
        found: dict[str, Any] = json.loads((folder / f"{NAME}.json").read_text())
    except (OSError, ValueError):
        return {}
    return found


def metrics(report: dict[str, Any], now: float) -> str:
    """The report's numbers as gauges."""
    rows: dict[str, list[str]] = {
        "renewal_success": [f" {int(report['result'] == 'ok')}"],
        "renewal_time_seconds": [f" {now:.0f}"],
        "expiry_time_seconds": [],
        "good": [],
    }
    for name, found in report["certificates"].items():
        label = f'{{certificate="{name}"}}'
        if found["ends"] is not None:
            rows["expiry_time_seconds"].append(f"{label} {found['ends']:.0f}")
        rows["good"].append(f"{label} {int(found['good'])}")
    lines = []
    for metric, values in rows.items():
        lines += [f"# HELP {PREFIX}_{metric} {_HELP[metric]}", f"# TYPE {PREFIX}_{metric} gauge"]
        lines += [f"{PREFIX}_{metric}{value}" for value in values]
    return "\n".join(lines) + "\n"
