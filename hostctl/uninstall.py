"""Taking the program itself away, after the last unit."""

from __future__ import annotations

import shutil
from pathlib import Path

from hostctl.errors import HostError
from hostctl.run import run
from hostctl.store import KEPT_ORIGINS, Store

PROGRAM = Path("/usr/local/lib/dhanman")
RECOVERY = Path("/etc/systemd/system/dhanman-recover.service")


def uninstall(store: Store) -> str:
    """Remove program and memory. The list of data that was kept stays, so that a later run knows it as ours."""
    units = store.units()
    if units:
        raise HostError(
            f"units are still on this host: {', '.join(units)}", hint="pulumi destroy removes them first"
        )
    run(["systemctl", "disable", "--quiet", RECOVERY.name], check=False)
    RECOVERY.unlink(missing_ok=True)
    run(["systemctl", "daemon-reload"], check=False)
    kept = store.registry("kept")
    for entry in store.root.glob("*"):
        if not (kept and entry.name in ("kept.json", KEPT_ORIGINS)):
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    if not kept and store.root.exists():
        store.root.rmdir()
    shutil.rmtree(PROGRAM, ignore_errors=True)
    return "hostctl: removed" + (f"; data stays: {', '.join(kept)}" if kept else "")
