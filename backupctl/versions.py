"""A cluster of one version of PostgreSQL as Debian keeps it (postgresql-common's manual pages)."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from backupctl.config import Config
from backupctl.postgres import Server
from backupctl.tools import run, wait

START_LIMIT = 600.0
PGBACKREST = Path("/etc/pgbackrest/pgbackrest.conf")


@dataclass(frozen=True, kw_only=True)
class Version:
    """``number``: the major version, such as ``17``. The cluster is called ``main``."""

    number: str

    @property
    def cluster(self) -> str:
        """Debian's name of it, ``17/main``."""
        return f"{self.number}/main"

    @property
    def programs(self) -> Path:
        """Its programs."""
        return Path(f"/usr/lib/postgresql/{self.number}/bin")

    @property
    def extensions(self) -> Path:
        """What extensions are made from."""
        return Path(f"/usr/share/postgresql/{self.number}/extension")

    @property
    def data(self) -> Path:
        """Its data directory."""
        return Path(f"/var/lib/postgresql/{self.cluster}")

    @property
    def configuration(self) -> Path:
        """Its configuration directory."""
        return Path(f"/etc/postgresql/{self.cluster}")

    @property
    def unit(self) -> str:
        """Its systemd unit."""
        return f"postgresql@{self.number}-main.service"

    @property
    def exists(self) -> bool:
        """Whether there is such a cluster."""
        return (self.configuration / "postgresql.conf").exists()

    def starts(self, how: str) -> None:
        """``auto``: with the host; ``manual``: by hand alone."""
        path = self.configuration / "start.conf"
        rewrite(path, re.sub(r"^(auto|manual|disabled)\b.*$", how, path.read_text(), flags=re.MULTILINE))

    def files(self) -> dict[str, str]:
        """What the deployment wrote for it: text by path, relative to the configuration directory."""
        paths = [*self.configuration.glob("conf.d/*.conf"), self.configuration / "dhanman_hba.conf"]
        return {str(p.relative_to(self.configuration)): p.read_text() for p in paths if p.exists()}

    def write(self, files: Mapping[str, str], *, of: Version) -> None:
        """Write such files, which were another version's, for this one."""
        like = self.configuration / "postgresql.conf"
        for name, text in files.items():
            path = self.configuration / name
            content = text.replace(f"/{of.cluster}/", f"/{self.cluster}/")
            rewrite(path, content, like=path if path.exists() else like, mode=_mode(name))


def _mode(name: str) -> int:
    return 0o640 if name.endswith("_hba.conf") else 0o644


def rewrite(path: Path, content: str, *, like: Path | None = None, mode: int | None = None) -> None:
    """Replace a file by one rename; owner and mode are those of before, or of ``like``."""
    known = (like or path).stat()
    path.parent.mkdir(exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w") as stream:
        stream.write(content)
        os.fchown(stream.fileno(), known.st_uid, known.st_gid)
        os.fchmod(stream.fileno(), mode if mode is not None else known.st_mode & 0o777)
        os.fsync(stream.fileno())
    Path(draft).replace(path)


def hand_over(configuration: Path, before: Version, after: Version) -> None:
    """The archive, the backups and the restores are those of ``after`` from now on."""
    replaced = {
        before.cluster: after.cluster,
        str(before.programs): str(after.programs),
        before.unit: after.unit,
    }
    for path in (configuration, PGBACKREST):
        text = path.read_text()
        for old, new in replaced.items():
            text = text.replace(old, new)
        rewrite(path, text)


def start(config: Config, version: Version) -> bool:
    """Start it; whether it takes queries."""
    run("systemctl", "daemon-reload")
    run("systemctl", "reset-failed", version.unit, check=False)
    run("systemctl", "start", version.unit, check=False)
    return wait(Server(port=config.port).answers, START_LIMIT if _active(version) else 5)


def _active(version: Version) -> bool:
    return run("systemctl", "is-active", "--quiet", version.unit, check=False).returncode == 0
