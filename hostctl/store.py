"""What hostctl remembers under ``/var/lib/dhanman``: a manifest for each unit, its journal, what was kept.

A *manifest* holds what a unit applied and, for each thing, its *origin*: how the host was before this program
first touched that thing. A *journal* holds how each thing was before the transaction that is under way.
Directories 0700, files 0600: origins may hold what other people's files said, and the former content of a secret
file is kept there until its unit is deleted, since nothing else could bring it back. Passwords of databases and
brokers are there as the verifiers that the servers themselves store.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hostctl.errors import NO_ROOM, ROOM, HostError
from hostctl.report import progress

ROOT = Path("/var/lib/dhanman")
KEPT_ORIGINS = "kept-origins.json"
Record = dict[str, Any]


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise HostError(f"{path} cannot be read: {error}", hint=f"move {path} away and run again") from None


def write_json(path: Path, value: Any) -> None:
    """Write as :func:`write_text` does."""
    write_text(path, json.dumps(value, sort_keys=True))


def write_text(path: Path, text: str) -> None:
    """Write atomically and durably, for root alone: a power cut leaves the old file or the new one."""
    # one name, since a lock is held: what a killed run left is written over
    temporary = path.with_name(f".{path.name}.new")
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise HostError(f"{path}: {error.strerror}", hint=ROOM if error.errno in NO_ROOM else "") from None
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Store:
    """The memory of one host. Only what writes makes its folders: looking leaves nothing on a host."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or ROOT

    def _write(self, path: Path, value: Any) -> None:
        self._make(path.parent)
        write_json(path, value)

    def _make(self, folder: Path) -> None:
        """The root, which others may enter, and a folder in it, which they may not."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o755)
        folder.mkdir(exist_ok=True, mode=0o700)

    def units(self) -> list[str]:
        """Names of the units that were applied here."""
        return sorted(p.stem for p in (self.root / "manifests").glob("*.json"))

    def manifest(self, unit: str) -> Record | None:
        """What the unit applied last, or None."""
        return _read(self.root / "manifests" / f"{unit}.json")  # type: ignore[no-any-return]

    def things(self, unit: str) -> list[Record]:
        """The entries of the unit's manifest; none if there is no manifest."""
        return (self.manifest(unit) or {"things": []})["things"]  # type: ignore[no-any-return]

    def write_manifest(self, unit: str, manifest: Record) -> None:
        """Remember what the unit applied."""
        self._write(self.root / "manifests" / f"{unit}.json", manifest)

    def forget(self, unit: str) -> None:
        """The unit is gone from this host."""
        (self.root / "manifests" / f"{unit}.json").unlink(missing_ok=True)
        self.close_journal(unit)

    def journal(self, unit: str) -> Record | None:
        """The transaction of this unit that has not ended, or None."""
        return _read(self.root / "journals" / f"{unit}.json")  # type: ignore[no-any-return]

    def write_journal(self, unit: str, journal: Record) -> None:
        """Remember how to undo, before the next step is taken."""
        self._write(self.root / "journals" / f"{unit}.json", journal)

    def close_journal(self, unit: str) -> None:
        """The transaction has ended."""
        (self.root / "journals" / f"{unit}.json").unlink(missing_ok=True)

    def owner_of(self, thing_id: str, *, besides: str) -> str | None:
        """The other unit that has this thing, or None."""
        for unit in self.units():
            manifest = self.manifest(unit) if unit != besides else None
            if manifest and any(t["id"] == thing_id for t in manifest["things"]):
                return unit
        return None

    def registry(self, name: str) -> list[str]:
        """A set of names that outlives units: ``kept`` things, ``packages`` that we installed."""
        return _read(self.root / f"{name}.json") or []

    def interrupted(self) -> list[str]:
        """Names of the units whose last transaction has not ended."""
        return sorted(p.stem for p in (self.root / "journals").glob("*.json"))

    def keep(self, thing_id: str, origin: Record | None) -> None:
        """The thing stays though its unit lets go of it; with its origin it can still be deleted some day."""
        self.update_registry("kept", add=[thing_id])
        with self.lock("registry"):
            self._write(self.root / KEPT_ORIGINS, self.kept_origins() | {thing_id: origin or {}})

    def kept_origins(self) -> dict[str, Record]:
        """How the host was before the things that were kept."""
        return _read(self.root / KEPT_ORIGINS) or {}

    def take_back(self, thing_id: str) -> None:
        """A unit has the kept thing again."""
        if thing_id in self.registry("kept"):
            self.update_registry("kept", remove=[thing_id])
        if thing_id in self.kept_origins():
            with self.lock("registry"):
                left = {k: v for k, v in self.kept_origins().items() if k != thing_id}
                self._write(self.root / KEPT_ORIGINS, left)

    def update_registry(
        self, name: str, *, add: list[str] | None = None, remove: list[str] | None = None
    ) -> None:
        """Add and remove names in a registry, safe against other units that do the same."""
        with self.lock("registry"):
            names = (set(self.registry(name)) | set(add or [])) - set(remove or [])
            self._write(self.root / f"{name}.json", sorted(names))

    @contextlib.contextmanager
    def lock(self, name: str, *, wait: float = 600) -> Iterator[None]:
        """Hold the lock ``name``; after ``wait`` seconds say who holds it. A dead owner's lock is free at once."""
        path = self.root / "locks" / name
        self._make(path.parent)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self._acquire(descriptor, path, wait)
            # who holds it is of use, and no reason to fail on a full disk
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, json.dumps(_self_description()).encode(), 0)
            yield
        finally:
            os.close(descriptor)

    def _acquire(self, descriptor: int, path: Path, wait: float) -> None:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return

        def late(_signal: int, _frame: object) -> None:
            raise TimeoutError

        progress(f"  waiting for {_owner(path).get('who', 'somebody')}, who holds the lock {path.name}")
        before = signal.signal(signal.SIGALRM, late)
        signal.setitimer(signal.ITIMER_REAL, wait)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except TimeoutError:
            owner = _owner(path)
            age = time.time() - owner.get("since", time.time())
            raise HostError(
                f"{path.name} is locked by {owner.get('who', 'somebody')} "
                f"(process {owner.get('pid', '?')}, {age:.0f} s)",
                hint="wait until that run has ended, then run again",
            ) from None
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)


def _owner(path: Path) -> Record:
    # the owner may be writing it just now
    try:
        owner: Record = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return owner


def _self_description() -> Record:
    return {"pid": os.getpid(), "who": who(), "since": time.time()}


def who() -> str:
    """Who runs this program: the user before sudo, and where they come from."""
    return f"{os.environ.get('SUDO_USER', 'root')} from {client() or 'this host'}"


def client() -> str | None:
    """The address that the SSH connection comes from over which this program was started; None without one."""
    # sudo takes the variable away, and leaves it in the environment of the process that called it
    process = "self"
    for _ in range(8):
        try:
            variables = Path(f"/proc/{process}/environ").read_bytes().split(b"\0")
            process = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1]
        except OSError:
            break
        for variable in variables:
            if variable.startswith(b"SSH_CONNECTION="):
                return variable.partition(b"=")[2].split(b" ")[0].decode(errors="replace")
    return None
