"""MinIO's server and client, built from their last sources: their vendor has no binaries any more."""

from __future__ import annotations

from pathlib import Path

from bench.load import build, digest
from scripts.steps import Steps
from toolchain import paths

_MODULE = Path(__file__).resolve().parent / "minio"
_PACKAGES = {"minio": "github.com/minio/minio", "mc": "github.com/minio/mc"}


def programs(steps: Steps) -> dict[str, Path]:
    """``minio`` and ``mc``, built at the first call (10 minutes; needs Go) into the shared cache."""
    made = {}
    for name, package in _PACKAGES.items():
        target = paths.cache() / "tests" / f"{name}-{digest(_MODULE)}"
        build(steps, f"Building {name} (minutes)", _MODULE, package, target)
        made[name] = target
    return made
