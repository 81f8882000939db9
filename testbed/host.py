"""The hosts as a test sees them."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from testbed import hosts, ssh, state
from testbed.driver import driver
from testbed.errors import TestbedError
from testbed.paths import Clone
from testbed.state import HostRecord


@dataclass(frozen=True, kw_only=True)
class Host:
    """A test host that was brought up; as a context manager it is destroyed at the end.

    ``host_key`` is type and key of its ed25519 host key, known without asking the network. ``user``: who may log in
    to a fresh server. What is run here is run by another one (``testbed.ssh.PERSON``), as root, since a server that
    was set up lets root in no more.
    """

    name: str
    driver: str
    suite: str
    address: str
    port: int
    host_key: str
    private_key_file: Path
    user: str = "root"
    clone: Clone = field(default_factory=Clone.current, repr=False, compare=False)

    def __enter__(self) -> Self:
        """Return the host itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Destroy the host, whatever happened."""
        self.down()

    def as_dict(self) -> dict[str, str | int]:
        """What ``python3 -m testbed up`` prints."""
        return {
            "name": self.name,
            "driver": self.driver,
            "suite": self.suite,
            "address": self.address,
            "port": self.port,
            "host_key": self.host_key,
            "private_key_file": str(self.private_key_file),
            "user": self.user,
        }

    @property
    def known_hosts_file(self) -> Path:
        """A known_hosts file with this host's key alone."""
        return ssh.known_hosts_file(self.clone, self._record())

    def ssh_command(self, *, user: str = ssh.PERSON, terminal: bool = False) -> list[str]:
        """The ssh call up to and with the destination; append the remote command as one word."""
        return ssh.command(self.clone, self._record(), user=user, terminal=terminal)

    def run(
        self,
        cmd: str | Sequence[str],
        input: str | None = None,
        check: bool = True,
        *,
        user: str = ssh.PERSON,
        timeout: float = 600,
    ) -> subprocess.CompletedProcess[str]:
        """Run shell text, or one program with its arguments, over ssh.

        Raises ``TestbedError`` with status and the tail of both outputs if it fails while ``check`` holds,
        and ``subprocess.TimeoutExpired`` after ``timeout`` seconds.
        """
        remote = cmd if isinstance(cmd, str) else shlex.join(cmd)
        full = [*self.ssh_command(user=user), remote]
        return _run(full, shown=remote, name=self.name, stdin=input, check=check, timeout=timeout)

    def exec(
        self,
        cmd: str | Sequence[str],
        input: str | None = None,
        check: bool = True,
        *,
        timeout: float = 600,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command as root inside without SSH and network, as at a console."""
        record = self._record()
        argv = ["sh", "-c", cmd] if isinstance(cmd, str) else list(cmd)
        full = driver(self.clone, record.driver).exec_command(record, argv)
        return _run(full, shown=shlex.join(argv), name=self.name, stdin=input, check=check, timeout=timeout)

    def is_running(self) -> bool:
        """Whether the host runs."""
        record = self._record()
        return driver(self.clone, record.driver).is_running(record)

    def reboot(self) -> None:
        """End it at once, as a power cut does, and boot it again. For an orderly one: ``run("reboot")``."""
        hosts.reboot(self.clone, self.name)

    def stop(self) -> None:
        """Shut it down and keep its disk."""
        hosts.stop(self.clone, self.name)

    def start(self) -> None:
        """Boot it again after ``stop`` or a power-off of its own."""
        hosts.up(self.clone, self.name)

    def down(self) -> None:
        """Destroy it with its disk."""
        hosts.down(self.clone, self.name)

    def snapshot(self, name: str) -> None:
        """Keep its disk under a name; it is shut down for that and booted again."""
        hosts.snapshot(self.clone, self.name, name)

    def add_address(self, cidr: str) -> str:
        """Give it a second address; return the address that this machine has when it connects to that one."""
        from testbed.network import machine_side

        hosts.add_address(self.clone, self.name, cidr)
        return machine_side(cidr)

    def latency(self, milliseconds: int) -> None:
        """Put it that far away, in milliseconds there and back; 0 for a direct link."""
        hosts.set_latency(self.clone, self.name, milliseconds)

    def cut(self) -> None:
        """Cut its network: packets vanish in both directions."""
        hosts.set_cut(self.clone, self.name, cut=True)

    def mend(self) -> None:
        """Mend its network."""
        hosts.set_cut(self.clone, self.name, cut=False)

    def _record(self) -> HostRecord:
        return state.get_host(self.clone, self.name)


def up(
    name: str,
    suite: str | None = None,
    from_snapshot: str | None = None,
    *,
    address: str | None = None,
    apt_cache: bool = True,
) -> Host:
    """Bring a host up, or find it running; see ``testbed.hosts.up``."""
    clone = Clone.current()
    record = hosts.up(
        clone, name, suite=suite, from_snapshot=from_snapshot, address=address, apt_cache=apt_cache
    )
    return host_of(clone, record)


def host_of(clone: Clone, record: HostRecord) -> Host:
    """The public face of a record."""
    return Host(
        name=record.name,
        driver=record.driver,
        suite=record.disk.suite,
        address=record.address,
        port=record.port,
        host_key=record.host_key,
        private_key_file=clone.login_key,
        clone=clone,
    )


def _run(
    argv: list[str], *, shown: str, name: str, stdin: str | None, check: bool, timeout: float
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        argv,
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=timeout,
    )
    if check and done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-20:])
        first = shown.strip().splitlines()[0][:120] if shown.strip() else ""
        raise TestbedError(f"{name}: '{first}' ended with status {done.returncode}\n{tail}")
    return done
