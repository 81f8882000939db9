"""A host's disk under nspawn: its own layer over frozen layers over the image.

A snapshot freezes the layer of a stopped host and gives the host a new empty one above it: no copy is made,
and any number of hosts can start from the frozen layer at once. A layer that no host and no snapshot refers
to is removed.
"""

from __future__ import annotations

import re
import secrets
import shutil
from pathlib import Path

from testbed import debs
from testbed.errors import TestbedError
from testbed.keys import host_key, login_public_key
from testbed.paths import Clone
from testbed.ssh import PERSON
from testbed.state import Disk, HostRecord, all_hosts, all_snapshots

_LOOPBACK_NAMESERVER = re.compile(r"^nameserver\s+(127\.|::1\b)", re.MULTILINE)


def new_layer(clone: Clone, name: str) -> Path:
    """An empty layer for a host, with the work folder that overlayfs wants beside it."""
    folder = clone.host_dir(name)
    for part in ("upper", "work"):
        shutil.rmtree(folder / part, ignore_errors=True)
        (folder / part).mkdir(mode=0o755, parents=True)
    return folder / "upper"


def prepare(clone: Clone, record: HostRecord) -> None:
    """Make the first layer of a new host: its keys, name, resolver, and links to cached packages.

    On a snapshot only the host key and the resolver are its own: name and login stay what they were there,
    since data (RabbitMQ's, for one) hangs on the name.
    """
    upper = new_layer(clone, record.name)
    private, _ = host_key(clone.host_dir(record.name), record.disk.hostname)
    public = private.with_suffix(".pub").read_text()
    _write(upper, "etc/ssh/ssh_host_ed25519_key", private.read_text(), 0o600)
    _write(upper, "etc/ssh/ssh_host_ed25519_key.pub", public)
    _write(upper, "etc/resolv.conf", resolver())
    if record.disk.layers:
        return
    name = record.disk.hostname
    _write(upper, "etc/hostname", f"{name}\n")
    _write(
        upper,
        "etc/hosts",
        f"127.0.0.1 localhost\n127.0.1.1 {name}\n::1 localhost ip6-localhost ip6-loopback\n",
    )
    (upper / "root").mkdir(mode=0o700)
    (upper / "root/.ssh").mkdir(mode=0o700)
    _write(upper, "root/.ssh/authorized_keys", f"{login_public_key(clone)}\n", 0o600)
    # root's own, so that it is right whatever the user's number is
    _write(upper, f"home/{PERSON}/.ssh/authorized_keys", f"{login_public_key(clone)}\n")
    if record.apt_cache:
        debs.seed(record.disk.suite, upper)


def lower_dirs(clone: Clone, disk: Disk) -> list[Path]:
    """The folders below a host's own layer, the newest first."""
    dirs = [*(clone.layers / layer for layer in disk.layers), Path(disk.image)]
    for folder in dirs:
        if not folder.is_dir():
            raise TestbedError(f"{folder}, a part of the disk, is gone: destroy the host")
    return dirs


def freeze(clone: Clone, record: HostRecord) -> Disk:
    """Freeze a stopped host's layer and give the host an empty one; return the disk below that."""
    layer = f"{record.name}-{secrets.token_hex(4)}"
    (clone.host_dir(record.name) / "upper").rename(clone.layers / layer)
    new_layer(clone, record.name)
    disk = record.disk
    return Disk(suite=disk.suite, image=disk.image, hostname=disk.hostname, layers=[layer, *disk.layers])


def sweep(clone: Clone) -> None:
    """Remove the frozen layers that nothing refers to."""
    disks = [record.disk for record in all_hosts(clone)] + [kept.disk for kept in all_snapshots(clone)]
    used = {layer for disk in disks for layer in disk.layers}
    for folder in clone.layers.iterdir():
        if folder.name not in used:
            shutil.rmtree(folder)


def resolver() -> str:
    """This machine's resolver configuration, in a form that holds in another network namespace as well."""
    text = Path("/etc/resolv.conf").read_text()
    upstream = Path("/run/systemd/resolve/resolv.conf")
    if _LOOPBACK_NAMESERVER.search(text) and upstream.is_file():
        return upstream.read_text()
    return text


def _write(root: Path, name: str, text: str, mode: int = 0o644) -> None:
    path = root / name
    for parent in reversed(path.relative_to(root).parents[:-1]):
        (root / parent).mkdir(mode=0o755, exist_ok=True)
    path.touch(mode=mode)
    path.write_text(text)
    path.chmod(mode)
