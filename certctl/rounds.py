"""One look at all certificates: those that want a new one get it, NGINX serves what it does not yet, people hear."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from certctl import client, gateway, reachable, status, x509
from certctl.config import Config
from certctl.errors import Failure, Limited
from certctl.shelf import Shelf
from certctl.tools import write
from certctl.verdicts import RIGHT, Judged, Verdict, judge, judge_all

EVERYTHING = "*"
"""In the list of what has to wait: a server that makes no account for this host wants none of its questions."""

Wanted = Callable[[Verdict], bool]


def wrong(verdict: Verdict) -> bool:
    """What a deployment puts right: renewal in time is the timer's."""
    return verdict not in RIGHT


def due(verdict: Verdict) -> bool:
    """What the timer sees to."""
    return verdict is not Verdict.GOOD


def anything(verdict: Verdict) -> bool:
    """Also what is good: for who asks by hand."""
    return True


def run(config: Config, wanted: Wanted, names: tuple[str, ...] = ()) -> list[Failure]:
    """Do it and publish how it went. ``names``: of the certificates to look at; none: all. What failed."""
    start = time.time()
    end = time.monotonic() + config.dns_timeout
    failures: list[Failure] = []
    for name, judged in judge_all(config, start).items():
        if (not names or name in names) and wanted(judged.verdict):
            try:
                _replace(config, name, judged, end)
            except Failure as failure:
                failures.append(failure)
    failures += _served(config)
    _publish(config, failures)
    return failures


def _replace(config: Config, name: str, judged: Judged, end: float) -> None:
    waiting = _waiting(config)
    now = time.time()
    for word in (EVERYTHING, name):
        if word in waiting and waiting[word]["until"] > now:
            known = waiting[word]
            about = "" if word == name else f"{name}: "
            raise Limited(
                f"{about}not asked now: {known['reason']}",
                "nothing: the timer asks again then",
                known["until"],
            )
    # a certificate that could not be served then would be asked for in vain, and count against limits
    gateway.accepts()
    _say(f"{name}: {judged.verdict}: asking {config.directory}")
    reachable.wait(config, config.certificates[name], end)
    try:
        folder = client.obtain(config, name)
    except Limited as limited:
        word = name if client.has_account(config) else EVERYTHING
        _keep_waiting(config, waiting | {word: _to_wait(config, limited)})
        raise
    if name in waiting or EVERYTHING in waiting:
        _keep_waiting(config, {w: k for w, k in waiting.items() if w not in (name, EVERYTHING)})
    _swap(config, name, folder)


def _swap(config: Config, name: str, folder: Path) -> None:
    """Serve it from the next reload on, if NGINX takes it; else the one before stays."""
    shelf = Shelf(config.root)
    before = shelf.serve(name, folder)
    try:
        gateway.accepts()
    except Failure as failure:
        if before is not None:
            shelf.serve(name, before)
        raise Failure(
            f"{name}: NGINX does not accept its configuration, so the certificate before stays",
            failure.next_step,
            failure.details,
        ) from None
    shelf.prune(name)
    _say(f"{name}: a new certificate, until {x509.clock(x509.read(folder / 'fullchain.pem').ends)}")


def _served(config: Config) -> list[Failure]:
    """Let NGINX read what it does not serve yet: also what a run that was broken off has left."""
    if not gateway.runs():
        return []
    fingerprints: dict[str, str] = {}
    for name, domains in config.certificates.items():
        found = judge(config, name, time.time()).found
        fingerprints |= {domain: found.fingerprint for domain in domains if found}
    if not gateway.unserved(fingerprints):
        return []
    try:
        gateway.accepts()
        gateway.reload()
    except Failure as failure:
        return [failure]
    left = gateway.wait_until_served(fingerprints, gateway.LIMIT)
    if not left:
        _say("nginx.service: reloaded")
        return []
    return [
        Failure(
            f"NGINX shows another certificate than the one it was given, or none: {', '.join(left)}",
            "journalctl -u nginx; nginx -T shows which files its sites name",
        )
    ]


def _publish(config: Config, failures: list[Failure]) -> None:
    now = time.time()
    problems = [failure.what for failure in failures]
    certificates: dict[str, Any] = {}
    for name, judged in judge_all(config, now).items():
        found = judged.found
        certificates[name] = {
            "verdict": str(judged.verdict),
            "good": judged.verdict in RIGHT,
            "ends": found.ends if found else None,
            "until": x509.clock(found.ends) if found else None,
            "issuer": found.issuer if found else None,
        }
        if judged.verdict in RIGHT and found and now >= config.alarm(found.begins, found.ends):
            problems.append(f"{name}: expires on {x509.clock(found.ends)}, and was not renewed")
        elif judged.verdict not in RIGHT:
            problems.append(f"{name}: {judged.verdict}")
    status.publish(
        config.state,
        {
            "result": "failed" if problems else "ok",
            "problems": problems,
            "certificates": certificates,
            "waiting": _waiting(config),
        },
    )


def _to_wait(config: Config, limited: Limited) -> dict[str, Any]:
    return {"until": limited.until, "reason": limited.what, "directory": config.directory}


def _waiting(config: Config) -> dict[str, Any]:
    """What the configured server wants to be asked for later, by the certificate's name."""
    try:
        found: dict[str, Any] = json.loads((config.state / "waiting.json").read_text())
    except (OSError, ValueError):
        return {}
    return {name: known for name, known in found.items() if known["directory"] == config.directory}


def _keep_waiting(config: Config, waiting: dict[str, Any]) -> None:
    config.state.mkdir(mode=0o755, parents=True, exist_ok=True)
    write(config.state / "waiting.json", json.dumps(waiting, indent=2) + "\n", 0o644)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
