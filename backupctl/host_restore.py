"""Having back what a host was configured by: files and directories, and the broker's definitions."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from backupctl import dumps, sealed
from backupctl.errors import Failure
from backupctl.host_backup import DEFINITIONS, ETC, archives, definitions, names
from backupctl.host_config import HostConfig
from backupctl.tools import ENVIRONMENT, last_words, run, say, size

BROKER_USER = "rabbitmq"
"""Whom Debian's ``rabbitmqctl`` becomes."""

Verbs = argparse._SubParsersAction  # argparse has no public name for what add_subparsers returns


def add_verbs(verbs: Verbs[argparse.ArgumentParser]) -> None:
    """The commands ``etc`` and ``definitions``, each with what can be done with it."""
    etc = verbs.add_parser("etc", help="files of /etc, and what else this host was configured by")
    works = etc.add_subparsers(dest="work", required=True, metavar="WHAT")
    _from(works.add_parser("list", help="what is in an archive"))
    extract = works.add_parser("extract", help="unpack an archive, or some paths of it, into a new folder")
    extract.add_argument("--to", required=True, type=Path, help="the folder")
    extract.add_argument("paths", nargs="*", metavar="PATH", help="default: everything")
    restore = works.add_parser("restore", help="put paths back into their place; what is there is kept")
    restore.add_argument("paths", nargs="+", metavar="PATH")
    _from(extract)
    _from(restore)
    broker = verbs.add_parser(DEFINITIONS, help="RabbitMQ's vhosts, users, permissions, policies and queues")
    works = broker.add_subparsers(dest="work", required=True, metavar="WHAT")
    _from(works.add_parser("list", help="what is in an archive"))
    extract = works.add_parser("extract", help="write an archive's definitions into a file")
    extract.add_argument("--to", required=True, type=Path, help="the file")
    _from(extract)
    _from(works.add_parser("restore", help="give them to the running broker; it keeps what they don't name"))


def _from(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--from", dest="archive", type=Path, help="an archive's file; default: the newest")


def restore(config: HostConfig, arguments: argparse.Namespace) -> None:
    """Do what the command line says. Raises :class:`Failure`; what was there is then still there."""
    if os.geteuid() != 0:
        raise Failure("only root can restore", "sudo the same command")
    kind = arguments.verb
    archive = choose(config, kind, arguments.archive)
    if kind == ETC:
        {"list": _list, "extract": _extract, "restore": _put_back}[arguments.work](config, archive, arguments)
    else:
        {"list": _tell, "extract": _write, "restore": _import}[arguments.work](config, archive, arguments)


def show(config: HostConfig) -> None:
    """The archives on this host, in a line each."""
    for kind in (ETC, DEFINITIONS):
        for archive in archives(config, kind):
            say(f"{kind:11}  {size(archive.stat().st_size):>10}  {archive}")


def choose(config: HostConfig, kind: str, wanted: Path | None) -> Path:
    """The archive that is named, else the newest. Raises :class:`Failure` unless it is what was written."""
    found = archives(config, kind)
    if wanted is None and not found:
        raise Failure(
            f"no archive of {kind} in {config.directory}", "name one with --from; the bucket has copies"
        )
    archive = wanted or found[-1]
    if not archive.is_file():
        raise Failure(f"no file {archive}", f"ls {config.directory}")
    noted = archive.with_name(f"{archive.name}.sha256")
    if noted.exists() and noted.read_text().split()[0] != dumps.digest(archive):
        raise Failure(f"{archive} is not what was written: its SHA-256 is another", "take another archive")
    return archive


def _list(config: HostConfig, archive: Path, _: argparse.Namespace) -> None:
    for line in names(config, archive, "--verbose"):
        say(line)


def _extract(config: HostConfig, archive: Path, arguments: argparse.Namespace) -> None:
    folder: Path = arguments.to
    if folder.exists() and any(folder.iterdir()):
        raise Failure(f"{folder} is not empty", "name a folder that is not there yet")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    unpack(config, archive, folder, [_inside(path) for path in arguments.paths])
    say(f"{archive.name} is in {folder}, which holds secrets: remove it when you are done")


def unpack(config: HostConfig, archive: Path, folder: Path, members: list[str]) -> None:
    """Unpack an archive, or some members of it, with owners and modes."""
    words = ["tar", "--extract", "--gzip", "--acls", "--xattrs", "--same-owner", "--preserve-permissions"]
    with sealed.opened(archive, config.passphrase) as stream:
        done = subprocess.run(
            [*words, f"--directory={folder.resolve()}", "--", *members],
            stdin=stream, capture_output=True, text=True, errors="replace", check=False, env=ENVIRONMENT,
        )  # fmt: skip
    if done.returncode != 0:
        raise Failure(
            f"{archive.name} could not be unpacked",
            f"dhanman-host-backup etc list --from {archive}",
            last_words(done),
        )


def _inside(path: str) -> str:
    """A path of the host as the archive names it."""
    pure = PurePosixPath(path)
    if not pure.is_absolute() or ".." in pure.parts:
        raise Failure(f"{path} is no absolute path", "such as /etc/nginx")
    return str(pure).lstrip("/")


def _put_back(config: HostConfig, archive: Path, arguments: argparse.Namespace) -> None:
    members = [_inside(path) for path in arguments.paths]
    for member in members:
        if len(PurePosixPath(member).parts) < 2:
            raise Failure(
                f"/{member} as a whole would take the host's own identity, disks and network with it",
                "extract it into a folder and name what you want of it",
            )
    kept = config.state / datetime.now(UTC).strftime("before-%Y%m%d-%H%M%S")
    with tempfile.TemporaryDirectory(dir=config.state, prefix="restoring-") as draft:
        unpack(config, archive, Path(draft), members)
        for member in members:
            exchange(Path(draft) / member, Path("/") / member, kept / member)
            say(f"/{member} is as in {archive.name}")
    say(f"kept: {kept}" if kept.exists() else "nothing was there before")
    say("next: reload what reads it (systemctl daemon-reload, systemctl reload nginx, ...); pulumi preview")


def exchange(wanted: Path, place: Path, kept: Path) -> None:
    """Put a file or folder into its place; what is there is copied to ``kept`` first, and goes last."""
    run("mkdir", "--parents", str(place.parent))
    beside, old = (place.with_name(f".{place.name}.{word}") for word in ("restoring", "before"))
    for path in (beside, old):
        _remove(path)
    try:
        run("cp", "--archive", str(wanted), str(beside))
        if place.is_symlink() or place.exists():
            kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            run("cp", "--archive", str(place), str(kept))
            place.rename(old)
        beside.rename(place)
    except BaseException:
        if (old.is_symlink() or old.exists()) and not (place.is_symlink() or place.exists()):
            old.rename(place)
        _remove(beside)
        raise
    _remove(old)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _tell(config: HostConfig, archive: Path, _: argparse.Namespace) -> None:
    held = definitions(config, archive)
    say(f"{archive.name}, of RabbitMQ {held.get('rabbitmq_version', '?')}")
    for part, entries in held.items():
        if isinstance(entries, list) and entries:
            called = ", ".join(sorted({str(entry.get("name") or entry.get("user", "")) for entry in entries}))
            say(f"  {part:18} {len(entries):>4}  {called}")


def _write(config: HostConfig, archive: Path, arguments: argparse.Namespace) -> None:
    held = definitions(config, archive)
    descriptor = os.open(arguments.to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        json.dump(held, stream, indent=2)
    say(f"{archive.name} is in {arguments.to}, which holds hashes of passwords: remove it when you are done")


def _import(config: HostConfig, archive: Path, _: argparse.Namespace) -> None:
    held = definitions(config, archive)
    # rabbitmqctl reads it as the broker's user; Erlang's terminal driver can't read it from a pipe
    with tempfile.TemporaryDirectory(dir=config.state, prefix="restoring-") as draft:
        file = Path(draft) / "definitions.json"
        file.write_text(json.dumps(held))
        for path, mode in ((file, 0o600), (Path(draft), 0o700)):
            path.chmod(mode)
            shutil.chown(path, BROKER_USER)
        run(
            "rabbitmqctl", "--quiet", "import_definitions", str(file),
            next_step="systemctl status rabbitmq-server: it must run, and be as new as the archive",
        )  # fmt: skip
    say(f"the broker has what is in {archive.name}; what that does not name it has kept")
    say("next: pulumi up, since logins may have been rotated after that time")
