"""Distance and outages: a frame delayer between a host and the bridge, a link taken out of its bridge.

The far side of the delayer lives in a network namespace of its own. A second bridge beside the first would
pass each frame through connection tracking twice (CONFIG_BRIDGE_NETFILTER), which breaks the address
translation.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

from testbed import cgroup, network
from testbed.errors import TestbedError
from testbed.paths import PACKAGE, Clone, cache_dir
from testbed.process import locked, missing, run, wait_until
from testbed.progress import step
from testbed.state import HostRecord

SOURCE = PACKAGE / "delay"


def program() -> Path:
    """The frame delayer, built at the first call (needs Go) into the shared cache."""
    sources = sorted([*SOURCE.glob("*.go"), SOURCE / "go.mod"])
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]
    target = cache_dir() / f"delay-{digest}"
    with locked(target.with_suffix(".lock")):
        if not target.exists():
            go = _go()
            draft = target.with_suffix(".new")
            with step("building the frame delayer"):
                environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=mod", "GOWORK": "off"}
                run([go, "build", "-trimpath", "-o", str(draft), "."], cwd=SOURCE, env=environment)
            draft.rename(target)
    return target


def apply(clone: Clone, record: HostRecord) -> None:
    """Make the distance what ``record.latency_ms`` says: half of it each way, 0 for a direct link."""
    remove(clone, record.name)
    if record.latency_ms == 0:
        _connect(clone, record)
        return
    near, far = clone.link("ta", record.name), clone.link("tz", record.name)
    _launch(clone, record, near, far)
    namespace, link = clone.delay_namespace(record.name), clone.link("tv", record.name)
    mtu = Path("/sys/class/net", clone.bridge, "mtu").read_text().strip()
    run(["ip", "netns", "add", namespace])
    for name in (link, far):
        run(["ip", "link", "set", name, "netns", namespace])
    run(["ip", "-n", namespace, "link", "add", "br0", "mtu", mtu, "type", "bridge"])
    run(["ip", "link", "set", near, "mtu", mtu, "master", clone.bridge, "up"])
    run(["ip", "-n", namespace, "link", "set", far, "mtu", mtu, "master", "br0", "up"])
    run(["ip", "-n", namespace, "link", "set", "br0", "up"])
    _connect(clone, record)


def restore(clone: Clone, record: HostRecord) -> None:
    """Bring back what the record says of distance and outage, after a boot or with one more address."""
    if record.latency_ms and (not cgroup.is_populated(_group(clone, record.name)) or record.extra_addresses):
        apply(clone, record)
    elif record.is_cut:
        _connect(clone, record)


def remove(clone: Clone, name: str) -> None:
    """End the delayer of a host and take its devices away; the host's link comes back into this namespace."""
    cgroup.kill(_group(clone, name))
    namespace = clone.delay_namespace(name)
    if network.has_namespace(namespace):
        run(
            ["ip", "-n", namespace, "link", "set", clone.link("tv", name), "netns", str(os.getpid())],
            check=False,
        )
        run(["ip", "netns", "delete", namespace])
    for kind in ("ta", "tz"):
        device = Path("/sys/class/net", clone.link(kind, name))
        if not wait_until(lambda device=device: not device.exists(), 5):  # type: ignore[misc]
            raise TestbedError(f"the device {device.name} of a former delay does not go away")


def set_cut(clone: Clone, record: HostRecord, *, cut: bool) -> None:
    """Take the host's link out of its bridge or put it back; the host itself notices nothing but silence."""
    namespace = clone.delay_namespace(record.name)
    delayed = network.has_namespace(namespace)
    where = ["-n", namespace] if delayed else []
    bridge = "br0" if delayed else clone.bridge
    # outside of the bridge this machine would answer for itself as soon as the host asks for its address again
    master = ["nomaster", "arp", "off"] if cut else ["master", bridge, "arp", "on"]
    run(["ip", *where, "link", "set", clone.link("tv", record.name), *master, "up"])


def _connect(clone: Clone, record: HostRecord) -> None:
    set_cut(clone, record, cut=record.is_cut)


def _launch(clone: Clone, record: HostRecord, near: str, far: str) -> None:
    group = cgroup.create(_group(clone, record.name))
    only = [network.machine_address(clone)]
    only += [network.machine_side(cidr) for cidr in record.extra_addresses]
    argv = [str(program()), "-near", near, "-far", far]
    argv += ["-by", f"{record.latency_ms / 2:g}ms", "-only", ",".join(only)]
    join = ["setsid", "--fork", "sh", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"', str(group)]
    log = clone.host_dir(record.name) / "delay.log"
    with log.open("w") as output:
        subprocess.run([*join, *argv], stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=True)
    if not wait_until(lambda: Path("/sys/class/net", far).exists(), 5):
        raise TestbedError(f"the frame delayer did not start: see {log}")


def _group(clone: Clone, name: str) -> str:
    return f"{clone.cgroup(name)}.delay"


def _go() -> str:
    if not missing(["go"]):
        return "go"
    usual = Path("/usr/local/go/bin/go")
    if usual.exists():
        return str(usual)
    raise TestbedError("a delay needs the frame delayer, and that needs Go to be built: install golang")
