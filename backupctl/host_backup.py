"""The nightly backup of what a host is configured by: files of ``/etc`` and more, and the broker's definitions.

An archive is sealed before it is written, read back before it gets its name, has its checksum beside it, and is
uploaded as it is; only then do older ones go.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from backupctl import dumps, sealed, status
from backupctl.errors import Failure
from backupctl.host_config import HostConfig
from backupctl.tools import ENVIRONMENT, complain, lock, now, run, say

REPORT = "host"
KINDS = ETC, DEFINITIONS = "etc", "definitions"
SUFFIXES = {ETC: ".tar.gz.gpg", DEFINITIONS: ".json.gpg"}
_STAMP = "%Y%m%d_%H%M%S"
TRIES = 3
"""How often files are read that change meanwhile."""
CHANGED = 1
"""Exit status of GNU tar where a file changed while it was read."""


def kinds(config: HostConfig) -> tuple[str, ...]:
    """What is kept of this host."""
    return KINDS if config.rabbitmq else (ETC,)


def prefix(config: HostConfig, kind: str) -> str:
    """How the names of its archives begin."""
    return f"{config.environment}-{config.host}-{kind}"


def archives(config: HostConfig, kind: str) -> list[Path]:
    """The archives on this host, the newest last."""
    return sorted(config.directory.glob(f"{prefix(config, kind)}_*{SUFFIXES[kind]}"))


def back_up(config: HostConfig) -> int:
    """Make an archive of each kind and write ``host.json`` with its metrics; 1 if one of them failed."""
    start = time.monotonic()
    report: dict[str, Any] = {"problems": [], "archives": {}}
    with lock(config.state / "host.lock", f"another backup of {config.host} is running"):
        for left in config.directory.glob(f".{config.environment}-{config.host}-*.partial*"):
            left.unlink()
        for kind in kinds(config):
            try:
                report["archives"][kind] = _one(config, kind)
            except (Failure, OSError) as error:
                failure = error if isinstance(error, Failure) else Failure(str(error), "correct the cause")
                complain(failure)
                report["problems"].append(f"no good backup of {kind}: {failure.what}")
        report["result"] = "failed" if report["problems"] else "ok"
        status.write(config.state, REPORT, report | {"seconds": round(time.monotonic() - start, 1)})
    return int(report["result"] != "ok")


def _one(config: HostConfig, kind: str) -> dict[str, int]:
    final = config.directory / f"{prefix(config, kind)}_{datetime.now(UTC).strftime(_STAMP)}{SUFFIXES[kind]}"
    draft = config.directory / f".{prefix(config, kind)}.partial"
    noted = draft.with_name(f"{draft.name}.sha256")
    try:
        {ETC: _archive, DEFINITIONS: _export}[kind](config, draft)
        entries = READ_BACK[kind](config, draft)
        noted.write_text(f"{dumps.digest(draft)}  {final.name}\n")
        noted.chmod(0o600)
        run("sync", str(draft), str(noted))
        noted.rename(f"{final}.sha256")
        draft.rename(final)
    finally:
        for path in (draft, noted):
            path.unlink(missing_ok=True)
    say(f"{final}: {entries} entries")
    if config.bucket:
        for file in (f"{final}.sha256", str(final)):
            run(
                "dhanman-bucket",
                str(config.bucket),
                "put",
                file,
                next_step="see backup.bucket in the settings",
            )
    _prune(config, kind)
    return {"bytes": final.stat().st_size, "entries": entries}


def _archive(config: HostConfig, draft: Path) -> None:
    packages = config.state / "packages.txt"
    packages.write_text(run("dpkg-query", "--show", "--showformat=${Package}=${Version}\n").stdout)
    patterns = [str(path).lstrip("/") for path in (*config.paths, packages)]
    found = [path for pattern in patterns for path in sorted(Path("/").glob(pattern))]
    words = ["tar", "--create", "--gzip", "--acls", "--xattrs", "--directory=/"]
    words += [f"--exclude={path.lstrip('/')}" for path in config.exclude]
    words += ["--", *(str(path.relative_to("/")) for path in found)]
    for _ in range(TRIES):
        draft.unlink(missing_ok=True)
        if sealed.seal(words, draft, config.passphrase, tolerated=(0, CHANGED)) == 0:
            return
    raise Failure("files go on changing while they are read", "start it again when no deployment runs")


def _export(config: HostConfig, draft: Path) -> None:
    sealed.seal(("rabbitmqctl", "--quiet", "export_definitions", "-"), draft, config.passphrase)


def names(config: HostConfig, archive: Path, *words: str) -> list[str]:
    """What is in an archive of files, as ``tar`` lists it."""
    with sealed.opened(archive, config.passphrase) as stream:
        done = subprocess.run(
            ["tar", "--list", "--gzip", *words],
            stdin=stream,
            capture_output=True,
            check=False,
            env=ENVIRONMENT,
        )
    if done.returncode != 0:
        raise Failure(
            f"{archive} can't be read", "take another archive", done.stderr.decode(errors="replace")
        )
    return done.stdout.decode(errors="replace").splitlines()


def definitions(config: HostConfig, archive: Path) -> dict[str, Any]:
    """What is in an archive of definitions."""
    with sealed.opened(archive, config.passphrase) as stream:
        text = stream.read()
    try:
        found: dict[str, Any] = json.loads(text)
        if not {"users", "vhosts", "permissions"} <= found.keys():
            raise ValueError
    except ValueError:
        raise Failure(f"{archive} holds no definitions of RabbitMQ", "take another archive") from None
    return found


def _count_files(config: HostConfig, draft: Path) -> int:
    found = len(names(config, draft))
    if not found:
        raise Failure("nothing is in it", "see the paths in the configuration")
    return found


def _count_definitions(config: HostConfig, draft: Path) -> int:
    return sum(len(part) for part in definitions(config, draft).values() if isinstance(part, list))


READ_BACK: dict[str, Callable[[HostConfig, Path], int]] = {ETC: _count_files, DEFINITIONS: _count_definitions}


def _prune(config: HostConfig, kind: str) -> None:
    oldest = now() - config.retention_days * 86400
    for archive in archives(config, kind)[:-1]:
        if archive.stat().st_mtime < oldest:
            archive.unlink()
            Path(f"{archive}.sha256").unlink(missing_ok=True)
    if config.bucket:
        days = str(config.retention_days)
        run("dhanman-bucket", str(config.bucket), "prune", f"{prefix(config, kind)}_", days)
