"""Where certificates are: each version in a folder of its own, and a link to the one that is served.

Certificate and key change in one rename, so NGINX never finds the one without the other, not after a power cut either.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KEPT = 3
"""Versions of a certificate that stay, the served one among them."""
ORIGIN = "origin.json"


@dataclass(frozen=True)
class Shelf:
    """The certificates below ``root``: ``live/NAME`` is a link into ``versions/NAME/``."""

    root: Path

    def live(self, name: str) -> Path:
        """The link that NGINX follows."""
        return self.root / "live" / name

    def served(self, name: str) -> Path | None:
        """The folder of the version that is served, or None."""
        folder = self.live(name)
        whole = all((folder / file).is_file() for file in ("fullchain.pem", "privkey.pem"))
        return folder.resolve() if whole else None

    def origin(self, name: str) -> dict[str, Any]:
        """Where the served version comes from, as it was put down with it."""
        try:
            found: dict[str, Any] = json.loads((self.live(name) / ORIGIN).read_text())
        except (OSError, ValueError):
            return {}
        return found

    def draft(self, name: str) -> Path:
        """A new folder for a version, which root alone may enter."""
        above = self.root / "versions" / name
        above.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self.root, self.root / "live", self.root / "versions"):
            folder.mkdir(mode=0o700, exist_ok=True)
            folder.chmod(0o700)
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        number = 0
        while True:
            folder = above / f"{stamp}-{number}"
            try:
                folder.mkdir(mode=0o700)
                return folder
            except FileExistsError:
                number += 1

    def complete(self, folder: Path, origin: dict[str, Any]) -> None:
        """Write down where a version comes from, and have it on the disk before anybody relies on it."""
        (folder / ORIGIN).write_text(json.dumps(origin) + "\n")
        for file in (*folder.iterdir(), folder):
            descriptor = os.open(file, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def serve(self, name: str, folder: Path) -> Path | None:
        """Let the link lead to ``folder``; where it led before."""
        link = self.live(name)
        before = link.resolve() if link.is_symlink() and link.exists() else None
        draft = link.with_name(f".{name}.draft")
        draft.unlink(missing_ok=True)
        draft.symlink_to(os.path.relpath(folder, link.parent))
        draft.replace(link)
        return before

    def prune(self, name: str) -> None:
        """Remove the oldest versions, never the served one."""
        served = self.served(name)
        versions = sorted(path for path in (self.root / "versions" / name).iterdir() if path != served)
        for old in versions[: -(KEPT - 1)]:
            shutil.rmtree(old)
