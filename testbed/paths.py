"""Where a clone keeps its test hosts, and the names that hosts and links get on this machine.

Two clones on one machine must never meet, so each name is derived from the clone's own state folder.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from testbed.errors import TestbedError

PACKAGE = Path(__file__).resolve().parent
CLONE = PACKAGE.parent
NAME_PATTERN = re.compile(r"[a-z](?:[a-z0-9-]{0,30}[a-z0-9])?")


def cache_dir() -> Path:
    """The cache that all clones of this user share: images, package archives, the frame delayer."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "dhanman-infra" / "testbed"


def check_name(name: str, what: str = "host") -> str:
    """Return ``name`` if it can be a host name and a folder's name; raise ``TestbedError`` otherwise."""
    if NAME_PATTERN.fullmatch(name) is None:
        raise TestbedError(
            f"'{name}' is no {what} name: use 1 to 32 small letters, digits and dashes, a letter first"
        )
    return name


@dataclass(frozen=True, kw_only=True)
class Clone:
    """The state folder of one clone and the machine-wide names derived from it.

    ``state`` is ``.local/testbed`` of the clone unless the variable ``TESTBED_HOME`` names another folder.
    """

    state: Path

    @staticmethod
    def current() -> Clone:
        """The clone that this package belongs to."""
        chosen = os.environ.get("TESTBED_HOME")
        state = Path(chosen) if chosen else CLONE / ".local" / "testbed"
        return Clone(state=state.resolve())

    def prepared(self) -> Clone:
        """Create the state folder, closed to other users since it holds private keys."""
        for folder in (self.state, self.hosts, self.snapshots, self.layers):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self

    @property
    def digest(self) -> str:
        """Six hexadecimal digits that tell this clone from others."""
        return hashlib.sha256(str(self.state).encode()).hexdigest()[:6]

    @property
    def hosts(self) -> Path:
        """Folder with one folder per host."""
        return self.state / "hosts"

    @property
    def snapshots(self) -> Path:
        """Folder with one JSON file per snapshot."""
        return self.state / "snapshots"

    @property
    def layers(self) -> Path:
        """Folder with the frozen disk layers that snapshots and hosts refer to."""
        return self.state / "layers"

    @property
    def login_key(self) -> Path:
        """Private key that logs in to each host of the clone."""
        return self.state / "id_ed25519"

    @property
    def bridge(self) -> str:
        """Name of the bridge (at most 15 characters, the kernel's limit)."""
        return f"tb{self.digest}"

    @property
    def nft_table(self) -> str:
        """Name of the nftables table with the address translation."""
        return f"testbed_{self.digest}"

    def host_dir(self, name: str) -> Path:
        """Folder of one host."""
        return self.hosts / name

    def network_namespace(self, name: str) -> str:
        """Name of a host's network namespace."""
        return f"tb{self.digest}-{name}"

    def delay_namespace(self, name: str) -> str:
        """Name of the network namespace on the far side of a host's frame delayer."""
        return f"tbd{self.digest}-{name}"

    def link(self, kind: str, name: str) -> str:
        """Name of a link on this machine: ``kind`` is two letters, the rest tells clone and host."""
        return kind + hashlib.sha256(f"{self.digest}/{name}".encode()).hexdigest()[:10]

    def cgroup(self, name: str) -> str:
        """Name of a host's control group below the machine's cgroup2 root."""
        return f"dhanman-testbed-{self.digest}-{name}"
