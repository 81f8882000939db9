"""Hosts as privileged Docker or Podman containers with systemd as their first process."""

from __future__ import annotations

import ipaddress
import json
import secrets
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from testbed import container_commands as commands
from testbed import debs, image, network, state
from testbed.errors import TestbedError
from testbed.keys import host_key, login_public_key
from testbed.paths import PACKAGE, Clone
from testbed.process import run
from testbed.progress import step
from testbed.ssh import PERSON
from testbed.state import Disk, HostRecord


class ContainerDriver:
    """See ``testbed.driver.Driver``."""

    def __init__(self, clone: Clone, engine: str) -> None:
        """Take the engine's name, ``docker`` or ``podman``, which is the program's name as well."""
        self.name = engine
        self._clone = clone

    def image(self, suite: str, *, refresh: bool = False) -> str:
        """Tag of the suite's image."""
        recipe = image.Recipe.here(suite)
        tag = f"dhanman-testbed:{suite}-{recipe.digest}"
        if refresh or not self._succeeds("image", "inspect", tag):
            with tempfile.TemporaryDirectory() as folder, step(f"building the {suite} image"):
                context = build_context(recipe, Path(folder))
                run(commands.build(self.name, tag, suite, context, refresh=refresh))
        return tag

    def create(self, name: str, disk: Disk, *, address: str | None, apt_cache: bool) -> HostRecord:
        """Make the container and copy keys and cached packages into it."""
        clone, box = self._clone, commands.container(self._clone, name)
        folder = clone.host_dir(name)
        shutil.rmtree(folder, ignore_errors=True)
        private, public = host_key(folder, disk.hostname)
        self._engine("rm", "--force", "--volumes", box, check=False)
        with state.clone_lock(clone):
            net = network.subnet(clone)
            if not self._succeeds("network", "inspect", commands.network_name(clone)):
                run(commands.create_network(self.name, commands.network_name(clone), str(net)))
            chosen = "127.0.0.1"
            reached = self._reaches_containers()
            if reached:
                chosen = network.choose_address(net, network.taken_addresses(clone), address)
            elif address is not None:
                raise TestbedError(
                    "this engine's containers are reached by loopback alone: leave --address out"
                )
            record = HostRecord(
                name=name,
                driver=self.name,
                address=chosen,
                port=commands.SSH_PORT,
                host_key=public,
                disk=disk,
                apt_cache=apt_cache,
            )
            state.save_host(clone, record)
        create = commands.create(
            self.name,
            clone,
            name,
            image=disk.image,
            hostname=disk.hostname,
            address=chosen if reached else None,
        )
        run(create)
        with tempfile.TemporaryDirectory() as scratch:
            root = fill_identity(Path(scratch), private, login_public_key(clone))
            if apt_cache:
                debs.seed(disk.suite, root)
            self._engine("cp", f"{root}/.", f"{box}:/")
        return record

    def start(self, record: HostRecord) -> HostRecord:
        """Start the container; where only loopback reaches it, its port may be another one than before."""
        box = commands.container(self._clone, record.name)
        self._engine("start", box)
        if record.latency_ms:
            self.set_latency(record, record.latency_ms)
        if self._reaches_containers():
            return record
        port = commands.published_port(self._engine("port", box, f"{commands.SSH_PORT}/tcp"))
        return replace(record, address="127.0.0.1", port=port)

    def is_running(self, record: HostRecord) -> bool:
        """Whether the container runs."""
        box = commands.container(self._clone, record.name)
        return self._engine("inspect", "--format", "{{.State.Running}}", box, check=False).strip() == "true"

    def stop(self, record: HostRecord) -> None:
        """Let systemd power off; the engine ends it after a minute."""
        self._engine("stop", commands.container(self._clone, record.name))

    def kill(self, record: HostRecord) -> None:
        """End the container at once."""
        self._engine("kill", commands.container(self._clone, record.name), check=False)

    def destroy(self, name: str) -> None:
        """Remove the container, its record and its keys."""
        record = state.find_host(self._clone, name)
        box = commands.container(self._clone, name)
        if record is not None and record.apt_cache:
            self._harvest(record, box)
        self._engine("rm", "--force", "--volumes", box, check=False)
        shutil.rmtree(self._clone.host_dir(name), ignore_errors=True)

    def exec_command(self, record: HostRecord, argv: Sequence[str], *, terminal: bool = False) -> list[str]:
        """The engine's own way into a container."""
        flags = ["--interactive", *(["--tty"] if terminal else [])]
        return [self.name, "exec", *flags, commands.container(self._clone, record.name), *argv]

    def freeze(self, record: HostRecord, snapshot: str) -> tuple[HostRecord, Disk]:
        """Commit the stopped container as an image of its own."""
        tag = f"dhanman-testbed-snapshot:{self._clone.digest}-{snapshot}-{secrets.token_hex(4)}"
        self._engine("commit", commands.container(self._clone, record.name), tag)
        return record, replace(record.disk, image=tag)

    def discard(self, disk: Disk) -> None:
        """Remove a snapshot's image; the engine refuses while a container lies on it."""
        self._engine("image", "rm", disk.image, check=False)

    def set_latency(self, record: HostRecord, milliseconds: int) -> None:
        """Delay all that leaves the container (the kernel's netem queue)."""
        text = "; ".join(
            commands.latency(f"eth{number}", milliseconds)
            for number in range(1 + len(record.extra_addresses))
        )
        run(self.exec_command(record, ["sh", "-c", text]))

    def add_address(self, record: HostRecord, cidr: str) -> None:
        """Connect the container to a second network that has the address in its subnet."""
        if not self._reaches_containers():
            raise TestbedError("this engine's containers are reached by loopback alone: no second address")
        interface = ipaddress.IPv4Interface(cidr)
        name = commands.extra_network_name(self._clone, str(interface.network))
        if not self._succeeds("network", "inspect", name):
            run(commands.create_network(self.name, name, str(interface.network)))
        box = commands.container(self._clone, record.name)
        self._engine("network", "connect", "--ip", str(interface.ip), name, box)

    def set_cut(self, record: HostRecord, *, cut: bool) -> None:
        """Disconnect the container from its network, or connect it with its address again."""
        box, net = commands.container(self._clone, record.name), commands.network_name(self._clone)
        if cut:
            self._engine("network", "disconnect", net, box)
            return
        fixed = ["--ip", record.address] if self._reaches_containers() else []
        self._engine("network", "connect", *fixed, net, box)
        if record.latency_ms:
            self.set_latency(record, record.latency_ms)

    def console(self, record: HostRecord) -> str:
        """The command that prints the container's output."""
        return f"{self.name} logs {commands.container(self._clone, record.name)}"

    def close(self) -> None:
        """Remove the clone's networks."""
        listed = self._engine("network", "ls", "--format", "{{.Name}}", check=False).split()
        own = commands.network_name(self._clone)
        for name in listed:
            if name == own or name.startswith(f"{own}-"):
                self._engine("network", "rm", name, check=False)

    def _reaches_containers(self) -> bool:
        if sys.platform != "linux":
            return False
        info = json.loads(self._engine("info", "--format", "{{json .}}"))
        return reaches_containers(self.name, info)

    def _harvest(self, record: HostRecord, box: str) -> None:
        with tempfile.TemporaryDirectory() as scratch:
            target = Path(scratch, debs.ARCHIVES)
            target.mkdir(parents=True)
            self._engine("cp", f"{box}:/{debs.ARCHIVES}/.", str(target), check=False)
            debs.harvest(record.disk.suite, Path(scratch))

    def _engine(self, *arguments: str, check: bool = True) -> str:
        return run([self.name, *arguments], check=check).stdout

    def _succeeds(self, *arguments: str) -> bool:
        return run([self.name, *arguments], check=False).returncode == 0


def reaches_containers(engine: str, info: dict[str, object]) -> bool:
    """Whether the engine's containers have addresses that this machine reaches, from its ``info``.

    Not with Docker Desktop, which runs in a virtual machine, nor without root, where the network is another
    one.
    """
    if engine == "podman":
        host = info.get("host")
        security = host.get("security") if isinstance(host, dict) else None
        return isinstance(security, dict) and security.get("rootless") is False
    options = info.get("SecurityOptions")
    rootless = isinstance(options, list) and any("rootless" in str(option) for option in options)
    return info.get("OperatingSystem") != "Docker Desktop" and not rootless


def build_context(recipe: image.Recipe, folder: Path) -> Path:
    """Fill a folder with what the Dockerfile copies."""
    shutil.copyfile(PACKAGE / "Dockerfile", folder / "Dockerfile")
    for file in (image.STAND_INS, image.STAND_INS_UNIT, *image.PERSON_FILES):
        shutil.copyfile(file, folder / file.name)
    (folder / "machine.conf").write_text(recipe.settings.configuration() + 'DPkg::Lock::Timeout "120";\n')
    certificates = folder / "certificates"
    certificates.mkdir()
    for number, text in enumerate(recipe.certificates):
        (certificates / f"this-machine-{number}.crt").write_text(text)
    return folder


def fill_identity(root: Path, private_host_key: Path, login_key: str) -> Path:
    """Lay out under ``root`` the keys that a container gets before its first start."""
    ssh = root / "etc/ssh"
    ssh.mkdir(parents=True)
    for folder in (root, ssh.parent, ssh):
        folder.chmod(0o755)  # copied over the container's own: a closed "/" would shut every service out
    for source in (private_host_key, private_host_key.with_suffix(".pub")):
        shutil.copy(source, ssh / source.name)
    home = root / "root"
    (home / ".ssh").mkdir(mode=0o700, parents=True)
    home.chmod(0o700)
    authorized = home / ".ssh/authorized_keys"
    authorized.write_text(f"{login_key}\n")
    authorized.chmod(0o600)
    # root's own, so that it is right whatever the user's number is
    person = root / "home" / PERSON
    (person / ".ssh").mkdir(parents=True)
    (person / ".ssh/authorized_keys").write_text(f"{login_key}\n")
    for folder in (root / "home", person, person / ".ssh"):
        folder.chmod(0o755)
    return root
