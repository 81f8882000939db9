"""What the running kernel can do."""

from __future__ import annotations

from pathlib import Path

from hostctl.run import run

LOADED = Path("/sys/module")


def has_module(name: str) -> bool:
    """Whether the module is loaded, built in, or can be loaded. Without modprobe on the host: whether it is loaded."""
    if (LOADED / name).is_dir():
        return True
    return run(["modprobe", "--dry-run", "--quiet", name], check=False).returncode == 0
