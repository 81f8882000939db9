"""The nightly backup of the objects, and the weekly look at what is stored."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from objectctl import status
from objectctl.config import Config
from objectctl.errors import Failure
from objectctl.locks import alone
from objectctl.restic import Restic

EXCLUDED = (".sgwtmp", ".vgwlocks", ".minio.sys/tmp", ".minio.sys/multipart")
"""What the servers keep only while they work on it."""
PARTS = 4
"""A check reads one of so many parts of all data, another one each week."""
_WEEK = 7 * 86400


def back_up(config: Config) -> None:
    """A snapshot of everything, then away with what is too old. The result is in the status in any case."""

    def work(restic: Restic) -> dict[str, Any]:
        restic.back_up([config.data], EXCLUDED)
        restic.forget(config.retention_days)
        return {"snapshots": len(restic.snapshots()), "bytes": restic.size()}

    _reported(config, "backup", work)


def check(config: Config) -> None:
    """Whether what is stored can be read."""
    part = int(time.time() // _WEEK) % PARTS + 1

    def work(restic: Restic) -> dict[str, Any]:
        restic.check(f"{part}/{PARTS}")
        return {"part": part, "parts": PARTS}

    _reported(config, "check", work)


def _reported(config: Config, name: str, work: Callable[[Restic], dict[str, Any]]) -> None:
    started = time.monotonic()
    report: dict[str, Any] = {"result": "failed", "problems": ["broken off"]}
    config.cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    with alone(config.state / "lock", "another run"):
        try:
            restic = Restic(config)
            restic.prepare()
            report = {"result": "ok", "problems": []} | work(restic)
        except Failure as failure:
            report["problems"] = [failure.what, *failure.details.splitlines()[-1:]]
            raise
        finally:
            report["seconds"] = round(time.monotonic() - started, 1)
            status.write(config.state, name, report)
    print(f"{name} completed in {report['seconds']} s", flush=True)
