"""What the clone remembers of its hosts and snapshots: one JSON file each, replaced in one step."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from testbed.errors import TestbedError
from testbed.paths import Clone
from testbed.process import locked


@dataclass(frozen=True, kw_only=True)
class Disk:
    """What a host's own layer lies on.

    ``image`` is the folder of the root tree (nspawn) or the reference of the container image; ``layers`` are
    the names of frozen layers above it, the newest first (nspawn only); ``hostname`` is the name inside.
    """

    suite: str
    image: str
    hostname: str
    layers: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class HostRecord:
    """One host as it was made and as it was last set; whether it runs is asked of the driver."""

    name: str
    driver: str
    address: str
    port: int
    host_key: str
    disk: Disk
    apt_cache: bool = True
    extra_addresses: list[str] = field(default_factory=list)
    latency_ms: int = 0
    is_cut: bool = False


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A frozen disk under a name of its own."""

    name: str
    driver: str
    disk: Disk


def save_host(clone: Clone, record: HostRecord) -> None:
    """Write a host's record."""
    _write(_host_file(clone, record.name), asdict(record))


def find_host(clone: Clone, name: str) -> HostRecord | None:
    """Read a host's record; None if there is no such host."""
    data = _read(_host_file(clone, name))
    return None if data is None else HostRecord(**{**_known(HostRecord, data), "disk": Disk(**data["disk"])})


def get_host(clone: Clone, name: str) -> HostRecord:
    """Read a host's record; raise ``TestbedError`` if there is no such host."""
    record = find_host(clone, name)
    if record is None:
        raise TestbedError(f"there is no host '{name}': python3 -m testbed up {name}")
    return record


def all_hosts(clone: Clone) -> list[HostRecord]:
    """Records of each host of the clone, by name."""
    names = sorted(path.parent.name for path in clone.hosts.glob("*/host.json"))
    return [record for name in names if (record := find_host(clone, name)) is not None]


def save_snapshot(clone: Clone, snapshot: Snapshot) -> None:
    """Write a snapshot's record."""
    _write(clone.snapshots / f"{snapshot.name}.json", asdict(snapshot))


def find_snapshot(clone: Clone, name: str) -> Snapshot | None:
    """Read a snapshot's record; None if there is no such snapshot."""
    data = _read(clone.snapshots / f"{name}.json")
    return None if data is None else Snapshot(**{**_known(Snapshot, data), "disk": Disk(**data["disk"])})


def all_snapshots(clone: Clone) -> list[Snapshot]:
    """Each snapshot of the clone, by name."""
    names = sorted(path.stem for path in clone.snapshots.glob("*.json"))
    return [snapshot for name in names if (snapshot := find_snapshot(clone, name)) is not None]


def remove_snapshot(clone: Clone, name: str) -> None:
    """Forget a snapshot; its layers go with the next sweep, unless a host still lies on them."""
    (clone.snapshots / f"{name}.json").unlink(missing_ok=True)


@contextmanager
def host_lock(clone: Clone, name: str) -> Iterator[None]:
    """Held while one host is made, booted or changed; other hosts go on meanwhile."""
    with locked(clone.state / "locks" / f"host-{name}"):
        yield


@contextmanager
def clone_lock(clone: Clone) -> Iterator[None]:
    """Held for a moment while something that hosts share is given out: an address, a layer, the bridge."""
    with locked(clone.state / "locks" / "clone"):
        yield


def _host_file(clone: Clone, name: str) -> Path:
    return clone.host_dir(name) / "host.json"


def _known(kind: type[HostRecord] | type[Snapshot], data: dict[str, Any]) -> dict[str, Any]:
    names = {item.name for item in fields(kind)}
    return {key: value for key, value in data.items() if key in names}


def _write(path: Path, data: dict[str, Any]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    draft.write_text(json.dumps(data, indent=2) + "\n")
    draft.rename(path)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        data = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except json.JSONDecodeError as error:
        raise TestbedError(f"{path} is damaged ({error}): python3 -m testbed gc") from error
    if not isinstance(data, dict):
        raise TestbedError(f"{path} is damaged: remove the host with python3 -m testbed gc")
    return data
