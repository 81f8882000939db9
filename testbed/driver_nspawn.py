"""Hosts as systemd-nspawn containers on an overlay, each with its own network namespace and control group.

Needs root, and Debian or Ubuntu; the programs that are missing are installed with apt.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from testbed import apt, cgroup, debs, delay, disk, image, network
from testbed.errors import TestbedError
from testbed.keys import host_key
from testbed.paths import PACKAGE, Clone
from testbed.process import missing, run, wait_until
from testbed.progress import note, step
from testbed.state import Disk, HostRecord, all_hosts, clone_lock, find_host, save_host

PROGRAMS = {
    "mmdebstrap": "mmdebstrap",
    "systemd-nspawn": "systemd-container",
    "ip": "iproute2",
    "nft": "nftables",
    "ssh": "openssh-client",
    "nsenter": "util-linux",
}
BOOT_HOST = PACKAGE / "files" / "boot-host"
STOP_SECONDS = 60


class NspawnDriver:
    """See ``testbed.driver.Driver``."""

    name = "nspawn"

    def __init__(self, clone: Clone) -> None:
        """Check that this can work here, and install what is missing."""
        if os.geteuid() != 0:
            raise TestbedError("the nspawn driver needs root: run it with sudo, or start Docker or Podman")
        self._clone = clone
        _install_programs()

    def image(self, suite: str, *, refresh: bool = False) -> str:
        """Folder of the suite's root tree."""
        return str(image.ensure(suite, refresh=refresh))

    def create(self, name: str, disk_: Disk, *, address: str | None, apt_cache: bool) -> HostRecord:
        """Give out an address and make the first layer."""
        folder = self._clone.host_dir(name)
        shutil.rmtree(folder, ignore_errors=True)
        _, public = host_key(folder, disk_.hostname)
        with clone_lock(self._clone):
            net = network.subnet(self._clone)
            chosen = network.choose_address(net, network.taken_addresses(self._clone), address)
            record = HostRecord(
                name=name,
                driver=self.name,
                address=chosen,
                port=22,
                host_key=public,
                disk=disk_,
                apt_cache=apt_cache,
            )
            save_host(self._clone, record)
        disk.prepare(self._clone, record)
        return record

    def start(self, record: HostRecord) -> HostRecord:
        """Make the network anew and boot in a private mount namespace.

        A former network namespace would hand the firewall rules, addresses and settings that nobody saved
        on to the next boot, and a test of what survives a power cut would prove nothing.
        """
        name, clone = record.name, self._clone
        delay.remove(clone, name)
        network.detach(clone, name)
        with clone_lock(clone):
            network.ensure_bridge(clone)
        network.attach(clone, record)
        for cidr in record.extra_addresses:
            network.add_address(clone, record, cidr)
        delay.restore(clone, record)
        group = cgroup.create(clone.cgroup(name))
        boot = [
            *("setsid", "--fork", "unshare", "--mount", "--propagation", "private", str(BOOT_HOST)),
            *(str(clone.host_dir(name)), str(group), clone.network_namespace(name), record.disk.hostname),
            *(str(folder) for folder in disk.lower_dirs(clone, record.disk)),
        ]
        console = Path(self.console(record))
        with console.open("ab") as output:
            subprocess.run(boot, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/", check=True)
        if not wait_until(lambda: cgroup.is_populated(clone.cgroup(name)), 10):
            raise TestbedError(f"{name} did not start: see {console}")
        return record

    def is_running(self, record: HostRecord) -> bool:
        """Whether a process lives in the host's control group."""
        return cgroup.is_populated(self._clone.cgroup(record.name))

    def stop(self, record: HostRecord) -> None:
        """Ask systemd to power off; a host that does not in a minute is ended."""
        pid = cgroup.leader(self._clone.cgroup(record.name))
        if pid is not None:
            os.kill(pid, signal.SIGRTMIN + 4)  # poweroff.target, see systemd(1)
            if not wait_until(lambda: not self.is_running(record), STOP_SECONDS):
                note(f"{record.name} did not power off in {STOP_SECONDS} s: ending it")
        self.kill(record)

    def kill(self, record: HostRecord) -> None:
        """End each process of the host's control group."""
        cgroup.kill(self._clone.cgroup(record.name))
        self._harvest(record)

    def destroy(self, name: str) -> None:
        """Remove processes, network, layer and record, then the layers that nothing refers to any more."""
        clone = self._clone
        cgroup.kill(clone.cgroup(name))
        record = find_host(clone, name)
        if record is not None:
            self._harvest(record)
            network.remove_routes(clone, record)
        delay.remove(clone, name)
        network.detach(clone, name)
        with clone_lock(clone):
            shutil.rmtree(clone.host_dir(name), ignore_errors=True)
            disk.sweep(clone)

    def exec_command(self, record: HostRecord, argv: Sequence[str], *, terminal: bool = False) -> list[str]:
        """Enter the namespaces of the host's init, in one of its control groups, to end with it."""
        del terminal  # the caller's terminal is passed on as it is
        group = self._clone.cgroup(record.name)
        pid = cgroup.leader(group)
        if pid is None:
            raise TestbedError(f"{record.name} does not run: python3 -m testbed up {record.name}")
        path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        environment = ["env", "-i", f"PATH={path}", "HOME=/root", f"TERM={os.environ.get('TERM', 'dumb')}"]
        enter = ["nsenter", "--target", str(pid), "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup"]
        join = ["sh", "-c", 'mkdir -p "$0" && echo $$ >"$0/cgroup.procs" && exec "$@"']
        return [*join, str(cgroup.root() / group / "exec"), *enter, *environment, *argv]

    def freeze(self, record: HostRecord, snapshot: str) -> tuple[HostRecord, Disk]:
        """Freeze the host's layer; both the host and the snapshot lie on it from now on."""
        del snapshot
        frozen = disk.freeze(self._clone, record)
        changed = replace(record, disk=frozen)
        save_host(self._clone, changed)
        return changed, frozen

    def discard(self, disk_: Disk) -> None:
        """Remove the frozen layers that nothing refers to any more."""
        del disk_
        with clone_lock(self._clone):
            disk.sweep(self._clone)

    def set_latency(self, record: HostRecord, milliseconds: int) -> None:
        """Put a frame delayer between the host's link and the bridge, or take it out."""
        delay.apply(self._clone, replace(record, latency_ms=milliseconds))

    def add_address(self, record: HostRecord, cidr: str) -> None:
        """Add the address in the host's namespace and a route to it from here."""
        network.add_address(self._clone, record, cidr)
        delay.restore(self._clone, replace(record, extra_addresses=[*record.extra_addresses, cidr]))

    def set_cut(self, record: HostRecord, *, cut: bool) -> None:
        """Take the host's link out of its bridge, so that frames vanish silently, or put it back."""
        delay.set_cut(self._clone, record, cut=cut)

    def console(self, record: HostRecord) -> str:
        """The log file of the console."""
        return str(self._clone.host_dir(record.name) / "console.log")

    def close(self) -> None:
        """Remove the bridge and the address translation, unless another process has made a host meanwhile."""
        with clone_lock(self._clone):
            if all_hosts(self._clone):
                return
            network.remove_bridge(self._clone)
            cgroup.release()

    def _harvest(self, record: HostRecord) -> None:
        if record.apt_cache:
            debs.harvest(record.disk.suite, self._clone.host_dir(record.name) / "upper")


def _install_programs() -> None:
    lacking = missing(list(PROGRAMS))
    if not lacking and apt.KEYRING.exists():
        return
    if missing(["apt-get"]):
        raise TestbedError(
            f"not installed: {', '.join(lacking)}; install them with this system's package manager"
        )
    packages = sorted({*(PROGRAMS[name] for name in lacking), "debian-archive-keyring"})
    with step(f"installing {', '.join(packages)}"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages]
        if run(install, check=False, env=environment).returncode != 0:
            run(["apt-get", "update", "-q"], env=environment)
            run(install, env=environment)
